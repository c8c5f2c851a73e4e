"""Where it runs: another locale, another backend, without a terminal, in several processes, on a full disk."""

import json
import subprocess
import sys
import tempfile
import time

import filelock
import pytest

from tests.conftest import DRAWN, OPTIONS, ROOT, known_as, planted, said

NOISE = planted("X1", "claim.median(runs['a'].value, 'value') > 0", "noise(9.0)", test="one")


def test_a_locale_of_ascii_and_a_backend_that_is_not_there(run_claims, pytester, monkeypatch):
    for name, value in (
        ("LC_ALL", "C"), ("PYTHONUTF8", "0"), ("PYTHONCOERCECLOCALE", "0"), ("PYTHONIOENCODING", ""),
        ("MPLBACKEND", "module://matplotlib_inline.backend_inline"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    text = "claim_of = lambda name: pytest.mark.claim(name, 'ein größeres', source='−1')\n"
    text += planted("X2", "exactly(1, 'Größe × 2') <= 0", test="zwei")
    known = known_as("refuted", "X2").replace("so it is", "weil es größer ist")
    report = "from ontrial import Report\nREPORT = Report('Größe ≤ 3')\n"
    result = run_claims(DRAWN + text, "-v", known=known, report=report, subprocess=True)
    assert said(result) == {"drawn": "PASSED", "zwei": "XFAIL"}
    result.stdout.fnmatch_lines(["X1 *9.157 *\\u2026 *\\u2265 *1 *8", "X2 *Gr\\xf6\\xdfe*0"])
    folder = pytester.path / "artifacts" / "fast"
    whole = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert whole["reports"][0]["title"] == "Größe ≤ 3"
    assert "Größe ≤ 3" in (folder / "index.html").read_text(encoding="utf-8")
    [figure] = whole["verdicts"][0]["figures"]
    assert (folder / figure).stat().st_size > 1000


def test_without_a_terminal_the_record_is_written_too(run_claims, verdicts):
    assert run_claims(NOISE, "-p", "no:terminal").ret == 0
    assert verdicts()["X1"]["found"] == "holds"


def test_two_sessions_on_one_folder_leave_both_their_verdicts(run_claims, pytester, verdicts):
    run_claims(NOISE + NOISE.replace("X1", "X2").replace("test_one", "test_two"), "--collect-only")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--workers=1", "--claim"]
    both = [subprocess.Popen([*command, name], cwd=pytester.path, stdout=subprocess.DEVNULL) for name in ("X1", "X2")]
    assert [each.wait(120) for each in both] == [0, 0]
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "holds"}


def test_a_damaged_record_is_set_aside_after_the_table(run_claims, pytester, verdicts):
    folder = pytester.path / "artifacts" / "fast"
    folder.mkdir(parents=True)
    for content in ("not json", "[]", '{"schema": 1, "verdicts": []}', '{"schema": 4}', ""):
        (folder / "verdicts.json").write_text(content)
        result = run_claims(planted())
        result.assert_outcomes(passed=1, deselected=1)
        result.stdout.fnmatch_lines(["X1 *holds*", "set aside as *verdicts.json.damaged*", "written to *"])
        assert verdicts()["X1"]["found"] == "holds"
        assert content in [path.read_text() for path in folder.glob("verdicts.json.damaged*")]  # none is lost


def test_a_damaged_result_is_set_aside_and_trained_again_in_that_same_run(run_claims, pytester):
    run_claims(NOISE)
    path = next(pytester.path.glob("runs/*/*.npz"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = run_claims(None)
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(["set aside, since it cannot be read: noise(shift=9.0) (seed *)"])
    assert "set aside" not in run_claims(None).stdout.str()


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (".verdicts.lock", ["X1 *holds*", "NOT WRITTEN to *: *"]),
        ("figures", ["X1 *holds*", "NOT WRITTEN: *the figure loss could not be drawn*", "written to *"]),
    ],
)
def test_what_cannot_be_written_is_said_after_the_table_and_nothing_else_is_lost(
    run_claims, pytester, stored, verdicts, place, lines
):
    path = pytester.path / "artifacts" / "fast" / place
    path.parent.mkdir(parents=True)
    path.mkdir() if place == ".verdicts.lock" else path.write_text("in the way")
    result = run_claims(DRAWN)
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(lines)
    assert result.ret != 0
    assert len(stored()) == 8
    path.rmdir() if path.is_dir() else path.unlink()
    assert run_claims(DRAWN).ret == 0
    assert verdicts()["X1"]["found"] == "holds"


@pytest.mark.parametrize("wrong", ['panels(1, ["loss", "none"]', 'panels(1, ["$\\\\no{$"]'])
def test_a_figure_that_raises_is_an_error_of_its_claim(run_claims, verdicts, wrong):
    result = run_claims(DRAWN.replace('panels(1, ["loss"]', wrong), "-v")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*its figure could not be drawn: ValueError: *"])
    assert verdicts()["X1"]["found"] == "error"


@pytest.mark.parametrize("name", [".verdicts.lock", "store"])
def test_a_lock_that_another_process_holds_is_waited_for_up_to_the_limit(run_claims, pytester, name):
    run_claims(NOISE)
    path = pytester.path / "artifacts" / "fast" / name
    if name == "store":
        for description in pytester.path.glob("runs/*/*.json"):
            path = pytester.path / "runs" / "locks" / f"{description.stem}.lock"
            description.unlink()
    path.touch()
    with filelock.FileLock(path):
        result = run_claims(None, "--lock-limit=0.3")
    text = result.stdout.str() + result.stderr.str()
    assert f"waiting for {path}, which another process holds" in text
    assert f"{path} was held by another process for 0 s" in text
    assert result.ret != 0


def test_a_script_without_a_main_guard_says_what_to_do_and_ends(run_claims, pytester):
    run_claims(NOISE, "--collect-only")
    script = pytester.path / "script.py"
    call = f"sys.exit(pytest.main({[*OPTIONS, '--workers=1']!r}))\n"
    script.write_text(f"import pytest, sys\n{call}")
    done = pytester.run(sys.executable, script, timeout=120)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(['ERROR: 3 workers died before *put that call under `if __name__ == "__main__":`.'])
    script.write_text(f"import pytest, sys\n\nif __name__ == '__main__':\n    {call}")
    assert pytester.run(sys.executable, script, timeout=120).ret == 0


DEADLY = """
import os, signal, time

@training
def deadly(*, seed):
    if seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": 1.0}

@training
def slow(*, seed):
    time.sleep(0.2)
    return {"value": 1.0}
"""


def test_a_killed_worker_costs_its_own_training_and_no_other(run_claims):
    text = DEADLY + planted("X1", "exactly(1, 'n') > 0", "deadly()", test="deadly") + NOISE.replace("X1", "X2")
    result = run_claims(text, "-v", "--seeds=8", subprocess=True)
    assert said(result) == {"deadly": "ERROR", "one": "PASSED"}
    result.stdout.fnmatch_lines(["*TrainingError: deadly() (* was given up: 3 workers died over it.*"])


def test_a_session_that_is_interrupted_goes_on_where_it_was(run_claims, pytester, stored):
    run_claims(DEADLY + planted("X1", "claim.median(runs['a'].value, 'value') > 0", "slow()"), "--collect-only")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--workers=1"]
    process = subprocess.Popen(command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    while not stored() and process.poll() is None:
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    assert 0 < len(stored()) < 8
    run_claims(None).assert_outcomes(passed=1, deselected=1)
    assert len(stored()) == 8


def test_both_installed_and_from_the_checkout_is_one_plugin(run_claims):
    result = run_claims(planted(), "-p", "pytest_ontrial", "--trace-config")
    assert result.stdout.str().count("PLUGIN registered: <module 'pytest_ontrial'") == 1
    assert result.ret == 0


def test_a_checkout_that_may_only_be_read_is_no_error(pytester):
    pytester.makefile(".ini", pytest=(ROOT / "pytest.ini").read_text(encoding="utf-8"))
    path = pytester.makepyfile("def test_planted():\n    pass\n")
    (pytester.path / ".pytest_cache").write_text("no folder can be made here")
    result = pytester.runpytest_subprocess(path, "-p", "pytest_ontrial", "-p", "no:xdist", "-p", "no:benchmark")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_store_that_may_only_be_read_is_used_where_nothing_is_missing(run_claims, monkeypatch):
    run_claims(NOISE).assert_outcomes(passed=1, deselected=1)
    temporary = tempfile.TemporaryFile

    def refused(*arguments, **words):
        if str(words.get("dir", "")).endswith("runs"):
            raise OSError(30, "Read-only file system")
        return temporary(*arguments, **words)

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    run_claims(None).assert_outcomes(passed=1, deselected=1)
    result = run_claims(None, "--seeds=9")
    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.fnmatch_lines(["*is not in the run store, which is read-only: *runs: Read-only file system*"])
