"""`ontrial.load`, in a script and in a notebook's kernel: runs, intervals, verdict of a claim, and what it refuses."""

import subprocess
import sys

import pytest

from tests.conftest import OPTIONS, ROOT

SUITE = """
EXPERIMENTS = {"near": noise(0.0), "far": noise(9.0)}

@claim_of("X1")
@pytest.mark.parametrize("name", ["near", "far"])
def test_cases(claim, runs, name):
    claim.holds_if(claim.median(runs[name].value, "value") > 3, claim.share(np.arange(runs[name].n) != 1, "late") > 0.5)

@claim_of("X2")
def test_count(claim):
    claim.holds_if(exactly(3, "layers") >= 3)

@claim_of("X3", trains={"a": noise(5.0)})
def test_not_judged(claim, runs):
    pytest.skip("by hand")
"""
CELLS = [
    f"""OPTIONS = {OPTIONS!r}""",
    """
import shutil
from pathlib import Path
import ontrial

def refused(error, *arguments, **words):
    try:
        ontrial.load("planted", *arguments, **words, options=OPTIONS)
    except error as raised:
        return str(raised)

found = ontrial.load("planted", "X1", "far", options=OPTIONS)
assert (found.verdict, found.result.tier, found.result.registration) == ("holds", "full", 1)
median, share = found.intervals
assert (median.measure, median.n, share.statistic) == ("value", 16, "share")
assert found.runs["far"].value.shape == (24,) and list(found.runs) == ["near", "far"], "the second look decided"
assert median.values == tuple(float(f"{value:.7g}") for value in found.runs["far"].value[:16])
assert set(found.runs["far"].seeds).isdisjoint(range(24)), "the seeds of the registration"
""",
    """
fast = ontrial.load("planted", "X1", "near", tier="fast", options=OPTIONS)
assert (fast.verdict, fast.runs["near"].seeds) == ("refuted", tuple(range(8)))
assert ontrial.load(Path("planted").resolve(), "X2", options=OPTIONS).runs == ontrial.Runs({})
try:
    found.runs = None
except AttributeError:
    pass
else:
    raise AssertionError("it can be changed")
""",
    """
assert "X1 has the cases near, far: name one of them" in refused(LookupError, "X1")
assert "planted has no claim X9; there are X1, X2, X3" in refused(LookupError, "X9")
assert "there is no tier slow: there are fast and full" in refused(ValueError, "X1", tier="slow")
message = refused(LookupError, "X3")
assert "planted/X3 is not in" in message and "verdicts.json: judge it first, with `pytest`" in message
module = Path("planted/test_planted.py")
text = module.read_text()
module.write_text(text.replace("noise(9.0)", "noise(9.5)"))
assert "lacks 24 runs of planted/X1 (far), by their present settings" in refused(LookupError, "X1", "far")
module.write_text(text)
shutil.rmtree("runs")
assert "lacks 48 runs of planted/X1 (far)" in refused(LookupError, "X1", "far")
assert not Path("runs").exists(), "nothing is trained"
module.write_text("import no_such_module")
message = refused(ValueError, "X1", "far")
assert "pytest finds no claim in planted:" in message and "No module named 'no_such_module'" in message
Path("pytest.ini").write_text("[pytest]\\naddopts = --no-such-option")
assert "unrecognized arguments: --no-such-option" in refused(ValueError, "X1")
""",
]


@pytest.fixture
def judged(run_claims, pytester, monkeypatch):
    run_claims(SUITE, "--ontrial-register")
    run_claims(None, "-m", "full")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return pytester.path


def test_runs_intervals_and_verdict_are_loaded_and_what_is_missing_is_named(judged):
    subprocess.run([sys.executable, "-W", "error", "-c", "\n".join(CELLS)], cwd=judged, check=True)


def test_they_are_loaded_in_the_kernel_of_a_notebook(judged):
    nbclient, nbformat = map(pytest.importorskip, ("nbclient", "nbformat"))  # which `make` installs
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS[:-1])))
    nbclient.execute(notebook, cwd=judged, kernel_name="python3")
