"""Options and selection: what is run, what trains nothing, what is refused before anything is trained."""

import shutil

import pytest

from tests.conftest import PREAMBLE, known_as, planted, said

NOISE = "claim.median(runs['a'].value, 'value') > 0"
SUITE = planted("X1", NOISE, "noise(9.0)", test="one") + planted("X2", test="two") + planted("X3", test="three")
HOOKS = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--data-root")

def pytest_ontrial_options(config):
    if config.option.data_root == "nowhere":
        raise pytest.UsageError("--data-root nowhere: there is nothing")
    return {"data_root": config.option.data_root or None, "device": "abacus"}
"""


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--claim", "X1,X3"], ["one", "three"]),
        (["--claim=X1, X3"], ["one", "three"]),
        (["--claim", "X1", "--claim", "planted/X3,"], ["one", "three"]),
        (["planted", "--claim", "X2"], ["two"]),
        (["-k", "three"], ["three"]),
        (["-m", "claim and not full", "-k", "t"], ["one", "three", "two"]),
    ],
)
def test_claims_are_selected(run_claims, options, names):
    assert sorted(said(run_claims(SUITE, "-v", *options))) == names


def test_tiers_are_selected_with_markers(run_claims):
    text = planted() + "\ndef test_plain(): pass\n\n@pytest.mark.full\ndef test_marked(): pass\n"
    for options, names in (
        ((), {"planted", "plain", "marked"}),
        (("-m", "fast"), {"planted"}),
        (("-m", "full"), {"planted", "marked"}),
        (("-m", "claim and not full"), {"planted"}),
        (("-m", "claim"), {"planted"}),
    ):
        assert said(run_claims(text, "-v", *options)).keys() == names
    run_claims(text, "-m", "fast or full").assert_outcomes(passed=3, deselected=1)
    run_claims(text, "-m", "not skipif").assert_outcomes(passed=3, deselected=1)


def test_an_id_is_unique_in_a_report_and_may_be_in_two(run_claims, pytester, verdicts):
    other = pytester.mkdir("another")
    (other / "test_other.py").write_text(PREAMBLE + planted())
    (other / "known.toml").write_text(known_as("refuted"))
    result = run_claims(planted(), "planted", "another", "-v")
    result.assert_outcomes(passed=1, failed=1, deselected=2)
    result.stdout.fnmatch_lines(["report *claim *", "another *X1*", "planted *X1*"])
    whole = (pytester.path / "artifacts" / "fast" / "verdicts.json").read_text(encoding="utf-8")
    assert whole.count('"report": "another"') == whole.count('"report": "planted"')
    run_claims(None, "planted", "another", "--claim=planted/X1").assert_outcomes(passed=1, deselected=3)
    result = run_claims(None, "planted", "another", "--claim=X1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --ontrial-claim X1: several reports have it, another/X1 and planted/X1*"])
    (pytester.path / "planted" / "test_second.py").write_text(PREAMBLE + planted())
    result = run_claims(None, "planted")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *X1 is declared twice: *test_planted.py::*test_second.py::*"])


def test_two_reports_of_one_name_are_errors_of_their_claims_alone(run_claims, pytester, verdicts):
    for place in ("one", "two"):
        folder = pytester.mkdir(place) / "homework"
        folder.mkdir()
        (folder / "test_it.py").write_text(PREAMBLE + planted())
    result = run_claims(planted("X2", test="other"), "one", "two", "planted")
    result.assert_outcomes(errors=2, passed=1, deselected=3)
    result.stdout.fnmatch_lines(["two reports are called homework, *one*homework and *two*homework: rename one*"])
    assert verdicts().keys() == {"X2"}
    result = run_claims(None, "one", "two")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: two reports are called homework*"])


@pytest.mark.parametrize("option", ["--ontrial-claim=X1", "--ontrial-plan"])
def test_what_selects_claims_is_refused_where_there_is_none(run_claims, pytester, option):
    (pytester.path / "planted" / "test_plain.py").write_text("def test_plain():\n    pass\n")
    result = run_claims(None, option, subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --ontrial-*: there is no claim here"])


def test_a_list_of_the_tests_names_their_claims(run_claims):
    cases = "@pytest.mark.parametrize('plus', [1, 2])\n@claim_of('X4')\ndef test_cases(claim, plus): pass\n"
    listed = run_claims(SUITE + cases, "--collect-only").stdout
    listed.fnmatch_lines(
        ["planted/X1  planted/test_planted.py::test_one[[]fast[]]", "planted/X4 (2)  *::test_cases*2*"]
    )
    assert "planted/X1 " not in run_claims(None, "--collect-only", "-q").stdout.str()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("-m fats", "-m fats: unknown; the tiers are fast and full"),
        ("--claim=X9", "--ontrial-claim X9: unknown here; there are X1, X2, X3"),
        ("--claim=homework/X1", "--ontrial-claim homework/X1: unknown here; there are X1, X2, X3"),
        ("--workers=0", "--ontrial-workers 0: give at least 1"),
        ("--workers=-2", "--ontrial-workers -2: give at least 1"),
        ("--artifacts=a-file", "nothing can be written in *a-file*Name another folder*"),
        ("--store=a-file/runs", "nothing can be written in *a-file*Name another folder*"),
        ("--lock-limit=-1", "--ontrial-lock-limit -1*"),
        ("--seeds=0", "--ontrial-seeds 0: give at least 1"),
        ("--seeds=5 --claim=X1", "5 seeds cannot decide anything*at least * are needed"),
        ("--seeds=20 --most-seeds=20", "--ontrial-seeds takes exactly N*, --ontrial-most-seeds at most N*"),
        ("--register -m full", "--ontrial-register locks what the fast tier evaluates: leave -m full out"),
        ("--data-root=nowhere", "--data-root nowhere: there is nothing"),
        *((f"--{name}=", f"--{name} is empty: give it a value, or leave it out") for name in (
            "ontrial-store", "ontrial-artifacts", "ontrial-engine", "ontrial-claim", "data-root"
        )),
    ],
)  # fmt: skip
def test_bad_options_are_refused_before_training(run_claims, pytester, options, message):
    pytester.makeconftest(HOOKS)
    (pytester.path / "a-file").write_text("")
    result = run_claims(SUITE, *options.split())
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert list(pytester.path.rglob("*.npz")) == list(pytester.path.rglob("*.json")) == []


def test_an_option_may_stand_in_the_ini_file_and_the_command_line_wins(run_claims, pytester, stored):
    given = ["claim = X1 planted/X3", "store = mine", "seeds = 9", "no_repeat = true", "workers = 1", "lock_limit = 2"]
    ini = pytester.path / "pytest.ini"
    ini.write_text(ini.read_text() + "".join(f"\nontrial_{each}" for each in given))
    assert said(run_claims(SUITE, "-v")).keys() == {"one", "three"}
    assert len(list(pytester.path.glob("mine/*/*.npz"))) == 9
    result = run_claims(None, "-v", "--ontrial-claim=X1", "--ontrial-store=runs", "--ontrial-seeds=10")
    assert (said(result).keys(), len(stored())) == ({"one"}, 10)
    result = run_claims(None, "-o", "ontrial_seeds=many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: ontrial_seeds = many in *pytest.ini: invalid literal for int*"])


@pytest.mark.parametrize(
    "options",
    ["--setup-plan", "--setup-only", "--fixtures", "--fixtures-per-test", "--collect-only", "--markers", "--version",
     "--help", "--setup-plan -m full", "--collect-only -m full"],
)  # fmt: skip
def test_nothing_is_trained_that_is_not_judged(run_claims, pytester, options):
    assert run_claims(SUITE, *options.split()).ret == pytest.ExitCode.OK
    assert {path.name for path in pytester.path.iterdir()} == {"planted", "pytest.ini"}


def test_a_skipped_claim_trains_nothing(run_claims, stored):
    for mark in ('skip("no")', 'skipif(True, reason="no")'):
        run_claims(f"@pytest.mark.{mark}\n{SUITE}").assert_outcomes(passed=2, skipped=1, deselected=3)
    assert stored() == []


@pytest.mark.parametrize("name", ["my runs", "é", "groß'", "a#b", "a=b"])
def test_folders_may_have_any_name_and_lie_outside(run_claims, pytester, name):
    pytester.makeconftest(HOOKS)
    outside = pytester.path.parent / f"outside of {pytester.path.name}"
    folders = {option: outside / f"{name} {option}" for option in ("store", "artifacts", "data-root")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    result = run_claims(SUITE, *(f"--{option}={folder}" for option, folder in folders.items()))
    result.assert_outcomes(passed=3, deselected=3)
    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}", "configfile: pytest.ini"])
    assert '"device": "abacus"' in (folders["artifacts"] / "verdicts.json").read_text(encoding="utf-8")
    assert len(list(folders["store"].glob("*/*.npz"))) == 8
    assert not (pytester.path / "runs").exists()
    shutil.rmtree(outside)


def test_folders_are_relative_to_the_root_and_tests_to_where_one_is(run_claims, pytester, monkeypatch):
    run_claims(SUITE, "--collect-only")
    monkeypatch.chdir(pytester.path / "planted")
    run_claims(None, "--store=my runs", "--artifacts=mine", "test_planted.py").assert_outcomes(passed=3, deselected=3)
    assert (pytester.path / "mine" / "verdicts.json").is_file()
    assert list((pytester.path / "my runs").glob("*/*.npz"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must set REPORT = Report(title, …)"),
        ("REPORT = 'A title'\n", "must set REPORT = Report(title, …)"),
        ("def f(:\n", "cannot be imported: SyntaxError"),
        ("import not_there\n", "cannot be imported: ModuleNotFoundError"),
        ("from ontrial import Report\nREPORT = Report()\n", "cannot be imported: TypeError"),
        (
            "from ontrial import Report\nREPORT = Report('A title', sides=0)\n",
            "cannot be imported: ValueError: sides=0",
        ),
    ],
)
def test_a_report_that_is_none_is_refused_by_name(run_claims, text, message):
    result = run_claims(planted(), report=text)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "report.py" in result.stderr.str()
    assert message in result.stderr.str()


def test_a_claim_belongs_to_the_nearest_report_above_else_to_its_own_folder(run_claims, pytester, verdicts):
    part = pytester.path / "planted" / "part"
    part.mkdir()
    (part / "test_it.py").write_text(PREAMBLE + planted("X2"))
    report = "from ontrial import Report, Task\nREPORT = Report('A title', tasks=(Task('X', '1', '2', 'One'),))\n"
    run_claims(planted(), report=report)
    assert [each["report"] for each in verdicts().values()] == ["part", "planted"]  # no package, so no part of it
    (part / "__init__.py").touch()
    run_claims(planted())
    assert [each["report"] for each in verdicts().values() if each["id"] == "X2"][-1] == "planted"
