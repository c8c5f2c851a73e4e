"""Measures of size and capacity on curves whose answer is known."""

import numpy as np
import pytest

from evidence.capacity import bits_per_parameter
from evidence.intervals import median_interval
from evidence.sizes import knee, plateau_start
from evidence.verdicts import Verdict

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
    curves = bent(30_000)[:, np.newaxis] + np.random.default_rng(4).normal(scale=0.03, size=(10, 30))
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
    found = knee(SIZES, np.random.default_rng(5).normal(scale=0.05, size=(10, 12)))  # (seed,)
    assert (median_interval(found, "knee", 0.999) < 50_000).verdict is Verdict.INCONCLUSIVE


def test_a_knee_needs_four_sizes():
    with pytest.raises(ValueError, match="four"):
        knee([1, 10, 100], np.zeros((3, 1)))


def test_plateau_starts_where_all_that_follow_are_near_the_best():
    accuracy = np.array(
        [[0.5, 0.50, 0.9, 0.9], [0.7, 0.98, 0.9, 0.8], [0.98, 0.90, 0.9, 0.8], [0.983, 0.982, 0.9, 0.8]]
    )  # (configuration, seed)
    assert plateau_start([1, 10, 100, 1000], accuracy, within=0.005).tolist() == [100, 1000, 1, np.inf]


def test_plateau_counts_exactly_half_a_point_as_near():
    assert plateau_start([1, 10], np.array([[0.978], [0.983]]), within=0.005).tolist() == [1]
    assert plateau_start([1, 10], np.array([[0.9779], [0.983]]), within=0.005).tolist() == [10]


def test_bits_per_parameter():
    loss = np.array([np.log(10), 0.0, np.log(20)])  # guessing, all known, worse than guessing
    found = bits_per_parameter(loss, images=8175, parameters=8175)
    assert found == pytest.approx([0, np.log2(10), -1])
