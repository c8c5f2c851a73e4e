"""Intervals and verdicts: every point that the seeds do not exclude, by brute force, and what cannot be misused."""

import math
from itertools import combinations_with_replacement

import numpy as np
import pytest

from ontrial.stats.ranks import log_evidence
from ontrial.stats.verdicts import (
    Interval,
    Region,
    Verdict,
    exactly,
    finite,
    judge,
    median_interval,
    number,
    progress,
    share_interval,
)

ALPHA = 1 / 4000
HOLDS, REFUTED, INCONCLUSIVE = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE
GRID = (-math.inf, -1.0, 0.0, 2.0, math.inf)  # what a seed may say
POINTS = (-3.0, -1.0, -0.5, 0.0, 1.0, 2.0, 5.0)  # at and between these


def enough(count, n, alpha, p0=0.5):
    return float(log_evidence(count, n, p0)) >= -math.log(alpha)


def expected(inside, n, alpha):
    """The verdict on a condition with one border that holds for so many of n seeds: more than half of all must."""
    return HOLDS if enough(inside, n, alpha) else REFUTED if enough(n - inside, n, alpha) else INCONCLUSIVE


@pytest.mark.parametrize(("n", "alpha"), [(3, 0.25), (5, 0.25), (8, 0.25), (8, 0.05)])
def test_intervals_and_verdicts_count_the_seeds_on_either_side_of_a_point_ties_included(n, alpha):
    wanted = [expected(k, n, alpha) for k in range(n + 1)]
    for values in combinations_with_replacement(GRID, n):
        found = median_interval(values, "planted", alpha, never=True)
        for x in POINTS:
            below, upto = (sum(value < x for value in values), sum(value <= x for value in values))
            excluded = enough(below, n, alpha) or enough(n - upto, n, alpha)
            assert (found.low <= x <= found.high) is not excluded, (values, x)
            verdicts = [(found < x).verdict, (found <= x).verdict, (found > x).verdict, (found >= x).verdict]
            assert verdicts == [wanted[below], wanted[upto], wanted[n - upto], wanted[n - below]], (values, x)
        for low, high in combinations_with_replacement(POINTS, 2):
            both = {wanted[sum(v >= low for v in values)], wanted[sum(v <= high for v in values)]}
            verdict = REFUTED if REFUTED in both else INCONCLUSIVE if INCONCLUSIVE in both else HOLDS
            assert found.within(low, high).verdict is verdict, (values, low, high)


@pytest.mark.parametrize("alpha", [0.25, ALPHA])
@pytest.mark.parametrize("limit", [0.1, 0.5, 0.75, 0.9])
def test_a_share_is_compared_with_its_own_limit(limit, alpha):
    for n in (1, 8, 40, 320):
        for k in range(n + 1):
            found = share_interval(np.arange(n) < k, "planted", alpha)
            above, below = enough(k, n, alpha, limit), enough(n - k, n, alpha, 1 - limit)
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
        assert {each.verdict for each in (found < 0, found >= 0, found.within(-9, 9))} == {INCONCLUSIVE}
    assert math.isnan(median_interval([], "planted", ALPHA).estimate)
    nothing = share_interval([], "planted", ALPHA)
    assert (nothing.low, nothing.high, (nothing > 0.9).verdict) == (0, 1, INCONCLUSIVE)


def test_never_is_a_value_like_any_other_where_it_is_meant():
    found = median_interval([100.0] * 12 + [math.inf] * 4, "steps", ALPHA, never=True)
    assert (found.estimate, found.low, found.high) == (100, 100, math.inf)
    assert median_interval([-math.inf] * 8 + [math.inf] * 8, "steps", ALPHA, never=True).estimate == 0


def test_a_conditional_claim_is_about_some_seeds_and_says_how_many_it_leaves_out():
    values, among = np.arange(40.0), np.arange(40) % 2 == 0
    found, conditional = (median_interval(values[among], "x", ALPHA), median_interval(values, "x", ALPHA, among=among))
    assert (conditional.low, conditional.high, conditional.values) == (found.low, found.high, found.values)
    assert (conditional.n, conditional.left_out, found.left_out) == (20, 20, 0)
    share = share_interval(values > 10, "x", ALPHA, among=among)
    assert (share.n, share.left_out, share.estimate) == (20, 20, 14 / 20)
    assert median_interval([1.0, math.inf], "x", ALPHA, among=[True, False]).n == 1  # what is left out may be infinite


def test_values_stay_as_they_are():
    values = tuple(0.1 * np.arange(16) + 1e-13)
    assert median_interval(values, "x", ALPHA).values == values
    # Two binary fractions of the same decimal are two values: what must tie is counted in whole numbers.
    assert (median_interval([0.9837 - 0.9787] * 16, "gain", ALPHA) > 0.005).verdict is HOLDS


MASKED = np.ma.masked_less(np.arange(3.0), 1)
NAMED = {"seeds": (30, 50, 70)}


@pytest.mark.parametrize("make", [median_interval, share_interval])
@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([0, 1, math.nan], {}, r"planted: not a number for seeds \[2\]"),
        ([0, 1, math.nan], NAMED, r"planted: not a number for seeds \[70\]"),
        ([0, 1, math.nan], {"among": [True, True, False]}, "not a number"),  # not even where it is left out
        ([0, 1, 0], {"among": [True]}, "`among` is true or false for each of 3 seeds"),
        ([0, 1, 0], {"among": [1, 0, 1]}, "`among` is true or false for each of 3 seeds"),
        ([0, 1, 0], {"among": np.ones((3, 1), dtype=bool)}, "`among` is true or false for each of 3 seeds"),
        (np.zeros((3, 12)), {}, "one number a seed"),
        ([0, 1, 0], {"seeds": (4, 5)}, "3 numbers for 2 seeds"),
        (MASKED > 0, {}, "a masked array; pass all seeds' numbers, and `among`"),
        ([0, 1, 0], {"among": MASKED > 0}, "a masked array"),
    ],
)
def test_what_is_not_one_number_a_seed_is_refused(make, values, options, message):
    with pytest.raises(ValueError, match=message):
        make(values, "planted", ALPHA, **options)


