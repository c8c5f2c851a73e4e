"""Measures across sizes of networks and of batches, on numbers whose result is known."""

import numpy as np
import pytest

from claims.homework.measures import sizes
from claims.homework.measures.sizes import knee, log_log_slope, plateau_start
from ontrial.stats.verdicts import median_interval

SIZES = np.array([1_645, 3_270, 8_280, 16_640, 40_785, 84_060, 178_110, 396_210, 654_310, 952_410])
X = np.log(SIZES)


def bent(at, before=0.1, after=0.005):
    """A two-piece line of accuracy against log size with its knee at a size, (configuration, 1)."""
    x = np.log(SIZES / at)
    return (0.9 + np.where(x < 0, before, after) * x)[:, np.newaxis]


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        *((bent(at), [at]) for at in (3_270, 9_000, 40_785, 200_000, 654_310)),
        *((0.5 + slope * X[:, np.newaxis], [np.inf]) for slope in (0, 0.03, -0.03)),  # a straight line
        (bent(40_785, before=0.005, after=0.1), [np.inf]),  # it bends upwards
    ],
)
def test_planted_knees_are_found_and_only_those(accuracy, expected):
    assert knee(SIZES, accuracy) == pytest.approx(expected)


def test_the_knee_is_the_best_of_all_places_also_under_noise():
    noise = np.random.default_rng(3).normal(size=(10, 200))
    assert np.median(knee(SIZES, bent(30_000) + 0.01 * noise)) == pytest.approx(30_000, rel=0.1)
    curves = bent(30_000) + 0.03 * noise[:, :12]

    def error(place, y):
        columns = np.stack([np.ones(10), X, np.maximum(X - place, 0)], axis=1)
        return np.square(columns @ np.linalg.lstsq(columns, y)[0] - y).sum()

    found = knee(SIZES, curves)
    assert np.isfinite(found).any()
    for place, y in zip(found, curves.T, strict=True):
        if np.isfinite(place):
            assert error(np.log(place), y) <= min(error(other, y) for other in np.linspace(X[1], X[-2], 500)) + 1e-12


def test_the_knee_of_noise_decides_nothing():
    found = knee(SIZES, np.random.default_rng(5).normal(scale=0.05, size=(10, 16)))  # (seed,)
    assert (median_interval(found, "knee", 1 / 4000, never=True) < 50_000).verdict == "inconclusive"


def test_a_knee_can_be_sought_without_the_smallest_net_and_needs_four_sizes():
    curve = bent(30_000)
    curve[0] -= 0.3  # which alone would put it at the second size
    assert knee(SIZES, curve)[0] < 10_000
    assert knee(SIZES[1:], curve[1:]) == pytest.approx([30_000])
    with pytest.raises(ValueError, match="four"):
        knee([1, 10, 100], np.zeros((3, 1)))


RIGHT = np.array([[500, 500, 900, 900], [700, 980, 900, 800], [980, 900, 900, 800], [983, 982, 900, 800]])
INSIDE = np.array([[3.0, 1.0], [5.0, 2.0]])  # (configuration, seed)
OUTSIDE = np.array([[4.0, 6.0], [2.0, 7.0], [1.0, 5.0]])
ALIKE, APART = np.ones((3, 2)), np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]])
TERMS = np.ones((3, 200))
TERMS[0, [3, 90]], TERMS[2] = (100, 102), 0  # two of 200 are the top 1 %


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (plateau_start([1, 10, 100, 1000], RIGHT, within=5), [100, 1000, 1, np.inf]),
        (plateau_start([1, 10], [[9780 * 3], [9830 * 3]], within=50 * 3), [1]),  # exactly so many images are near
        (plateau_start([1, 10], [[9780 * 3 - 1], [9830 * 3]], within=50 * 3), [10]),
        (plateau_start([1, 10, 100], [[328], [329], [330]], within=50 * 360 / 10_000), [10]),  # 1.8 of 360 images
        (sizes.smallest_gap([[3.0, 5.0], [2.0, 9.0]], [[1.0, 4.0], [1.5, 9.5]]), [0.5, -0.5]),
        (sizes.best_lead(INSIDE, OUTSIDE), [1, -5]),
        (sizes.best_lead(INSIDE, OUTSIDE[:1]), [1, -4]),
        (sizes.worst_lead(INSIDE, OUTSIDE), [-1, -6]),
        (sizes.lowest_lead(INSIDE, OUTSIDE), [-2, 4]),
        (sizes.relative_spread(INSIDE, OUTSIDE), [2 / 3, 1 / 2]),
        (sizes.relative_spread(ALIKE, APART), [1, 0]),  # in the first seed they are as alike as before
        (sizes.relative_spread(APART, ALIKE), [1, np.inf]),
        (sizes.top_share(TERMS, 0.01), [202 / 400, 0.01, 0]),
        (sizes.top_share(np.array([[3.0, 1.0]]), 0.01), [0.75]),  # one at least
        # guessing, all known, worse than guessing
        (sizes.bits_per_parameter(np.log([10, 1, 20]), images=8175, parameters=8175), [0, np.log2(10), -1]),
    ],
)
def test_measures_across_sizes(found, expected):
    assert found == pytest.approx(expected)


def test_slope_of_a_power_law_and_of_noise_that_is_averaged():
    batches = np.array([[5, 25, 125, 500, 1500]] * 2)
    norms = np.stack([3 * batches[0] ** -0.4, 7 * batches[1] ** 0.1])
    assert log_log_slope(batches, norms) == pytest.approx([-0.4, 0.1])
    assert log_log_slope(batches[0], norms) == pytest.approx([-0.4, 0.1])
    draws = np.random.default_rng(3).normal(size=(200, 500, 4))
    means = [np.linalg.norm(draws[:, :n].mean(1), axis=1).mean() for n in batches[0, :4]]
    assert log_log_slope(batches[:1, :4], [means]) == pytest.approx([-0.5], abs=0.03)
    for broken in (([1, 2, 3], [[1.0, 0.0, 2.0]]), ([0, 2, 3], [[1.0, 1.0, 2.0]])):
        with pytest.raises(ValueError, match="positive"):
            log_log_slope(*broken)
