"""The frozen forms: what the record has of a report, of a claim, and of the result of each of its cases."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ontrial.report import OTHERS, Folder, Task
from ontrial.stats.comparisons import Comparison, OwnVerdict
from ontrial.stats.verdicts import Evidence, Interval, Verdict, combined

AT_THE_BORDER, NO_SEED = "at the border", "no seed meets the condition"
Key = tuple[str, str, str, str, str, int | None]


_NULL = {"absent": None}  # metadata of a field that the file lacks where its value is this


@dataclass(frozen=True)
class FrozenReport:
    """A report. folder: of its claims, relative to the project's root, with slashes; tasks: in its order."""

    name: str
    title: str = ""
    source: str = ""
    link: str = ""
    folder: str = ""
    tasks: tuple[Task, ...] = ()

    @property
    def known_as(self) -> str:
        return self.title or self.name


def frozen_report(folder: Folder, root: Path) -> FrozenReport:
    report = folder.report
    path = Path(os.path.relpath(folder.path, root)).as_posix()
    return FrozenReport(folder.name, report.title, report.source, report.link, path, report.tasks)


@dataclass(frozen=True)
class Seen:
    """What one look saw of one condition: the interval over n seeds, and its verdict."""

    estimate: float
    low: float
    high: float
    n: int
    verdict: Verdict


def seen(found: Evidence) -> Seen:
    """What a look saw of a condition."""
    interval = found.interval
    return Seen(interval.estimate, interval.low, interval.high, interval.n, found.verdict)


@dataclass(frozen=True)
class Look:
    """A look at a claim: at how many seeds, and what it saw of every condition, in the order of the evidence."""

    seeds: int
    conditions: tuple[Seen, ...]


@dataclass(frozen=True)
class Last:
    """What a later session found, where the record keeps an earlier verdict. n: None for counts and errors."""

    found: Verdict
    n: int | None
    problem: str
    session: str


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """The result of one case of a claim, at a tier, on a dataset, under a registration.

    dataset: what was trained on; registration: the number of the task's, 0 for what was judged before criteria were
    locked, None in the fast tier; registered_on, first_trained: dates, "" where they are not known; known: the expected
    verdict; problem: of a test that crashed; seeds_needed: to decide an inconclusive one, a number, AT_THE_BORDER or
    NO_SEED; by_its_own_numbers: whether the report's own numbers meet the criterion; settings: what was trained, one a
    configuration; seconds_trained: on one core; session: the time of the session that judged it; runs: a SHA-256 of all
    that its runs depend on but the seeds; planned: whether it may replace what is recorded: judged at planned looks,
    its code compared by values; last: what a later session found that did not replace it; rounding: a SHA-256 of what
    decides how its runs are rounded; code: what is known of code that changed since registration; sources: where its
    test and then its trainings are, `path:line` from the project's folder at the session's commit; digest: its SHA-256
    as it was judged.
    """

    report: str
    id: str
    case: str
    tier: str
    dataset: str
    registration: int | None = None
    registered_on: str = ""
    first_trained: str = ""
    found: Verdict
    known: Verdict | None = None
    problem: str = ""
    evidence: tuple[Evidence, ...] = ()
    looks: tuple[Look, ...] = ()
    seeds_needed: int | str | None = None
    asides: tuple[Interval, ...] = ()
    reported: tuple[Comparison, ...] = ()
    by_its_own_numbers: OwnVerdict = "not given"
    figures: tuple[str, ...] = ()
    settings: tuple[Mapping[str, Any], ...] = ()
    seconds_trained: float = 0.0
    session: str = ""
    runs: str | None = field(default="", metadata=_NULL)
    planned: bool = field(default=True, metadata={"absent": True})
    last: Last | None = field(default=None, metadata=_NULL)
    rounding: str | None = field(default="", metadata=_NULL)
    code: str | None = field(default="", metadata=_NULL)
    sources: tuple[str, ...] = field(default=(), metadata={"absent": ()})
    digest: str | None = field(default=None, metadata=_NULL)

    @property
    def key(self) -> Key:
        """What a later session replaces."""
        return (self.report, self.id, self.case, self.tier, self.dataset, self.registration)

    @property
    def n(self) -> int | None:
        """The most seeds behind a condition; None for plain counts and errors."""
        return max((each.interval.n for each in self.evidence if not is_count(each.interval)), default=None)

    @property
    def unit(self) -> str:
        """What n counts, "seeds" or "pairs" of them."""
        places = range(len(self.evidence))
        return next((self.unit_of(place) for place in places if self.evidence[place].interval.n == self.n), "seeds")

    def unit_of(self, condition: int) -> str:
        """What n of a condition counts, "seeds" or "pairs" of them."""
        decided = self.decided_at(condition)
        return _unit(self.evidence[condition].interval, self.looks if decided is None else self.looks[: decided + 1])

    def unit_of_aside(self, aside: Interval) -> str:
        return _unit(aside, self.looks)

    @property
    def has_no_seed(self) -> bool:
        """Whether it is inconclusive because no seed meets what one of its conditions is among."""
        return any(each.interval.n == 0 and each.verdict is Verdict.INCONCLUSIVE for each in self.evidence)

    @property
    def margin(self) -> float:
        """The margin of the evidence that decides: the nearest to its border, or the most clearly refuted."""
        if self.found is Verdict.HOLDS:
            return min((each.margin for each in self.evidence), default=math.inf)
        return max((each.margin for each in self.evidence if each.verdict is Verdict.REFUTED), default=0.0)

    def decided_at(self, condition: int) -> int | None:
        """Which of the looks decided a condition; None where none did."""
        seen = [each.conditions[condition].verdict for each in self.looks if condition < len(each.conditions)]
        return next((place for place, verdict in enumerate(seen) if verdict is not Verdict.INCONCLUSIVE), None)


