"""What the record already has: nothing decided is lost, and a measure has the same values on the same runs."""

import json
import shutil
from types import SimpleNamespace

import pytest

from ontrial import session
from ontrial.trainings import Run
from tests.conftest import DRAWN, known_as, planted
from tests.running.planted import Doubled, noise

SUITE = planted("X1", "claim.median(runs['a'].value.round() + 0, 'value') > 0", "noise(9.0)")
OTHER_BODY = SUITE.replace(".round() + 0", ".round() + 1e-3")  # other digits, but not the first two
FAILING = """
import pathlib

@training(looks=looks)
def failing(*, seed: int):
    if pathlib.Path("broken").exists():
        raise RuntimeError("no result")
    return {"value": 9.0 + np.random.default_rng(seed).normal()}
""" + planted("X1", "claim.median(runs['a'].value, 'value') > 0", "failing()")
LATE = DRAWN.replace("noise(9.0)", "noise(0.0)").replace(
    'claim.median(runs["a"].value, "value") >= -1', 'claim.median((np.arange(runs["a"].n) < 8) * 1.0, "early") > 0.5'
)


@pytest.fixture
def in_full(run_claims):
    """The planted claim, registered and judged once in full."""
    run_claims(SUITE, "--register")
    run_claims(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    return run_claims


def test_other_values_of_the_same_runs_are_an_error_however_often_they_are_found(in_full, verdicts, pytester):
    for _ in range(2):
        result = in_full(OTHER_BODY, "-m", "full")
        result.assert_outcomes(failed=1, deselected=1)
        result.stdout.fnmatch_lines(
            [
                "*has other values than the record has of the same seeds (code changed*: test)*",
                "the record keeps: X1 holds (n = 16); this session found error: 'value' has other values*",
            ]
        )
    kept = verdicts("full")["X1"]
    assert (kept["found"], kept["evidence"][0]["n"], kept["last"]["found"]) == ("holds", 16, "error")
    places = [place.partition(":") for place in kept["sources"]]
    lines = [(pytester.path / path).read_text().splitlines()[int(line) - 1] for path, _, line in places]
    assert [line.split("(")[0] for line in lines] == ["@claim_of", "def noise"]
    assert "had another result: error: " in (pytester.path / "artifacts" / "index.html").read_text(encoding="utf-8")
    in_full(OTHER_BODY, "-m", "full", "--seeds=20").assert_outcomes(failed=1, deselected=1)
    in_full(SUITE, "-m", "full").assert_outcomes(passed=1, deselected=1)
    assert "last" not in verdicts("full")["X1"], "a later good finding clears it"


def test_what_could_not_be_trained_does_not_replace_a_verdict(run_claims, verdicts, pytester):
    pytester.path.joinpath("broken").touch()
    run_claims(FAILING).assert_outcomes(errors=1, deselected=1)
    assert verdicts()["X1"]["found"] == "error"
    assert "no result" in verdicts()["X1"]["problem"]
    pytester.path.joinpath("broken").unlink()
    run_claims(None, "--register")
    run_claims(None, "-m", "full").assert_outcomes(passed=1, deselected=1)
    before = verdicts("full")["X1"]
    shutil.rmtree(pytester.path / "runs")
    pytester.path.joinpath("broken").touch()
    result = run_claims(None, "-m", "full")
    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.fnmatch_lines(["the record keeps: X1 holds (n = 16); this session found error: *no result*"])
    after = verdicts("full")["X1"]
    assert "no result" in after.pop("last")["problem"]
    assert after == before


def test_a_look_that_was_not_planned_replaces_neither_verdict_nor_figure_nor_expected_verdict(
    run_claims, verdicts, pytester
):
    run_claims(LATE, "--register", known=known_as("refuted", tier="full", data="own"))
    assert run_claims(None, "-m", "full", "--most-seeds=64").ret == 0
    [figure] = pytester.path.glob("artifacts/figures/*/*/loss.png")
    known = pytester.path / "planted" / "known.toml"
    before, files = verdicts("full")["X1"], (figure.read_bytes(), known.read_bytes())
    result = run_claims(None, "-m", "full", "--seeds=18", "--accept")
    result.stdout.fnmatch_lines(
        [f"the record keeps: X1 {before['found']} (n = {before['evidence'][0]['n']}); this session found inconclusive*"]
    )
    after = verdicts("full")["X1"]
    assert (after.pop("last")["n"], after) == (18, before)
    assert (figure.read_bytes(), known.read_bytes()) == files


def test_an_unknown_verdict_in_the_record_loses_neither_the_session_nor_the_entry(in_full, verdicts, pytester):
    path = pytester.path / "artifacts" / "verdicts.json"
    whole = json.loads(path.read_bytes())
    other = whole["verdicts"][0] | {"id": "X2", "case": "other", "found": "perhaps"}
    path.write_text(json.dumps(whole | {"verdicts": [other, *whole["verdicts"]]}))
    for _ in range(2):
        result = in_full(SUITE, "-m", "full")
        result.assert_outcomes(passed=1, deselected=1)
    assert "NOT WRITTEN" not in result.stdout.str()
    assert verdicts("full").keys() == {"X1"}
    assert '"perhaps"' in path.with_name("verdicts.json.damaged").read_text()
    in_full(OTHER_BODY, "-m", "full").assert_outcomes(failed=1, deselected=1)  # what can be read still guards


def test_seconds_are_of_training_and_of_measuring_and_what_several_need_counts_once():
    seconds = {"noise": 10.0, "doubled": 3.0}
    plan = SimpleNamespace(run=lambda each, seeds: SimpleNamespace(seconds=seconds[each.terms()["training"]]))
    trainings = {"a": noise(), "b": Doubled(noise())}
    runs = {name: Run(each, (0, 1), {}, seconds[each.terms()["training"]]) for name, each in trainings.items()}
    found, total = session._settings(SimpleNamespace(plan=plan), runs)
    assert [(each["seconds"], each["asking_seconds"]) for each in found] == [(10.0, 0.0), (10.0, 3.0)]
    assert total == 13.0


def test_a_claim_that_is_no_longer_declared_leaves_the_record(run_claims, verdicts):
    shorter = planted("X1") + planted("X2", test="two")
    longer = shorter + planted("X3", test="three")
    for text, options, names in (
        (longer, [], ["X1", "X2", "X3"]),
        (shorter, ["--claim=X1"], ["X1", "X2"]),  # all were collected, though not run
        (longer, [], ["X1", "X2", "X3"]),
        (shorter, ["planted/test_planted.py::test_planted"], ["X1", "X2", "X3"]),
        (shorter, [], ["X1", "X2"]),
    ):
        run_claims(text, *options)
        assert list(verdicts()) == names
