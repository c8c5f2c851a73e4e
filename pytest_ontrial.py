"""The plugin as pytest loads it: options, hooks and markers. All else is imported once a claim is collected.

PYTEST_DONT_REWRITE: it has no assertions, and a suite's conftest may import it first.
"""

from __future__ import annotations

import ast
import fnmatch
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.mark.expression import Expression
from _pytest.mark.structures import get_unpacked_marks
from _pytest.nodes import Node

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ontrial.trainings import Training

NAMES = {"ontrial", "pytest_ontrial"}  # of the entry point, and of this module where nothing is installed
MARKERS = (
    "fast: quick checks in miniature; needs no network",
    "full: the report's own settings, with seeds drawn from the registration",
    "claim(id, statement, source, kind, trains): one sentence of a report, with the trainings that its test needs",
)
# Type, default, least value, metavar and help of each option.
OPTIONS: dict[str, tuple[type, Any, float | None, str | None, str]] = {
    "workers": (int, None, 1, "N", "processes that train, one thread each (default: the cores)"),
    "seeds": (int, None, 1, "N", "exactly N seeds, judged once, in place of the tier's looks"),
    "most-seeds": (int, None, 1, "N", "full: at most N seeds (functions: 10 N)"),
    "engine": (str, None, None, "ADDRESS", "train on a Dask cluster: address of its scheduler"),
    "claim": (list, [], None, "ID", "only these claims, as F8,M5 or homework/F8"),
    "fresh": (bool, False, None, None, "train again what is in the run store"),
    "store": (str, "runs", None, "FOLDER", "the run store (default: runs)"),
    "artifacts": (str, None, None, "FOLDER", "verdicts and figures (default: artifacts, artifacts/fast)"),
    "lock-limit": (float, 3600.0, 0, "SECONDS", "how long to wait for a lock (default: one hour)"),
    "no-repeat": (bool, False, None, None, "train no seed of a @training twice to compare"),
    "plan": (bool, False, None, None, "say what would be trained, and train and judge nothing"),
    "accept": (bool, False, None, None, "write the verdicts that are found into known.toml"),
    "register": (bool, False, None, None, "lock what decides in registered.toml (runs fast)"),
    "yes": (bool, False, None, None, "with --ontrial-register: lock again what is locked and has changed"),
}
_HEADER = pytest.StashKey[list[str]]()


