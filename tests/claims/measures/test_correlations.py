"""Ranks, correlations and peaks: on known data, and as scipy has them to the last bit."""

import numpy as np
import pytest
from scipy import signal, stats

from claims.homework.measures.correlations import kendall_tau, mean_ranks, pair_signs, spearman, tau_b, trend
from claims.homework.measures.signals import highest_peaks
from ontrial.stats.verdicts import median_interval

X = np.linspace(1, 2, 20)
VALUES = np.array([[1.0, 9.0, 5.0], [2.0, 4.0, 5.0], [3.0, 1.0, 5.0], [4.0, 2.0, 5.0]])  # (configuration, seed)
ONE = np.array([[1.0, 1.0, 3.0], [2.0, 2.0, 3.0], [3.0, 3.0, 3.0]])
TWO = np.array([[9.0, 2.0, 1.0], [8.0, 1.0, 2.0], [7.0, 4.0, 3.0]])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (kendall_tau((5, 25, 125, 500), VALUES), [1, -2 / 3, 0]),
        (kendall_tau(ONE, TWO), [-1, 1 / 3, 0]),  # of two measures, seed by seed
        (trend(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 2.0, 2.0]])), [1, -1, 0]),
        (spearman(np.array([X, X, X]), np.array([np.exp(9 * X), -(X**3), np.ones(20)])), [1, -1, 0]),
        ([tau_b(np.ones(5), np.arange(5.0))], [0]),  # what is constant goes with nothing
        ([tau_b(np.arange(5.0), np.ones(5))], [0]),
    ],
)
def test_correlations_seed_by_seed(found, expected):
    assert found == pytest.approx(expected)


def columns(points, heights, seed):
    """Numbers with many ties, few, or none: (column, point)."""
    random = np.random.default_rng(seed)
    return random.integers(0, heights, (30, points)).astype(float) if heights else random.normal(size=(30, points))


@pytest.mark.parametrize("points", [2, 3, 5, 21, 100, 301])
@pytest.mark.parametrize("heights", [2, 9, None])
def test_ranks_and_correlations_are_those_of_scipy(points, heights):
    one, two = (columns(points, heights, seed) for seed in (points, points + 1))
    stacked = one.reshape(2, 3, 5, points)  # each row by itself, whatever the shape
    assert np.array_equal(mean_ranks(stacked), stats.rankdata(stacked, axis=-1))
    pairs = [pair for pair in zip(one, two, strict=True) if np.ptp(pair, axis=1).all()]
    assert [tau_b(*pair) for pair in pairs] == [stats.kendalltau(*pair).statistic for pair in pairs]


@pytest.mark.parametrize("points", [1, 2, 3, 12, 400])
@pytest.mark.parametrize("heights", [2, 9, None])
@pytest.mark.parametrize("apart", [1, 2, 11])
def test_the_highest_peaks_are_those_of_scipy(points, heights, apart):
    for values in columns(points, heights, 5):
        peaks, _ = signal.find_peaks(values, distance=apart)
        for count in (1, 3, 1000):
            expected = peaks[np.argsort(-values[peaks], kind="stable")[:count]]
            assert highest_peaks(values, count, apart).tolist() == expected.tolist()


def test_pairs_are_disjoint_and_stay_when_runs_are_added():
    ratio, loss = [0.5, 0.7, 0.9, 0.2, 0.4, 0.4, 0.1], [3.0, 1.0, 2.0, 1.0, 8.0, 9.0, 7.0]
    found = [pair_signs(ratio[:runs], loss[:runs]).tolist() for runs in range(8)]
    assert found == [[], [], [-1], [-1], [-1, 1], [-1, 1], [-1, 1, 0], [-1, 1, 0]]
    with pytest.raises(ValueError, match=r"\(run,\) each"):
        pair_signs([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_mean_of_the_signs_is_kendalls_tau_of_all_runs():
    random = np.random.default_rng(7)
    first = random.normal(size=20_000)
    signs = pair_signs(first, 0.6 * first + 0.8 * random.normal(size=20_000))
    assert signs.mean() == pytest.approx(2 / np.pi * np.arcsin(0.6), abs=0.03)


def test_ties_of_pairs_count_against_either_sign():
    signs = pair_signs(np.tile([1.0, 2.0], 24), np.tile([2.0, 1.0, 1.0, 1.0], 12))
    assert sorted(set(signs.tolist())) == [-1, 0]
    found = median_interval(signs, "signs", 1 / 50)
    assert ((found < 0).verdict, (found <= 0).verdict) == ("inconclusive", "holds")
