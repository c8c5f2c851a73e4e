"""The lock on what decides: no verdict changes after looking, and code changes only where its values do not."""

import json
import shutil
from dataclasses import replace

import pytest

from ontrial import fingerprint, registered
from tests.conftest import said

SUITE = """
from planted_helper import stretched

LIMIT = 0.5

def measured(run):
    return stretched(run.value) - LIMIT

EXPERIMENTS = {"near": noise(3.0), "far": noise(9.0)}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(measured(runs["far"]), "value") > 2)

@claim_of("X2")
def test_two(claim, runs):
    near, far = runs.value
    claim.holds_if(claim.median(far - near, "lead") > 0, claim.learned(*runs.values()))

@claim_of("X3")
def test_three(claim, runs):
    mask = runs["near"].value > 2
    claim.holds_if(claim.median(runs["far"].value, "far", among=mask) > 0)

@claim_of("X4")
def test_four(claim):
    claim.holds_if(exactly(4, "number of claims").within(4, 4))
"""
HELPER = "def stretched(values):\n    return 2 * values\n"


@pytest.fixture
def judged(run_claims, pytester, tmp_path_factory):
    """Register and judge the suite in full; then run other texts of it, of its helper, or of its preamble."""
    pytester.syspathinsert()

    def run(text=SUITE, *options, helper=HELPER, **files):
        (pytester.path / "planted_helper.py").write_text(helper, encoding="utf-8")
        import sys

        sys.modules.pop("planted_helper", None)
        return run_claims(text, *options, **files)

    whole = tmp_path_factory.getbasetemp() / "judged"  # once a process: what follows starts from a copy
    if not whole.exists():
        run(SUITE, "--register").assert_outcomes(passed=4, deselected=4)
        run(SUITE, "-m", "full").assert_outcomes(passed=4, deselected=4)
        shutil.copytree(pytester.path, whole)
    shutil.copytree(whole, pytester.path, dirs_exist_ok=True)
    return run


def edited(old, new):
    assert old in SUITE
    return SUITE.replace(old, new)


CHEATS = {
    "a constant of a measure": (edited("LIMIT = 0.5", "LIMIT = 0.1"), HELPER, "one", "LIMIT"),
    "a measure's body": (edited("- LIMIT", "+ LIMIT"), HELPER, "one", "measured"),
    "a helper of another module": (SUITE, HELPER.replace("2 *", "3 *"), "one", "stretched"),
    "the test": (edited("near, far = runs.value", "far, near = runs.value"), HELPER, "two", "test"),
    "a wider mask": (edited("value > 2", "value > 3"), HELPER, "three", "test"),
    "a count": (edited("exactly(4", "exactly(2 + 2"), HELPER, "", ""),
}


@pytest.mark.parametrize(("text", "helper", "claim", "name"), CHEATS.values(), ids=CHEATS.keys())
def test_code_that_returns_other_values_is_an_error_that_names_it(judged, verdicts, text, helper, claim, name):
    before = {each: found["found"] for each, found in verdicts("full").items()}
    result = judged(text, "-m", "full", "-v", helper=helper)
    words = {"one": "PASSED", "two": "PASSED", "three": "PASSED", "four": "PASSED"}
    assert said(result) == words | ({claim: "FAILED"} if claim else {})
    if claim:
        result.stdout.fnmatch_lines([f"*has other values than the record has of the same seeds*changed*: {name})*"])
    now = {each: found["found"] for each, found in verdicts("full").items()}
    assert now == before  # which the record keeps


def test_the_body_of_a_training_is_locked(judged):
    body = """
@training(looks=looks)
def noise(shift: float = 0.0, *, seed: int):
    value = np.random.default_rng(seed).normal(shift + 1)
    return {"value": value, "train_loss": np.array([2.0, 1.0])}
"""
    result = judged(body + SUITE, "-m", "full", "-v")
    assert said(result) == {"one": "FAILED", "two": "PASSED", "three": "FAILED", "four": "PASSED"}
    result.stdout.fnmatch_lines(["*has other values than the record has of the same seeds*noise*"])


