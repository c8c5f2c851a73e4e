"""The claims themselves: short, judged last, complete, and able to fail."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "claims").glob("test_*.py"))
MOST_LINES = 10
CLAIMS = {"F": 10, "M": 9, "W": 5, "G": 4, "Z": 3, "R": 7, "P": 9, "I": 4, "B": 11}  # how many of each task
IDS = [f"{task}{number}" for task, count in CLAIMS.items() for number in range(1, count + 1)]
COUNTS = {"F1", "M1", "W1", "P1", "B1"}  # that nothing has to be trained for


def claim_tests(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_claim_tests_are_short_and_end_with_the_verdict(path):
    for test in claim_tests(path):
        assert test.end_lineno - test.lineno < MOST_LINES, test.name
        assert ast.unparse(test.body[-1]).startswith("claim.holds_if("), test.name
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(test)), test.name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_claim_tests_that_train_leave_a_figure(path):
    for test in claim_tests(path):
        if "runs" in [argument.arg for argument in test.args.args]:
            assert "claim.figure = " in ast.unparse(test), test.name


def test_every_claim_has_one_test():
    found = []
    for path in MODULES:
        for test in claim_tests(path):
            for decorator in test.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.claim":
                    found.append(ast.literal_eval(decorator.args[0]))
    assert sorted(found) == sorted(IDS)


def test_without_learning_no_claim_about_learning_holds(tmp_path):
    options = ["-m", "fast", "--store", tmp_path / "runs", "--artifacts", tmp_path / "artifacts"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.without_learning", *options], cwd=ROOT, check=False, timeout=900
    )
    verdicts = json.loads((tmp_path / "artifacts" / "verdicts.json").read_text())["verdicts"]
    about_learning = [verdict for verdict in verdicts if verdict["dataset"] != "counts"]
    assert {verdict["id"] for verdict in about_learning} == set(IDS) - COUNTS
    held = [(verdict["id"], verdict["case"]) for verdict in about_learning if verdict["found"] == "holds"]
    assert held == []
    assert {verdict["found"] for verdict in about_learning} <= {"refuted", "inconclusive"}
