"""The claim fixture: one number a seed, judged once, conditions that stay the same from look to look."""

import math

import numpy as np
import pytest

from ontrial.claim import Claim
from ontrial.stats.verdicts import Verdict, exactly
from ontrial.trainings import Run

SEEDS = tuple(range(100, 116))


def claim(**more):
    return Claim("X1", 1 / 4000, SEEDS, **more)


def run_with(losses):
    return Run("planted", SEEDS, {"train_loss": np.asarray(losses, dtype=float)})


def test_a_claim_is_judged_once():
    trial = claim()
    assert trial.verdict is Verdict.NOT_RUN
    trial.holds_if(exactly(1, "count") > 0)
    with pytest.raises(RuntimeError, match="judged before"):
        trial.holds_if(exactly(1, "count") > 0)


def test_a_measure_has_one_number_a_seed_and_errors_name_the_seed():
    assert claim().median(range(16), "x").alpha == claim().share([True] * 16, "x").alpha == 1 / 4000
    with pytest.raises(ValueError, match="15 numbers for 16 seeds"):
        claim().median(range(15), "x")
    with pytest.raises(ValueError, match="17 numbers for 16 seeds"):
        claim().share([True] * 17, "x")
    with pytest.raises(ValueError, match=r"not a number for seeds \[103\]"):
        claim().median([math.nan if seed == 103 else 1.0 for seed in SEEDS], "x")
    with pytest.raises(ValueError, match=r"infinite .* for seeds \[103\]"):
        claim().median([math.inf if seed == 103 else 1.0 for seed in SEEDS], "x")


def test_seeds_that_are_left_out_are_counted_and_none_left_decides_nothing():
    among = np.arange(16) < 15
    found = claim().median(range(16), "x", among=among)
    assert (found.n, found.left_out) == (15, 1)
    nobody = claim().median(range(16), "x", among=np.zeros(16, dtype=bool))
    assert (nobody < 5).verdict is Verdict.INCONCLUSIVE


def test_pairs_are_disjoint():
    assert claim().median([1.0] * 8, "sign", of_pairs=True).n == 8
    with pytest.raises(ValueError, match="9 disjoint pairs cannot come from 16 seeds"):
        claim().median([1.0] * 9, "sign", of_pairs=True)


def test_pairs_that_tie_are_left_out_and_counted():
    signs = np.array([1.0, 0.0, -1.0, 1.0, 0.0])
    found = claim().median(signs, "sign", among=signs != 0, of_pairs=True)
    assert (found.values, found.left_out) == ((1, -1, 1), 2)


def test_a_correlation_is_the_share_of_disjoint_pairs_that_agree_on_the_scale_of_tau():
    first = np.arange(16.0)
    agree = claim().correlation(first, first**3, "a and b")
    disagree = claim().correlation(first, -first, "a and b")
    assert (agree.agreeing.n, agree.agreeing.statistic, agree.agreeing.alpha) == (8, "share", 1 / 4000)
    assert [(agree > -0.5).verdict, (agree > 0).verdict, (agree < -0.6).verdict] == ["holds", "inconclusive", "refuted"]
    assert (disagree.within(-1, 0.6).verdict, (disagree >= 0.6).verdict) == ("holds", "refuted")
    assert [(each.region.low, each.region.high) for each in (agree > 0.5, agree <= 0, agree.within(-1, 1))] == [
        (0.75, math.inf),
        (-math.inf, 0.5),
        (0, 1),
    ]
    tied = claim().correlation(np.minimum(first, 4), first, "a and b").agreeing
    assert (tied.values, tied.left_out, tied.among) == ((1, 1), 6, True)
    uneven = Claim("X1", 1 / 4000, SEEDS[:5]).correlation([1, 2, 5, 3, 9], [0.1, 0.3, 0.2, 0.4, 7], "a and b")
    assert uneven.agreeing.values == (1, 0), "a last seed without a partner waits"


