"""What a claim's test declares, before it runs: its sentence, tier, case and trainings, and what is wrong with it."""

import inspect
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ontrial.claim import Sentence
from ontrial.report import ID, Folder, folder_of
from ontrial.source import is_installed
from ontrial.trainings import Looks, Training

GIVEN = ("claim", "runs")  # what a claim's test may take, beside its own parameters
TIER = "tier"


@dataclass(frozen=True)
class Declaration:
    """A claim's test: whose report it belongs to, its sentence, tier, case and trainings.

    parameters: of the case; place: file and function; problem: what keeps it from being judged, "" for nothing.
    """

    folder: Folder
    sentence: Sentence
    tier: str
    case: str
    trainings: Mapping[Hashable, Training] = field(hash=False)
    parameters: Mapping[str, object] = field(hash=False)
    place: str
    takes_runs: bool
    problem: str = ""

    @property
    def looks(self) -> Looks | None:
        """At which numbers of seeds it is looked at; None where nothing is trained."""
        return next((each.looks for each in self.trainings.values()), None)

    def __str__(self) -> str:
        return f"{self.folder.name}/{self.sentence.id}" + (f" ({self.case})" if self.case else "")


def declaration(item: pytest.Item) -> Declaration | None:
    """What a test declares; None where it is no claim.

    It trains what its marker `trains` names, else its module's EXPERIMENTS; nothing without the fixture `runs`.
    A marker `claim` that neither has our parts nor is on a test with our fixture `claim` is somebody else's.
    Raises pytest.UsageError where the marker lacks a part, an id cannot be one, or the test takes what no look gives.
    """
    marker = item.get_closest_marker("claim")
    if marker is None or not isinstance(item, pytest.Function):
        return None
    words = dict(marker.kwargs)
    own = words.pop("trains", None)
    trainings = getattr(item.module, "EXPERIMENTS", {}) if own is None else own
    try:
        sentence = Sentence(*marker.args, **words)
        if not isinstance(sentence.id, str) or not ID.fullmatch(sentence.id):
            raise ValueError(f"{sentence.id!r} is no id: letters, then digits, such as F8 or X1")
        folder = folder_of(item.path)
    except (TypeError, ValueError) as error:
        if not is_ours(item, "claim"):
            return None
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.claim(id, statement, source=…): {error}") from error
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    tier = str(parameters.pop(TIER, ""))
    takes = set(item._fixtureinfo.argnames)
    used_by_mark = {name for mark in item.iter_markers("usefixtures") for name in mark.args}
    if others := sorted((takes | used_by_mark) - set(GIVEN) - parameters.keys()):
        raise pytest.UsageError(
            f"{item.nodeid} takes {', '.join(others)}: a claim's test takes claim, runs and its parameters, nothing "
            "else, since it is called once a look with the runs of that look"
        )
    hook, is_mapping = item.ihook.pytest_ontrial_training, isinstance(trainings, Mapping)
    is_used = "runs" in takes and is_mapping
    used = {name: hook(declared=each) or each for name, each in trainings.items()} if is_used else {}
    return Declaration(
        folder,
        sentence,
        tier,
        _case(item, tier, parameters),
        used,
        parameters,
        place=f"{item.path}::{item.originalname}",
        takes_runs="runs" in takes,
        problem=_out_of_reach(item, parameters) or _problem(item, takes, used if is_mapping else trainings, own),
    )


def is_ours(item: pytest.Item, fixture: str) -> bool:
    """Whether what a test gets under this name is our fixture, not one that a suite has put in its place."""
    definitions = item._fixtureinfo.name2fixturedefs.get(fixture) if isinstance(item, pytest.Function) else None
    return definitions is not None and definitions[-1].func.__module__.partition(".")[0] == "ontrial"


def require_names(declarations: Iterable[Declaration]) -> None:
    """Raises pytest.UsageError where two reports have one name; names both."""
    folders: dict[str, object] = {}
    for each in declarations:
        if folders.setdefault(each.folder.name, each.folder.path) != each.folder.path:
            raise pytest.UsageError(
                f"two reports are called {each.folder.name}: {folders[each.folder.name]} and {each.folder.path}"
            )


def clashes(claims: Mapping[pytest.Item, Declaration]) -> Iterator[tuple[pytest.Item, str]]:
    """Tests that a report declares twice, by their id or by their case, each with what to say of it."""
    places: dict[tuple[object, str], pytest.Item] = {}
    cases: dict[tuple[object, str, str, str], pytest.Item] = {}
    for item, each in claims.items():
        name = (each.folder.path, each.sentence.id)
        first = places.setdefault(name, item)
        if claims[first].place != each.place:
            said = (
                f"claim {each.folder.name}/{each.sentence.id} is declared twice: {claims[first].place} and {each.place}"
            )
            yield from ((other, said) for other in (first, item))
        same = cases.setdefault((*name, each.case, each.tier), item)
        if same is not item:
            said = f"claim {each} is declared twice with this case, by {each.place}"
            yield from ((other, said) for other in (same, item))


def _case(item: pytest.Function, tier: str, parameters: Mapping[str, object]) -> str:
    """What a case is called: its parameters, or pytest's names of them where they do not read the same every time."""
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
    # What an installed plugin puts round every test is its own business; _xunit is what pytest makes of setup_method.
    around = [
        name for name, found in definitions.items()
        if name not in (*GIVEN, TIER, *parameters)
        and (name.startswith("_xunit") or not is_installed(Path(inspect.getfile(found[-1].func))))
    ]  # fmt: skip
    if around:
        names = ", ".join(name.removeprefix("_xunit_").split("_fixture_")[0] for name in around)
        return (
            f"{names} runs round pytest's own call alone, and a claim is called once a look: compute what it prepares "
            "in the test, or in its trainings"
        )
    if inspect.iscoroutinefunction(item.obj) or inspect.isgeneratorfunction(inspect.unwrap(item.obj)):
        return "a look cannot await or iterate a test: make it a plain function"
    return ""


def _problem(item: pytest.Function, takes: set[str], trainings: object, own: object) -> str:
    if "claim" not in takes:
        return "a claim's test must take the fixture `claim`, and call claim.holds_if(...) in the end"
    if any(item.iter_markers("xfail")):
        return (
            "pytest.mark.xfail says nothing of a claim: what is known of it stands in known.toml, which "
            "pytest --accept writes"
        )
    if any(item.iter_markers("flaky")):
        return "pytest.mark.flaky would judge it again: a claim is judged once, whatever comes out"
    if "runs" in takes and not isinstance(trainings, Mapping):
        name = "EXPERIMENTS" if own is None else "trains="
        return f'{name} must name its trainings, as {{"deep": forest(depth=8)}}; it is {type(trainings).__name__}'
    if own is not None and "runs" not in takes:
        return "its marker names what it trains, but it does not take the fixture `runs`"
    if "runs" not in takes:
        return ""
    assert isinstance(trainings, Mapping)
    if wrong := [name for name, each in trainings.items() if not isinstance(each, Training)]:
        return f"EXPERIMENTS names what is no training: {', '.join(map(str, wrong))}"
    if len({str(name) for name in trainings}) < len(trainings):
        return "two of its trainings read the same, such as 5 and '5': a lock has one of each name"
    if len({each.looks for each in trainings.values() if isinstance(each, Training)}) > 1:
        return "its trainings are looked at with different numbers of seeds, and cannot be compared seed by seed"
    if not trainings:
        return "it takes `runs`, but trains nothing: set EXPERIMENTS in its module, or trains= in its marker"
    return ""