class Hooks:
    """The hooks that a suite may implement in its conftest.py."""

    @pytest.hookspec(firstresult=True)
    def pytest_ontrial_options(self, config: pytest.Config) -> Mapping[str, str | None] | None:
        """What a suite's trainings need of the command line, such as where its data lie, by name; workers get it too.

        Raise pytest.UsageError for a choice that cannot be.
        """

    @pytest.hookspec(firstresult=True)
    def pytest_ontrial_training(self, declared: object) -> Training | None:
        """The training that a claim's declaration means, where it is none itself; None for another's declaration."""

    @pytest.hookspec(firstresult=True)
    def pytest_ontrial_executor(self, config: pytest.Config) -> Executor | None:
        """What trains in place of a process a worker, such as another cluster than Dask's."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    for name in NAMES - {pluginmanager.get_name(sys.modules[__name__])}:
        pluginmanager.set_blocked(name)  # installed and named by a suite: once is enough
    _add(parser.getgroup("ontrial", "claims on trial"), "--ontrial-")
    for name, (kind, *_, text) in OPTIONS.items():
        read = {bool: "bool", list: "args"}.get(kind, "string")
        parser.addini(_dest(name), text, read, default=None)  # type: ignore[arg-type]
    parser.addini("ontrial_packages", "packages whose versions a session records", type="args")


def add_short_options(parser: pytest.Parser) -> None:
    """Add a short name of every option, such as --workers for --ontrial-workers: for a suite's `pytest_addoption`.

    Raises argparse.ArgumentError where another plugin has an option of this name.
    """
    _add(parser.getgroup("ontrial-short", "short names of the options of ontrial"), "--")


def _add(group: pytest.OptionGroup, prefix: str) -> None:
    for name, (kind, _, _, metavar, text) in OPTIONS.items():
        text = text if prefix == "--ontrial-" else f"the same as --ontrial-{name}"
        if kind is bool:
            group.addoption(prefix + name, dest=_dest(name), action="store_true", default=None, help=text)
        elif kind is list:
            group.addoption(prefix + name, dest=_dest(name), action="append", metavar=metavar, help=text)
        else:
            group.addoption(prefix + name, dest=_dest(name), type=kind, metavar=metavar, help=text)


def _dest(name: str) -> str:
    return "ontrial_" + name.replace("-", "_")


@pytest.hookimpl(tryfirst=True)  # before xdist, which then distributes nothing
def pytest_configure(config: pytest.Config) -> None:
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    config.stash[_HEADER] = _take_over_xdist(config)  # before the ini file sets the workers
    _complete(config)


def _complete(config: pytest.Config) -> None:
    """Give each option that the command line lacks its value of the ini file, else its default.

    Raises pytest.UsageError for a value that no option can have.
    """
    for name, (kind, default, least, *_) in OPTIONS.items():
        value = getattr(config.option, _dest(name))
        if value is None:
            found = config.getini(_dest(name))
            try:
                value = kind(found) if found else default
            except ValueError as error:
                raise pytest.UsageError(f"{_dest(name)} = {found} in {config.inipath}: {error}") from error
            setattr(config.option, _dest(name), value)
        if least is not None and value is not None and not value >= least:
            raise pytest.UsageError(f"--ontrial-{name} {value:g}: give at least {least}")
        texts = value if isinstance(value, list) else [value]
        if not all(text.strip(" ,") for text in texts if isinstance(text, str)):
            raise pytest.UsageError(f"--ontrial-{name} is empty: give it a value, or leave it out")


def pytest_report_header(config: pytest.Config) -> list[str]:
    return config.stash[_HEADER]


def _take_over_xdist(config: pytest.Config) -> list[str]:
    """Take `-n N` as `--ontrial-workers N` where claims are selected, so that one process plans, judges and records.

    Returns the line that says so, none where nothing changes.
    """
    option = config.option
    if getattr(option, "dist", "no") == "no" or not getattr(option, "tx", None) or hasattr(config, "workerinput"):
        return []
    try:
        selects = Expression.compile(option.markexpr or "claim")
    except SyntaxError:  # pytest will refuse it
        return []
    tiers = ("fast", "full")
    is_selected = any(selects.evaluate(lambda name, /, tier=tier, **_: name in ("claim", tier)) for tier in tiers)
    if not is_selected or not any(map(_declares_claims, _test_files(config))):
        return []
    counts = [spec.partition("*") for spec in option.tx]  # such as popen, or 2*popen
    workers = sum(int(count) if times and count.isdigit() else 1 for count, times, _ in counts)
    option.dist, option.tx, option.numprocesses = "no", [], None
    option.ontrial_workers = option.ontrial_workers or workers
    return [f"-n {workers} is taken as --ontrial-workers {option.ontrial_workers}: claims are judged in one process"]


def _test_files(config: pytest.Config) -> Iterator[Path]:
    """The test modules that the arguments name, before anything is collected."""
    patterns, skipped = config.getini("python_files"), config.getini("norecursedirs")
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.partition("::")[0])
        if path.is_file():
            yield path
        for folder, names, files in os.walk(path):
            names[:] = [name for name in names if not any(fnmatch.fnmatch(name, each) for each in skipped)]
            yield from (Path(folder, name) for name in files if any(fnmatch.fnmatch(name, each) for each in patterns))


def _declares_claims(path: Path) -> bool:
    """Whether a module marks a test as a claim of a source, without importing it: other marks may have this name."""
    try:
        content = path.read_bytes()
        tree = ast.parse(content if b"mark.claim" in content and b"source=" in content else b"")
    except (OSError, SyntaxError, ValueError):  # pytest will say so
        return False
    named = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "claim")
    return not {"mark.claim", "pytest.mark.claim"}.isdisjoint(named)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, name: str, obj: object) -> None:
    """Load the rest of the plugin before pytest looks up the fixtures of the first claim."""
    if collector.istestfunction(obj, name):
        marks = [each for each in (*get_unpacked_marks(obj), *collector.iter_markers()) if each.name == "claim"]
        others = collector.session._fixturemanager.getfixturedefs("claim", collector) if marks else None
        if any(_has_source(each) or not others for each in marks):
            _load(collector.session)


def pytest_itemcollected(item: pytest.Item) -> None:
    if (mark := item.get_closest_marker("claim")) and _has_source(mark):  # of unittest: a claim that is none
        _load(item.session)


def _has_source(mark: pytest.Mark) -> bool:
    """Whether a mark named claim is ours: that of another plugin names no source."""
    return "source" in mark.kwargs or len(mark.args) > 2


def _load(session: pytest.Session) -> None:
    """Register the rest of the plugin; where others have fixtures of the same names, claims alone see ours."""
    manager = session._fixturemanager
    if "getfixturedefs" in vars(manager):
        return  # it was loaded before
    from ontrial import plugin

    if not session.config.pluginmanager.is_registered(plugin):
        session.config.pluginmanager.register(plugin, plugin.__name__)
    visible = manager.getfixturedefs

    def getfixturedefs(name: str, node: Node) -> Sequence[pytest.FixtureDef[Any]] | None:
        found, mark = visible(name, node), node.get_closest_marker("claim")
        if name not in ("claim", "runs", "tier") or not found:
            return found
        others = [each for each in found if each.func.__module__ != plugin.__name__]
        is_ours = not others or (mark is not None and _has_source(mark))
        return [each for each in found if each not in others] if is_ours else others

    manager.getfixturedefs = getfixturedefs  # type: ignore[assignment, method-assign]


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    option = config.option
    if (option.ontrial_claim or option.ontrial_plan) and not config.pluginmanager.has_plugin("ontrial.plugin"):
        given = f"--ontrial-claim {','.join(option.ontrial_claim)}" if option.ontrial_claim else "--ontrial-plan"
        raise pytest.UsageError(f"{given}: there is no claim here")