@dataclass(frozen=True)
class Registered:
    """Where a claim's criterion is locked: the number of its task's registration, its date, and its hash."""

    registration: int
    on: str
    hash: str


@dataclass(frozen=True)
class FrozenClaim:
    """A claim as the record has it, and in a summary all results of its cases.

    cases: one empty name where there is one case. Only in a summary: its task; results: under the registration in
    force and in the fast tier, the strongest first; earlier: under registrations before that, the latest first.
    """

    report: str
    id: str
    statement: str = ""
    kind: str = ""
    source: str = ""
    cases: tuple[str, ...] = ("",)
    registered: Registered | None = None
    task: Task = field(default=OTHERS, metadata={"absent": OTHERS})
    results: tuple[CaseResult, ...] = field(default=(), metadata={"absent": ()})
    earlier: tuple[CaseResult, ...] = field(default=(), metadata={"absent": ()})

    @property
    def name(self) -> tuple[str, str]:
        """Its report and id, which together no other claim has."""
        return (self.report, self.id)

    @cached_property
    def strongest(self) -> Mapping[str, CaseResult | None]:
        """The strongest result of each case; None where there is none."""
        return {case: next((each for each in self.results if each.case == case), None) for case in self.cases}

    @property
    def shown(self) -> tuple[CaseResult, ...]:
        """The strongest results, in the order of the cases that have any."""
        return tuple(each for each in self.strongest.values() if each is not None)

    @property
    def others(self) -> tuple[CaseResult, ...]:
        return tuple(each for each in self.results if each not in self.shown)

    def command(self, tier: str) -> str:
        """The command that trains and judges it from nothing, and leaves the record and the run store as they are."""
        return (
            f"pytest -m {tier} --ontrial-claim={self.report}/{self.id} --ontrial-store=again --ontrial-artifacts=again"
        )

    @property
    def verdict(self) -> Verdict:
        """The verdict on the claim, of all its cases."""
        return combined(Verdict.NOT_RUN if each is None else each.found for each in self.strongest.values())

    @property
    def n(self) -> int | None:
        """The most seeds behind the strongest results; None for plain counts."""
        return _most_seeds(self.shown)

    @property
    def unit(self) -> str:
        """What n counts: "seeds", or "pairs" of them."""
        return _unit_of_most(self.shown)

    @property
    def n_in_words(self) -> str:
        """n with its unit where that is not seeds; "" for plain counts."""
        return _n_in_words(self.shown)

    @property
    def margin(self) -> float:
        """The margin of the case that decides."""
        if self.verdict is Verdict.HOLDS:
            return min(each.margin for each in self.shown)
        return max((each.margin for each in self.shown if each.found is Verdict.REFUTED), default=0.0)

    @property
    def by_its_own_numbers(self) -> OwnVerdict:
        """What the report's own numbers say of it: no as soon as those of one case do, yes where those of all do."""
        given = {each.by_its_own_numbers for each in self.shown or self.earlier} or {"not given"}
        return next((word for word in ("no", "cannot be read", "not given") if word in given), "yes")

    @cached_property
    def before(self) -> Mapping[int, tuple[Verdict, str]]:
        """Verdict and n in words, "" for counts, under each earlier registration, by its number, the latest first."""
        numbers = dict.fromkeys(each.registration or 0 for each in self.earlier)
        groups = {number: [each for each in self.earlier if each.registration == number] for number in numbers}
        return {
            number: (combined(each.found for each in group), _n_in_words(group)) for number, group in groups.items()
        }

    def by_origin(self) -> dict[tuple[str, str], Verdict]:
        """The verdict at every tier and dataset that judged it, strongest first."""
        found = {(each.tier, each.dataset): dict.fromkeys(self.cases, Verdict.NOT_RUN) for each in self.results}
        for each in reversed(self.results):
            found[each.tier, each.dataset][each.case] = each.found
        return {origin: combined(cases.values()) for origin, cases in found.items()}


def is_count(interval: Interval) -> bool:
    """Whether an interval is a plain count, which needs no seeds."""
    return interval.statistic == "count"


def _unit(interval: Interval, looks: tuple[Look, ...]) -> str:
    """What n of an interval counts: "pairs" where its look has at least two seeds for each value, else "seeds"."""
    values = interval.n + interval.left_out
    return "pairs" if looks and not is_count(interval) and 2 * values <= looks[-1].seeds else "seeds"


def n_in_words(n: object, unit: str) -> str:
    """A number n with its unit where that is not seeds: `24`, `24 pairs`."""
    return f"{n}" if unit == "seeds" else f"{n} {unit}"


def _most_seeds(results: Iterable[CaseResult]) -> int | None:
    """The most seeds behind any of these; None where all are plain counts."""
    return max((each.n for each in results if each.n is not None), default=None)


def _unit_of_most(results: Sequence[CaseResult]) -> str:
    return next((each.unit for each in results if each.n == _most_seeds(results)), "seeds")


def _n_in_words(results: Sequence[CaseResult]) -> str:
    n = _most_seeds(results)
    return "" if n is None else n_in_words(n, _unit_of_most(results))