def test_a_correlation_errs_no_more_often_than_alpha_however_often_one_looks():
    random, alpha, wrong = np.random.default_rng(0), 0.05, np.zeros(2)
    for _ in range(1000):
        first, second = random.normal(size=(2, 96))
        looks = [Claim("X1", alpha, tuple(range(n))).correlation(first[:n], second[:n], "x") for n in (16, 32, 64, 96)]
        wrong += [any((each > 0).verdict == verdict for each in looks) for verdict in ("holds", "refuted")]
    assert (wrong <= 1000 * alpha).all()
    first, noise = random.normal(size=(2, 20_000))
    found = Claim("X1", alpha, tuple(range(20_000))).correlation(first, 0.6 * first + 0.8 * noise, "x")
    tau = 2 / math.pi * math.asin(0.6)  # of a normal distribution
    assert found.agreeing.low < (1 + tau) / 2 < found.agreeing.high
    assert found.agreeing.high - found.agreeing.low < 0.05


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: claim().correlation([1.0] * 16, [1.0] * 15, "a"), ValueError, "15 numbers for 16 seeds"),
        (lambda: claim().correlation([math.inf] * 16, [1.0] * 16, "a"), ValueError, "not finite for seeds"),
        (lambda: claim().correlation([1.0] * 16, [1.0] * 16, "a") > 1.5, ValueError, "compared with 1.5"),
        (lambda: bool(claim().correlation(range(16), range(16), "a")), TypeError, "neither true nor false"),
        (lambda: claim().correlation(range(16), range(16), "a") == 1, TypeError, "equals no number"),
        (lambda: claim().argmax({"a": range(16)}, "a", "x"), ValueError, "compares 'a' with others"),
        (lambda: claim().argmax({"a": range(16), "b": range(16)}, "c", "x"), ValueError, r"are of \['a', 'b'\]"),
        (lambda: claim().argmax({"a": range(16), "b": range(15)}, "a", "x"), ValueError, "x: 15 numbers for"),
        (lambda: claim().argmax({"a": range(16), "b": [math.nan] * 16}, "a", "x"), ValueError, "x, b: not finite"),
    ],
)
def test_what_can_be_no_correlation_and_no_largest_is_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_the_largest_is_counted_by_seed_and_a_tie_for_it_for_nobody():
    values = {"a": [1.0, 2.0, 3.0, 3.0], 2: [2.0, 1.0, 3.0, 1.0], "c": [0.0, 0.0, 0.0, 0.0]}
    trial = Claim("X1", 1 / 4000, SEEDS[:4])
    found = [trial.argmax(values, name, "accuracy") for name in values]
    assert [each.values for each in found] == [(0, 1, 0, 1), (1, 0, 0, 0), (0, 0, 0, 0)]
    assert found[1].measure == "share of seeds in which 2 has the largest accuracy"


def test_conditions_that_hold_in_most_seeds_each_need_not_hold_at_once():
    judged = claim()
    first, second = judged.median([*[1.0] * 10, *[-1.0] * 6], "a"), judged.median([*[-1.0] * 6, *[1.0] * 10], "b")
    found = judged.jointly(first > 0, second > 0)
    assert (sum(found.values), found.n, found.statistic) == (4, 16, "share")
    among = judged.median(range(16), "c", among=np.arange(16) < 15)
    with pytest.raises(ValueError, match="zip"):
        judged.jointly(first > 0, among > 0)


def test_what_an_earlier_look_decided_stays_and_counts():
    earlier = claim()
    decided = earlier.median(range(16), "a") < 20
    later = claim(fixed={0: decided})
    later.holds_if(later.median([30.0] * 16, "a") < 20, later.median(range(16), "b") < 20)
    assert later.verdict is Verdict.HOLDS
    assert later.evidence[0] is decided


@pytest.mark.parametrize("changed", ["other measure", "other region", "fewer"])
def test_conditions_that_change_between_looks_are_an_error(changed):
    earlier = claim()
    later = claim(fixed={1: earlier.median(range(16), "b") < 20})
    first = later.median(range(16), "a") < 20
    second = later.median(range(16), "c" if changed == "other measure" else "b") < (
        21 if changed == "other region" else 20
    )
    with pytest.raises(ValueError, match="other conditions than at an earlier look"):
        later.holds_if(*([first] if changed == "fewer" else [first, second]))


def test_learning_is_required_of_the_network_that_learned_least_also_of_a_series():
    fell, stuck = np.tile([2.0, 1.0], (16, 1)), np.tile([2.0, 2.0], (16, 1))
    assert claim().learned(run_with(fell)).verdict is Verdict.HOLDS
    assert claim().learned(run_with(fell), run_with(stuck)).verdict is not Verdict.HOLDS
    series = np.stack([fell, stuck], axis=1)  # (seed, series, record)
    assert claim().learned(run_with(series)).verdict is not Verdict.HOLDS