def test_what_says_nothing_is_refused():
    for call, message in (
        (lambda: median_interval([1, math.inf, -math.inf], "x", ALPHA), r"say never=True\) for seeds \[1, 2\]"),
        (lambda: median_interval([1, math.inf, -math.inf], "x", ALPHA, **NAMED), r"for seeds \[50, 70\]"),
        (lambda: share_interval([0.0, 0.5], "x", ALPHA), "either succeeds or not"),
        (lambda: exactly(math.nan, "x"), "x: a count is a finite number"),
        (lambda: exactly(-math.inf, "x"), "x: a count is a finite number"),
        (lambda: exactly(1, "x").within(3, 2), "no value lies"),
        (lambda: Region(low=math.nan), "no value lies"),
        (lambda: Region(), "excludes nothing"),
        (lambda: exactly(1, "x") < math.inf, "excludes nothing"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def interval(low, high):
    return Interval("planted", (low + high) / 2, low, high, ALPHA, (low, high))


def test_a_verdict_is_about_the_points_of_interval_and_region():
    ends = (-math.inf, 0.0, 1.0, 2.0, math.inf)
    points = (-9.0, 0.0, 0.5, 1.0, 1.5, 2.0, 9.0)
    for low, high in combinations_with_replacement(ends, 2):
        found, between = interval(low, high), [point for point in points if low <= point <= high]
        for x in (0.0, 1.0, 2.0) if between else ():
            for evidence in (found < x, found <= x, found > x, found >= x, found.within(0, x)):
                inside = {point in evidence.region for point in between}
                assert evidence.verdict is {(True,): HOLDS, (False,): REFUTED}.get(tuple(inside), INCONCLUSIVE)


def test_all_conditions_must_hold_and_one_refuted_refutes():
    holds, refuted, open_ = interval(1, 2) > 0, interval(1, 2) > 3, interval(1, 4) > 3
    assert [judge(holds, holds), judge(holds, open_), judge(holds, open_, refuted)] == [HOLDS, INCONCLUSIVE, REFUTED]
    for wrong in ((), (True,), (np.bool_(True),), (0.3,)):
        with pytest.raises(TypeError, match="evidence"):
            judge(*wrong)


def test_intervals_and_evidence_cannot_be_misused():
    found = interval(1, 2)
    for misuse, message in (
        (lambda: bool(found), "neither true nor false"),
        (lambda: found == 1.5, "equals no number"),
        (lambda: found != 1.5, "equals no number"),
        (lambda: 0 < found < 3, "within"),
        (lambda: bool(found < 3), "holds_if"),
    ):
        with pytest.raises(TypeError, match=message):
            misuse()


@pytest.mark.parametrize(
    ("evidence", "margin", "sides"),
    [
        (interval(1, 2) < 4, 2, 1),
        (interval(1, 2) > 4, 2, 1),
        (interval(1, 2).within(0.5, 9), 0.5, 2),
        (interval(1, 2).within(-9, 0), 1, 2),
        (interval(1, 2).within(1, 1), 0, 2),
        (interval(1, 5) < 4, 0, 1),
        (interval(1, math.inf) > 0, 0, 1),
        (interval(1, 1) < 4, math.inf, 1),
        (interval(4, 4) <= 4, 0, 1),
        (exactly(4, "layers") <= 4, math.inf, 0),
        (exactly(3, "layers").within(3, 4), math.inf, 0),
    ],
)
def test_the_margin_in_widths_and_the_sides_on_which_sampling_can_err(evidence, margin, sides):
    assert (evidence.margin, evidence.sides) == (margin, sides)


def test_numbers_and_evidence_read_well():
    values = (math.inf, -math.inf, 23860, 23641.2, -0.01234567, 3, math.nan)
    assert [*map(number, values)] == ["∞", "−∞", "23,860", "23,641", "−0.01235", "3", "–"]
    counted = exactly(751, "parameters")
    assert (counted.low, counted.high, counted.alpha, counted.n, counted.statistic) == (751, 751, 0, 1, "count")
    assert str(counted.within(742.5, 757.5)) == "parameters: 751, and the claim requires 742.5 … 757.5"
    some = median_interval(range(32), "steps", ALPHA, among=np.arange(32) < 24)
    assert str(some < 300) == (
        "steps: 11.5, interval 2 to 21 (n = 24, 8 left out; an end errs at most once in 4,000), "
        "and the claim requires < 300"
    )
    assert str(median_interval([], "steps", 1 / 50) >= 3).startswith("steps: –, interval −∞ to ∞ (n = 0; an end errs")


def test_finite_numbers_stay_and_progress_is_of_the_one_that_learned_least():
    assert (finite([1, 2], "x").tolist(), finite([], "x").shape) == ([1.0, 2.0], (0,))
    with pytest.raises(ValueError, match=r"x: not finite for seeds \[0, 2\]"):
        finite([[1, 2, 3], [np.nan, 2, np.inf]], "x", seed_axis=1)
    moved, stuck = np.array([[4.0, 1.0]]), np.array([[3.0, 3.0]])
    assert (progress(moved).tolist(), progress(moved, stuck).tolist()) == ([0.25], [1])
    with pytest.raises(ValueError, match=r"training loss: not finite for seeds \[0\]"):
        progress(moved, np.array([[1.0, math.nan]]))
