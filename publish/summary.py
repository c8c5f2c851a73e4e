"""Which evidence counts: the strongest for each case of a claim, and what follows for the claim as a whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evidence.comparisons import Comparison
from evidence.intervals import Interval
from evidence.verdicts import Evidence, Verdict
from publish.tasks import Task, task_of

_TIERS = ("full", "fast")
_DATASETS = ("mnist", "digits")  # a claim on functions or counts has only that


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
    evidence: tuple[Evidence, ...]
    asides: tuple[Interval, ...]
    reported: tuple[Comparison, ...]
    figures: tuple[str, ...]
    settings: tuple[Mapping[str, Any], ...]
    seconds: float
    session: str

    @property
    def n(self) -> int | None:
        """The fewest seeds behind an interval; None for plain counts."""
        return min((each.interval.n for each in self.evidence if each.interval.confidence < 1), default=None)

    @property
    def margin(self) -> float:
        """The margin of the evidence that decides: the nearest to its border, or the most clearly refuted."""
        if self.verdict is Verdict.HOLDS:
            return min(each.margin for each in self.evidence)
        return max((each.margin for each in self.evidence if each.verdict is Verdict.REFUTED), default=0.0)

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


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
