"""The verdict table at the end of pytest's output."""

from collections.abc import Iterable

from evidence.verdicts import Evidence, number
from publish.outcome import Record

HEADINGS = ("claim", "case", "verdict", "measure", "estimate", "interval", "region", "n")


def rows(records: Iterable[Record]) -> list[tuple[str, ...]]:
    """One row a piece of evidence, the claim named in its first."""
    table: list[tuple[str, ...]] = []
    for record in records:
        named = (record.trial.sentence.id, record.trial.case, str(record.found))
        if not record.trial.evidence:
            table.append((*named, record.problem.splitlines()[0][:60] if record.problem else "", "", "", "", ""))
        for index, item in enumerate(record.trial.evidence):
            table.append((*(named if index == 0 else ("", "", "")), *_cells(item)))
    return table


def lines(records: Iterable[Record]) -> list[str]:
    """The table as text, its columns aligned, headings first."""
    table = [HEADINGS, *rows(records)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _cells(item: Evidence) -> tuple[str, ...]:
    found = item.interval
    counted = found.confidence == 1
    interval = "" if counted else f"{number(found.low)} … {number(found.high)}"
    return (found.measure, number(found.estimate), interval, str(item.region), "" if counted else str(found.n))
