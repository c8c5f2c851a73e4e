"""Collection: what claims' tests declare, which of them are selected, and which other plugins cannot run them."""

import inspect
import multiprocessing
import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ontrial.functions import FunctionTraining
from ontrial.report import Folder, folder_of
from ontrial.source import is_installed
from ontrial.trainings import TIERS, Looks, Training

GIVEN = ("claim", "runs")  # what a claim's test may take, beside its own parameters
TIER = "tier"
KINDS = ("said", "asked", "beyond")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{0,30}(?:[-_][A-Za-z0-9]{1,30})?")


@dataclass(frozen=True)
class Declaration:
    """One case of a claim at a tier, as its test declares it.

    statement: what the claim says in our words; source: where; kind: "said" by the report, "asked" by its assignment
    and left blank, or "beyond" both: the control; parameters: of the case; problem: what prevents judging it, or "".
    """

    folder: Folder
    id: str
    statement: str
    source: str
    kind: str
    tier: str
    case: str
    trainings: Mapping[Hashable, Training] = field(hash=False)
    parameters: Mapping[str, object] = field(hash=False)
    problem: str = ""

    @property
    def looks(self) -> Looks | None:
        """At which numbers of seeds it is looked at; None where nothing is trained."""
        return next((each.looks for each in self.trainings.values()), None)

    def __str__(self) -> str:
        return f"{self.folder.name}/{self.id}" + (f" ({self.case})" if self.case else "")


def declaration(item: pytest.Item) -> Declaration | None:
    """What a test declares; None where it is no claim.

    It trains what its marker `trains` names, else its module's EXPERIMENTS; nothing without the fixture `runs`.
    A marker `claim` without our parts, on a test without our fixture `claim`, belongs to another plugin.
    Raises pytest.UsageError where the marker lacks a part, an id is not one, or the test takes what no look provides.
    """
    marker = item.get_closest_marker("claim")
    if marker is None or not isinstance(item, pytest.Function):
        return None
    try:
        inspect.signature(_said).bind(*marker.args, **marker.kwargs)
        said, own = _said(*marker.args, **marker.kwargs)
        folder = folder_of(item.path)
    except (TypeError, ValueError) as error:
        if not is_ours(item, "claim"):
            return None
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.claim(id, statement, source=…): {error}") from error
    trainings = getattr(item.module, "EXPERIMENTS", {}) if own is None else own
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    tier = str(parameters.pop(TIER, ""))
    takes = set(item._fixtureinfo.argnames)
    marked = {name for mark in item.iter_markers("usefixtures") for name in mark.args}
    if others := sorted((takes | marked) - set(GIVEN) - parameters.keys()):
        raise pytest.UsageError(
            f"{item.nodeid} takes {', '.join(others)}: a claim's test takes claim, runs and its parameters, nothing "
            "else, since it is called once a look with the runs of that look"
        )
    used: dict[Hashable, Training] = {}
    if "runs" in takes and isinstance(trainings, Mapping):
        trainings = used = {name: _meant(item, each) for name, each in trainings.items()}
    return Declaration(
        folder,
        *said,
        tier,
        _case(item, tier, parameters),
        used,
        parameters,
        problem=_out_of_reach(item, parameters) or _problem(item, takes, trainings, own),
    )


def _meant(item: pytest.Item, declared: Any) -> Any:
    """The training that a declaration means, its needs included, or the declaration where it means none.

    Raises pytest.UsageError for a need that is no training.
    """
    found = item.ihook.pytest_ontrial_training(declared=declared) or declared
    if not isinstance(found, FunctionTraining):
        return found
    needed = tuple((name, each if each is None else _meant(item, each)) for name, each in found.needed)
    for name, each in needed:
        if each is not None and not isinstance(each, Training):
            raise pytest.UsageError(f"{name} of {found.name} is {each!r}, which is no training")
    return replace(found, needed=needed)


def _said(
    id: str, statement: str, source: str, kind: str = "said", trains: object = None
) -> tuple[tuple[str, str, str, str], object]:
    """What a marker says of the claim, and what it trains. Raises ValueError and TypeError."""
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is no id: letters, then digits, such as F8 or X1")
    for text in (statement, source, kind):
        if not isinstance(text, str):
            raise TypeError(f"statement, source and kind are text, not {text!r}")
        text.encode()  # half a surrogate pair cannot be written to a file
    if kind not in KINDS:
        raise ValueError(f"claim {id} is of kind {kind!r}: there are {', '.join(KINDS)}")
    return (id, statement, source, kind), trains


