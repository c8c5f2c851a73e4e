"""What verdicts.json says, as the page, the badges and the README read it: the strongest evidence for each claim."""

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evidence.verdicts import Region, Verdict
from publish.tasks import Task, order, task_of

SCHEMAS = (1, 2)  # schema 1 has neither the declared claims nor the settings
_TIERS = ("full", "fast")
_DATASETS = ("mnist", "digits")  # a claim on functions or counts has only that


@dataclass(frozen=True)
class Condition:
    """An interval held against a region: one condition of a claim."""

    measure: str
    n: int
    estimate: float
    low: float
    high: float
    confidence: float
    region: Region
    verdict: Verdict
    values: tuple[float, ...]

    @property
    def statistic(self) -> str:
        """What the estimate is: a count, a share, a median over seeds, or a correlation over single runs."""
        if self.confidence == 1:
            return "count"
        if set(self.values) <= {0.0, 1.0} and math.isclose(self.estimate, sum(self.values) / self.n, abs_tol=1e-6):
            return "share"
        median = statistics.median(self.values)
        return "median" if median == self.estimate or math.isclose(median, self.estimate, rel_tol=1e-5) else "other"

    @property
    def margin(self) -> float:
        """How far the interval lies from the region's border, in widths of the interval.

        0 for an inconclusive one, or one without end; infinite for a plain count, or where all seeds agree.
        """
        inside = min(_distance(self.low, self.region.low), _distance(self.high, self.region.high))
        between = [_distance(self.low, self.region.high), _distance(self.high, self.region.low)]
        distance = {Verdict.HOLDS: inside, Verdict.REFUTED: min(between)}.get(self.verdict, 0.0)
        width = self.high - self.low
        if self.confidence == 1 or (width == 0 and distance > 0):
            return math.inf
        return distance / width if math.isfinite(width) and width > 0 else 0.0


@dataclass(frozen=True)
class Judged:
    """One verdict: on a case of a claim, at a tier, on a dataset."""

    case: str
    tier: str
    dataset: str
    verdict: Verdict
    expected: Verdict
    reason: str
    problem: str
    conditions: tuple[Condition, ...]
    figures: tuple[str, ...]
    settings: tuple[Mapping[str, Any], ...]
    seconds: float
    session: str

    @property
    def n(self) -> int | None:
        """The fewest seeds behind an interval; None for plain counts."""
        return min((each.n for each in self.conditions if each.confidence < 1), default=None)

    @property
    def margin(self) -> float:
        """The margin of the condition that decides: the nearest to its border, or the most clearly refuted."""
        if self.verdict is Verdict.HOLDS:
            return min(each.margin for each in self.conditions)
        return max((each.margin for each in self.conditions if each.verdict is Verdict.REFUTED), default=0.0)

    @property
    def strength(self) -> tuple[int, int]:
        """Its place among the evidence on one case: full before fast, MNIST before digits."""
        return (_place(self.tier, _TIERS), _place(self.dataset, _DATASETS))


@dataclass(frozen=True)
class Claim:
    """A claim with all the evidence there is on it. cases: as declared; one empty name where there is one case."""

    id: str
    statement: str
    source: str
    kind: str
    cases: tuple[str, ...]
    judged: tuple[Judged, ...]

    @property
    def task(self) -> Task:
        """The task of the report that it belongs to."""
        return task_of(self.id)

    @cached_property
    def strongest(self) -> Mapping[str, Judged | None]:
        """The strongest evidence for each case; None where there is none."""
        found = {case: [each for each in self.judged if each.case == case] for case in self.cases}
        return {case: min(each, key=lambda one: one.strength, default=None) for case, each in found.items()}

    @property
    def shown(self) -> tuple[Judged, ...]:
        """The strongest evidence, in the order of the cases that have any."""
        return tuple(each for each in self.strongest.values() if each is not None)

    @property
    def others(self) -> tuple[Judged, ...]:
        """The evidence that stronger evidence stands before."""
        return tuple(each for each in self.judged if each not in self.shown)

    @property
    def verdict(self) -> Verdict:
        """The verdict on the claim as a whole."""
        return combined(Verdict.NOT_RUN if each is None else each.verdict for each in self.strongest.values())

    @property
    def margin(self) -> float:
        """The margin of the case that decides."""
        if self.verdict is Verdict.HOLDS:
            return min(each.margin for each in self.shown)
        return max((each.margin for each in self.shown if each.verdict is Verdict.REFUTED), default=0.0)

    def by_evidence(self) -> dict[tuple[str, str], tuple[Verdict, int | None]]:
        """Verdict and n at every tier and dataset that judged it, strongest first."""
        groups: dict[tuple[str, str], list[Judged]] = {}
        for each in sorted(self.judged, key=lambda one: one.strength):
            groups.setdefault((each.tier, each.dataset), []).append(each)
        return {
            name: (
                combined([*(each.verdict for each in group), *[Verdict.NOT_RUN] * (len(self.cases) - len(group))]),
                min((each.n for each in group if each.n is not None), default=None),
            )
            for name, group in groups.items()
        }


