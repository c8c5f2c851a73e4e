"""Others: what other plugins and processes do with tests, where that is nothing to do with claims."""

import ast
import fnmatch
import multiprocessing
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from ontrial.trainings import TIERS


def workers_of_xdist(config: pytest.Config) -> str:
    """Take `-n N` as `--workers N` where claims are selected, so that one process plans, judges and records.

    Returns the line that says so, "" where nothing changes.
    """
    option = config.option
    if getattr(option, "dist", "no") == "no" or not getattr(option, "tx", None) or hasattr(config, "workerinput"):
        return ""
    if not _may_select_claims(option.markexpr) or not any(map(_declares_claims, _test_files(config))):
        return ""
    counts = [spec.partition("*") for spec in option.tx]  # such as popen, or 2*popen
    workers = sum(int(count) if times and count.isdigit() else 1 for count, times, _ in counts)
    option.dist, option.tx, option.numprocesses = "no", [], None
    option.workers = option.workers or workers
    return f"-n {workers} is taken as --workers {option.workers}: claims are judged in one process"


def require_alone(config: pytest.Config, claims: Collection[pytest.Item]) -> None:
    """Raises pytest.UsageError where these claims would be judged in another process than this, or more than once."""
    option = config.option
    if not claims:
        return
    if not __debug__:
        raise pytest.UsageError("python -O removes the assertions that tests are made of: run without -O")
    if multiprocessing.parent_process() is not None and not hasattr(config, "workerinput"):
        raise pytest.UsageError(
            'a worker runs the script that called pytest.main: put that call under `if __name__ == "__main__":`'
        )
    if getattr(option, "forked", False):
        raise pytest.UsageError("--forked: claims are judged in the process that writes the record; leave it out")
    if getattr(option, "reruns", None) or _ini(config, "reruns"):
        raise pytest.UsageError("--reruns: a claim is judged once, whatever comes out; leave it out, or say --reruns 0")


def _ini(config: pytest.Config, name: str) -> str:
    """A setting of another plugin's; "" where it is not installed, or not set."""
    try:
        return str(config.getini(name) or "")
    except (KeyError, ValueError):  # nobody knows it
        return ""


def _may_select_claims(expression: str) -> bool:
    """Whether `-m` selects a test with the marks of a claim."""
    try:
        selects = Expression.compile(expression or "claim")
    except SyntaxError:  # pytest will refuse it
        return False
    fast, full = (("claim", tier).__contains__ for tier in TIERS)
    return selects.evaluate(lambda name, /, **_: fast(name)) or selects.evaluate(lambda name, /, **_: full(name))


def _test_files(config: pytest.Config) -> Iterator[Path]:
    """The test modules that the arguments name, without asking any collector."""
    patterns, skipped = config.getini("python_files"), config.getini("norecursedirs")
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.partition("::")[0])
        if path.is_file():
            yield path
        for folder, names, files in os.walk(path):
            names[:] = [name for name in names if not any(fnmatch.fnmatch(name, each) for each in skipped)]
            yield from (Path(folder, name) for name in files if any(fnmatch.fnmatch(name, each) for each in patterns))


def _declares_claims(path: Path) -> bool:
    """Whether a module marks a test as a claim, read and not imported; a mark of this name has others' meanings too."""
    try:
        text = path.read_bytes()
        if b"mark.claim" not in text:
            return False
        nodes = list(ast.walk(ast.parse(text)))
    except (OSError, SyntaxError, ValueError):  # pytest will say so
        return False
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    named = any(word.arg == "source" for call in calls for word in call.keywords)
    return (
        any(_is_mark(node) for node in nodes)
        if named
        else any(_is_mark(call.func) and len(call.args) >= 3 for call in calls)
    )


def _is_mark(node: ast.AST) -> bool:
    """Whether this is `pytest.mark.claim` or `mark.claim`."""
    of = node.value if isinstance(node, ast.Attribute) and node.attr == "claim" else None
    return (isinstance(of, ast.Attribute) and of.attr == "mark") or (isinstance(of, ast.Name) and of.id == "mark")