def is_ours(item: pytest.Item, fixture: str) -> bool:
    """Whether the fixture of this name that a test gets is ours, not one with which a suite overrides it."""
    definitions = item._fixtureinfo.name2fixturedefs.get(fixture) if isinstance(item, pytest.Function) else None
    return definitions is not None and definitions[-1].func.__module__.partition(".")[0] == "ontrial"


def namesakes(claims: Mapping[pytest.Item, Declaration]) -> dict[pytest.Item, str]:
    """Tests of reports that share a name, so that no record could tell them apart, each with what to say of it."""
    paths: dict[str, dict[Path, None]] = defaultdict(dict)
    for each in claims.values():
        paths[each.folder.name][each.folder.path] = None
    said = {
        name: f"two reports are called {name}, {' and '.join(map(str, found))}: rename one of the folders"
        for name, found in paths.items()
        if len(found) > 1
    }
    return {item: said[each.folder.name] for item, each in claims.items() if each.folder.name in said}


def duplicates(claims: Mapping[pytest.Item, Declaration]) -> Iterator[tuple[pytest.Item, str]]:
    """Tests that a report declares twice, by their id or by their case, each with what to say of it."""
    places: dict[str, dict[str, None]] = defaultdict(dict)
    cases: dict[tuple[str, str], list[str]] = defaultdict(list)
    here = {item: f"{item.path}::{getattr(item, 'originalname', item.name)}" for item in claims}
    names = {item: f"{each.folder.name}/{each.id}" for item, each in claims.items()}
    for item, each in claims.items():
        places[names[item]][here[item]] = None
        cases[str(each), each.tier].append(here[item])
    for item, each in claims.items():
        if len(cases[str(each), each.tier]) > 1:
            yield item, f"claim {each} is declared twice with this case, by {here[item]}"
        if len(places[names[item]]) > 1:
            yield item, f"claim {names[item]} is declared twice: {' and '.join(places[names[item]])}"


def _case(item: pytest.Function, tier: str, parameters: Mapping[str, object]) -> str:
    """The name of a case: its parameters, or pytest's names of them where they do not always read the same."""
    if all(isinstance(value, str | int | float | tuple | None) for value in parameters.values()):
        return " ".join(map(str, parameters.values())).encode("utf-8", "backslashreplace").decode()
    return " ".join(name for name in item.callspec._idlist if name != tier)


def _out_of_reach(item: pytest.Function, parameters: Mapping[str, object]) -> str:
    """What only pytest's own call would give the test, which a look cannot; "" for nothing."""
    definitions = item._fixtureinfo.name2fixturedefs
    if taken := [name for name in (*GIVEN, TIER) if name in definitions and not is_ours(item, name)]:
        return f"the fixture {' and '.join(taken)} is not that of this plugin: give it another name"
    # A direct parameter is a fixture of pytest's own.
    if made := [name for name in parameters if definitions[name][-1].func.__module__.partition(".")[0] != "_pytest"]:
        return (
            f"{', '.join(made)} comes from a fixture (indirect=True, or params= of its own), and a look would give the "
            "raw parameter: give the value itself with @pytest.mark.parametrize"
        )
    # Autouse fixtures of installed plugins are their own business; _xunit is what pytest makes of setup_method.
    around = [
        name.removeprefix("_xunit_").split("_fixture_")[0]
        for name, found in definitions.items()
        if name not in (*GIVEN, TIER, *parameters)
        and (name.startswith("_xunit") or not is_installed(Path(inspect.getfile(found[-1].func))))
    ]
    if around:
        return (
            f"{', '.join(around)} runs round pytest's own call alone, and a claim is called once a look: compute what "
            "it prepares in the test, or in its trainings"
        )
    if inspect.iscoroutinefunction(item.obj) or inspect.isgeneratorfunction(inspect.unwrap(item.obj)):
        return "a look cannot await or iterate a test: make it a plain function"
    return ""


def _problem(item: pytest.Function, takes: set[str], trainings: object, own: object) -> str:
    """What is wrong with a declaration; "" for nothing."""
    if "claim" not in takes:
        return "a claim's test must take the fixture `claim`, and call claim.holds_if(...) in the end"
    if any(item.iter_markers("xfail")):
        return "pytest.mark.xfail says nothing of a claim: --ontrial-accept writes its expected verdict into known.toml"
    if any(item.iter_markers("flaky")):
        return "pytest.mark.flaky would judge it again: a claim is judged once, whatever the result"
    if "runs" not in takes:
        return "" if own is None else "its marker names what it trains, but it does not take the fixture `runs`"
    if not isinstance(trainings, Mapping):
        name = "EXPERIMENTS" if own is None else "trains="
        return f'{name} must name its trainings, as {{"deep": forest(depth=8)}}; it is {type(trainings).__name__}'
    if not trainings:
        return "it takes `runs`, but trains nothing: set EXPERIMENTS in its module, or trains= in its marker"
    if wrong := [str(name) for name, each in trainings.items() if not isinstance(each, Training)]:
        return f"EXPERIMENTS names what is no training: {', '.join(wrong)}"
    if len(set(map(str, trainings))) < len(trainings):
        return "two of its trainings read the same, such as 5 and '5': a lock has one of each name"
    if len({each.looks for each in trainings.values()}) > 1:
        return "its trainings are looked at with different numbers of seeds, and cannot be compared seed by seed"
    return ""


