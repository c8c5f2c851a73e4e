"""Stopping: what is known to fail is said before anything is trained, and what was trained is said when it ends."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import OPTIONS, PREAMBLE, alive, said

SUITE = """
@claim_of("X1", trains={"a": noise(9.0)})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)

@claim_of("X2", trains={"a": noise(8.0)})
def test_refuted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") < 0)

@claim_of("X3", trains={"a": noise(7.0)})
def test_late(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""
PROBLEM = """
@claim_of("X4", trains={"a": 3})
def test_problem(claim, runs):
    pass
"""


@pytest.fixture
def trained(stored):
    return lambda: sorted({each["settings"]["shift"] for each in stored()})


@pytest.mark.parametrize("options", [["-x"], ["--maxfail=1"]])
def test_nothing_is_trained_after_the_first_failure(run_claims, trained, verdicts, options):
    result = run_claims(SUITE, "-v", *options)
    assert said(result) == {"well": "PASSED", "refuted": "FAILED"}
    assert trained() == [8.0, 9.0]
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "refuted"}


def test_what_is_known_to_fail_fails_first(run_claims, trained):
    result = run_claims(SUITE + PROBLEM, "-v", "-x")
    assert said(result) == {"problem": "ERROR"}
    assert trained() == []
    assert said(run_claims(None, "-v", "--maxfail=2")) == {"problem": "ERROR", "well": "PASSED", "refuted": "FAILED"}
    assert trained() == [8.0, 9.0]


def test_nothing_is_trained_where_a_file_does_not_import(run_claims, pytester, trained):
    (pytester.path / "planted" / "test_broken.py").write_text("import nowhere\n")
    result = run_claims(SUITE, "-v")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert trained() == []
    result = run_claims(None, "-v", "--continue-on-collection-errors")
    assert said(result) == {"well": "PASSED", "refuted": "FAILED", "late": "PASSED"}
    assert trained() == [7.0, 8.0, 9.0]


FAILS = """
import time

@training(looks=looks)
def failing(*, seed: int):
    time.sleep(0.05)
    return {"value": 1 / seed}

@claim_of("X1", trains={"a": failing()})
def test_fails(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""


def test_a_failed_training_ends_all_training_and_no_seed_begins_after_it(run_claims, trained, stored):
    result = run_claims(FAILS + SUITE, "-v", "-x", "--seeds=60")
    assert said(result) == {"fails": "ERROR"}
    assert len(stored()) < 60 / 2


INTERRUPTS = """
from ontrial.publish.terminal import Reporter

def interrupt(*arguments):
    raise KeyboardInterrupt

Reporter.__call__ = interrupt
"""


def test_an_interrupted_session_says_what_is_stored_and_how_to_go_on(run_claims, pytester):
    conftest = pytester.makeconftest(INTERRUPTS)
    result = run_claims(SUITE, subprocess=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.re_match_lines([r"interrupted: \d+ of 24 seeds are stored; run the same command to go on"])
    conftest.unlink()
    run_claims(None).assert_outcomes(passed=2, failed=1, deselected=3)


LONG = """
import time
from dataclasses import replace

@training(looks=looks)
def long(endless_from: int, *, seed: int):
    time.sleep(0.3)
    while seed >= endless_from:
        time.sleep(0.1)
    return {"value": 1.0}

in_threads = replace(long(FROM + 1), place="abacus")

@claim_of("X1", trains={"a": long(FROM), "b": in_threads})
def test_long(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
"""


@pytest.mark.parametrize(
    ("send", "endless_from", "grace", "signals"),
    [(os.kill, 99, 1000, 1), (os.killpg, 99, 1000, 1), (os.killpg, 3, 0.5, 1), (os.kill, 3, 1000, 2)],
    ids=["process", "terminal", "endless", "twice"],
)
@pytest.mark.usefixtures("run_claims")
def test_an_interrupt_stores_running_seeds_or_drops_them(pytester, send, endless_from, grace, signals):
    (pytester.path / "planted" / "test_planted.py").write_text(PREAMBLE + LONG.replace("FROM", str(endless_from)))
    pytester.makeconftest(f"from ontrial.running import workers\nworkers.GRACE = {grace}")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--workers=2", "--seeds=90", "--no-repeat", "-s"]
    output = pytester.path / "output.txt"
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)

    def until(condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.05)

    def stored():
        return len(list(pytester.path.glob("runs/*/*.json")))

    try:
        until(lambda: stored() >= 7)  # all that are not endless
        before = stored()
        for place in range(signals):
            if place:
                until(lambda: "stopping: " in output.read_text())
            send(process.pid, signal.SIGINT)
        assert process.wait(60) == pytest.ExitCode.INTERRUPTED, output.read_text()[-1800:]
        until(lambda: not alive(process.pid))
    finally:
        process.kill()
    lines = output.read_text()
    assert f"interrupted: {stored()} of 180 seeds are stored; run the same command to go on" in lines
    assert before <= stored() <= before + 2 * (2 + 16), "two processes and 16 threads, each at most two"
    assert (stored() > before) == (endless_from == 99)
    assert "Traceback" not in lines
    assert list(pytester.path.glob("runs/locks/stop*")) == []


def test_doubly_quiet_says_only_what_went_wrong(run_claims):
    result = run_claims(SUITE, "-qq", "--accept")
    assert "holds" not in result.stdout.str().partition("FAILED")[0].partition("=== FAILURES")[0]
    for word in ("training", "written to", "accepted", "claim  case"):
        assert word not in result.stdout.str()
    assert "written to" in run_claims(None, "-q").stdout.str()
