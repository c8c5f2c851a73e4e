"""What verdicts.json keeps: reports, declared claims, and verdicts with all that they rest on."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ontrial.report import Folder, Task
from ontrial.stats.comparisons import Comparison
from ontrial.stats.verdicts import Evidence, Interval, Verdict

OwnNumbers = Literal["yes", "no", "cannot be read", "not given"]
AT_THE_BORDER, NO_SEED = "at the border", "no seed meets the condition"
Key = tuple[str, str, str, str, str, int | None]


@dataclass(frozen=True)
class Report:
    """A report on trial. folder: of its claims, relative to the project's root, with slashes; tasks: in its order."""

    name: str
    title: str = ""
    source: str = ""
    link: str = ""
    folder: str = ""
    tasks: tuple[Task, ...] = ()

    @property
    def known_as(self) -> str:
        """Its title, or where it has none its name."""
        return self.title or self.name


@dataclass(frozen=True)
class Registered:
    """Where a claim's criterion is locked: the number of its task's registration, its date, and its hash."""

    registration: int
    on: str
    hash: str


@dataclass(frozen=True)
class Declared:
    """A claim as its test declares it. cases: one empty name where there is one case."""

    report: str
    id: str
    statement: str
    kind: str
    source: str
    cases: tuple[str, ...] = ("",)
    registered: Registered | None = None


@dataclass(frozen=True)
class Seen:
    """What one look saw of one condition: the interval over n seeds, and what followed."""

    estimate: float
    low: float
    high: float
    n: int
    verdict: Verdict


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


@dataclass(frozen=True)
class Judged:
    """One verdict: on a case of a claim, at a tier, on a dataset, under a registration.

    dataset: what was trained on; registration: the number of the task's, 0 for what was judged before criteria were
    locked, None in the fast tier; registered_on, first_trained: dates, "" where they are not known; known: the verdict
    that known.toml has; problem: of a test that crashed; decided_at: of each condition, which of the looks decided it;
    seeds_needed: what an undecided claim would take, a number, AT_THE_BORDER or NO_SEED; by_its_own_numbers: whether
    the report's own numbers meet the criterion; settings: what was trained, one a configuration; seconds: that it took
    on one core; session: the time of the session that judged it; runs: a SHA-256 of all that its runs depend on but the
    seeds; planned: whether it may replace what is recorded: judged at planned looks, its code compared by values; last:
    what a later session found that did not replace it; rounding: a SHA-256 of what decides how its runs are rounded;
    code: what is known of code that changed since registration.
    """

    report: str
    id: str
    case: str
    tier: str
    dataset: str
    found: Verdict
    evidence: tuple[Evidence, ...] = ()
    registration: int | None = None
    registered_on: str = ""
    first_trained: str = ""
    known: Verdict | None = None
    problem: str = ""
    looks: tuple[Look, ...] = ()
    decided_at: tuple[int | None, ...] = ()
    seeds_needed: int | str | None = None
    asides: tuple[Interval, ...] = ()
    reported: tuple[Comparison, ...] = ()
    by_its_own_numbers: OwnNumbers = "not given"
    figures: tuple[str, ...] = ()
    settings: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    session: str = ""
    runs: str = ""
    planned: bool = True
    last: Last | None = None
    rounding: str = ""
    code: str = ""

    @property
    def key(self) -> Key:
        """What a later session replaces."""
        return (self.report, self.id, self.case, self.tier, self.dataset, self.registration)

    @property
    def n(self) -> int | None:
        """The most seeds behind a condition, which is what the verdict took; None for plain counts."""
        return max((each.interval.n for each in self.evidence if not is_count(each.interval)), default=None)

    @property
    def has_no_seed(self) -> bool:
        """Whether it is undecided since a condition speaks of none of the seeds."""
        return any(each.interval.n == 0 and each.verdict is Verdict.INCONCLUSIVE for each in self.evidence)

    @property
    def margin(self) -> float:
        """The margin of the evidence that decides: the nearest to its border, or the most clearly refuted."""
        if self.found is Verdict.HOLDS:
            return min((each.margin for each in self.evidence), default=math.inf)
        return max((each.margin for each in self.evidence if each.verdict is Verdict.REFUTED), default=0.0)


def is_count(interval: Interval) -> bool:
    """Whether an interval is a plain count, which needs no seeds."""
    return interval.statistic == "count"


def report_of(folder: Folder, root: Path) -> Report:
    """The entry of a report, given the folder of its claims and the project's root."""
    said = folder.report
    path = Path(os.path.relpath(folder.path, root)).as_posix()
    return Report(folder.name, said.title, said.source, said.link, path, said.tasks)
