"""The verdict table at the end of pytest's output."""

from collections.abc import Iterable

from ontrial.publish import encoding
from ontrial.publish.entries import Judged, Report, is_count
from ontrial.publish.plain import plain
from ontrial.publish.record import order
from ontrial.stats.verdicts import Evidence, number

HEADINGS = ("claim", "case", "verdict", "measure", "estimate", "interval", "region", "n")


def lines(judged: Iterable[Judged], reports: Iterable[Report] = (), charset: str | None = "utf-8") -> list[str]:
    """The table as text, a row a condition, in the reports' order, its columns aligned, headings first.

    charset: the terminal's encoding; what it cannot show is written in ASCII.
    """
    judged = list(judged)
    place = order([encoding.report(each) for each in reports])
    judged.sort(key=lambda each: place(each.report, each.id))  # stable: cases stay as they came
    has_several = len({each.report for each in judged}) > 1
    table = [(("report", *HEADINGS) if has_several else HEADINGS), *_rows(judged, has_several)]
    table = [tuple(plain(cell, charset) for cell in row) for row in table]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _rows(judged: list[Judged], has_several: bool) -> list[tuple[str, ...]]:
    """One row a piece of evidence, the claim named in its first."""
    table: list[tuple[str, ...]] = []
    for each in judged:
        named = (*((each.report,) if has_several else ()), each.id, each.case, str(each.found))
        if not each.evidence:
            table.append((*named, each.problem.splitlines()[0][:60] if each.problem else "", "", "", "", ""))
        for index, item in enumerate(each.evidence):
            table.append((*(("",) * len(named) if index else named), *_cells(item)))
    return table


def _cells(item: Evidence) -> tuple[str, ...]:
    found = item.interval
    interval = "" if is_count(found) else f"{number(found.low)} … {number(found.high)}"
    of = f" of {found.n + found.left_out}" if found.left_out else ""
    n = "" if is_count(found) else f"{found.n}{of}"
    return (found.measure, number(found.estimate), interval, str(item.region), n)
