"""Ways round the judge: what the record says decides, whatever a test raises, catches or leaves out."""

import pytest

from tests.conftest import known_as, said

SWALLOWED = """
import contextlib
from ontrial.stats.verdicts import median_interval

@claim_of("X1")
def test_swallowed(claim):
    try:
        claim.holds_if(exactly(1, "n") > 2)
    except BaseException:
        pass

@claim_of("X2")
def test_suppressed(claim):
    with contextlib.suppress(BaseException):
        claim.holds_if(exactly(1, "n") > 2)

@claim_of("X3")
def test_known_and_swallowed(claim):
    with contextlib.suppress(BaseException):
        claim.holds_if(exactly(1, "n") > 2)

@claim_of("X4")
def test_open_and_swallowed(claim):
    with contextlib.suppress(BaseException):
        claim.holds_if(claim.median(range(12), "n") > 3)

@claim_of("X5")
def test_skipped_after_the_verdict(claim):
    claim.holds_if(exactly(1, "n") > 2)
    pytest.skip("not a good day")

@claim_of("X6")
def test_xfailed_after_the_verdict(claim):
    claim.holds_if(exactly(1, "n") > 2)
    pytest.xfail("not a good day")

@claim_of("X7")
def test_xfailed_before_the_verdict(claim):
    pytest.xfail("not a good day")

@claim_of("X8")
def test_crashed_after_the_verdict(claim):
    claim.holds_if(exactly(3, "n") > 2)
    raise RuntimeError("late")

@claim_of("X9")
def test_raised_by_hand(claim):
    raise AssertionError("refuted, by hand")

@claim_of("X10")
def test_judged_twice(claim):
    claim.holds_if(exactly(3, "n") > 2)
    claim.holds_if(exactly(3, "n") > 2)

@claim_of("X11")
def test_judged_twice_and_swallowed(claim):
    claim.holds_if(exactly(1, "n") > 2)
    with contextlib.suppress(Exception):
        claim.holds_if(exactly(3, "n") > 2)

@claim_of("X12")
def test_evidence_as_a_bool(claim):
    claim.holds_if(-1 < exactly(3, "n") < 5)

@claim_of("X13")
def test_a_bool_as_evidence(claim):
    claim.holds_if(True)

@claim_of("X14")
def test_nothing_as_evidence(claim):
    claim.holds_if()

@claim_of("X15")
def test_exits(claim):
    claim.holds_if(exactly(1, "n") > 2)
    pytest.exit

@claim_of("X16")
def test_another_interval(claim):
    claim.holds_if(median_interval(range(12), "n", alpha=0.4) > 3)
"""


def test_what_was_judged_decides(run_claims, verdicts):
    known = known_as("refuted", "X3") + known_as("refuted", "X7") + known_as("refuted", "X9")
    result = run_claims(SWALLOWED, "-v", known=known)
    assert said(result) == {
        "swallowed": "FAILED",
        "suppressed": "FAILED",
        "known_and_swallowed": "XFAIL",
        "open_and_swallowed": "SKIPPED",
        "skipped_after_the_verdict": "FAILED",
        "xfailed_after_the_verdict": "FAILED",
        "xfailed_before_the_verdict": "FAILED",
        "crashed_after_the_verdict": "FAILED",
        "raised_by_hand": "FAILED",
        "judged_twice": "FAILED",
        "judged_twice_and_swallowed": "FAILED",
        "evidence_as_a_bool": "FAILED",
        "a_bool_as_evidence": "FAILED",
        "nothing_as_evidence": "FAILED",
        "exits": "FAILED",
        "another_interval": "FAILED",
    }
    found = {name: each["found"] for name, each in verdicts().items()}
    refuted = ("X1", "X2", "X3", "X5", "X11", "X15")
    errors = ("X6", "X7", "X8", "X9", "X10", "X12", "X13", "X14", "X16")
    assert found == {"X4": "inconclusive"} | dict.fromkeys(refuted, "refuted") | dict.fromkeys(errors, "error")


def test_marks_that_would_hide_a_verdict_are_errors(run_claims, verdicts):
    result = run_claims("""
@pytest.mark.xfail(reason="by hand")
@claim_of("X1")
def test_xfail(claim):
    claim.holds_if(exactly(1, "n") > 2)

@pytest.mark.xfail(raises=ZeroDivisionError)
@claim_of("X2")
def test_xfail_of_something(claim):
    claim.holds_if(exactly(3, "n") > 2)

@claim_of("X3")
def test_well(claim):
    claim.holds_if(exactly(3, "n") > 2)
""", "-v")  # fmt: skip
    assert said(result) == {"xfail": "ERROR", "xfail_of_something": "ERROR", "well": "PASSED"}
    result.stdout.fnmatch_lines(["*planted/X1: pytest.mark.xfail says nothing of a claim*known.toml*"])
    assert list(verdicts()) == ["X3"] or verdicts()["X1"]["found"] == "error"


