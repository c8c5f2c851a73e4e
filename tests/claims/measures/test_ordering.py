"""Ranks, ties and peaks, against scipy's to the last bit."""

import numpy as np
import pytest
from scipy import signal, stats

from claims.homework.measures.ordering import highest_peaks, mean_ranks, tau_b


def columns(points, heights, seed):
    """Numbers with many ties, few, or none: (column, point)."""
    random = np.random.default_rng(seed)
    return random.integers(0, heights, (30, points)).astype(float) if heights else random.normal(size=(30, points))


@pytest.mark.parametrize("points", [2, 3, 5, 21, 100, 301])
@pytest.mark.parametrize("heights", [2, 9, None])
def test_ranks_and_correlations_are_those_of_scipy(points, heights):
    one, two = (columns(points, heights, seed) for seed in (points, points + 1))
    assert np.array_equal(mean_ranks(one), stats.rankdata(one, axis=-1))
    pairs = [pair for pair in zip(one, two, strict=True) if np.ptp(pair, axis=1).all()]
    assert [tau_b(*pair) for pair in pairs] == [stats.kendalltau(*pair).statistic for pair in pairs]


def test_ranks_are_of_each_row_whatever_stands_above_it():
    values = np.random.default_rng(3).integers(0, 4, (2, 3, 7)).astype(float)
    assert np.array_equal(mean_ranks(values), stats.rankdata(values, axis=-1))


def test_what_is_constant_goes_with_nothing():
    assert tau_b(np.ones(5), np.arange(5.0)) == tau_b(np.arange(5.0), np.ones(5)) == 0.0


@pytest.mark.parametrize("points", [1, 2, 3, 12, 400])
@pytest.mark.parametrize("heights", [2, 9, None])
@pytest.mark.parametrize("apart", [1, 2, 11])
def test_the_highest_peaks_are_those_of_scipy(points, heights, apart):
    for values in columns(points, heights, 5):
        peaks, _ = signal.find_peaks(values, distance=apart)
        for count in (1, 3, 1000):
            expected = peaks[np.argsort(-values[peaks], kind="stable")[:count]]
            assert highest_peaks(values, count, apart).tolist() == expected.tolist()
