"""Which evidence counts: the strongest for each case of a claim, and what follows for the claim as a whole."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ontrial.publish.entries import Judged, OwnNumbers, Registered, Report
from ontrial.report import Task
from ontrial.stats.verdicts import Verdict

Origin = tuple[str, str]  # tier and dataset


@dataclass(frozen=True)
class Claim:
    """A claim with all the evidence there is on it.

    task: of its report; cases: as declared, one empty name where there is one case; judged: under the registration
    that counts, and in the fast tier, the strongest first; earlier: under registrations before that, the latest first.
    """

    report: Report
    task: Task
    id: str
    statement: str
    source: str
    kind: str
    cases: tuple[str, ...]
    judged: tuple[Judged, ...]
    earlier: tuple[Judged, ...] = ()
    registered: Registered | None = None

    @property
    def name(self) -> tuple[str, str]:
        """Its report and id, which together no other claim has."""
        return (self.report.name, self.id)

    @cached_property
    def strongest(self) -> Mapping[str, Judged | None]:
        """The strongest evidence for each case; None where there is none."""
        return _by_case(self.judged, self.cases)

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
        return combined(Verdict.NOT_RUN if each is None else each.found for each in self.strongest.values())

    @property
    def n(self) -> int | None:
        """The most seeds that the evidence which counts took; None for plain counts."""
        return most_seeds(self.shown)

    @property
    def margin(self) -> float:
        """The margin of the case that decides."""
        if self.verdict is Verdict.HOLDS:
            return min(each.margin for each in self.shown)
        return max((each.margin for each in self.shown if each.found is Verdict.REFUTED), default=0.0)

    @property
    def by_its_own_numbers(self) -> OwnNumbers:
        """What the report's own numbers say of it: no as soon as those of one case do, yes where those of all do."""
        given = {each.by_its_own_numbers for each in self.shown or self.earlier}
        for word in ("no", "cannot be read"):
            if word in given:
                return word
        return "yes" if given == {"yes"} else "not given"

    @cached_property
    def before(self) -> Mapping[int, tuple[Verdict, int | None]]:
        """Verdict and n under each earlier registration, by its number, the latest first."""
        groups: dict[int, list[Judged]] = {}
        for each in self.earlier:
            groups.setdefault(each.registration or 0, []).append(each)
        return {number: (combined(each.found for each in group), most_seeds(group)) for number, group in groups.items()}

    def by_origin(self) -> dict[Origin, tuple[Verdict, int | None]]:
        """Verdict and n at every tier and dataset that judged it, strongest first."""
        groups: dict[Origin, list[Judged]] = {}
        for each in self.judged:
            groups.setdefault((each.tier, each.dataset), []).append(each)
        missing = {name: [Verdict.NOT_RUN] * (len(self.cases) - len(group)) for name, group in groups.items()}
        return {
            name: (combined([*(each.found for each in group), *missing[name]]), most_seeds(group))
            for name, group in groups.items()
        }


@dataclass(frozen=True)
class Summary:
    """All of a record: the claims in the reports' order, the reports, and the sessions by their time."""

    claims: tuple[Claim, ...]
    reports: tuple[Report, ...]
    sessions: Mapping[str, Mapping[str, Any]]

    @property
    def has_several(self) -> bool:
        """Whether more than one report is on trial."""
        return len(self.reports) > 1

    def of(self, report: Report) -> tuple[Claim, ...]:
        """The claims of one report."""
        return tuple(claim for claim in self.claims if claim.report == report)

    def anchor(self, claim: Claim) -> str:
        """What a claim is called where one word must name it: its id, with its report where there are several."""
        return f"{claim.report.name}-{claim.id}" if self.has_several else claim.id


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


def _by_case(judged: Iterable[Judged], cases: tuple[str, ...]) -> dict[str, Judged | None]:
    found: dict[str, Judged | None] = dict.fromkeys(cases)
    for each in judged:
        if found.get(each.case, each) is None:
            found[each.case] = each
    return found


def most_seeds(judged: Iterable[Judged]) -> int | None:
    """The most seeds that any of these took; None where all are plain counts."""
    return max((each.n for each in judged if each.n is not None), default=None)
