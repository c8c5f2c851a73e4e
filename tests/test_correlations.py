"""Correlations on data whose answer is known."""

import numpy as np
import pytest

from evidence.correlations import kendall_tau, rank_correlation_interval, spearman, trend
from evidence.intervals import TooFewSeeds


def test_kendall_tau_seed_by_seed():
    values = np.array([[1.0, 9.0, 5.0], [2.0, 4.0, 5.0], [3.0, 1.0, 5.0], [4.0, 2.0, 5.0]])
    assert kendall_tau((5, 25, 125, 500), values) == pytest.approx([1, -2 / 3, 0])


def test_trend_of_curves():
    assert trend(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 2.0, 2.0]])).tolist() == [1, -1, 0]


def test_spearman_is_of_ranks():
    x = np.linspace(1, 2, 20)
    assert spearman(np.array([x, x, x]), np.array([np.exp(9 * x), -(x**3), np.ones(20)])) == pytest.approx([1, -1, 0])


def test_rank_correlation_interval_covers_at_about_its_rate():
    random, covered = np.random.default_rng(7), 0
    rank_correlation = 6 / np.pi * np.arcsin(0.6 / 2)  # of a binormal pair with correlation 0.6
    for seed in range(20):
        first = random.normal(size=100)
        second = 0.6 * first + 0.8 * random.normal(size=100)
        found = rank_correlation_interval(first, second, "rho", 0.9, seed)
        covered += found.low <= rank_correlation <= found.high
    assert 14 <= covered <= 20  # 18 expected


def test_rank_correlation_interval_is_the_same_every_time_and_needs_runs():
    first, second = np.arange(30.0), np.arange(30.0) % 7
    one, two = (rank_correlation_interval(first, second, "rho", 0.999) for _ in range(2))
    assert (one.low, one.high) == (two.low, two.high)
    assert one.n == 30
    with pytest.raises(TooFewSeeds, match="10"):
        rank_correlation_interval([1.0, 2.0], [1.0, 2.0], "rho", 0.99)
