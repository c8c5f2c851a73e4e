"""Regions sort intervals rightly, and evidence cannot be misused."""

import math
from itertools import combinations_with_replacement, product

import numpy as np
import pytest

from ontrial.stats.verdicts import (
    Evidence,
    Interval,
    Region,
    Verdict,
    exactly,
    judge,
    median_interval,
    number,
    share_interval,
)

ALPHA = 1 / 4000
HOLDS, REFUTED, INCONCLUSIVE = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE


def interval(low: float, high: float) -> Interval:
    return Interval("planted", (low + high) / 2, low, high, ALPHA, (low, high))


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (interval(1, 2) < 3, HOLDS),
        (interval(1, 3) < 3, INCONCLUSIVE),
        (interval(1, 3) <= 3, HOLDS),
        (interval(3, 4) < 3, REFUTED),
        (interval(3, 4) <= 3, INCONCLUSIVE),
        (interval(1, 2) > 0, HOLDS),
        (interval(0, 2) > 0, INCONCLUSIVE),
        (interval(0, 2) >= 0, HOLDS),
        (interval(-1, 0) > 0, REFUTED),
        (interval(-1, 0) >= 0, INCONCLUSIVE),
        (interval(1, 2).within(0, 3), HOLDS),
        (interval(0, 3).within(0, 3), HOLDS),
        (interval(-1, 4).within(0, 3), INCONCLUSIVE),
        (interval(-1, 1).within(0, 3), INCONCLUSIVE),
        (interval(4, 5).within(0, 3), REFUTED),
        (interval(-2, -1).within(0, 3), REFUTED),
        (interval(3, 5).within(0, 3), INCONCLUSIVE),
        (interval(5, math.inf) > 3, HOLDS),
        (interval(5, math.inf) < 9, INCONCLUSIVE),
        (interval(-math.inf, math.inf) < 9, INCONCLUSIVE),
        (interval(-math.inf, math.inf) > 9, INCONCLUSIVE),
        (interval(-math.inf, math.inf).within(0, 0), INCONCLUSIVE),
        (exactly(32, "weights").within(32, 32), HOLDS),
        (exactly(33, "weights").within(32, 32), REFUTED),
    ],
)
def test_an_interval_against_a_region(evidence, verdict):
    assert evidence.verdict is verdict


def test_a_verdict_is_about_the_points_of_interval_and_region():
    ends = (-math.inf, 0.0, 1.0, 2.0, math.inf)
    points = (-9.0, 0.0, 0.5, 1.0, 1.5, 2.0, 9.0)
    for (low, high), x in product(combinations_with_replacement(ends, 2), (0.0, 1.0, 2.0)):
        found, between = interval(low, high), [point for point in points if low <= point <= high]
        for evidence in (found < x, found <= x, found > x, found >= x, found.within(0, x)) if between else ():
            shares = {point in evidence.region for point in between}
            assert evidence.verdict is {(True,): HOLDS, (False,): REFUTED}.get(tuple(shares), INCONCLUSIVE), evidence


def test_all_conditions_must_hold_and_one_refuted_refutes():
    holds, refuted, open_ = interval(1, 2) > 0, interval(1, 2) > 3, interval(1, 4) > 3
    assert judge(holds, holds) is HOLDS
    assert judge(holds, open_) is INCONCLUSIVE
    assert judge(holds, open_, refuted) is REFUTED


@pytest.mark.parametrize("wrong", [(), (True,), (np.bool_(True),), (0.3,)])
def test_only_evidence_is_judged(wrong):
    with pytest.raises(TypeError, match="evidence"):
        judge(*wrong)


def test_evidence_is_no_bool():
    with pytest.raises(TypeError, match="holds_if"):
        bool(interval(1, 2) < 3)
    with pytest.raises(TypeError, match="within"):
        assert 0 < interval(1, 2) < 3


def test_a_region_needs_its_ends_in_order_and_a_border():
    with pytest.raises(ValueError, match="no value lies"):
        interval(0, 1).within(3, 2)
    with pytest.raises(ValueError, match="no value lies"):
        Region(low=math.nan)
    with pytest.raises(ValueError, match="excludes nothing"):
        Region()
    with pytest.raises(ValueError, match="excludes nothing"):
        interval(0, 1) < math.inf  # noqa: B015


def test_sides_on_which_a_verdict_can_go_wrong_are_those_of_what_is_sampled():
    median, share = median_interval([], "x", ALPHA), share_interval([], "x", ALPHA)
    found = (median < 1, share >= 0.5, median.within(0, 1), median.within(1, 1), exactly(3, "layers").within(3, 4))
    assert [evidence.sides for evidence in found] == [1, 1, 2, 2, 0]


@pytest.mark.parametrize(
    ("evidence", "margin"),
    [
        (interval(1, 2) < 4, 2),
        (interval(1, 2) > 4, 2),
        (interval(1, 2).within(0.5, 9), 0.5),
        (interval(1, 2).within(-9, 0), 1),
        (interval(1, 5) < 4, 0),
        (interval(1, math.inf) > 0, 0),
        (interval(1, 1) < 4, math.inf),
        (interval(4, 4) <= 4, 0),
        (exactly(4, "layers") <= 4, math.inf),
    ],
)
def test_the_margin_is_the_distance_from_the_border_in_widths(evidence, margin):
    assert evidence.margin == margin


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (23860, "23,860"),
        (23641.2, "23,641"),
        (-0.01234567, "−0.01235"),
        (3, "3"),
        (math.nan, "–"),
    ],
)
def test_numbers_read_well(value, text):
    assert number(value) == text


def test_evidence_says_what_it_is():
    counted = exactly(751, "parameters").within(742.5, 757.5)
    assert str(counted) == "parameters: 751, and the claim requires 742.5 … 757.5"
    some = median_interval(range(32), "steps", ALPHA, among=np.arange(32) < 24)
    assert str(some < 300) == (
        "steps: 11.5, interval 2 to 21 (n = 24, 8 left out; an end errs at most once in 4,000), "
        "and the claim requires < 300"
    )
    assert str(median_interval([], "steps", 1 / 50) >= 3).startswith("steps: –, interval −∞ to ∞ (n = 0; an end errs")
    assert isinstance(some < 300, Evidence)
