"""Ranks: against exact arithmetic, and against the chance of ever reaching them."""

from fractions import Fraction
from math import comb, log

import numpy as np
import pytest

from ontrial.stats.ranks import fewest, log_evidence, rank, ranks
from ontrial.trainings import FAST_ALPHA, FAST_SEEDS

ALPHA = 1 / 4000


def mixture(k, n, p0):
    """E(k, n) in exact fractions: a polynomial integrated term by term over (p0, 1), over the null's likelihood."""
    terms = (
        Fraction((-1) ** j * comb(n - k, j), k + j + 1) * (1 - p0 ** (k + j + 1)) for j in range(n - k + 1)
    )  # of p^k (1 - p)^(n - k)
    return sum(terms) / (1 - p0) / (p0**k * (1 - p0) ** (n - k))


def by_recurrence(n, p0):
    """log E(k, n) for k = 0 … n, from k - 1 to k: sums of positive terms only, which no rounding can spoil."""
    odds, found = (1 - p0) / p0, [-log(n + 1)]
    for k in range(1, n + 1):
        found.append(float(np.logaddexp(0, log(odds * k) + found[-1])) - log(n + 1 - k))
    return found


@pytest.mark.parametrize("p0", [Fraction(1, 2), Fraction(9, 10), Fraction(1, 10)])
@pytest.mark.parametrize("n", [1, 2, 9, 40])
def test_evidence_is_the_averaged_likelihood_ratio(n, p0):
    exact = [log(mixture(k, n, p0)) for k in range(n + 1)]
    assert log_evidence(np.arange(n + 1), n, float(p0)) == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize("p0", [0.5, 0.9, 0.02])
@pytest.mark.parametrize("n", [300, 10_000])
def test_evidence_is_exact_to_10000_seeds(n, p0):
    assert log_evidence(np.arange(n + 1), n, p0) == pytest.approx(by_recurrence(n, p0), abs=1e-7)


def test_evidence_is_a_fair_game_at_the_border():
    k = np.arange(31)
    now, with_one_more, without = (np.exp(log_evidence(*pair, 0.7)) for pair in ((k, 30), (k + 1, 31), (k, 31)))
    assert 0.7 * with_one_more + 0.3 * without == pytest.approx(now)


def test_ranks_of_the_rules():
    found = [rank(n, ALPHA) for n in (14, 15, 16, 20, 24, 32, 48, 64, 96, 160, 320, 640)]
    assert found == [15, 15, 16, 19, 22, 28, 39, 50, 70, 108, 201, 379]
    assert [rank(n, ALPHA, 0.9) for n in (0, 100, 128, 320)] == [1, 101, 128, 309]  # n + 1 where all are not enough
    assert (fewest(ALPHA), fewest(ALPHA, 0.9), fewest(FAST_ALPHA), FAST_SEEDS) == (15, 101, 8, 8)
    n = np.array([[0, 8], [16, 640]])
    assert ranks(n, ALPHA).tolist() == [[rank(int(each), ALPHA) for each in row] for row in n]


@pytest.mark.parametrize(("alpha", "p0"), [(ALPHA, 0.5), (ALPHA / 2, 0.5), (1 / 50, 0.5), (0.05, 0.9), (0.05, 0.1)])
def test_a_rank_is_the_first_k_from_which_all_have_the_evidence(alpha, p0):
    for n in (1, 5, 8, 33, 250, 10_000):
        enough = np.array([*log_evidence(np.arange(n + 1), n, p0), np.inf]) >= -log(alpha)  # (k,)
        assert enough[rank(n, alpha, p0) :].all()
        assert not enough[: rank(n, alpha, p0)].any()


def test_evidence_of_exactly_1_over_alpha_is_enough():
    cases = [(k, n, float(np.exp(-log_evidence(k, n)))) for n in range(2, 40) for k in range(n // 2 + 1, n + 1)]
    exact = [(k, n, alpha) for k, n, alpha in cases if -np.log(alpha) == log_evidence(k, n) > 0]
    assert len(exact) > 100
    assert [(k, n) for k, n, alpha in exact if rank(n, alpha) != k] == []


def ever_crosses(seeds, alpha, share=0.5, p0=0.5):
    """The chance that one side ever has the evidence while seeds, which lie there with this chance, are added."""
    limit = ranks(np.arange(seeds + 1), alpha, p0)
    alive, crossed = np.zeros(seeds + 1), 0.0  # (k,): the chance of k on this side without having crossed
    alive[0] = 1
    for n in range(1, seeds + 1):
        alive[1:] = (1 - share) * alive[1:] + share * alive[:-1]
        alive[0] *= 1 - share
        crossed += float(alive[limit[n] :].sum())
        alive[limit[n] :] = 0
    return crossed


@pytest.mark.parametrize(("alpha", "chance"), [(0.05, 0.0374), (0.01, 0.0080)])
def test_the_chance_of_ever_crossing_within_2000_seeds(alpha, chance):
    assert ever_crosses(2000, alpha) == pytest.approx(chance, abs=5e-5)


@pytest.mark.parametrize(("share", "p0"), [(0.9, 0.9), (0.1, 0.1), (0.85, 0.9), (0.45, 0.5)])
def test_no_side_that_is_not_the_likelier_crosses_more_often_than_it_may(share, p0):
    assert ever_crosses(500, 0.05, share, p0) <= 0.05


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1, not at 1"):
        log_evidence(3, 4, 1.0)
    with pytest.raises(ValueError, match="between 0 and 1, not at 0"):
        rank(8, 0.0)
