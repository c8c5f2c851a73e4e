"""A pytest with claims on trial inside pytest, for the tests of what a user sees."""

import json
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_agg
import matplotlib.figure
import PIL.Image
import pytest
import scipy.optimize
import scipy.stats

from ontrial import plugin, source
from ontrial.report import folder_of

ROOT = Path(__file__).parents[1]
# Imported here once: a pytest inside pytest forgets at its end what it imported itself.
KEPT = (plugin, matplotlib.backends.backend_agg, matplotlib.figure, PIL.Image, scipy.optimize, scipy.stats)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of a job in a shell's background, whose children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

RunClaims = Callable[..., pytest.RunResult]

PREAMBLE = """
import numpy as np
import pytest
from ontrial import Looks, exactly, training

claim_of = lambda name="X1", **words: pytest.mark.claim(name, "a planted claim", source="tests", **words)
looks = Looks((16, 24, 32), budget=32)

@training(looks=looks)
def noise(shift: float = 0.0, *, seed: int):
    return {"value": np.random.default_rng(seed).normal(shift), "train_loss": np.array([2.0, 1.0])}
"""
INI = """
[pytest]
strict = true
addopts = --import-mode=importlib
testpaths = planted
filterwarnings =
    error
    ignore:assertions not in test modules:pytest.PytestConfigWarning
    ignore:Module already imported:pytest.PytestAssertRewriteWarning
"""
_PLUGINS = ("pytest_ontrial", "tests.short_options", "no:cacheprovider", "no:benchmark", "no:xdist")
OPTIONS = tuple(f"-p{name}" for name in _PLUGINS)
DRAWN = """
from ontrial import drawing_of, panels, seeds_and_median

def picture(runs):
    losses = runs["a"].train_loss
    def draw(caption):
        figure, [axes] = panels(1, ["loss"], caption, "Loss")
        seeds_and_median(axes, np.arange(2), losses, 0, "noise")
        return figure
    return drawing_of("loss", runs, draw, losses)

@claim_of("X1", trains={"a": noise(9.0)})
def test_drawn(claim, runs):
    claim.figure = picture(runs)
    claim.holds_if(claim.median(runs["a"].value, "value") >= -1)
"""


def planted(name: str = "X1", condition: str = "exactly(1, 'n') > 0", trains: str = "", test: str = "planted") -> str:
    """The text of a claim's test. condition: what it gives to `holds_if`; trains: its training `a`, if it has one."""
    words = f", trains={{'a': {trains}}}" if trains else ""
    takes = "claim, runs" if trains else "claim"
    return f"@claim_of({name!r}{words})\ndef test_{test}({takes}):\n    claim.holds_if({condition})\n\n"


class Threads:
    """A plugin that trains in threads of this process, which start at once."""

    def pytest_ontrial_executor(self) -> Executor:
        return ThreadPoolExecutor(1)


@pytest.fixture
def run_claims(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunClaims:
    """Run the text of a claims module, as the report `planted` in a folder of its own, with ontrial alone.

    It knows PREAMBLE's names. known, registered: the text of that file beside it; report: of its report.py. Workers
    are threads of this process unless processes=True; subprocess=True runs pytest in a process of its own.
    """
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makefile(".ini", pytest=INI)
    folder = pytester.mkdir("planted")

    def run(
        text: str | None = None,
        *options: str,
        known: str | None = None,
        registered: str | None = None,
        report: str | None = None,
        processes: bool = False,
        subprocess: bool = False,
    ) -> pytest.RunResult:
        files = {"known.toml": known, "registered.toml": registered, "report.py": report}
        files["test_planted.py"] = None if text is None else PREAMBLE + text
        for name, content in files.items():
            if content is not None:
                (folder / name).write_text(content, encoding="utf-8")
        for compiled in list(pytester.path.rglob("__pycache__")):  # of a text as long as this, of the same second
            shutil.rmtree(compiled)
        _forget()
        if subprocess:
            return pytester.runpytest_subprocess(*OPTIONS, "--workers=1", *options)
        plugins = [] if processes else [Threads()]
        return pytester.runpytest_inprocess(*OPTIONS, "--workers=1", *options, plugins=plugins)

    return run


def alive(session: int) -> list[str]:
    """Processes of a session, by /proc; none where there is no /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(path.name)) == session and "Z" not in (path / "stat").read_text().split()[2]:
                found.append(path.name)
        except OSError:
            continue
    return found


def said(result: pytest.RunResult) -> dict[str, str]:
    """What pytest says of every test, by name without the tier; the run must have had the option -v."""
    found = re.findall(r"^\S*::(?:test_)?(\w+)(?:\[\S*)? ([A-Z]+)", result.stdout.str(), re.MULTILINE)
    return dict(found)


def known_as(verdict: str, claim: str = "X1", case: str = "", tier: str = "fast", data: str = "counts") -> str:
    """An entry of known.toml."""
    return (
        f'[[known]]\nclaim = "{claim}"\ncase = "{case}"\ntier = "{tier}"\ndata = "{data}"\n'
        f'verdict = "{verdict}"\nwhy = "so it is"\n'
    )


@pytest.fixture
def verdicts(pytester: pytest.Pytester) -> Callable[..., dict[str, Any]]:
    """The verdicts of the record that a run left, by claim and case."""

    def read(tier: str = "fast") -> dict[str, Any]:
        folder = pytester.path / "artifacts"
        path = (folder / "fast" if tier == "fast" else folder) / "verdicts.json"
        whole = json.loads(path.read_text(encoding="utf-8"))
        return {f"{each['id']} {each['case']}".strip(): each for each in whole["verdicts"]}

    return read


@pytest.fixture
def stored(pytester: pytest.Pytester) -> Callable[[], list[dict[str, Any]]]:
    """The descriptions of what the run store holds."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(pytester.path.glob("runs/*/*.json"))]

    return read


def _forget() -> None:
    """What a process of its own would not know of the run before."""
    for cached in (folder_of, source.modules):
        cached.cache_clear()


@pytest.fixture(autouse=True)
def _no_state_left_behind() -> Iterator[None]:
    yield
    _forget()