def select(config: pytest.Config, items: list[pytest.Item], claims: Mapping[pytest.Item, Declaration]) -> None:
    """Select the tests of the claims that --ontrial-claim names, and of the fast tier where -m names no tier.

    Leaves a suite without claims alone. Raises pytest.UsageError for what is not there.
    """
    words = words_of(config)
    markers = {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
    if claims and (unknown := sorted(words - markers)):
        raise pytest.UsageError(f"-m {' '.join(unknown)}: unknown; the tiers are {' and '.join(TIERS)}")
    selected = items
    if config.option.ontrial_claim:
        wanted = {_named(name, claims) for name in names_of(config)}
        selected = [item for item in items if (each := claims.get(item)) and (each.folder.name, each.id) in wanted]
    if not words & set(TIERS):
        selected = [item for item in selected if not _is_full(item)]
    if len(selected) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(selected)])
        items[:] = selected


def names_of(config: pytest.Config) -> list[str]:
    """The claims that --ontrial-claim names."""
    return [name for text in config.option.ontrial_claim for part in text.split(",") if (name := part.strip())]


def words_of(config: pytest.Config) -> set[str]:
    """The markers that `-m` names."""
    expression = re.sub(r"\([^()]*=[^()]*\)", "", config.option.markexpr or "")
    return set(re.findall(r"\w+", expression)) - {"and", "or", "not"}


def _named(name: str, claims: Mapping[pytest.Item, Declaration]) -> tuple[str, str]:
    """Report and id of the claim that is called F8 or homework/F8."""
    report, _, claim = name.rpartition("/")
    all_ids = dict.fromkeys((each.folder.name, each.id) for each in claims.values())
    found = [each for each in all_ids if each[1] == claim and report in ("", each[0])]
    if not found:
        ids = ", ".join(dict.fromkeys(id for _, id in all_ids))
        raise pytest.UsageError(f"--ontrial-claim {name}: unknown here; there are {ids}")
    if len(found) > 1:
        which = " and ".join("/".join(each) for each in sorted(found))
        raise pytest.UsageError(f"--ontrial-claim {name}: several reports have it, {which}: name one")
    return found[0]


def _is_full(item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    return given is not None and given.params.get(TIER) == "full" and is_ours(item, TIER)


def require_alone(config: pytest.Config, claims: Collection[pytest.Item]) -> None:
    """Raises pytest.UsageError where these claims would be judged in another process than this, or more than once."""
    if not claims:
        return
    option = config.option
    if not __debug__:
        raise pytest.UsageError("python -O removes the assertions that tests are made of: run without -O")
    if multiprocessing.parent_process() is not None and not hasattr(config, "workerinput"):
        raise pytest.UsageError(
            'a worker runs the script that called pytest.main: put that call under `if __name__ == "__main__":`'
        )
    if getattr(option, "forked", False):
        raise pytest.UsageError("--forked: claims are judged in the process that writes the record; leave it out")
    if config.pluginmanager.has_plugin("parallelrunner"):  # of pytest-parallel
        raise pytest.UsageError(
            "pytest-parallel runs tests in other processes or threads, and claims are judged in one: leave its "
            "--workers and --tests-per-worker out; --ontrial-workers N trains with N processes"
        )
    try:
        reruns = getattr(option, "reruns", None) or config.getini("reruns")
    except (KeyError, ValueError):  # no plugin knows it
        reruns = None
    if reruns:
        raise pytest.UsageError("--reruns: a claim is judged once, whatever the result; leave it out, or give 0")


def only_sets_up(config: pytest.Config) -> bool:
    """Whether pytest will list, or set up, and call no test."""
    names = ("collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")
    return any(getattr(config.option, name, False) for name in names)


def require_values(config: pytest.Config, options: Iterable[str]) -> None:
    """Raises ValueError for an option of the suite that has no value, such as `--data-root=$UNSET`."""
    for name in options:
        value = getattr(config.option, name, None)
        if isinstance(value, str) and not value.strip():
            raise ValueError(f"--{name.replace('_', '-')} is empty: give it a value, or leave it out")
