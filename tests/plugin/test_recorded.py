"""What the record already has: nothing decided is lost, and a measure has the same values on the same runs."""

import json
import shutil

import pytest

from tests.conftest import known_as

SUITE = """
EXPERIMENTS = {"noise": noise(9.0)}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value + 0, "value") > 0)
"""
OTHER_BODY = SUITE.replace(".value + 0", ".value + 1e-3")
FAILING = """
import pathlib

@training(looks=looks)
def failing(*, seed: int):
    if pathlib.Path("broken").exists():
        raise RuntimeError("no answer")
    return {"value": 9.0 + np.random.default_rng(seed).normal()}

EXPERIMENTS = {"noise": failing()}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)
"""
DRAWN = """
from ontrial.publish.figures import drawing_of, panels, seeds_and_median

EXPERIMENTS = {"noise": noise(0.0)}

def picture(runs):
    losses = runs["noise"].train_loss
    def draw(caption):
        figure, [axes] = panels(1, ["loss"], caption, "Loss")
        seeds_and_median(axes, np.arange(2), losses, 0, "noise")
        return figure
    return drawing_of("loss", runs, draw, losses)

@claim_of("X1")
def test_one(claim, runs):
    claim.figure = picture(runs)
    claim.holds_if(claim.median((np.arange(runs["noise"].n) < 8) * 1.0, "early") > 0.5)
"""


@pytest.fixture
def in_full(run_claims):
    """The planted claim, registered and judged once in full."""
    run_claims(SUITE, "--register")
    run_claims(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    return run_claims


def test_a_measure_with_other_values_on_the_same_stored_runs_is_an_error(in_full, verdicts):
    result = in_full(OTHER_BODY, "-m", "full")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*has other values than the record has of the same seeds (code changed*: test)*"])
    kept = verdicts("full")["X1"]
    assert (kept["found"], kept["evidence"][0]["n"], kept["last"]["found"]) == ("holds", 16, "error")


def test_an_error_disarms_nothing_however_often_it_is_run(in_full, verdicts, pytester):
    for _ in range(3):
        result = in_full(OTHER_BODY, "-m", "full")
        result.assert_outcomes(failed=1, deselected=1)
        result.stdout.fnmatch_lines(
            ["the record keeps: X1 holds (n = 16); this session found error: 'value' has other values*"]
        )
    page = (pytester.path / "artifacts" / "index.html").read_text(encoding="utf-8")
    assert "had another result: error: " in page
    in_full(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    assert "last" not in verdicts("full")["X1"], "a later good finding clears it"


def test_the_same_measure_on_the_same_runs_is_no_error_and_another_on_more_seeds_is(in_full):
    in_full(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    in_full(OTHER_BODY, "-m", "full", "--seeds=20").assert_outcomes(failed=1, deselected=1)


def test_what_could_not_be_trained_is_an_error_of_the_record_where_it_has_nothing(run_claims, verdicts, pytester):
    pytester.path.joinpath("broken").touch()
    run_claims(FAILING).assert_outcomes(errors=1, deselected=1)
    found = verdicts()["X1"]
    assert found["found"] == "error"
    assert "no answer" in found["problem"]


def test_what_could_not_be_trained_does_not_take_the_place_of_a_verdict(run_claims, verdicts, pytester):
    run_claims(FAILING, "--register")
    run_claims(None, "-m", "full").assert_outcomes(passed=1, deselected=1)
    before = verdicts("full")["X1"]
    shutil.rmtree(pytester.path / "runs")
    pytester.path.joinpath("broken").touch()
    result = run_claims(None, "-m", "full")
    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.fnmatch_lines(["the record keeps: X1 holds (n = 16); this session found error: *no answer*"])
    after = verdicts("full")["X1"]
    assert "no answer" in after.pop("last")["problem"]
    assert after == before


@pytest.fixture
def decided_late(run_claims, pytester):
    """A claim with a figure, refuted at 64 seeds, known as that."""
    run_claims(DRAWN, "--register", known=known_as("refuted", tier="full", data="own"))
    assert run_claims(None, "-m", "full", "--most-seeds=64").ret == 0
    [figure] = pytester.path.glob("artifacts/figures/*/*/loss.png")
    return figure


def test_a_look_that_was_not_planned_replaces_neither_verdict_nor_figure_nor_what_is_known(
    decided_late, run_claims, verdicts, pytester
):
    before, drawn = verdicts("full")["X1"], decided_late.read_bytes()
    known = (pytester.path / "planted" / "known.toml").read_bytes()
    result = run_claims(None, "-m", "full", "--seeds=18", "--accept")
    result.stdout.fnmatch_lines(
        [f"the record keeps: X1 {before['found']} (n = {before['evidence'][0]['n']}); this session found inconclusive*"]
    )
    after = verdicts("full")["X1"]
    assert (after.pop("last")["n"], after) == (18, before)
    assert decided_late.read_bytes() == drawn
    assert (pytester.path / "planted" / "known.toml").read_bytes() == known


def test_an_unknown_verdict_in_the_record_loses_neither_the_session_nor_the_entry(in_full, verdicts, pytester):
    path = pytester.path / "artifacts" / "verdicts.json"
    whole = json.loads(path.read_bytes())
    other = whole["verdicts"][0] | {"id": "X2", "case": "other"}
    path.write_text(json.dumps(whole | {"verdicts": [other | {"found": "perhaps"}, *whole["verdicts"]]}))
    in_full(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    result = in_full(SUITE, "-m", "full")
    assert "NOT WRITTEN" not in result.stdout.str()
    assert verdicts("full").keys() == {"X1"}
    assert '"perhaps"' in path.with_name("verdicts.json.damaged").read_text()
    in_full(OTHER_BODY, "-m", "full").assert_outcomes(failed=1, deselected=1)  # what can be read still guards