@dataclass(frozen=True)
class Summary:
    """All of verdicts.json: the claims in the report's order, and the sessions that judged them, by their time."""

    claims: tuple[Claim, ...]
    sessions: Mapping[str, Mapping[str, Any]]


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a claim with these cases: all must hold, and one refuted refutes it.

    A crash is an error unless another case is refuted. Where only some cases were run and none of them is
    refuted, the claim is inconclusive; with none run, it was not run.
    """
    found = set(verdicts) or {Verdict.NOT_RUN}
    for verdict in (Verdict.REFUTED, Verdict.ERROR):
        if verdict in found:
            return verdict
    return found.pop() if len(found) == 1 else Verdict.INCONCLUSIVE


def counts(claims: Iterable[Claim]) -> dict[Verdict, int]:
    """How many claims have each verdict, all five of them named."""
    found = Counter(claim.verdict for claim in claims)
    return {verdict: found[verdict] for verdict in Verdict}


def read(path: Path) -> Summary:
    """What a verdicts.json says.

    Raises FileNotFoundError where there is none, ValueError where it is of no schema that is known here.
    """
    whole = json.loads(path.read_bytes())
    if not isinstance(whole, dict) or whole.get("schema") not in SCHEMAS:
        raise ValueError(f"{path} is no verdicts.json of schema {' or '.join(map(str, SCHEMAS))}")
    return summary(whole)


def summary(whole: Mapping[str, Any]) -> Summary:
    """The summary of what a verdicts.json holds.

    A claim that is declared counts with its declared cases, so that a case of an earlier wording is left out;
    one that is not (schema 1, or a session that collected no whole module) with the cases that were judged.
    """
    declared = {each["id"]: each for each in whole.get("claims", ())}
    judged: dict[str, list[Mapping[str, Any]]] = {}
    for each in whole["verdicts"]:
        judged.setdefault(each["id"], []).append(each)
    claims = []
    for name in sorted({*declared, *judged}, key=order):
        known = declared.get(name) or judged[name][-1]
        cases = tuple(known["cases"] if name in declared else dict.fromkeys(each["case"] for each in judged[name]))
        found = [_judged(each) for each in judged.get(name, ()) if each["case"] in cases]
        evidence = tuple(sorted((each for each in found if each.verdict is not Verdict.NOT_RUN), key=_row(cases)))
        claims.append(Claim(name, known["statement"], known["source"], known["kind"], cases, evidence))
    return Summary(tuple(claims), {each["time"]: each for each in whole["sessions"]})


def _row(cases: tuple[str, ...]) -> Any:
    return lambda each: (*each.strength, cases.index(each.case))


def _judged(record: Mapping[str, Any]) -> Judged:
    return Judged(
        case=record["case"],
        tier=record["tier"],
        dataset=record["dataset"],
        verdict=Verdict(record["found"]),
        expected=Verdict(record["expected"]),
        reason=record["reason"],
        problem=record["problem"],
        conditions=tuple(_condition(each) for each in record["evidence"]),
        figures=tuple(record["figures"]),
        settings=tuple(record.get("settings", ())),
        seconds=float(record["seconds_trained"]),
        session=record["session"],
    )


def _condition(found: Mapping[str, Any]) -> Condition:
    numbers = {name: float(found[name]) for name in ("estimate", "low", "high")}
    region = found["region"]
    return Condition(
        measure=found["measure"],
        n=int(found["n"]),
        confidence=float(found["confidence"]),
        region=Region(float(region["low"]), float(region["high"]), region["low_included"], region["high_included"]),
        verdict=Verdict(found["verdict"]),
        values=tuple(float(value) for value in found["values"]),
        **numbers,
    )


def _distance(end: float, border: float) -> float:
    return math.inf if math.isinf(border) else abs(end - border)


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
