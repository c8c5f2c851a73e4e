"""The planted mistakes: each applies and names tests that exist; one that no test notices fails the command."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests import mutants
from tests.mutants import ROOMS, ROOT, Mutant

LIST = mutants.read()


def test_every_mutant_applies_once_is_python_and_is_listed_once():
    assert mutants.refused(LIST) == []
    assert len({(each.file, each.old, each.new) for each in LIST}) == len({each.says for each in LIST}) == len(LIST)
    assert min(Counter(each.room for each in LIST)[room] for room in ROOMS.values()) >= 20


def test_every_mutant_names_tests_that_exist():
    wrong = []
    for name in {each for mutant in LIST for each in mutant.named}:
        path, _, test = name.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else ""
        wrong += [name] if not (ROOT / path).exists() or f"def {test.partition('[')[0]}" not in text + "def " else []
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"old": "nowhere"}, "occurs 0 times"),
        ({"old": "random"}, "occurs {} times".format((ROOT / "ontrial/generators.py").read_text().count("random"))),
        ({"new": "def seed_all("}, "it changes nothing"),
        ({"new": "def ("}, "invalid syntax"),
        ({"file": "ontrial/nothing.py"}, "No such file"),
    ],
)
def test_what_does_not_apply_is_refused_by_name(change, problem):
    parts = {
        "file": "ontrial/generators.py",
        "old": "def seed_all(",
        "new": "def other(",
        "tests": "",
        "says": "planted",
    }
    [line] = mutants.refused([Mutant(**(parts | change))])
    assert line.startswith("planted: ")
    assert problem in line


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_mutant_that_no_test_notices_fails_the_command(tmp_path):
    parts = 'file = "ontrial/stats/ranks.py"\nold = "(n, alpha, p0) <= n)"\n'
    parts += 'tests = "tests/stats/test_ranks.py::test_ranks_of_the_rules"\n'
    listed = (("(n, alpha, p0) < n)", "one more"), ("(n, alpha, p0) <= n + 0)", "the same"))
    text = "".join(f'[[mutant]]\n{parts}new = "{new}"\nsays = "{says}"\n' for new, says in listed)
    (tmp_path / "list.toml").write_text(text, encoding="utf-8")
    table = tmp_path / "table.md"
    table.write_text("<!-- mutants -->\nbefore\n<!-- /mutants -->\n", encoding="utf-8")
    command = [sys.executable, "tests/mutants.py", f"--list={tmp_path / 'list.toml'}", f"--table={table}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "noticed  one more (tests/stats/test_ranks.py::test_ranks_of_the_rules)" in done.stdout, done.stderr
    assert "SURVIVED the same (pytest ended with 0)" in done.stdout
    assert (done.returncode, table.read_text(encoding="utf-8").count("| 2 | 1 |")) == (1, 2)
