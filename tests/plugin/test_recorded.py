"""What the record already has: a measure may not answer otherwise on the same runs, and what is lost loses nothing."""

import pytest

SUITE = """
EXPERIMENTS = {"noise": noise(9.0)}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value + 0, "value") > 0)
"""
OTHER_BODY = SUITE.replace(".value + 0", ".value + 1e-3")
BROKEN = """
@training(looks=looks)
def broken(*, seed: int):
    raise RuntimeError("no answer")

EXPERIMENTS = {"broken": broken()}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["broken"].value, "value") > 0)
"""


@pytest.fixture
def in_full(run_claims):
    """The planted claim, registered and judged once in full."""
    run_claims(SUITE, "--register")
    run_claims(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    return run_claims


def test_a_measure_that_answers_otherwise_on_the_same_stored_runs_is_an_error(in_full, verdicts):
    result = in_full(OTHER_BODY, "-m", "full")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*'value' answers otherwise than is recorded of the same stored runs*"])
    assert verdicts("full")["X1"]["found"] == "error"


def test_the_same_measure_on_the_same_runs_and_another_on_other_runs_are_none(in_full):
    in_full(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    in_full(OTHER_BODY, "-m", "full", "--seeds=20").assert_outcomes(passed=1, deselected=1)


def test_what_could_not_be_trained_is_an_error_of_the_record_where_it_has_nothing(run_claims, verdicts):
    run_claims(BROKEN).assert_outcomes(errors=1, deselected=1)
    found = verdicts()["X1"]
    assert found["found"] == "error"
    assert "no answer" in found["problem"]


def test_what_could_not_be_trained_does_not_take_the_place_of_a_verdict(run_claims, verdicts):
    run_claims(SUITE).assert_outcomes(passed=1, deselected=1)
    before = verdicts()["X1"]
    run_claims(BROKEN).assert_outcomes(errors=1, deselected=1)
    assert verdicts()["X1"]["found"] == before["found"] == "holds"
