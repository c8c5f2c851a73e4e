"""Intervals cover at their rate, regions sort them rightly, and evidence cannot be misused."""

import math

import numpy as np
import pytest
from scipy import stats

from evidence.intervals import Interval, TooFewSeeds, exactly, median_interval, seeds_needed, share_interval
from evidence.trial import Expectation, Sentence, Trial
from evidence.verdicts import Evidence, Inconclusive, Refuted, Region, Verdict, judge, number
from models.scale import FULL


def interval(low: float, high: float) -> Interval:
    return Interval("planted", (low + high) / 2, low, high, 0.99, (low, high))


@pytest.mark.parametrize(("n", "confidence"), [(8, 0.99), (12, 0.999), (64, 0.999), (20, 0.9)])
@pytest.mark.parametrize("skew", [1, 4])
def test_median_interval_covers_at_its_rate(n, confidence, skew):
    random = np.random.default_rng(n)
    draws = random.normal(size=(20_000, n)) ** skew if skew == 1 else random.exponential(size=(20_000, n)) ** skew
    truth = 0.0 if skew == 1 else math.log(2) ** skew
    probe = median_interval(np.arange(n), "rank", confidence)
    ranked = np.sort(draws, axis=1)
    missed = (ranked[:, int(probe.low)] > truth) | (ranked[:, int(probe.high)] < truth)
    # Three standard errors above the rate that was promised.
    allowed = (1 - confidence) + 3 * math.sqrt(confidence * (1 - confidence) / len(draws))
    assert missed.mean() <= allowed


def test_median_interval_is_no_wider_than_it_must_be():
    # For 64 seeds at 99.9 % the exact interval runs from the 19th to the 46th value.
    found = median_interval(np.arange(1, 65), "rank", 0.999)
    assert (found.low, found.high) == (19, 46)


def test_two_looks_together_err_no_more_often_than_one_may():
    def misses(n):
        found = median_interval(np.arange(1, n + 1), "rank", FULL.confidence)
        return 2 * stats.binom.cdf(found.low - 1, n, 0.5)  # the true median lies below the low end, or above the high

    assert misses(FULL.seeds) + misses(FULL.second_look) <= 1 - FULL.confidence


@pytest.mark.parametrize("truth", [0.5, 0.9, 0.99])
def test_share_interval_covers_at_its_rate(truth):
    intervals = [share_interval(np.arange(30) < k, "share", 0.95) for k in range(31)]
    missed = [not found.low <= truth <= found.high for found in intervals]
    counts = np.random.default_rng(1).binomial(30, truth, size=20_000)
    assert np.mean(np.array(missed)[counts]) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 20_000)


def test_never_is_a_value_like_any_other():
    found = median_interval([100.0] * 7 + [math.inf] * 5, "steps", 0.999)
    assert (found.estimate, found.low, found.high) == (100, 100, math.inf)
    assert (found <= 300).verdict is Verdict.INCONCLUSIVE
    assert (median_interval([math.inf] * 12, "steps", 0.999) <= 300).verdict is Verdict.REFUTED
    assert median_interval([-math.inf] * 6 + [math.inf] * 6, "steps", 0.999).estimate == 0


def test_a_value_on_the_border_is_not_moved_across_it_by_binary_fractions():
    gain = 0.9837 - 0.9787
    assert gain > 0.005
    assert median_interval([gain] * 12, "gain", 0.999).within(-0.005, 0.005).verdict is Verdict.HOLDS
    assert (median_interval([gain] * 12, "gain", 0.999) > 0.005).verdict is Verdict.REFUTED


def test_seeds_that_agree_give_a_point():
    found = median_interval([0.5] * 12, "share", 0.999)
    assert (found.low, found.high) == (0.5, 0.5)


@pytest.mark.parametrize(("confidence", "needed"), [(0.99, 8), (0.999, 11), (0.95, 6), (0.5, 3)])
def test_too_few_seeds_say_how_many_are_needed(confidence, needed):
    assert seeds_needed(confidence) == needed
    assert median_interval(range(needed), "x", confidence).n == needed
    with pytest.raises(TooFewSeeds, match=f"at least {needed} are needed"):
        median_interval(range(needed - 1), "x", confidence)


def test_a_value_that_is_not_a_number_names_its_seed():
    with pytest.raises(ValueError, match=r"planted: not a number for seeds \[3\]"):
        median_interval([0, 1, 2, math.nan, 4, 5, 6, 7], "planted", 0.99)


