"""A summary of records: which results count, the strongest of each case, and what follows for each claim."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ontrial.publish.combine import joined
from ontrial.publish.frozen import CaseResult, FrozenClaim, FrozenReport
from ontrial.publish.record import NAME, Record, load, order
from ontrial.report import task_of
from ontrial.stats.verdicts import Verdict


@dataclass(frozen=True)
class Summary:
    """All of a record: the claims in the reports' order, the reports, and the sessions by their time."""

    claims: tuple[FrozenClaim, ...]
    reports: tuple[FrozenReport, ...]
    sessions: Mapping[str, Mapping[str, Any]]

    @property
    def has_several(self) -> bool:
        """Whether more than one report is on trial."""
        return len(self.reports) > 1

    def of(self, report: FrozenReport) -> tuple[FrozenClaim, ...]:
        return tuple(claim for claim in self.claims if claim.report == report.name)

    def only(self, report: str) -> "Summary":
        """What it has of one report. Raises ValueError for one that it does not have."""
        found = tuple(each for each in self.reports if each.name == report)
        if not found:
            raise ValueError(f"there is no report {report}; there are {', '.join(each.name for each in self.reports)}")
        return replace(self, claims=self.of(found[0]), reports=found)

    def title(self, claim: FrozenClaim) -> str:
        """What a claim's report is known as."""
        return next(report.known_as for report in self.reports if report.name == claim.report)

    def anchor(self, claim: FrozenClaim) -> str:
        """What a claim is called where one word must name it: its id, with its report where there are several."""
        return f"{claim.report}-{claim.id}" if self.has_several else claim.id


def read(*folders: Path) -> Summary:
    """The summary of the records in these folders of artifacts, an earlier one's entries before those of the others.

    Raises FileNotFoundError where the first has none, ValueError where one cannot be read.
    """
    return summarize(load(folders[0]), *(load(folder) for folder in folders[1:] if (folder / NAME).exists()))


def summarize(*records: Record) -> Summary:
    """The summary of records, an earlier one's entries before those of the others.

    A claim that is declared counts with its declared cases, so that a case of an earlier wording is left out; one that
    is not, with the cases that were judged.
    """
    record = joined(*reversed(records)) if len(records) > 1 else records[0]
    results: dict[tuple[str, str], list[CaseResult]] = {}
    for each in record.verdicts:
        results.setdefault(each.key[:2], []).append(each)
    claims = {each.name: each for each in record.claims}
    known = {each.name: each for each in record.reports}
    place = order(record.reports)
    names = sorted({*claims, *results}, key=lambda name: place(*name))
    reports = {name: known.get(name) or FrozenReport(name, name) for name in sorted({name for name, _ in names})}
    found = []
    for name in names:
        mine = [each for each in results.get(name, ()) if each.found is not Verdict.NOT_RUN]
        cases = tuple(dict.fromkeys(each.case for each in mine)) or ("",)
        claim = claims.get(name) or FrozenClaim(*name, cases=cases)
        found.append(replace(_with_results(claim, mine), task=task_of(reports[name[0]].tasks, claim.id)))
    return Summary(tuple(found), tuple(reports.values()), {each["time"]: each for each in record.sessions})


def _with_results(claim: FrozenClaim, results: list[CaseResult]) -> FrozenClaim:
    numbers = [each.registration for each in results if each.registration is not None]
    current = claim.registered.registration if claim.registered else max(numbers, default=None)
    counting = [each for each in results if each.case in claim.cases and each.registration in (None, current)]
    earlier = [each for each in results if each.registration is not None and each.registration < (current or 0)]
    counting.sort(key=lambda each: each.session, reverse=True)
    counting.sort(key=lambda each: (each.tier != "full", claim.cases.index(each.case)))
    earlier.sort(key=lambda each: (-(each.registration or 0), each.case))
    return replace(claim, results=tuple(counting), earlier=tuple(earlier))


def counts(claims: Iterable[FrozenClaim]) -> dict[Verdict, int]:
    """How many claims have each verdict, all five of them named."""
    found = Counter(claim.verdict for claim in claims)
    return {verdict: found[verdict] for verdict in Verdict}
