"""Stopping: what is known to fail is said before anything is trained, and what was trained is said when it ends."""

import pytest

from tests.conftest import said

SUITE = """
@claim_of("X1", trains={"a": noise(9.0)})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)

@claim_of("X2", trains={"a": noise(8.0)})
def test_refuted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") < 0)

@claim_of("X3", trains={"a": noise(7.0)})
def test_late(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""
PROBLEM = """
@claim_of("X4", trains={"a": 3})
def test_problem(claim, runs):
    pass
"""


@pytest.fixture
def trained(stored):
    return lambda: sorted({each["settings"]["shift"] for each in stored()})


@pytest.mark.parametrize("options", [["-x"], ["--maxfail=1"]])
def test_nothing_is_trained_after_the_first_failure(run_claims, trained, verdicts, options):
    result = run_claims(SUITE, "-v", *options)
    assert said(result) == {"well": "PASSED", "refuted": "FAILED"}
    assert trained() == [8.0, 9.0]
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "refuted"}


def test_what_is_known_to_fail_fails_first(run_claims, trained):
    result = run_claims(SUITE + PROBLEM, "-v", "-x")
    assert said(result) == {"problem": "ERROR"}
    assert trained() == []
    assert said(run_claims(None, "-v", "--maxfail=2")) == {"problem": "ERROR", "well": "PASSED", "refuted": "FAILED"}
    assert trained() == [8.0, 9.0]


def test_nothing_is_trained_where_a_file_does_not_import(run_claims, pytester, trained):
    (pytester.path / "planted" / "test_broken.py").write_text("import nowhere\n")
    result = run_claims(SUITE, "-v")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert trained() == []
    result = run_claims(None, "-v", "--continue-on-collection-errors")
    assert said(result) == {"well": "PASSED", "refuted": "FAILED", "late": "PASSED"}
    assert trained() == [7.0, 8.0, 9.0]


INTERRUPTS = """
from ontrial.publish.terminal import Reporter

def interrupt(*arguments):
    raise KeyboardInterrupt

Reporter.__call__ = interrupt
"""


def test_an_interrupted_session_says_what_is_stored_and_how_to_go_on(run_claims, pytester):
    conftest = pytester.makeconftest(INTERRUPTS)
    result = run_claims(SUITE, subprocess=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.re_match_lines([r"\d+ of 12 jobs are stored; run the same command to go on"])
    conftest.unlink()
    run_claims(None).assert_outcomes(passed=2, failed=1, deselected=3)


def test_doubly_quiet_says_only_what_went_wrong(run_claims):
    result = run_claims(SUITE, "-qq", "--accept")
    assert "holds" not in result.stdout.str().partition("FAILED")[0].partition("=== FAILURES")[0]
    for word in ("training", "written to", "accepted", "claim  case"):
        assert word not in result.stdout.str()
    assert "written to" in run_claims(None, "-q").stdout.str()
