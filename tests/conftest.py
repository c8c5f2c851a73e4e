"""A pytest of our own wiring inside pytest, for the tests of what a user sees."""

from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

RunClaims = Callable[..., pytest.RunResult]

PREAMBLE = """
import pytest
from evidence.declarations import inconclusive, refuted
from evidence.intervals import exactly
from models.experiment import Experiment

claim_of = lambda name="X1", **words: pytest.mark.claim(name, "a planted claim", source="tests", **words)
TINY = Experiment("digits", (4,), epochs=2, batch_size=400)
"""


@pytest.fixture
def run_claims(pytester: pytest.Pytester) -> RunClaims:
    """Run the text of a claims module with the project's own conftest and pytest.ini, in a folder of its own."""
    pytester.makeconftest((ROOT / "conftest.py").read_text())
    ini = (ROOT / "pytest.ini").read_text()
    ini = ini.replace("testpaths = claims", "testpaths = .").replace("pythonpath = .", f"pythonpath = {ROOT}")
    pytester.makefile(".ini", pytest=ini)

    def run(text: str, *options: str, subprocess: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_planted=PREAMBLE + text)
        call = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return call("-p", "no:cacheprovider", "-p", "no:benchmark", *options)

    return run
