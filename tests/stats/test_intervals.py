"""Intervals: every point that the seeds do not exclude, by brute force over points, ties and borders."""

import math
from itertools import combinations_with_replacement

import numpy as np
import pytest

from ontrial.stats.ranks import log_evidence
from ontrial.stats.verdicts import Interval, Verdict, exactly, median_interval, share_interval

ALPHA = 1 / 4000
HOLDS, REFUTED, INCONCLUSIVE = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE

GRID = (-math.inf, -1.0, 0.0, 2.0, math.inf)  # what a seed may say
POINTS = (-3.0, -1.0, -0.5, 0.0, 1.0, 2.0, 5.0)  # at and between these


def enough(count, n, alpha):
    """Whether so many of n seeds exclude that they are half of all at most."""
    return float(log_evidence(count, n)) >= -math.log(alpha)


def expected(inside, n, alpha):
    """The verdict on a condition with one border that holds for so many of n seeds: more than half of all must."""
    if enough(inside, n, alpha):
        return HOLDS
    return REFUTED if enough(n - inside, n, alpha) else INCONCLUSIVE


@pytest.mark.parametrize(("n", "alpha"), [(3, 0.25), (5, 0.25), (8, 0.25), (8, 0.05)])
def test_the_interval_is_every_point_that_neither_side_excludes(n, alpha):
    for values in combinations_with_replacement(GRID, n):
        found = median_interval(values, "planted", alpha, never=True)
        for point in POINTS:
            below, above = (sum(value < point for value in values), sum(value > point for value in values))
            excluded = enough(below, n, alpha) or enough(above, n, alpha)
            assert (found.low <= point <= found.high) is not excluded, (values, point)


@pytest.mark.parametrize(("n", "alpha"), [(3, 0.25), (5, 0.25), (8, 0.25), (8, 0.05)])
def test_a_verdict_counts_the_seeds_on_either_side_of_the_border_ties_included(n, alpha):
    wanted = [expected(k, n, alpha) for k in range(n + 1)]
    for values in combinations_with_replacement(GRID, n):
        found = median_interval(values, "planted", alpha, never=True)
        for x in POINTS:
            below, upto = (sum(value < x for value in values), sum(value <= x for value in values))
            assert (found < x).verdict is wanted[below], (values, x)
            assert (found <= x).verdict is wanted[upto], (values, x)
            assert (found > x).verdict is wanted[n - upto], (values, x)
            assert (found >= x).verdict is wanted[n - below], (values, x)


@pytest.mark.parametrize(("n", "alpha"), [(5, 0.25), (8, 0.25)])
def test_between_two_borders_both_must_hold_and_one_refuted_refutes(n, alpha):
    single = [expected(k, n, alpha) for k in range(n + 1)]
    for values in combinations_with_replacement(GRID, n):
        found = median_interval(values, "planted", alpha, never=True)
        for low, high in combinations_with_replacement(POINTS, 2):
            both = {single[sum(v >= low for v in values)], single[sum(v <= high for v in values)]}
            wanted = REFUTED if REFUTED in both else INCONCLUSIVE if INCONCLUSIVE in both else HOLDS
            assert found.within(low, high).verdict is wanted, (values, low, high)


@pytest.mark.parametrize("alpha", [0.25, ALPHA])
@pytest.mark.parametrize("limit", [0.1, 0.5, 0.75, 0.9])
def test_a_share_is_held_against_its_own_limit(limit, alpha):
    for n in (1, 8, 40, 320):
        for k in range(n + 1):
            found = share_interval(np.arange(n) < k, "planted", alpha)
            above = float(log_evidence(k, n, limit)) >= -math.log(alpha)
            below = float(log_evidence(n - k, n, 1 - limit)) >= -math.log(alpha)
            wanted = HOLDS if above else REFUTED if below else INCONCLUSIVE
            assert (found > limit).verdict is (found >= limit).verdict is wanted, (k, n)


# The order statistics that bound it at the looks: the 1st and 16th of 16, the 3rd and 22nd of 24, …
@pytest.mark.parametrize(
    ("n", "low", "high"), [(15, 1, 15), (16, 1, 16), (24, 3, 22), (32, 5, 28), (96, 27, 70), (320, 120, 201)]
)
def test_the_interval_of_a_median_at_the_looks(n, low, high):
    shuffled = np.random.default_rng(n).permutation(np.arange(1, n + 1))
    found = median_interval(shuffled, "rank", ALPHA)
    assert (found.low, found.high, found.estimate, found.n) == (low, high, (n + 1) / 2, n)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (128, 128, 0.9203530695, 1),
        (127, 128, 0.8998352706, 0.9999999849),
        (309, 320, 0.9015600965, 0.9950029372),
        (0, 5, 0, 0.8629887755),
        (20, 32, 0.2571602564, 0.9113462909),
    ],
)
def test_the_interval_of_a_share(k, n, low, high):
    found = share_interval(np.arange(n) < k, "share", ALPHA)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert (found.estimate, found.statistic, found.n) == (k / n, "share", n)


def test_too_few_seeds_also_none_exclude_nothing():
    for values in ([], [1.0], range(14)):
        found = median_interval(values, "planted", ALPHA)
        assert (found.low, found.high, found.n) == (-math.inf, math.inf, len(values))
        for evidence in (found < 0, found >= 0, found.within(-9, 9)):
            assert evidence.verdict is INCONCLUSIVE
    assert math.isnan(median_interval([], "planted", ALPHA).estimate)
    nothing = share_interval([], "planted", ALPHA)
    assert (nothing.low, nothing.high, (nothing > 0.9).verdict) == (0, 1, INCONCLUSIVE)


