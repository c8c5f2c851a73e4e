"""The guide: its report runs as it is written, and it names everything public."""

import inspect
import re
import subprocess
import sys

import pytest

import ontrial
import pytest_ontrial
from ontrial import __main__, plugin
from tests.conftest import OPTIONS, ROOT, Threads

GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
FAST = {"M1": "holds", "M2": "holds", "M3": "inconclusive", "M4 0.01": "holds", "M4 0.0001": "holds", "M5": "holds"}
FULL = FAST | {"M3": "holds"}


def test_its_report_runs_step_by_step(pytester, verdicts, monkeypatch):
    [notebook] = [code for name, code in BLOCKS if name == "notebook"]
    for name, code in [block for block in BLOCKS if block[0] != "notebook"]:
        path = pytester.path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{code}\n\n")
    lines = [line.strip() for line in GUIDE.splitlines() if line.startswith(("    pytest", "    ontrial"))]
    assert lines == ["pytest --ontrial-register", "ontrial plan -m full", "pytest -m full"]
    commands = [[], *(line.replace("ontrial plan", "pytest --ontrial-plan").split()[1:] for line in lines)]
    for command in commands:
        result = pytester.runpytest_inprocess(*OPTIONS, "--import-mode=importlib", *command, plugins=[Threads()])
        assert result.ret in (0, pytest.ExitCode.NO_TESTS_COLLECTED), result.stdout.str()
        if "--ontrial-plan" in command:
            result.stdout.fnmatch_lines(
                ["to train next: 60 runs of 5 trainings*", "claims/M1, *a median: 12 of 12 agree*"]
            )
    assert {name: each["found"] for name, each in verdicts().items()} == FAST
    assert {name: each["found"] for name, each in verdicts("full").items()} == FULL
    assert all(bool(each["figures"]) == (name[:2] in ("M1", "M4")) for name, each in verdicts("full").items())
    page = (pytester.path / "artifacts" / "index.html").read_text(encoding="utf-8")
    assert "<title>Does momentum help?</title>" in page
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = notebook.replace('"0.01")', f'"0.01", options={OPTIONS!r})')
    done = subprocess.run(
        [sys.executable, "-c", notebook], cwd=pytester.path, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"holds \d+\.0 \d+\.0 \(\d+, 400\)\n", done.stdout)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("names", ontrial.__all__),
        ("methods", [f"claim.{name}" for name, each in vars(ontrial.Claim).items() if inspect.isfunction(each)]),
        ("options", [f"--ontrial-{name}" for name in pytest_ontrial.OPTIONS]),
        ("commands", __main__._COMMANDS),
        ("hooks", re.findall(r"def (pytest_ontrial_\w+)", "".join(map(inspect.getsource, (plugin, pytest_ontrial))))),
    ],
)
def test_everything_public_is_named(kind, names):
    names = [name for name in names if "._" not in name]
    assert names
    assert [name for name in names if not re.search(rf"{re.escape(name)}\b", GUIDE)] == []


def test_readme_links_it():
    assert "(docs/guide.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
