"""A session whose runs and figures are all there: what it imports, and that it starts no process."""

import sys

from tests.conftest import DRAWN, OPTIONS

# The ticks of the page are matplotlib's, which draws nothing for them.
HEAVY = {"matplotlib.figure", "scipy.signal", "scipy.stats", "sklearn", "numba", "torch", "distributed"}
LISTING = f"""
import multiprocessing.process
import sys

def refuse(self):
    raise AssertionError("a process was started, though nothing is to be trained")

def pytest_collection_finish(session):
    multiprocessing.process.BaseProcess.start = refuse

def pytest_unconfigure(config):
    print("heavy:", *{HEAVY} & sys.modules.keys(), file=sys.__stdout__)
"""


def test_a_session_from_the_store_imports_nothing_heavy_and_starts_no_process(run_claims, pytester, verdicts):
    text = DRAWN + """
from claims.homework.measures import correlations, signals

@claim_of("X2", trains={"a": noise(9.0)})
def test_two(claim, runs):
    falling = np.where(np.arange(8) < 5, -1.0, 1.0)
    tau = correlations.kendall_tau([0, 1, 2], np.outer([0, 1, 2], falling))
    assert not signals.largest_changes(np.ones((8, 99))).any()
    claim.holds_if(claim.median(tau, "five of eight fall") < 0)
"""  # fmt: skip
    first = run_claims(text, subprocess=True)  # the sources of this process's figures are those of other tests
    first.assert_outcomes(passed=1, skipped=1, deselected=2)
    assert verdicts()["X2"]["seeds_needed"] > 8
    pytester.makepyfile(listing=LISTING)
    done = pytester.run(sys.executable, "-m", "pytest", *OPTIONS, "-p", "listing")
    done.assert_outcomes(passed=1, skipped=1, deselected=2)
    assert [line.strip() for line in done.outlines if "heavy:" in line] == ["heavy:"]


def test_arrays_are_dropped_after_the_test_that_read_them(run_claims):
    read = "READ.append(ref(runs['a'].train_loss)); claim.figure = picture(runs)"
    run_claims(DRAWN.replace("claim.figure = picture(runs)", read) + """
import gc
from weakref import ref

READ = []

@claim_of("X2")
def test_later(claim):
    gc.collect()
    claim.holds_if(exactly(sum(each() is not None for each in READ), "arrays in memory").within(0, 0))
""").assert_outcomes(passed=2, deselected=2)  # fmt: skip


def test_the_same_session_draws_what_is_not_there(run_claims, pytester, verdicts):
    run_claims(DRAWN).assert_outcomes(passed=1, deselected=1)
    [name] = verdicts()["X1"]["figures"]
    figure = pytester.path / "artifacts" / "fast" / name
    before = figure.read_bytes()
    figure.unlink()
    run_claims(None).assert_outcomes(passed=1, deselected=1)
    assert figure.read_bytes() == before
