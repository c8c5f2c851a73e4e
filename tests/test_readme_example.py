"""README's worked examples run as they are written: the one of this repository here, the other also in test_alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def example(name: str = "example") -> str:
    """README's code between the comments of this name."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return text.split(f"<!-- {name} -->\n```python\n")[1].split(f"```\n<!-- /{name} -->")[0]


@pytest.mark.parametrize(("name", "claims"), [("example", ("X1", "X2")), ("in this repository", ("X3",))])
def test_every_claim_of_an_example_is_judged(tmp_path, name, claims):
    (tmp_path / "test_example.py").write_text(example(name), encoding="utf-8")
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nminversion = 9.0\naddopts = --import-mode=importlib\npythonpath = {ROOT}\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--device=cpu"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = json.loads((tmp_path / "artifacts" / "fast" / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    assert {each["id"]: each["found"] for each in verdicts} == dict.fromkeys(claims, "holds")
