"""Progress of a session: a bar on a terminal, a line every half minute elsewhere."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from tqdm import tqdm

from ontrial.publish.plain import plain

_SECONDS_BETWEEN_LINES = 30


class Progress(Protocol):
    """Where a queue stands; `ontrial.running.queue.Progress` is one."""

    @property
    def finished(self) -> int:
        """Jobs done."""

    @property
    def jobs(self) -> int:
        """Jobs planned so far."""

    @property
    def passed(self) -> float:
        """Seconds passed."""

    @property
    def left(self) -> float | None:
        """Seconds left, as estimated; None where there is nothing to estimate from."""

    @property
    def look(self) -> int:
        """The furthest look that is under way."""

    @property
    def looks(self) -> int:
        """Of how many."""

    @property
    def decided(self) -> int:
        """Cases that need no further seeds."""

    @property
    def open(self) -> int:
        """The other cases."""


@dataclass
class Reporter:
    """Shows how a session goes on; call it with each Progress, and `close` it at the end.

    file: the terminal's file; write_line: writes one line there.
    """

    file: TextIO
    write_line: Callable[[str], None]
    _bar: "tqdm[None] | None" = None
    _last: float = 0.0
    _look: int = 1
    _started: float = field(default_factory=time.monotonic)

    def __call__(self, progress: Progress) -> None:
        """Show where the session stands: at once where a look begins, otherwise now and then."""
        if self.file.isatty():
            self._draw(progress)
        elif progress.look > self._look or progress.passed - self._last >= _SECONDS_BETWEEN_LINES:
            self._last, self._look = progress.passed, progress.look
            jobs = f" ({progress.finished:,} of {progress.jobs:,} jobs)"
            self.write_line(plain(in_words(progress) + jobs, getattr(self.file, "encoding", "utf-8")))

    def close(self) -> None:
        """End the bar, where there is one."""
        if self._bar is not None:
            self._bar.close()

    @property
    def passed(self) -> float:
        """Seconds since this began."""
        return time.monotonic() - self._started

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            is_narrow = plain("█", getattr(self.file, "encoding", "utf-8")) != "█"
            form = "{desc} |{bar}| {n_fmt} of {total_fmt} jobs"
            self._bar = tqdm(total=progress.jobs, bar_format=form, file=self.file, leave=False, ascii=is_narrow)
        self._bar.total, self._bar.n = progress.jobs, progress.finished
        self._bar.set_description_str(in_words(progress))


def in_words(progress: Progress) -> str:
    """Where a session stands: `look 2 of 5: 51 decided, 16 open, about 12 min`."""
    left = "estimating the time" if progress.left is None else f"about {duration(max(1.0, progress.left))}"
    return f"look {progress.look} of {progress.looks}: {progress.decided} decided, {progress.open} open, {left}"


def duration(seconds: float) -> str:
    """Seconds as a reader says them: `42 s`, `3 min 20 s`, `12 min`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    if whole < 3600:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")
