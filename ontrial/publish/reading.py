"""Reading the record back: what the page, the badges and the tables are made from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ontrial.publish.encoding import declared_of, judged_of, report_of
from ontrial.publish.entries import Declared, Judged, Report
from ontrial.publish.record import NAME, begins, joined, load, order, parsed
from ontrial.publish.summary import Claim, Summary
from ontrial.report import OTHERS, Task
from ontrial.stats.verdicts import Verdict


def read(*folders: Path) -> Summary:
    """What the records of these folders of artifacts say together.

    Raises FileNotFoundError where the first has none, ValueError where one cannot be read.
    """
    wholes = [load(folders[0]), *(load(folder) for folder in folders[1:] if (folder / NAME).exists())]
    return summary(joined(*reversed(wholes)) if len(wholes) > 1 else wholes[0])


def before(folder: Path, beside: Path | None) -> Summary | None:
    """What a folder's page and badges were made from, before its record changes; None where that cannot be read."""
    try:
        return read(*filter(None, (folder, beside)))
    except (OSError, ValueError):
        return None


def summary(whole: Mapping[str, Any]) -> Summary:
    """The summary of a record.

    A claim that is declared counts with its declared cases, so that a case of an earlier wording is left out; one that
    is not, with the cases that were judged.
    """
    declared = {(each["report"], each["id"]): declared_of(each) for each in whole["claims"]}
    judged: dict[tuple[str, str], list[Judged]] = {}
    for found in whole["verdicts"]:
        judged.setdefault((found["report"], found["id"]), []).append(judged_of(found))
    names = {report for report, _ in (*declared, *judged)}
    known = {each["name"]: report_of(each) for each in whole["reports"]}
    reports = {name: known.get(name) or Report(name, title=name) for name in sorted(names)}
    place = order(whole["reports"])
    claims = []
    for name in sorted({*declared, *judged}, key=lambda name: place(*name)):
        mine = [each for each in judged.get(name, ()) if each.found is not Verdict.NOT_RUN]
        claims.append(_claim(reports[name[0]], declared.get(name) or _undeclared(*name, mine), mine))
    return Summary(tuple(claims), tuple(reports.values()), {each["time"]: each for each in whole["sessions"]})


def task_of(report: Report, claim: str) -> Task:
    """The task of a report that a claim's id belongs to: that with the longest prefix of the id."""
    fitting = [task for task in report.tasks if begins(claim, task.prefix)]
    return max(fitting, key=lambda task: len(task.prefix), default=OTHERS)


def _claim(report: Report, said: Declared, judged: list[Judged]) -> Claim:
    current = said.registered.registration if said.registered else _latest(judged)
    counting = [each for each in judged if each.case in said.cases and each.registration in (None, current)]
    earlier = [each for each in judged if each.registration is not None and each.registration < (current or 0)]
    newest = sorted(counting, key=lambda each: each.session, reverse=True)
    return Claim(
        report,
        task_of(report, said.id),
        said.id,
        said.statement,
        said.source,
        said.kind,
        said.cases,
        tuple(sorted(newest, key=lambda each: (each.tier != "full", said.cases.index(each.case)))),
        tuple(sorted(earlier, key=lambda each: (-(each.registration or 0), each.case))),
        said.registered,
    )


def _latest(judged: list[Judged]) -> int | None:
    return max((each.registration for each in judged if each.registration is not None), default=None)


def _undeclared(report: str, claim: str, judged: list[Judged]) -> Declared:
    cases = tuple(dict.fromkeys(each.case for each in judged)) or ("",)
    return Declared(report, claim, "", "", "", cases)


def registered(folder: Path, report: str) -> set[str]:
    """The hashes of the registrations that a folder's record knows of a report, as far as it can be read."""
    try:
        whole, _ = parsed(folder / NAME)
    except (OSError, ValueError):
        return set()
    return {each["registered"]["hash"] for each in whole["claims"] if each["report"] == report and each["registered"]}


def verdicts(folder: Path) -> list[Judged]:
    """The verdicts of a folder's record that can be read; none where there is no record, or it is damaged."""
    try:
        whole, _ = parsed(folder / NAME)
    except (OSError, ValueError):
        return []
    return [judged_of(each) for each in whole["verdicts"]]