def test_seeds_that_agree_give_a_point():
    found = median_interval([0.5] * 16, "share", ALPHA)
    assert (found.low, found.high) == (0.5, 0.5)
    assert ((found <= 0.5).verdict, (found < 0.5).verdict) == (HOLDS, REFUTED)


def test_never_is_a_value_like_any_other_where_it_is_meant():
    found = median_interval([100.0] * 12 + [math.inf] * 4, "steps", ALPHA, never=True)
    assert (found.estimate, found.low, found.high) == (100, 100, math.inf)
    assert (found <= 300).verdict is INCONCLUSIVE
    assert (median_interval([math.inf] * 16, "steps", ALPHA, never=True) <= 300).verdict is REFUTED
    assert median_interval([-math.inf] * 8 + [math.inf] * 8, "steps", ALPHA, never=True).estimate == 0


def test_an_infinite_value_is_an_error_where_never_is_not_meant():
    values = [1.0, math.inf, 3.0, -math.inf]
    with pytest.raises(
        ValueError, match=r"planted: infinite \(where that means never, say never=True\) for seeds \[1, 3"
    ):
        median_interval(values, "planted", ALPHA)
    with pytest.raises(ValueError, match=r"seeds \[8, 6\]"):
        median_interval(values, "planted", ALPHA, seeds=(9, 8, 7, 6))
    assert median_interval(values, "planted", ALPHA, among=np.isfinite(values)).n == 2


@pytest.mark.parametrize("make", [median_interval, share_interval])
def test_a_value_that_is_not_a_number_is_an_error_that_names_its_seed(make):
    values = [0, 1, 0, math.nan, 1]
    with pytest.raises(ValueError, match=r"planted: not a number for seeds \[3\]"):
        make(values, "planted", ALPHA)
    with pytest.raises(ValueError, match=r"not a number for seeds \[70\]"):
        make(values, "planted", ALPHA, seeds=(10, 30, 50, 70, 90))
    with pytest.raises(ValueError, match="not a number"):  # not even where the claim does not speak of it
        make(values, "planted", ALPHA, among=~np.isnan(values))


def test_a_conditional_claim_speaks_of_some_seeds_and_says_how_many_it_leaves_out():
    values, among = np.arange(40.0), np.arange(40) % 2 == 0
    found, whole = (median_interval(part, "x", ALPHA) for part in (values[among], values))
    conditional = median_interval(values, "x", ALPHA, among=among)
    assert (conditional.low, conditional.high, conditional.values) == (found.low, found.high, found.values)
    assert (conditional.n, conditional.left_out, whole.left_out) == (20, 20, 0)
    share = share_interval(values > 10, "x", ALPHA, among=among)
    assert (share.n, share.left_out, share.estimate) == (20, 20, 14 / 20)


@pytest.mark.parametrize("among", [[True], [1, 0, 1], np.ones((3, 1), dtype=bool)])
def test_among_is_true_or_false_for_every_seed(among):
    with pytest.raises(ValueError, match="`among` is true or false for each of 3 seeds"):
        median_interval([1.0, 2.0, 3.0], "planted", ALPHA, among=among)


def test_there_is_one_number_a_seed():
    with pytest.raises(ValueError, match="one number a seed"):
        median_interval(np.zeros((3, 12)), "planted", ALPHA)
    with pytest.raises(ValueError, match="3 numbers for 2 seeds"):
        median_interval([1.0, 2.0, 3.0], "planted", ALPHA, seeds=(4, 5))
    with pytest.raises(ValueError, match="either succeeds or not"):
        share_interval([0.0, 0.5], "planted", ALPHA)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_count_is_a_finite_number(value):
    with pytest.raises(ValueError, match="planted: a count is a finite number"):
        exactly(value, "planted")


def test_a_count_needs_no_seeds_and_has_no_error():
    found = exactly(751, "parameters")
    assert (found.low, found.high, found.alpha, found.n, found.statistic) == (751, 751, 0, 1, "count")
    assert (found.within(751, 751).verdict, (found > 751).verdict) == (HOLDS, REFUTED)


def test_values_are_kept_as_they_are():
    values = tuple(0.1 * np.arange(16) + 1e-13)
    assert median_interval(values, "x", ALPHA).values == values
    # Two binary fractions of the same decimal are two values: what must tie is counted in whole numbers.
    assert 0.9837 - 0.9787 > 0.005
    assert (median_interval([0.9837 - 0.9787] * 16, "gain", ALPHA) > 0.005).verdict is HOLDS


def test_an_interval_is_no_bool_and_equals_nothing():
    found = Interval("planted", 1.5, 1.0, 2.0, ALPHA, (1.0, 2.0))
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(found)
    for compare in (lambda: found == 1.5, lambda: found != 1.5):
        with pytest.raises(TypeError, match="equals no number"):
            compare()
    with pytest.raises(TypeError, match="within"):
        assert 0 < found < 3


def test_a_masked_array_is_refused():
    values = np.ma.masked_less(np.arange(32.0), 20)
    for masked in (lambda: median_interval(values, "planted", 1 / 50), lambda: share_interval(values > 3, "p", 1 / 50)):
        with pytest.raises(ValueError, match="a masked array; pass all seeds' numbers, and `among`"):
            masked()
    with pytest.raises(ValueError, match="a masked array"):
        median_interval(np.arange(32.0), "planted", 1 / 50, among=values > 3)
