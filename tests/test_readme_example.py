"""README's worked example runs as it is written."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_both_claims_of_the_example_are_judged(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = text.split("<!-- example -->\n```python\n")[1].split("```\n<!-- /example -->")[0]
    (tmp_path / "test_example.py").write_text(example, encoding="utf-8")
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
    assert {each["id"]: each["found"] for each in verdicts} == {"X1": "holds", "X2": "holds"}
