"""Correlations on data whose answer is known."""

import numpy as np
import pytest
from scipy import stats

from claims.homework.measures.correlations import kendall_tau, pair_signs, spearman, trend
from ontrial.stats.verdicts import median_interval


def test_kendall_tau_seed_by_seed():
    values = np.array([[1.0, 9.0, 5.0], [2.0, 4.0, 5.0], [3.0, 1.0, 5.0], [4.0, 2.0, 5.0]])
    assert kendall_tau((5, 25, 125, 500), values) == pytest.approx([1, -2 / 3, 0])


def test_kendall_tau_of_two_measures_seed_by_seed():
    one = np.array([[1.0, 1.0, 3.0], [2.0, 2.0, 3.0], [3.0, 3.0, 3.0]])  # (configuration, seed)
    two = np.array([[9.0, 2.0, 1.0], [8.0, 1.0, 2.0], [7.0, 4.0, 3.0]])
    assert kendall_tau(one, two) == pytest.approx([-1, 1 / 3, 0])
    with_ties = np.random.default_rng(1).integers(0, 3, (2, 5, 20)).astype(float)
    expected = [stats.kendalltau(*pair).statistic for pair in np.moveaxis(with_ties, 2, 0)]
    assert kendall_tau(*with_ties) == pytest.approx(np.nan_to_num(expected))


def test_trend_of_curves():
    assert trend(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 2.0, 2.0]])).tolist() == [1, -1, 0]


def test_spearman_is_of_ranks():
    x = np.linspace(1, 2, 20)
    assert spearman(np.array([x, x, x]), np.array([np.exp(9 * x), -(x**3), np.ones(20)])) == pytest.approx([1, -1, 0])


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_number_is_no_correlation_of_0(broken):
    curves = np.array([[3.0, 2.0, 1.0], [1.0, broken, 3.0]])  # (seed, record)
    calls = (
        lambda: trend(curves),
        lambda: spearman(curves, curves[::-1]),
        lambda: kendall_tau([1, 2, 3], curves.T),
        lambda: kendall_tau(curves.T, np.zeros((3, 2))),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r"not finite for seeds \[[01]\]"):
            call()
    with pytest.raises(ValueError, match=r"Kendall tau of a measure: not finite for seeds \[1\]"):
        kendall_tau([1, 2, 3], curves.T)
    with pytest.raises(ValueError, match="not finite"):
        pair_signs(curves[1], curves[0])


def test_pairs_are_disjoint_and_stay_when_runs_are_added():
    ratio, loss = [0.5, 0.7, 0.9, 0.2, 0.4, 0.4, 0.1], [3.0, 1.0, 2.0, 1.0, 8.0, 9.0, 7.0]
    found = [pair_signs(ratio[:runs], loss[:runs]).tolist() for runs in range(8)]
    assert found == [[], [], [-1], [-1], [-1, 1], [-1, 1], [-1, 1, 0], [-1, 1, 0]]


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


def test_pairs_need_two_numbers_a_run():
    with pytest.raises(ValueError, match=r"\(run,\) each"):
        pair_signs([1.0, 2.0], [1.0, 2.0, 3.0])
