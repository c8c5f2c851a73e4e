"""How a user calls it: every option in both spellings, what trains nothing, and bad input."""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import PREAMBLE, known_as, said

SUITE = """
EXPERIMENTS = {"noise": noise(9.0)}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)

@claim_of("X2")
def test_two(claim):
    claim.holds_if(exactly(1, "count") > 0)

@claim_of("X3")
def test_three(claim):
    claim.holds_if(exactly(1, "count") > 0)
"""


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--claim", "X1,X3"], ["one", "three"]),
        (["--claim=X1, X3"], ["one", "three"]),
        (["--claim", "X1", "--claim", "planted/X3,"], ["one", "three"]),
        (["planted", "--claim", "X2"], ["two"]),
        (["-k", "three"], ["three"]),
    ],
)
def test_claims_are_chosen(run_claims, options, names):
    assert sorted(said(run_claims(SUITE, "-v", *options))) == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-m", "fats"], "-m fats: unknown; the tiers are fast and full"),
        (["--claim", "X9"], "--claim X9: unknown here; there are X1, X2, X3"),
        (["--claim", "homework/X1"], "--claim homework/X1: unknown here; there are X1, X2, X3"),
        (["--workers", "0"], "--workers 0: at least 1 process*"),
        (["--workers=-2"], "--workers -2: at least 1 process*"),
        (["--artifacts", "a-file"], "nothing can be written in *a-file*Name another folder*"),
        (["--store", "a-file/runs"], "nothing can be written in *a-file*Name another folder*"),
        (["--lock-limit=-1"], "--lock-limit -1*"),
    ],
)
def test_bad_input_is_refused_before_training(run_claims, pytester, stored, options, message):
    (pytester.path / "a-file").write_text("")
    result = run_claims(SUITE, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert stored() == []


@pytest.mark.parametrize(
    "options",
    [["--setup-plan"], ["--setup-only"], ["--fixtures"], ["--fixtures-per-test"], ["--collect-only"], ["--markers"],
     ["--version"], ["--help"], ["--setup-plan", "-m", "full"], ["--collect-only", "-m", "full"]],
    ids=" ".join,
)  # fmt: skip
def test_nothing_is_trained_that_is_not_judged(run_claims, stored, pytester, options):
    result = run_claims(SUITE, *options)
    assert result.ret == pytest.ExitCode.OK
    assert stored() == []
    assert not (pytester.path / "artifacts").exists()


def test_a_skipped_claim_trains_nothing(run_claims, stored):
    text = SUITE.replace('@claim_of("X1")', '@pytest.mark.skip("no")\n@claim_of("X1")')
    run_claims(text).assert_outcomes(passed=2, skipped=1, deselected=3)
    run_claims(text.replace('skip("no")', 'skipif(True, reason="no")')).assert_outcomes(
        passed=2, skipped=1, deselected=3
    )
    assert stored() == []


def test_the_suite_tells_its_trainings_of_its_own_options(run_claims, pytester, verdicts):
    pytester.makeconftest("""
import pytest

def pytest_addoption(parser):
    parser.addoption("--data-root", default="")

def pytest_ontrial_options(config):
    if config.option.data_root == "nowhere":
        raise pytest.UsageError("--data-root nowhere: there is nothing")
    return {"data_root": config.option.data_root, "device": "abacus"}
""")
    (pytester.path / "nowhere").mkdir()
    result = run_claims(SUITE, "--data-root", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--data-root nowhere: there is nothing"])
    outside = pytester.path.parent / "data outside é"
    outside.mkdir(exist_ok=True)
    assert run_claims(SUITE, f"--data-root={outside}", "planted").ret == 0
    session = (pytester.path / "artifacts" / "fast" / "verdicts.json").read_text(encoding="utf-8")
    assert '"device": "abacus"' in session


FOLDERS = {"a space": "my runs", "é": "é", "ß and an apostrophe": "groß'", "a hash": "a#b", "=": "a=b"}


@pytest.mark.parametrize("name", FOLDERS.values(), ids=FOLDERS.keys())
def test_folders_may_have_any_name_and_lie_outside(run_claims, pytester, name):
    outside = pytester.path.parent / f"outside of {pytester.path.name}"
    folders = {"--store": outside / f"{name} store", "--artifacts": outside / f"{name} artifacts"}
    options = []
    for option, folder in folders.items():
        folder.mkdir(parents=True)
        options.append(f"{option}={folder}")
    result = run_claims(SUITE, *options)
    result.assert_outcomes(passed=3, deselected=3)
    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}", "configfile: pytest.ini"])
    assert (folders["--artifacts"] / "verdicts.json").is_file()
    assert len(list(folders["--store"].glob("*/*.npz"))) == 8
    assert not (pytester.path / "runs").exists()
    shutil.rmtree(outside)


def test_folders_are_relative_to_the_root_and_tests_to_where_one_is(run_claims, pytester, monkeypatch):
    run_claims(SUITE, "--collect-only")
    monkeypatch.chdir(pytester.path / "planted")
    for folder in ("my runs", "my artifacts"):
        (pytester.path / folder).mkdir()
    result = run_claims(None, "--store", "my runs", "--artifacts", "my artifacts", "test_planted.py")
    result.assert_outcomes(passed=3, deselected=3)
    assert (pytester.path / "my artifacts" / "verdicts.json").is_file()
    assert list((pytester.path / "my runs").glob("*/*.npz"))


def test_a_claim_that_is_no_longer_declared_leaves_the_record(run_claims, verdicts, pytester):
    run_claims(SUITE)
    assert list(verdicts()) == ["X1", "X2", "X3"]
    shorter = SUITE.split('@claim_of("X3")')[0]
    run_claims(shorter, "--claim", "X1")
    assert list(verdicts()) == ["X1", "X2"]  # collected whole, though not run whole
    run_claims(SUITE)
    run_claims(shorter, "planted/test_planted.py::test_one")
    assert list(verdicts()) == ["X1", "X2", "X3"]
    run_claims(shorter)
    assert list(verdicts()) == ["X1", "X2"]


def test_a_file_that_was_damaged_is_announced_in_that_same_run(run_claims, pytester):
    run_claims(SUITE)
    path = next(pytester.path.glob("runs/*/*.npz"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = run_claims(None)
    result.assert_outcomes(passed=3, deselected=3)
    result.stdout.fnmatch_lines(["set aside, since it did not read back whole: noise(shift=9.0) (seed *)"])
    assert "set aside" not in run_claims(None).stdout.str()


def test_two_reports_at_once(run_claims, pytester, verdicts):
    other = pytester.mkdir("another")
    (other / "test_other.py").write_text(PREAMBLE + SUITE)
    (other / "known.toml").write_text(known_as("refuted", "X3"))
    result = run_claims(SUITE, "planted", "another", "-v")
    result.assert_outcomes(passed=5, failed=1, deselected=6)
    result.stdout.fnmatch_lines(["report *claim *", "another *X1*", "planted *X1*"])
    whole = Path(pytester.path, "artifacts", "fast", "verdicts.json").read_text(encoding="utf-8")
    assert whole.count('"report": "another"') == whole.count('"report": "planted"')


def test_a_suite_without_claims_is_left_alone(run_claims, pytester):
    result = run_claims("def test_plain(tmp_path):\n    assert tmp_path\n")
    result.assert_outcomes(passed=1)
    assert "verdicts" not in result.stdout.str()
    assert not (pytester.path / "artifacts").exists()
    assert not (pytester.path / "runs").exists()
    assert set(os.listdir(pytester.path / "planted")) - {"__pycache__"} == {"test_planted.py"}
