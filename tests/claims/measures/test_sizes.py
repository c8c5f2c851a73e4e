"""Measures of size and capacity on curves whose answer is known."""

import numpy as np
import pytest

from claims.homework.measures.sizes import bits_per_parameter
from claims.homework.measures.sizes import knee, plateau_start, smallest_gap
from ontrial.stats.verdicts import Verdict, median_interval

SIZES = np.array([1_645, 3_270, 8_280, 16_640, 40_785, 84_060, 178_110, 396_210, 654_310, 952_410])


def bent(at, before=0.1, after=0.005):
    """A two-piece line of accuracy against log size with its knee at a size, (configuration,)."""
    x = np.log(SIZES / at)
    return 0.9 + np.where(x < 0, before, after) * x


@pytest.mark.parametrize("at", [3_270, 9_000, 40_785, 200_000, 654_310])
def test_planted_knees_are_found(at):
    assert knee(SIZES, bent(at)[:, np.newaxis]) == pytest.approx([at])


def test_planted_knees_are_found_under_noise():
    noisy = bent(30_000)[:, np.newaxis] + np.random.default_rng(3).normal(scale=0.01, size=(10, 200))
    found = knee(SIZES, noisy)  # (seed,)
    assert np.median(found) == pytest.approx(30_000, rel=0.1)


def test_the_knee_is_the_best_of_all_places():
    curves = bent(30_000)[:, np.newaxis] + np.random.default_rng(4).normal(scale=0.03, size=(10, 12))
    x, found = np.log(SIZES), knee(SIZES, curves)

    def error(place, y):
        columns = np.stack([np.ones(10), x, np.maximum(x - place, 0)], axis=1)
        return np.square(columns @ np.linalg.lstsq(columns, y)[0] - y).sum()

    for place, y in zip(found, curves.T, strict=True):
        if np.isfinite(place):
            assert error(np.log(place), y) <= min(error(other, y) for other in np.linspace(x[1], x[-2], 500)) + 1e-12


@pytest.mark.parametrize("slope", [0, 0.03, -0.03])
def test_a_straight_line_has_no_knee(slope):
    assert knee(SIZES, (0.5 + slope * np.log(SIZES))[:, np.newaxis]).tolist() == [np.inf]


def test_a_bend_upwards_is_no_knee():
    assert knee(SIZES, bent(40_785, before=0.005, after=0.1)[:, np.newaxis]).tolist() == [np.inf]


def test_the_knee_of_noise_decides_nothing():
    found = knee(SIZES, np.random.default_rng(5).normal(scale=0.05, size=(10, 16)))  # (seed,)
    assert (median_interval(found, "knee", 1 / 4000, never=True) < 50_000).verdict is Verdict.INCONCLUSIVE


def test_the_knee_may_be_sought_without_the_smallest_net():
    curve = bent(30_000)
    curve[0] -= 0.3  # which alone would put it at the second size
    assert knee(SIZES, curve[:, np.newaxis])[0] < 10_000
    assert knee(SIZES[1:], curve[1:, np.newaxis]) == pytest.approx([30_000])


def test_a_knee_needs_four_sizes():
    with pytest.raises(ValueError, match="four"):
        knee([1, 10, 100], np.zeros((3, 1)))


def test_plateau_starts_where_all_that_follow_are_near_the_best():
    right = np.array([[500, 500, 900, 900], [700, 980, 900, 800], [980, 900, 900, 800], [983, 982, 900, 800]])
    assert plateau_start([1, 10, 100, 1000], right, within=5).tolist() == [100, 1000, 1, np.inf]


def test_plateau_counts_exactly_so_many_images_as_near():
    assert plateau_start([1, 10], [[9780 * 3], [9830 * 3]], within=50 * 3).tolist() == [1]
    assert plateau_start([1, 10], [[9780 * 3 - 1], [9830 * 3]], within=50 * 3).tolist() == [10]
    # on 360 images, 50 of 10,000 are 1.8
    assert plateau_start([1, 10, 100], [[328], [329], [330]], within=50 * 360 / 10_000).tolist() == [10]


def test_smallest_gap_is_over_sizes():
    test, train = np.array([[3.0, 5.0], [2.0, 9.0]]), np.array([[1.0, 4.0], [1.5, 9.5]])
    assert smallest_gap(test, train).tolist() == [0.5, -0.5]


def test_bits_per_parameter():
    loss = np.array([np.log(10), 0.0, np.log(20)])  # guessing, all known, worse than guessing
    found = bits_per_parameter(loss, images=8175, parameters=8175)
    assert found == pytest.approx([0, np.log2(10), -1])