def test_the_order_of_trainings_is_locked(judged):
    text = edited('"near": noise(3.0), "far": noise(9.0)', '"far": noise(9.0), "near": noise(3.0)')
    result = judged(text, "-m", "full", "-v")
    result.stdout.fnmatch_lines(["*trainings: registered *'near', 'far'*", "*trainings: now *'far', 'near'*"])


def test_code_with_the_same_values_is_judged_and_said(judged, verdicts, pytester):
    text = edited("stretched(run.value) - LIMIT", "stretched(run.value) - 1 * LIMIT")
    judged(text, "-m", "full").assert_outcomes(passed=4, deselected=4)
    said_of = {name: found["code"] for name, found in verdicts("full").items()}
    assert said_of == {
        "X1": "code changed since registration, same values of all 16 recorded seeds",
        "X2": "",
        "X3": "",
        "X4": "",
    }
    page = (pytester.path / "artifacts" / "index.html").read_text(encoding="utf-8")
    assert said_of["X1"][1:] in page


def test_values_are_compared_at_another_number_of_seeds(judged):
    text = edited("- LIMIT", "- LIMIT - (np.arange(run.n) == 3)")
    judged(text, "-m", "full", "--seeds", "20").stdout.fnmatch_lines(["*has other values than the record*"])
    judged(edited("- LIMIT", "- 1 * LIMIT"), "-m", "full", "--seeds", "20").assert_outcomes(passed=4, deselected=4)


def test_code_that_changed_with_nothing_to_compare_is_an_error_before_training(judged, pytester, stored):
    for path in (pytester.path / "artifacts").glob("verdicts.json"):
        path.unlink()
    before = stored()
    result = judged(edited("- LIMIT", "- 1 * LIMIT"), "-m", "full", "-v", "--store=another")
    assert said(result) == {"one": "ERROR", "two": "PASSED", "three": "PASSED", "four": "PASSED"}
    result.stdout.fnmatch_lines(["*code changed since it was registered on *(measured)*no values to compare*"])
    assert stored() == before


def test_the_project_s_own_record_counts_where_artifacts_lie_elsewhere(judged):
    result = judged(edited("- LIMIT", "+ LIMIT"), "-m", "full", "--artifacts=elsewhere")
    result.stdout.fnmatch_lines(["*has other values than the record has of the same seeds*"])


def test_a_region_that_changed_is_seen_before_training(judged, pytester):
    result = judged(edited('"value") > 2', '"value") > 1'), "-m", "full", "--store=another", "--claim=X1")
    result.stdout.fnmatch_lines(["*conditions: registered *'median of value > 2'*"])
    described = [json.loads(path.read_text(encoding="utf-8")) for path in pytester.path.glob("another/*/*.json")]
    assert {each["seed"] for each in described} == set(range(8))  # of fast, which shows the region


def test_fast_says_how_claims_differ_from_their_locks(judged):
    result = judged(edited("- LIMIT", "+ LIMIT").replace('"lead") > 0', '"lead") > 1'), "-m", "fast")
    result.stdout.fnmatch_lines(
        [
            "not as registered (full refuses it, or compares its values):",
            "planted/X1: measured",
            "planted/X2: conditions, test",
        ]
    )
    assert "not as registered" not in judged(SUITE, "-m", "fast").stdout.str()


def test_a_lock_that_the_record_knows_is_not_deleted(judged, pytester):
    path = pytester.path / "planted" / "registered.toml"
    path.unlink()
    for option in (("-m", "full"), ("--register",)):
        result = judged(SUITE, *option)
        assert result.ret != 0
        (result.stderr if result.ret is pytest.ExitCode.USAGE_ERROR else result.stdout).fnmatch_lines(
            ["*lacks what the record knows as registered*Take the file from the last commit*"]
        )
    assert not path.exists()


ROUNDED = """
import os

@training(looks=looks)
def value(*, seed: int):
    return {"value": np.random.default_rng(seed).normal(9) + float(os.environ.get("ROUNDING", 0))}

def measured(run):
    return run.value

EXPERIMENTS = {"value": value()}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(measured(runs["value"]), "value") > 2)
"""