def test_a_claim_without_the_fixture_is_an_error_of_that_test_alone(run_claims, stored):
    result = run_claims("""
EXPERIMENTS = {"noise": noise()}

@claim_of("X1")
def test_runs_alone(runs):
    assert len(runs)

@claim_of("X2")
def test_nothing():
    pass

@claim_of("X3")
def test_well(claim):
    claim.holds_if(exactly(3, "n") > 2)
""", "-v")  # fmt: skip
    words = said(result) | {"nothing": "ERROR" if "test_nothing ERROR" in result.stdout.str() else ""}
    assert words == {"runs_alone": "ERROR", "nothing": "ERROR", "well": "PASSED"}
    result.stdout.fnmatch_lines(["*planted/X[12]: a claim's test must take the fixture `claim`*"])
    assert stored() == []


REFUSED = {
    "a marker without a source": (
        "@pytest.mark.claim('X1', 'a sentence')\ndef test_planted(claim): pass",
        "*test_planted*@pytest.mark.claim(id, statement, source=*): *source*",
    ),
    "an unknown word in the marker": (
        "@claim_of(tiers='fast')\ndef test_planted(claim): pass",
        "*test_planted*unexpected keyword*tiers*",
    ),
    "an unknown kind": (
        "@claim_of(kind='heard')\ndef test_planted(claim): pass",
        "*kind 'heard': there are said, asked, beyond",
    ),
    "an id that leaves the folder": ("@claim_of('../../x')\ndef test_planted(claim): pass", "*'../../x' is no id*"),
    "an id that is a number": ("@claim_of(7)\ndef test_planted(claim): pass", "*7 is no id*"),
    "an empty id": ("@claim_of('')\ndef test_planted(claim): pass", "*'' is no id*"),
    "an id of two lines": ("@claim_of('X1\\n')\ndef test_planted(claim): pass", "*'X1\\n' is no id*"),
    "another fixture": (
        "@claim_of()\ndef test_planted(claim, tmp_path): pass",
        "*test_planted*takes tmp_path: a claim's test takes claim, runs and its parameters, nothing else*",
    ),
    "another fixture by its mark": (
        "@pytest.fixture\ndef cheat(claim):\n    yield\n\n"
        "@pytest.mark.usefixtures('cheat')\n@claim_of()\ndef test_planted(claim): pass",
        "*test_planted*cheat*",
    ),
    "the same id twice": (
        "@claim_of()\ndef test_one(claim): pass\n@claim_of()\ndef test_two(claim): pass",
        "*claim planted/X1 is declared twice: *test_planted.py::test_one and *test_planted.py::test_two",
    ),
    "the same case twice": (
        "@claim_of()\n@pytest.mark.parametrize('a', [1, '1'], ids=['a', 'b'])\ndef test_one(claim, a): pass",
        "*claim planted/X1 (1) is declared twice with this case*",
    ),
    "a claim that is a class": (
        "@claim_of()\nclass TestOne:\n    def test_one(self, claim): pass\n    def test_two(self, claim): pass",
        "*planted/X1 is declared twice*",
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_a_claim_is_refused_at_collection(run_claims, text, message):
    result = run_claims(text + "\n")
    assert result.ret in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERRUPTED)
    (result.stderr if result.ret is pytest.ExitCode.USAGE_ERROR else result.stdout).fnmatch_lines([message])


def test_an_id_is_unique_in_a_report_and_may_be_in_two(run_claims, pytester):
    claim = "@claim_of()\ndef test_planted(claim):\n    claim.holds_if(exactly(1, 'n') > 0)\n"
    from tests.conftest import PREAMBLE

    other = pytester.mkdir("another")
    (other / "test_other.py").write_text(PREAMBLE + claim)
    run_claims(claim, "planted", "another").assert_outcomes(passed=2, deselected=2)
    run_claims(None, "another").assert_outcomes(passed=1, deselected=1)
    run_claims(None, "planted", "another", "--claim", "planted/X1").assert_outcomes(passed=1, deselected=3)
    result = run_claims(None, "planted", "another", "--claim", "X1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --claim X1: several reports have it, another/X1 and planted/X1: name one"])
    (pytester.path / "planted" / "test_second.py").write_text(PREAMBLE + claim)
    result = run_claims(None, "planted")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *X1 is declared twice: *test_planted.py::*test_second.py::*"])
