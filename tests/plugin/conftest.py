"""A planted suite that is registered and judged, for the tests of locks."""

import shutil
import sys

import pytest

from ontrial import registered

SUITE = """
from planted_helper import stretched

LIMIT = 0.5

def measured(run):
    return stretched(run.value) - LIMIT

EXPERIMENTS = {"near": noise(3.0), "far": noise(9.0)}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(measured(runs["far"]), "value") > 2)

@claim_of("X2", kind="said")
@pytest.mark.parametrize("plus", [1, 2])
def test_two(claim, runs, plus):
    claim.holds_if(
        claim.median(runs["far"].value - runs["near"].value + plus, "lead, moved") > 0.1,
        claim.share(runs["far"].value > 0, "above nothing") > 0.5,
    )

@claim_of("X3")
def test_three(claim, runs):
    mask = runs["near"].value > 1
    claim.holds_if(claim.median(runs["far"].value, "far", among=mask) > 0)

@claim_of("X4")
def test_four(claim):
    claim.holds_if(exactly(4, "number of claims").within(4, 4))
"""
HELPER = "def stretched(values):\n    return 2 * values\n"
FULL = "-m", "full"
PASSED = dict(passed=5, deselected=5)


@pytest.fixture
def run(run_claims, pytester):
    """Run the suite, or another text of it, of its helper, or of a file beside it."""
    pytester.syspathinsert()

    def call(text=SUITE, *options, helper=HELPER, **files):
        (pytester.path / "planted_helper.py").write_text(helper, encoding="utf-8")
        sys.modules.pop("planted_helper", None)
        return run_claims(text, *options, **files)

    return call


@pytest.fixture
def judged(run, pytester, tmp_path_factory):
    """The same, after the suite was registered and judged in full, once a process: tests start from a copy."""
    whole = tmp_path_factory.getbasetemp() / "judged"
    if not whole.exists():
        run(SUITE, "--register").assert_outcomes(**PASSED)
        run(SUITE, *FULL).assert_outcomes(**PASSED)
        shutil.copytree(pytester.path, whole)
    shutil.copytree(whole, pytester.path, dirs_exist_ok=True)
    return run


@pytest.fixture
def lock_file(pytester):
    return pytester.path / "planted" / "registered.toml"


@pytest.fixture
def locks(lock_file):
    """The registrations of the planted report, in their order."""
    return lambda: registered.read(lock_file.parent)


def edited(old, new):
    assert old in SUITE
    return SUITE.replace(old, new)