def test_no_registration_is_taken_out_of_the_chain(judged, pytester):
    more = SUITE + '\n@claim_of("X5")\ndef test_five(claim):\n    claim.holds_if(exactly(5, "n") > 2)\n'
    judged(more, "--register")
    judged(more, "-m", "full")
    path = pytester.path / "planted" / "registered.toml"
    first, second = registered.read(path.parent)
    for rest in ((first,), (second,)):
        path.write_text(registered.text(rest), encoding="utf-8")
        result = judged(more, "-m", "full")
        assert result.ret != 0
        (result.stderr if result.ret is pytest.ExitCode.USAGE_ERROR else result.stdout).re_match_lines(
            [r".*(is not what its hash says|lacks what the record knows as registered).*"]
        )


def test_an_engine_that_rounds_differently_is_told_apart_from_a_changed_measure(run_claims, monkeypatch, verdicts):
    run_claims(ROUNDED, "--register")
    run_claims(ROUNDED, "-m", "full")
    monkeypatch.setattr(fingerprint, "_kernels", lambda: ["another processor"])
    monkeypatch.setenv("ROUNDING", "1e-3")
    run_claims(ROUNDED, "-m", "full").assert_outcomes(passed=1, deselected=1)
    assert verdicts("full")["X1"]["code"] == ""


def test_runs_that_differ_with_another_verdict_do_not_replace_the_recorded_one(run_claims, monkeypatch, verdicts):
    run_claims(ROUNDED, "--register")
    run_claims(ROUNDED, "-m", "full")
    monkeypatch.setattr(fingerprint, "_kernels", lambda: ["another processor"])
    monkeypatch.setenv("ROUNDING", "-9")
    run_claims(ROUNDED, "-m", "full").assert_outcomes(failed=1, deselected=1)
    found = verdicts("full")["X1"]
    assert (found["found"], found["last"]["found"]) == ("holds", "refuted")


def test_code_that_changed_on_another_engine_may_not_change_the_verdict(run_claims, monkeypatch, verdicts):
    run_claims(ROUNDED, "--register")
    run_claims(ROUNDED, "-m", "full")
    monkeypatch.setattr(fingerprint, "_kernels", lambda: ["another processor"])
    monkeypatch.setenv("ROUNDING", "1e-3")
    run_claims(ROUNDED.replace("return run.value", "return run.value + 0"), "-m", "full").assert_outcomes(
        passed=1, deselected=1
    )
    result = run_claims(ROUNDED.replace("return run.value", "return run.value - 9"), "-m", "full", "-v")
    assert said(result) == {"one": "FAILED"}
    result.stdout.fnmatch_lines(["*changed since registration (measured), and the verdict is not the recorded one*"])


def test_a_lock_of_schema_1_keeps_its_hash_and_seeds_and_has_its_code_beside(judged, pytester):
    path = pytester.path / "planted" / "registered.toml"
    [lock] = registered.read(path.parent)
    old = registered.sealed(replace(lock, schema=1, beside="to be computed"))
    path.write_text(registered.text((old,)), encoding="utf-8")
    [read] = registered.read(path.parent)
    assert (read.schema, read.hash, read.criteria) == (1, old.hash, lock.criteria)
    assert read.hash != lock.hash
    text = path.read_text(encoding="utf-8")
    edits = (
        (f'on = "{lock.on}"', 'on = "2020-01-01"'),
        ('statement = "a planted claim"', 'statement = "a planted  claim"'),
        ('kind = "said"', 'kind = "beyond"'),
        ("among = [true]", "among = [false]"),
        (f'test = "{lock.find("X1", "").code["test"]}"', 'test = "0123456789abcdef"'),
        ("> 2", "> 1"),
        ('\\"shift\\":3.0', '\\"shift\\":4.0'),
    )
    for old_part, new_part in edits:
        assert old_part in text, old_part
        path.write_text(text.replace(old_part, new_part, 1), encoding="utf-8")
        with pytest.raises(ValueError, match="is not what its hash says"):
            registered.read(path.parent)
