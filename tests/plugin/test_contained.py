"""A fault of one claim is an error of that claim: the others are judged and recorded, whatever raises, and where."""

import pytest

from tests.conftest import PREAMBLE, known_as, said

WELL = """
@claim_of("X2", trains={"well": noise(9.0)})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["well"].value, "value") > 0)

@claim_of("X3")
def test_count(claim):
    claim.holds_if(exactly(1, "n") > 0)
"""
TRAINED = """
@claim_of("X1", trains={"a": broken})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""
MADE = """
from dataclasses import replace as replaced
from ontrial.functions import FunctionTraining

class Broken(FunctionTraining):
    {}

of = noise(8.0)
broken = Broken(*(getattr(of, name) for name in list(of.__match_args__)))
"""
COUNT = "\n@claim_of('X1')\ndef test_planted(claim):\n    {}\n"
RAISE = "raise ArithmeticError('no \\udc80 number')"
OF_A_TRAINING = {
    "its estimate raises": f"def estimate(self, seeds): {RAISE}",
    "its estimate is no number": "def estimate(self, seeds): return float('nan')",
    "its description raises": f"def describe(self): {RAISE}",
    "its description is no JSON": "def describe(self): return {'a': {1, 2}}",
    "its terms raise": f"def terms(self): {RAISE}",
    "its settings raise": f"def settings(self): {RAISE}",
    "its settings are no JSON": "def settings(self): return {'a': float('nan')}",
    "its name raises": f"def __str__(self): {RAISE}",
    "its hash raises": f"def __hash__(self): {RAISE}",
    "its tier raises": f"def at(self, scale): {RAISE}",
    "its data raises": "judged_on = property(lambda self: 1 / 0)",
    "its data is no text": "judged_on = 3",
    "its needs raise": "needs = property(lambda self: 1 / 0)",
    "its shared names raise": "shared = property(lambda self: 1 / 0)",
    "it answers nothing": "def train(self, seeds, needed): return None",
    "it leaves": "def train(self, seeds, needed): raise SystemExit(3)",
}
OF_A_TEST = {
    "a limit that is float32": ("claim.holds_if(exactly(1, 'n') > np.float32(2))", "FAILED"),
    "a limit that is int64": ("claim.holds_if(exactly(1, 'n') > np.int64(2))", "FAILED"),
    "a limit that is text": ("claim.holds_if(exactly(1, 'n') > '0')", "FAILED"),
    "a measure that is no text": ("claim.holds_if(exactly(1, 3) > 0)", "FAILED"),
    "a measure without a name": ("claim.holds_if(exactly(1, ' ') > 0)", "FAILED"),
    "a measure that cannot be written": ("claim.holds_if(exactly(1, 'n \\udc80') > 0)", "FAILED"),
    "an aside whose measure is no text": (
        "claim.asides = (exactly(1, 3),); claim.holds_if(exactly(1, 'n') > 0)",
        "FAILED",
    ),
    "an aside that is none": ("claim.asides = ('n',); claim.holds_if(exactly(1, 'n') > 0)", "FAILED"),
    "asides that are one": ("claim.asides = exactly(1, 'n'); claim.holds_if(exactly(1, 'n') > 0)", "FAILED"),
    "reported that is none": ("claim.reported = {'n': 3}; claim.holds_if(exactly(1, 'n') > 0)", "FAILED"),
    "own numbers that name nothing": ("claim.own_numbers = (1,); claim.holds_if(exactly(1, 'n') > 0)", "FAILED"),
    "own numbers that are text": ("claim.own_numbers = {'n': 'x'}; claim.holds_if(exactly(1, 'n') > 0)", "FAILED"),
    "an error whose text raises": ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()", "FAILED"),
    "an error that cannot be written": ("raise ValueError('\\udc80')", "FAILED"),
    "it leaves": ("raise SystemExit(3)", "FAILED"),
    "evidence made by hand": ("object.__setattr__(e := exactly(1, 'n') > 0, 'region', 3); claim.holds_if(e)", "FAILED"),
}
OF_A_DECLARATION = {
    "trains= that is no mapping": "@claim_of('X1', trains=[noise()])\ndef test_planted(claim, runs): pass",
    "trains= that is a training": "@claim_of('X1', trains=noise())\ndef test_planted(claim, runs): pass",
    "trains= that cannot be asked": "@claim_of('X1', trains=np.ones(3))\ndef test_planted(claim, runs): pass",
    "a statement that is no text": "@pytest.mark.claim('X1', 3, source='x')\ndef test_planted(claim): pass",
    "a source that cannot be written": "@pytest.mark.claim('X1', 's', source='\\udc80')\ndef test_planted(claim): pass",
    "a marker without a source": "@pytest.mark.claim('X1', 'a')\ndef test_planted(claim): pass",
    "another fixture": "@claim_of('X1')\ndef test_planted(claim, tmp_path): pass",
    "a condition that does not read": "@pytest.mark.skipif('no such name', reason='x')\n@claim_of('X1')\n"
    "def test_planted(claim): pass",
}


def found(verdicts, tier="fast"):
    return {name: each["found"] for name, each in verdicts(tier).items()}


def check(result, verdicts, word="ERROR"):
    words = said(result)
    assert (words.pop("planted"), words) == (word, {"well": "PASSED", "count": "PASSED"})
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert "NOT WRITTEN" not in result.stdout.str()
    whole = found(verdicts)
    assert whole.pop("X1", "error") == "error"
    assert whole == {"X2": "holds", "X3": "holds"}


@pytest.mark.parametrize("body", OF_A_TRAINING.values(), ids=OF_A_TRAINING.keys())
def test_a_training_that_is_broken(run_claims, verdicts, body):
    result = run_claims(WELL + MADE.format(body) + TRAINED, "-v")
    check(result, verdicts, said(result)["planted"])
    assert said(result)["planted"] in ("FAILED", "ERROR")


@pytest.mark.parametrize(("body", "word"), OF_A_TEST.values(), ids=OF_A_TEST.keys())
def test_a_test_that_is_broken(run_claims, verdicts, body, word):
    result = run_claims(WELL + COUNT.format(body), "-v")
    if "a limit that is" in str(result) or "np." in body:  # a plain number in another's clothes
        assert found(verdicts)["X1"] == "refuted"
        assert verdicts()["X1"]["evidence"][0]["region"]["low"] == 2
    else:
        check(result, verdicts, word)


@pytest.mark.parametrize("text", OF_A_DECLARATION.values(), ids=OF_A_DECLARATION.keys())
def test_a_declaration_that_is_broken(run_claims, verdicts, text):
    check(run_claims(f"{WELL}\n{text}\n", "-v"), verdicts)


def test_a_case_that_cannot_be_written_is_escaped(run_claims, verdicts):
    text = "\n@claim_of('X1')\n@pytest.mark.parametrize('a', ['\\udc80'])\ndef test_planted(claim, a):\n"
    run_claims(WELL + text + "    claim.holds_if(exactly(1, 'n') > 0)\n").assert_outcomes(passed=3, deselected=3)
    assert verdicts()["X1 \\udc80"]["found"] == "holds"


def test_data_that_is_missing_in_full_is_an_error_of_what_needs_it(run_claims, verdicts):
    broken = MADE.format("def describe(self): raise FileNotFoundError('no data: download it')")
    text = WELL + broken + TRAINED
    run_claims(text.replace("raise FileNotFoundError", "return dict(a=1) #"), "--register")
    result = run_claims(text, "-m", "full", "-v")
    assert said(result) == {"planted": "ERROR", "well": "PASSED", "count": "PASSED"}
    result.stdout.fnmatch_lines(["*FileNotFoundError: no data: download it"])
    assert found(verdicts, "full") == {"X1": "error", "X2": "holds", "X3": "holds"}


def test_a_helper_that_does_not_parse_is_an_error_of_the_training_that_reaches_it(run_claims, verdicts, pytester):
    (pytester.path / "planted" / "helper.py").write_text("def (\n")
    text = "\n@training\ndef made(*, seed):\n    import helper\n    return {'value': 1.0}\n\nbroken = made()\n"
    check(run_claims(WELL + text + TRAINED, "-v"), verdicts)


OTHER = COUNT.replace("X1", "Z1").format("claim.holds_if(exactly(1, 'n') > 0)")


@pytest.mark.parametrize("name", ["known.toml", "registered.toml"])
@pytest.mark.parametrize("where", ["planted", "planted/test_planted.py"])
def test_a_damaged_file_costs_its_own_report_alone(run_claims, verdicts, pytester, name, where):
    other = pytester.mkdir("another")
    (other / "test_other.py").write_text(PREAMBLE + OTHER)
    (other / name).write_text("no toml at all")
    run_claims(WELL, "--register")
    options = ("-v", "-m", "full", "--claim", "X3,Z1") if name == "registered.toml" else ("-v", "--claim", "X3,Z1")
    result = run_claims(WELL, where, "another", *options)
    assert said(result) == {"count": "PASSED", "planted": "ERROR"}
    result.stdout.fnmatch_lines([f"another/Z1: *{name}*"])
    result = run_claims(None, "another", *options[:-2])
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{name}*"])


def test_what_no_test_declares_costs_its_own_report_alone(run_claims, verdicts, pytester):
    other = pytester.mkdir("another")
    (other / "test_other.py").write_text(PREAMBLE + COUNT.format("claim.holds_if(exactly(1, 'n') > 0)"))
    (other / "known.toml").write_text(known_as("refuted", "X9"))
    result = run_claims(WELL, "planted", "another", "-v")
    assert said(result) == {"well": "PASSED", "count": "PASSED", "planted": "ERROR"}


def test_a_marker_that_cannot_be_read_takes_nothing_out_of_the_record(run_claims, verdicts):
    run_claims(WELL)
    result = run_claims(WELL.replace('@claim_of("X3")', "@pytest.mark.claim('X3', 'no source')"), "-v")
    assert said(result) == {"well": "PASSED", "count": "ERROR"}
    assert found(verdicts) == {"X2": "holds", "X3": "holds"}


def test_two_claims_of_one_id_are_both_errors(run_claims, verdicts):
    twice = "".join(COUNT.replace("planted", name).format("pass") for name in ("one", "two"))
    result = run_claims(WELL + twice, "-v")
    assert said(result) == {"well": "PASSED", "count": "PASSED", "one": "ERROR", "two": "ERROR"}
    result.stdout.fnmatch_lines(["planted/X1: claim planted/X1 is declared twice: *"])
    assert found(verdicts) | {"X1": ""} == {"X1": "", "X2": "holds", "X3": "holds"}
