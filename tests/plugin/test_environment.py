"""Where it runs: another locale, another backend, without a terminal, in several processes, on a full disk."""

import json
import subprocess
import sys
import time

import pytest

from tests.conftest import OPTIONS, ROOT, known_as, said

SUITE = """
from ontrial.publish.figures import drawing_of, panels, seeds_and_median

EXPERIMENTS = {"noise": noise(9.0)}

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
    claim.holds_if(claim.median(runs["noise"].value, "value") >= -1)
"""


def test_optimised_python_is_refused_in_one_line(run_claims, pytester):
    run_claims(SUITE, "--collect-only")
    done = pytester.run(sys.executable, "-O", "-m", "pytest", *OPTIONS)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: python -O removes the assertions that tests are made of: run without -O"])


def test_a_locale_of_ascii_and_a_backend_that_is_not_there(run_claims, pytester, monkeypatch):
    for name, value in (
        ("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0"), ("PYTHONIOENCODING", ""),
        ("MPLBACKEND", "module://matplotlib_inline.backend_inline"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    text = (
        SUITE.replace("a planted", "ein größeres")
        + '''
@claim_of("X2")
def test_zwei(claim):
    """Größer als −1 und ≤ 3."""
    claim.holds_if(exactly(1, "Größe × 2") <= 0)
'''
    )
    known = known_as("refuted", "X2").replace("so it is", "weil es größer ist")
    result = run_claims(text, "-v", known=known, report="from ontrial import Report\nREPORT = Report('Größe ≤ 3')\n",
                        subprocess=True, processes=True)  # fmt: skip
    assert said(result) == {"one": "PASSED", "zwei": "XFAIL"}
    result.stdout.fnmatch_lines(["X1 *9.157 *\\u2026 *\\u2265 *1 *8", "X2 *Gr\\xf6\\xdfe*0"])
    folder = pytester.path / "artifacts" / "fast"
    whole = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert whole["reports"][0]["title"] == "Größe ≤ 3"
    assert "Größe ≤ 3" in (folder / "index.html").read_text(encoding="utf-8")
    [figure] = whole["verdicts"][0]["figures"]
    assert (folder / figure).stat().st_size > 1000


def test_without_a_terminal_the_record_is_written_too(run_claims, verdicts):
    result = run_claims(SUITE, "-p", "no:terminal")
    assert result.ret == 0
    assert verdicts()["X1"]["found"] == "holds"


def test_xdist_writes_the_record_too(run_claims, pytester, verdicts, stored):
    pytest.importorskip("xdist")
    run_claims(SUITE + SUITE.split("EXPERIMENTS")[0] + """
@claim_of("X2")
def test_two(claim):
    claim.holds_if(exactly(1, "count") < 0)
""", "--collect-only")  # fmt: skip
    options = [option for option in OPTIONS if option != "no:xdist"]
    options = [each for place, each in enumerate(options) if options[place : place + 2] != ["-p", "-p"]]
    done = pytester.run(sys.executable, "-m", "pytest", "-p", "ontrial.plugin", "-p", "no:cacheprovider", "-n", "2",
                        "--workers=1")  # fmt: skip
    done.assert_outcomes(passed=1, failed=1)
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "refuted"}
    assert len(stored()) == 8


def test_two_sessions_on_one_folder_leave_both_their_verdicts(run_claims, pytester, verdicts):
    run_claims(SUITE + SUITE.replace("X1", "X2").replace("test_one", "test_two"), "--collect-only")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--workers=1", "--claim"]
    both = [subprocess.Popen([*command, name], cwd=pytester.path, stdout=subprocess.DEVNULL) for name in ("X1", "X2")]
    assert [each.wait(120) for each in both] == [0, 0]
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "holds"}


def test_a_damaged_record_is_set_aside_after_the_table(run_claims, pytester, verdicts):
    folder = pytester.path / "artifacts" / "fast"
    folder.mkdir(parents=True)
    for content in ("not json", "[]", '{"schema": 1, "verdicts": []}', '{"schema": 4}', ""):
        (folder / "verdicts.json").write_text(content)
        result = run_claims(SUITE)
        result.assert_outcomes(passed=1, deselected=1)
        result.stdout.fnmatch_lines(["X1 *holds*", "set aside as *verdicts.json.damaged*", "written to *"])
        assert verdicts()["X1"]["found"] == "holds"
        assert content in [path.read_text() for path in folder.glob("verdicts.json.damaged*")]  # none is lost


def test_a_full_disk_is_said_after_the_table_and_nothing_else_is_lost(run_claims, monkeypatch, stored):
    from ontrial.publish import record

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "write_atomically", full)
    result = run_claims(SUITE)
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["X1 *holds*", "NOT WRITTEN to *: *No space left on device*"])
    assert len(stored()) == 8
    assert result.ret != 0


