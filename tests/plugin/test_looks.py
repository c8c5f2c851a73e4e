"""Looks: seeds are added until a claim is decided or its budget is spent, and no further."""

from collections import Counter

import numpy as np
import pytest

from ontrial.stats.power import seeds_needed
from ontrial.stats.verdicts import median_interval
from ontrial.trainings import FAST_ALPHA
from tests.conftest import planted, said

FIRST, SECOND, NEVER = 9.0, 8.0, 0.0  # shifts, of trainings that are decided at the first look, the second, or never
SUITE = """
def late(run):  # all but the first seed agree: too few of 16, enough of 24
    return (np.arange(run.n) > 0).astype(float)

@claim_of("X1", trains={"noise": noise(9.0)})
def test_first(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)

@claim_of("X2", trains={"noise": noise(8.0)})
def test_second(claim, runs):
    claim.holds_if(claim.median(late(runs["noise"]), "late") > 0.5)

@claim_of("X3", trains={"noise": noise(0.0)})
def test_never(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)
"""


@pytest.fixture
def trained(stored):
    """How many seeds of each shift the run store holds."""
    return lambda: dict(Counter(each["settings"]["shift"] for each in stored()))


@pytest.fixture
def run_full(run_claims):
    """Register a suite, then run it in full; without a suite, run it again."""

    def run(text, *options, **words):
        if text is not None:
            assert run_claims(text, "--register").ret in (0, 1)
        return run_claims(None, "-m", "full", "-v", *options, **words)

    return run


def ns(verdicts):
    return {name: [each["n"] for each in found["evidence"]] for name, found in verdicts("full").items()}


def test_what_is_decided_leaves_exactly_its_looks_seeds_and_the_rest_goes_on(run_full, trained, verdicts, pytester):
    result = run_full(SUITE)
    assert said(result) == {"first": "PASSED", "second": "PASSED", "never": "SKIPPED"}
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [32]}
    fast = 8
    assert trained() == {FIRST: fast + 16, SECOND: fast + 24, NEVER: fast + 32}
    third = verdicts("full")["X3"]
    assert [each["seeds"] for each in third["looks"]] == [16, 24, 32]
    assert third["seeds_needed"] == "at the border" or third["seeds_needed"] > 32
    assert [each["look"] for each in verdicts("full")["X2"]["evidence"]] == [1]
    again = run_full(None)  # decided or not: all is there
    assert "training" not in again.stdout.str()
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [32]}
    run_full(None, "--most-seeds", "48")
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [48]}
    assert trained() == {FIRST: fast + 16, SECOND: fast + 24, NEVER: fast + 48}
    run_full(None, "--most-seeds", "24")
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [48]}, "fewer seeds replace nothing"
    assert verdicts("full")["X3"]["last"]["n"] == 24
    run_full(None, "--seeds", "20")
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [48]}, "nor does a look that was not planned"
    assert [each["last"]["n"] for each in verdicts("full").values()] == [20, 20, 20]
    assert trained() == {FIRST: fast + 20, SECOND: fast + 24, NEVER: fast + 48}


CONDITIONS = """
EXPERIMENTS = {"noise": noise(9.0)}

@claim_of()
def test_planted(claim, runs):
    n = runs["noise"].n
    early = np.ones(n) if n == 16 else -np.ones(n)  # would be refuted at every later look
    claim.holds_if(claim.median(early, "early") > 0, claim.median((np.arange(n) > 0) * 1.0, "late") > 0.5)
"""


def test_a_condition_is_fixed_at_the_look_that_decides_it(run_full, verdicts):
    run_full(CONDITIONS).assert_outcomes(passed=1, deselected=1)
    first, second = verdicts("full")["X1"]["evidence"]
    assert (first["n"], first["estimate"], first["look"], first["verdict"]) == (16, 1.0, 0, "holds")
    assert (second["n"], second["look"], second["verdict"]) == (24, 1, "holds")


def test_of_two_open_conditions_the_one_that_takes_more_seeds_counts(run_claims, verdicts):
    seven, six = (f"claim.median(np.arange(8) - {place}.5, '{place}') > 0" for place in (0, 1))
    run_claims(planted("X1", f"{seven}, exactly(1, 'n') > 0, {six}", "noise(9.0)"), "-m", "fast")
    needed = [seeds_needed(median_interval(np.arange(8) - each, "x", FAST_ALPHA) > 0) for each in (0.5, 1.5)]
    assert needed[0] < needed[1] == verdicts()["X1"]["seeds_needed"]
    nobody = "claim.median(np.ones(8), 'of none', among=np.zeros(8, dtype=bool)) > 0"
    run_claims(planted("X1", f"{six}, {nobody}", "noise(9.0)"), "-m", "fast")
    assert verdicts()["X1"]["seeds_needed"] == "no seed meets the condition"


CASES = """
EXPERIMENTS = {"noise": noise(0.0)}

@claim_of()
@pytest.mark.parametrize("plus", [9, 0])
def test_planted(claim, runs, plus):
    claim.holds_if(claim.median(runs["noise"].value + plus, "value") > 0)
"""


def test_the_cases_of_a_claim_go_on_independently(run_full, verdicts, trained):
    run_full(CASES)
    assert ns(verdicts) == {"X1 9": [16], "X1 0": [32]}
    assert trained() == {NEVER: 8 + 32}


def test_numbers_of_seeds_that_cannot_be_are_refused_before_training(run_full, trained):
    for number, (option, message) in enumerate(
        (
            ("--most-seeds=10", "--ontrial-most-seeds 10: the first look takes 16 seeds; give at least 16"),
            ("--seeds=5", "5 seeds cannot decide anything*at least 1? are needed"),
            ("--most-seeds=-3", "--ontrial-most-seeds -3: *"),
        )
    ):
        result = run_full(None if number else SUITE, option)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert trained() == dict.fromkeys((FIRST, SECOND, NEVER), 8)


def test_many_seeds_say_at_once_what_they_would_take(run_claims, pytester):
    pytester.makeconftest("""
import _thread
import pytest
from concurrent.futures import Executor, Future
from ontrial.functions import FunctionTraining
from ontrial.running import workers

workers.GRACE = 0.0  # what was submitted never ends
FunctionTraining.estimate = lambda self, seeds: float(seeds)

class Interrupting(Executor):
    def submit(self, *arguments):
        _thread.interrupt_main()
        return Future()

@pytest.hookimpl(tryfirst=True)
def pytest_ontrial_executor():
    return Interrupting()
""")
    result = run_claims(SUITE, "--seeds=400", subprocess=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    lines = "first look: about 20 min on 1 worker*", "training: *", "interrupted: 0 of 1,200 seeds are stored*"
    result.stdout.fnmatch_lines(lines)


def test_a_claim_that_is_skipped_at_a_look_is_skipped(run_full, verdicts):
    text = CASES.replace("    claim.holds_if", "    if plus == 0 and len(claim.seeds) > 8:\n        pytest.skip('no')\n"
                         "    claim.holds_if")  # fmt: skip
    run_full(text).assert_outcomes(passed=1, skipped=1, deselected=2)
