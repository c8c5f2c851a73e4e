"""Code of registered claims: it may change only where its values do not, seed by seed."""

import pytest

from ontrial import fingerprint
from tests.conftest import said
from tests.plugin.conftest import FULL, HELPER, PASSED, SUITE, edited

# A seed, not the first, that decides neither the median nor the interval.
QUIET = "sorted(range(1, 16), key=run.value.__getitem__)[3]"
CHEATS = {
    "a constant of a measure": (edited("LIMIT = 0.5", "LIMIT = 0.1"), HELPER, "one", "LIMIT"),
    "a measure's body": (edited("- LIMIT", "+ LIMIT"), HELPER, "one", "measured"),
    "a helper of another module": (SUITE, HELPER.replace("2 *", "3 *"), "one", "stretched"),
    "the test": (edited('runs["far"].value - runs["near"].value', 'runs["far"].value'), HELPER, "two", "test"),
    "a wider mask": (edited("value > 1", "value > 3"), HELPER, "three", "test"),
    "one seed": (edited("- LIMIT", f"- LIMIT - 1e-4 * (np.arange(run.n) == {QUIET})"), HELPER, "one", "measured"),
    "the body of a training": (
        "\n@training(looks=looks)\ndef noise(shift: float = 0.0, *, seed: int):\n"
        '    return {"value": np.random.default_rng(seed).normal(shift + 1)}\n' + SUITE, HELPER, "one three", "noise"
    ),
    "a count": (edited("exactly(4", "exactly(2 + 2"), HELPER, "", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "helper", "claim", "name"), CHEATS.values(), ids=CHEATS.keys())
def test_code_that_returns_other_values_is_an_error_that_names_it(judged, verdicts, text, helper, claim, name):
    before = {each: found["found"] for each, found in verdicts("full").items()}
    result = judged(text, *FULL, "-v", helper=helper)
    failed = {test for test, outcome in said(result).items() if outcome == "FAILED"}
    assert failed == set(claim.split())
    if claim:
        result.stdout.fnmatch_lines([f"*has other values than the record has of the same seeds*changed*: {name})*"])
    now = {each: found["found"] for each, found in verdicts("full").items()}
    assert now == before  # which the record keeps


def test_values_are_compared_at_another_number_of_seeds_and_with_the_projects_record(judged):
    for text, option in (
        (CHEATS["one seed"][0], "--seeds=20"),
        (CHEATS["a measure's body"][0], "--artifacts=elsewhere"),
        (edited('runs["far"].value > 0', 'runs["far"].value > 9'), "--seeds=20"),  # of the second condition alone
        (edited("- LIMIT", "[::-1] - LIMIT"), "--seeds=16"),  # in another order
    ):
        judged(text, *FULL, option).stdout.fnmatch_lines(["*has other values than the record has of the same seeds*"])
    judged(edited("- LIMIT", "- 1 * LIMIT"), *FULL, "--seeds=20").assert_outcomes(**PASSED)


def test_code_with_the_same_values_is_judged_and_noted(judged, verdicts, pytester):
    judged(edited("- LIMIT", "- 1 * LIMIT"), *FULL).assert_outcomes(**PASSED)
    notes = {name: found["code"] for name, found in verdicts("full").items()}
    changed = "code changed since registration, same values of all 16 recorded seeds"
    assert notes == {"X1": changed, "X2 1": "", "X2 2": "", "X3": "", "X4": ""}
    assert changed[1:] in (pytester.path / "artifacts" / "index.html").read_text(encoding="utf-8")
    result = judged(edited("- LIMIT", "- 1 * LIMIT"), "--register", "--yes")
    result.stdout.fnmatch_lines(["*X1: its code alone changed; full compares its values"])
    assert "registration 2" not in result.stdout.str(), "unless --claim names it"


def test_code_that_changed_with_nothing_to_compare_is_an_error_before_training(judged, pytester, stored):
    (pytester.path / "artifacts" / "verdicts.json").unlink()
    before = stored()
    result = judged(edited("- LIMIT", "- 1 * LIMIT"), *FULL, "-v", "--store=another")
    assert said(result) == {"one": "ERROR", "two": "PASSED", "three": "PASSED", "four": "PASSED"}
    result.stdout.fnmatch_lines(["*code changed since it was registered on *(measured)*no values to compare*"])
    assert stored() == before


def test_fast_shows_how_claims_differ_from_their_locks(judged):
    text = edited("- LIMIT", "+ LIMIT").replace('"lead, moved") > 0.1', '"lead, moved") > 1')
    lines = ["planted/X1: measured", "planted/X2 (1): conditions, test", "planted/X2 (2): conditions, test"]
    result = judged(text, "-m", "fast")
    result.stdout.fnmatch_lines(["not as registered (full refuses it, or compares its values):", *lines])
    assert "not as registered" not in judged(SUITE, "-m", "fast").stdout.str()


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


OTHER_ENGINES = {
    "rounding": ("1e-3", "run.value", "PASSED", ""),
    "another verdict": ("-9", "run.value", "FAILED", "refuted"),
    "code with the same verdict": ("1e-3", "run.value + 0", "PASSED", "holds"),
    "code with another verdict": ("1e-3", "run.value - 9", "FAILED", "error"),
}


@pytest.mark.parametrize(("rounding", "code", "outcome", "last"), OTHER_ENGINES.values(), ids=OTHER_ENGINES.keys())
def test_runs_of_another_engine_are_compared_by_their_verdict(
    run, monkeypatch, verdicts, rounding, code, outcome, last
):
    run(ROUNDED, "--register")
    run(ROUNDED, *FULL)
    monkeypatch.setattr(fingerprint, "_kernels", lambda: ["another processor"])
    monkeypatch.setenv("ROUNDING", rounding)
    result = run(ROUNDED.replace("return run.value", f"return {code}"), *FULL, "-v")
    assert said(result) == {"one": outcome}
    found = verdicts("full")["X1"]
    assert (found["found"], found.get("last", {"found": ""})["found"]) == ("holds", last)  # it is not replaced
    if last == "error":
        text = "*changed since registration (measured), and the verdict is not the recorded one*"
        result.stdout.fnmatch_lines([text])