def test_a_figure_that_finds_no_room_is_said_and_its_claim_is_recorded(run_claims, monkeypatch, verdicts):
    from ontrial.publish import figures

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(figures, "write_atomically", full)
        result = run_claims(SUITE)
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["X1 *holds*", "NOT WRITTEN: *No space left on device*", "written to *"])
    assert result.ret != 0
    assert verdicts()["X1"]["found"] == "holds"
    assert run_claims(SUITE).ret == 0  # it is drawn again


@pytest.mark.parametrize("wrong", ['panels(1, ["loss", "none"]', 'panels(1, ["$\\\\no{$"]'])
def test_a_figure_that_raises_is_told_and_judges_nothing(run_claims, verdicts, wrong):
    result = run_claims(SUITE.replace('panels(1, ["loss"]', wrong), "-v")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*its figure could not be drawn: ValueError: *"])
    assert verdicts()["X1"]["found"] == "error"


@pytest.mark.parametrize("name", [".verdicts.lock", "store"])
def test_a_lock_that_somebody_else_holds_is_told_and_given_up(run_claims, pytester, monkeypatch, name):
    import filelock

    from ontrial import files

    monkeypatch.setattr(files, "PATIENCE", 0.1)
    run_claims(SUITE)
    if name == "store":
        for description in pytester.path.glob("runs/*/*.json"):
            path = pytester.path / "runs" / "locks" / f"{description.stem}.lock"
            description.unlink()
    else:
        path = pytester.path / "artifacts" / "fast" / name
    path.touch()
    with filelock.FileLock(path):
        result = run_claims(None, "--lock-limit=0.3", subprocess=False)
    text = result.stdout.str() + result.stderr.str()
    assert f"waiting for {path}, which another process holds" in text
    assert f"{path} was held by another process for 0 s" in text
    assert result.ret != 0


def test_a_script_without_a_main_guard_is_told_what_to_do_and_does_not_hang(run_claims, pytester):
    run_claims(SUITE, "--collect-only")
    script = pytester.path / "script.py"
    options = [*OPTIONS, "--workers=1"]
    script.write_text(f"import pytest, sys\nsys.exit(pytest.main({options!r}))\n")
    done = pytester.run(sys.executable, script, timeout=120)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(['ERROR: 3 workers died before *put that call under `if __name__ == "__main__":`.'])
    script.write_text(f"import pytest, sys\n\nif __name__ == '__main__':\n    sys.exit(pytest.main({options!r}))\n")
    assert pytester.run(sys.executable, script, timeout=120).ret == 0


def test_a_killed_worker_costs_its_own_training_and_no_other(run_claims, verdicts, pytester):
    result = run_claims("""
import os, signal

@training
def deadly(*, seed):
    if seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": 1.0}

@claim_of("X1", trains={"a": deadly()})
def test_deadly(claim, runs):
    claim.holds_if(exactly(1, "n") > 0)

@claim_of("X2", trains={"a": noise(9.0)})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""", "-v", "--seeds=8", subprocess=True, processes=True)  # fmt: skip
    assert said(result) == {"deadly": "ERROR", "well": "PASSED"}
    result.stdout.fnmatch_lines(["*TrainingError: deadly() (* was given up: 3 workers died over it.*"])


def test_a_session_that_is_interrupted_goes_on_where_it_was(run_claims, pytester, stored):
    slow = """
import time

@training
def slow(*, seed):
    time.sleep(0.2)
    return {"value": 1.0}

@claim_of(trains={"a": slow()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""
    run_claims(slow, "--collect-only")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--workers=1"]
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    while not stored() and process.poll() is None:
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    kept = len(stored())
    assert 0 < kept < 8
    run_claims(None).assert_outcomes(passed=1, deselected=1)
    assert len(stored()) == 8


def test_both_installed_and_from_the_checkout_is_one_plugin(run_claims):
    result = run_claims(SUITE, "-p", "ontrial.plugin", "--trace-config")
    assert result.stdout.str().count("PLUGIN registered: <module 'ontrial.plugin'") == 1
    assert result.ret == 0


def test_a_checkout_that_may_only_be_read_is_no_error(pytester):
    pytester.makefile(".ini", pytest=(ROOT / "pytest.ini").read_text(encoding="utf-8"))
    path = pytester.makepyfile("def test_planted():\n    pass\n")
    (pytester.path / ".pytest_cache").write_text("no folder can be made here")
    result = pytester.runpytest_subprocess(path, "-p", "ontrial.plugin", "-p", "no:xdist", "-p", "no:benchmark")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_store_that_may_only_be_read_is_used_where_nothing_is_missing(run_claims, monkeypatch):
    run_claims(SUITE).assert_outcomes(passed=1, deselected=1)

    def refused(folder):
        if folder.name == "runs":
            raise ValueError(f"nothing can be written in {folder}: Read-only file system. Name another folder.")

    for module in ("ontrial.session", "ontrial.running.plan"):
        monkeypatch.setattr(f"{module}.writable", refused)
    run_claims(None).assert_outcomes(passed=1, deselected=1)
    result = run_claims(None, "--seeds=9")
    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.fnmatch_lines(["*is not in the run store, which is read-only: *runs: Read-only file system*"])
