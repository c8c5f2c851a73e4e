"""Every row of the verdict table: what happens to a claim, and what pytest says of it."""

import json

import pytest

PASS = "claim.holds_if(exactly(1, 'count') > 0)"
FAIL = "claim.holds_if(exactly(1, 'count') < 0)"
OPEN = "claim.holds_if(claim.median(range(12), 'count') > 3)"


def planted(body: str, decorator: str = "") -> str:
    return f"{decorator}\n@claim_of()\ndef test_planted(claim):\n    {body}\n"


CASES = {
    "holds": (planted(PASS), "fast", {"passed": 1}),
    "refuted, declared so": (planted(FAIL, "@refuted('1 is above 0')"), "fast", {"xfailed": 1}),
    "refuted, not declared": (planted(FAIL), "fast", {"failed": 1}),
    "declared refuted, but holds": (planted(PASS, "@refuted('why')"), "fast", {"failed": 1}),
    "a crash": (planted("1 / 0"), "fast", {"failed": 1}),
    "a crash, declared refuted": (planted("1 / 0", "@refuted('why')"), "fast", {"failed": 1}),
    "an assertion, declared refuted": (planted("assert 1 == 2", "@refuted('why')"), "full", {"failed": 1}),
    "inconclusive in fast": (planted(OPEN), "fast", {"skipped": 1}),
    "inconclusive in full, not declared": (planted(OPEN), "full", {"failed": 1}),
    "inconclusive in full, declared": (planted(OPEN, "@inconclusive('why', at='full')"), "full", {"xfailed": 1}),
    "inconclusive in fast, declared": (planted(OPEN, "@inconclusive('why')"), "fast", {"xfailed": 1}),
    "declared inconclusive, but holds": (planted(PASS, "@inconclusive('why')"), "full", {"failed": 1}),
    "declared inconclusive, but refuted": (planted(FAIL, "@inconclusive('why')"), "full", {"failed": 1}),
    "declared refuted, but inconclusive in full": (planted(OPEN, "@refuted('why')"), "full", {"failed": 1}),
    "declared for the other tier": (planted(FAIL, "@refuted('why', at='full')"), "fast", {"failed": 1}),
    "declared for another case": (planted(FAIL, "@refuted('why', case='deep')"), "fast", {"failed": 1}),
    "declared on another dataset": (planted(FAIL, "@refuted('why', on='mnist')"), "fast", {"failed": 1}),
    "holds_if forgotten": (planted("claim.median(range(12), 'x') > 0"), "fast", {"errors": 1}),
    "holds_if forgotten, declared refuted": (planted("pass", "@refuted('why')"), "fast", {"errors": 1}),
    "a bare assert": (planted("assert claim.median(range(12), 'x') > -1"), "fast", {"failed": 1}),
    "a chained comparison": (planted("claim.holds_if(-1 < claim.median(range(12), 'x') < 20)"), "fast", {"failed": 1}),
    "a bool in place of evidence": (planted("claim.holds_if(True)"), "fast", {"failed": 1}),
    "a figure that cannot be drawn": (planted("claim.figure = 'no drawing'; " + PASS), "fast", {"failed": 1}),
    "a figure that cannot be drawn, declared refuted": (
        planted("claim.figure = 'no drawing'; " + FAIL, "@refuted('why')"),
        "fast",
        {"failed": 1},
    ),
    "skipped by hand": (planted("pytest.skip('no')"), "fast", {"skipped": 1}),
}


@pytest.mark.parametrize(("text", "tier", "outcome"), CASES.values(), ids=CASES.keys())
def test_verdict_table(run_claims, text, tier, outcome):
    result = run_claims(text, "-m", tier)
    result.assert_outcomes(**outcome, deselected=1)
    assert result.ret == (1 if {"failed", "errors"} & outcome.keys() else 0)


def test_an_undeclared_refutation_says_interval_region_n_and_confidence(run_claims):
    result = run_claims(planted("claim.holds_if(claim.median(range(1, 9), 'steps') < 0)"))
    result.stdout.fnmatch_lines(
        ["*X1 is refuted: steps: 4.5, 99.0% interval 1 to 8 (n = 8), and the claim asks for < 0"]
    )


def test_an_abstention_says_its_interval(run_claims):
    result = run_claims(planted(OPEN), "-rs")
    result.stdout.fnmatch_lines(["SKIPPED*X1 is inconclusive: count: 5.5, 99.0% interval 1 to 10 (n = 12)*"])


def test_verdicts_and_table_are_written(run_claims, pytester):
    text = planted(PASS) + planted(FAIL, "@refuted('1 is above 0')").replace("claim_of()", "claim_of('X2')").replace(
        "test_planted", "test_other"
    )
    result = run_claims(text)
    result.stdout.fnmatch_lines(["claim*verdict*estimate*interval*region*n", "X1 * holds *", "X2 * refuted *< 0*"])
    whole = json.loads((pytester.path / "artifacts" / "verdicts.json").read_text())
    first, second = whole["verdicts"]
    assert (first["found"], first["expected"], first["tier"]) == ("holds", "holds", "fast")
    assert (second["found"], second["expected"], second["reason"]) == ("refuted", "refuted", "1 is above 0")
    assert second["evidence"][0]["region"]["high"] == 0
    assert whole["sessions"][0]["packages"]["torch"]


def test_a_planted_true_claim_holds_and_its_opposite_is_refuted(run_claims):
    result = run_claims("""
EXPERIMENTS = {"long": Experiment("digits", (8,), epochs=12, batch_size=200)}

@claim_of("X1")
def test_training_lowers_the_loss(claim, runs):
    claim.holds_if(claim.median(runs["long"].train_loss[:, -1] - runs["long"].train_loss[:, 0], "change") < 0)

@refuted("it falls")
@claim_of("X2")
def test_training_raises_the_loss(claim, runs):
    claim.holds_if(claim.median(runs["long"].train_loss[:, -1] - runs["long"].train_loss[:, 0], "change") > 0)
""")
    result.assert_outcomes(passed=1, xfailed=1, deselected=2)
    result.stdout.fnmatch_lines(["training: 1 jobs, about *", "training: 1 jobs took *"])


def test_missing_data_fails_what_needs_it_and_nothing_else(run_claims, pytester):
    text = """
EXPERIMENTS = {"tiny": TINY}

@claim_of("X1")
def test_needs_images(claim, runs):
    claim.holds_if(claim.median(runs["tiny"].train_loss[:, -1], "loss") < 9)

@claim_of("X2", trains={"cos": Experiment("cos", (3,), epochs=3)})
def test_needs_none(claim, runs):
    claim.holds_if(claim.median(runs["cos"].train_loss[:, -1], "loss") < 90)
"""
    result = run_claims(text, "--dataset", "mnist", "--data-root", "nowhere/file")
    result.assert_outcomes(errors=1, passed=1, deselected=2)
    result.stdout.fnmatch_lines(["*DataError: MNIST could not be read from *nowhere*", "*To do: *"])
    whole = json.loads((pytester.path / "artifacts" / "verdicts.json").read_text())
    assert [verdict["id"] for verdict in whole["verdicts"]] == ["X2"]
