"""What a claim's test declares, before it runs: its sentence, tier, case and trainings, and what is wrong with it."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from ontrial.claim import Sentence
from ontrial.report import ID, Folder, folder_of
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
    Raises pytest.UsageError where the marker lacks a part, an id cannot be one, or the test takes what no look gives.
    """
    marker = item.get_closest_marker("claim")
    if marker is None or not isinstance(item, pytest.Function):
        return None
    words = dict(marker.kwargs)
    trainings = words.pop("trains", None) or getattr(item.module, "EXPERIMENTS", {})
    try:
        sentence = Sentence(*marker.args, **words)
        if not isinstance(sentence.id, str) or not ID.fullmatch(sentence.id):
            raise ValueError(f"{sentence.id!r} is no id: letters, then digits, such as F8 or X1")
        folder = folder_of(item.path)
    except (TypeError, ValueError) as error:
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
    hook = item.ihook.pytest_ontrial_training
    used = {name: hook(declared=each) or each for name, each in dict(trainings).items()} if "runs" in takes else {}
    return Declaration(
        folder,
        sentence,
        tier,
        _case(item, tier, parameters),
        used,
        parameters,
        place=f"{item.path}::{item.originalname}",
        takes_runs="runs" in takes,
        problem=_problem(item, takes, used, marker.kwargs.get("trains")),
    )


def require_distinct(declarations: Iterable[Declaration]) -> None:
    """Raises pytest.UsageError where two reports have one name, or a report has an id or a case twice; names both."""
    places: dict[tuple[object, str], str] = {}
    folders: dict[str, object] = {}
    cases: dict[tuple[object, str, str, str], None] = {}
    for each in declarations:
        if folders.setdefault(each.folder.name, each.folder.path) != each.folder.path:
            raise pytest.UsageError(
                f"two reports are called {each.folder.name}: {folders[each.folder.name]} and {each.folder.path}"
            )
        name = (each.folder.path, each.sentence.id)
        if places.setdefault(name, each.place) != each.place:
            raise pytest.UsageError(
                f"claim {each.folder.name}/{each.sentence.id} is declared twice: {places[name]} and {each.place}"
            )
        case = (*name, each.case, each.tier)
        if case in cases:
            raise pytest.UsageError(f"claim {each} is declared twice with this case, by {each.place}")
        cases[case] = None


def _case(item: pytest.Function, tier: str, parameters: Mapping[str, object]) -> str:
    """What a case is called: its parameters, or pytest's names of them where they do not read the same every time."""
    if all(isinstance(value, str | int | float | tuple | None) for value in parameters.values()):
        return " ".join(map(str, parameters.values()))
    return " ".join(name for name in item.callspec._idlist if name != tier)


def _problem(item: pytest.Function, takes: set[str], trainings: Mapping[Hashable, object], own: object) -> str:
    if "claim" not in takes:
        return "a claim's test must take the fixture `claim`, and call claim.holds_if(...) in the end"
    if any(item.iter_markers("xfail")):
        return (
            "pytest.mark.xfail says nothing of a claim: what is known of it stands in known.toml, which "
            "pytest --accept writes"
        )
    if wrong := [name for name, each in trainings.items() if not isinstance(each, Training)]:
        return f"EXPERIMENTS names what is no training: {', '.join(map(str, wrong))}"
    if len({each.looks for each in trainings.values() if isinstance(each, Training)}) > 1:
        return "its trainings are looked at with different numbers of seeds, and cannot be compared seed by seed"
    if own and "runs" not in takes:
        return "its marker names what it trains, but it does not take the fixture `runs`"
    if "runs" in takes and not trainings:
        return "it takes `runs`, but trains nothing: set EXPERIMENTS in its module, or trains= in its marker"
    return ""