def test_values_need_one_number_a_seed():
    with pytest.raises(ValueError, match="one number a seed"):
        median_interval(np.zeros((3, 12)), "planted", 0.99)
    with pytest.raises(ValueError, match="either succeeds or not"):
        share_interval([0.0, 0.5], "planted", 0.99)
    with pytest.raises(TooFewSeeds):
        share_interval([], "planted", 0.99)
    with pytest.raises(ValueError, match="between 0 and 1"):
        seeds_needed(1)


HOLDS, REFUTED, INCONCLUSIVE = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE


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
        (exactly(32, "weights").within(32, 32), HOLDS),
        (exactly(33, "weights").within(32, 32), REFUTED),
    ],
)
def test_an_interval_against_a_region(evidence, verdict):
    assert evidence.verdict is verdict


def test_all_conditions_must_hold_and_one_refuted_refutes():
    holds, refuted, open_ = interval(1, 2) > 0, interval(1, 2) > 3, interval(1, 4) > 3
    assert judge(holds, holds) is HOLDS
    assert judge(holds, open_) is INCONCLUSIVE
    assert judge(holds, open_, refuted) is REFUTED


@pytest.mark.parametrize("wrong", [(), (True,), (np.bool_(True),), (0.3,)])
def test_only_evidence_is_judged(wrong):
    with pytest.raises(TypeError, match="evidence"):
        judge(*wrong)


def test_evidence_and_intervals_are_no_bools():
    found = interval(1, 2)
    with pytest.raises(TypeError, match="holds_if"):
        bool(found < 3)
    with pytest.raises(TypeError, match="within"):
        0 < found < 3  # noqa: B015
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(found)
    with pytest.raises(TypeError, match="equals no number"):
        found == 1.5  # noqa: B015
    with pytest.raises(TypeError, match="equals no number"):
        found != 1.5  # noqa: B015


def test_a_region_needs_its_ends_in_order():
    with pytest.raises(ValueError, match="no value lies"):
        interval(0, 1).within(3, 2)
    with pytest.raises(ValueError, match="no value lies"):
        Region(low=math.nan)


def test_a_refutation_carries_its_numbers():
    trial = Trial(Sentence("X1", "planted", "tests"), "", 0.99)
    with pytest.raises(Refuted, match=r"X1 is refuted: drop: 4.5, 99.0% interval 1 to 8 \(n = 8\).* < 0"):
        trial.holds_if(trial.median(range(1, 9), "drop") < 0)
    assert trial.verdict is REFUTED


def test_a_claim_is_judged_once():
    trial = Trial(Sentence("X1", "planted", "tests"), "", 0.99)
    assert trial.verdict is Verdict.NOT_RUN
    trial.holds_if(exactly(1, "count") > 0)
    with pytest.raises(RuntimeError, match="judged before"):
        trial.holds_if(exactly(1, "count") > 0)


def test_an_undecided_claim_is_inconclusive():
    trial = Trial(Sentence("X1", "planted", "tests"), "", 0.99)
    with pytest.raises(Inconclusive, match="is inconclusive"):
        trial.holds_if(trial.median(range(8), "x") > 3, trial.median(range(8), "x") >= 0)


def test_a_claim_is_of_a_known_kind():
    with pytest.raises(ValueError, match="there are said, asked, beyond"):
        Sentence("X1", "planted", "tests", kind="rumour")


def test_an_expectation_applies_where_it_says():
    expected = Expectation(REFUTED, "why", at="full", on="mnist", case="deep")
    assert expected.applies("full", "mnist", "deep")
    assert expected.applies("full", "mnist", "deep cos")
    assert not expected.applies("fast", "mnist", "deep")
    assert not expected.applies("full", "digits", "deep")
    assert not expected.applies("full", "mnist", "shallow")
    assert Expectation(REFUTED, "why").applies("fast", "digits", "anything")


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.inf, "∞"), (-math.inf, "−∞"), (23860, "23,860"), (23641.2, "23,641"), (-0.01234567, "−0.01235"), (3, "3")],
)
def test_numbers_read_well(value, text):
    assert number(value) == text


def test_evidence_says_what_it_is():
    assert (
        str(exactly(751, "parameters").within(742.5, 757.5)) == "parameters: 751, and the claim asks for 742.5 … 757.5"
    )
    assert isinstance(interval(0, 1) < 2, Evidence)
