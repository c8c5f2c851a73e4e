"""What a session shows: its progress and the verdict table on the terminal, and each verdict to other programs."""

import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from tqdm import tqdm

from ontrial.publish.frozen import CaseResult, FrozenReport, is_count, n_in_words
from ontrial.publish.record import order
from ontrial.running.workers import GRACE, Status
from ontrial.stats.verdicts import Evidence, number

_HEADINGS = ("report", "claim", "case", "verdict", "measure", "estimate", "interval", "region", "n")
_SECONDS_BETWEEN_LINES = 30
TIME_UNKNOWN = "time unknown until the first seed is trained"


def table(judged: Iterable[CaseResult], reports: Iterable[FrozenReport] = (), width: int | None = None) -> list[str]:
    """The verdict table, a row a condition, in the reports' order; the report is named where there are several.

    width: of the terminal, None for any; where the rows are longer, each condition has lines of its own.
    """
    place = order(reports)
    judged = sorted(judged, key=lambda each: place(each.report, each.id))  # stable: cases keep their order
    has_several = len({each.report for each in judged}) > 1
    rows: list[tuple[str, ...]] = [_HEADINGS]
    lines: list[str] = []
    for each in judged:
        named = (each.report, each.id, each.case, str(each.found))
        conditions = [_cells(condition, each.unit_of(place)) for place, condition in enumerate(each.evidence)]
        if not conditions:
            conditions = [(each.problem.splitlines()[0][:60] if each.problem else "", "", "", "", "")]
        for index, cells in enumerate(conditions):
            rows.append((*(("",) * len(named) if index else named), *cells))
        lines.append("  ".join(filter(None, named if has_several else named[1:])))
        for measure, estimate, interval, region, n in conditions:
            found = f"{estimate} ({interval})" if interval else estimate
            parts = (found, f"it holds if {region}" if region else "", f"n = {n}" if n else "")
            lines.append(": ".join(filter(None, (measure, ", ".join(filter(None, parts))))))
            lines[-1:] = textwrap.wrap(lines[-1], width or 80, initial_indent="  ", subsequent_indent="    ")
    wide = columns([row[0 if has_several else 1 :] for row in rows])
    return wide if width is None or max(map(len, wide)) <= width else lines


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells as lines in which the columns are aligned."""
    padded = [[cell.ljust(max(map(len, column))) for cell in column] for column in zip(*rows, strict=True)]
    return ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]


def _cells(condition: Evidence, unit: str) -> tuple[str, ...]:
    found, region = condition.interval, str(condition.region)
    if is_count(found):
        return (found.measure, number(found.estimate), "", region, "")
    n = n_in_words(f"{found.n}" + (f" of {found.n + found.left_out}" if found.left_out else ""), unit)
    return (found.measure, number(found.estimate), f"{number(found.low)} … {number(found.high)}", region, n)


def properties(found: CaseResult) -> list[tuple[str, object]]:
    """What a report for other programs, such as JUnit XML, says of a claim; each condition is numbered from 1."""
    properties: list[tuple[str, object]] = [
        ("ontrial_claim", f"{found.report}/{found.id}"),
        ("ontrial_case", found.case),
        ("ontrial_verdict", str(found.found)),
        ("ontrial_registration", "" if found.registration is None else found.registration),
    ]
    for place, each in enumerate(found.evidence, 1):
        low, high = each.interval.low, each.interval.high
        properties += [
            (f"ontrial_measure_{place}", each.interval.measure),
            (f"ontrial_interval_{place}", f"{low:.7g} to {high:.7g}"),
            (f"ontrial_region_{place}", str(each.region)),
            (f"ontrial_n_{place}", each.interval.n),
        ]
    return properties


@dataclass
class Reporter:
    """Shows the progress of a session: a bar on a terminal, elsewhere a line every half minute and for each new look.

    Call it with each Status, and `close` it at the end. file: the terminal's; write_line: writes one line to it.
    """

    file: TextIO
    write_line: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)
    _bar: "tqdm[None] | None" = None
    _last: float = 0.0
    _look: int = 1

    def __call__(self, progress: Status) -> None:
        if progress.is_stopping:
            self.close()
            self.write_line(
                f"stopping: {progress.running} running jobs have {GRACE:.0f} s to finish a seed; "
                "Ctrl-C again drops them"
            )
        elif self.file.isatty():
            self._bar = self._bar or tqdm(file=self.file, leave=False, total=progress.jobs)
            self._bar.bar_format = f"{{desc}} |{{bar}}| {progress.finished} of {progress.jobs} jobs"
            self._bar.total, self._bar.n = progress.jobs, progress.finished + progress.part
            self._bar.set_description_str(in_words(progress))
        elif progress.look > self._look or progress.passed - self._last >= _SECONDS_BETWEEN_LINES:
            self._last, self._look = progress.passed, progress.look
            self.write_line(f"{in_words(progress)} ({progress.finished:,} of {progress.jobs:,} jobs)")

    def close(self) -> None:
        """End the bar, where there is one."""
        if self._bar is not None:
            self._bar.close()


def in_words(progress: Status) -> str:
    """The progress of a session: `look 2 of 5: 51 decided, 16 open, about 12 min`."""
    left = about(None if progress.left is None else max(1.0, progress.left))
    return f"look {progress.look} of {progress.looks}: {progress.decided} decided, {progress.open} open, {left}"


def about(seconds: float | None) -> str:
    """Estimated seconds in words, None where nothing is known of them."""
    return TIME_UNKNOWN if seconds is None else f"about {duration(seconds)}"


def duration(seconds: float) -> str:
    """Seconds in words: `42 s`, `3 min 20 s`, `12 min`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 10:
        return " ".join(filter(None, (f"{minutes} min" if minutes else "", f"{rest} s" if rest or not minutes else "")))
    if minutes < 60:
        return f"{round(seconds / 60)} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
