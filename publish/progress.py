"""Progress of a queue: a bar on a terminal, a line every half minute elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from tqdm import tqdm

from models.plan import Plan
from models.queue import Progress

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_SECONDS_BETWEEN_LINES = 30


def complete(plan: Plan, terminal: "TerminalReporter") -> None:
    """Train and then ask all that a plan lacks, and say how long it will take, how it goes on and how long it took.

    Raises StoreFull where the disk has less room than the trainings need.
    """
    if trainings := plan.to_train():
        with announced(terminal, "training", plan.seconds(trainings), len(trainings)) as report:
            plan.train(trainings, report)
    if questions := plan.to_ask():
        with announced(terminal, "asking", plan.seconds(questions), len(questions)) as report:
            plan.ask(questions, report)


@contextmanager
def announced(terminal: "TerminalReporter", what: str, estimate: float, jobs: int) -> Iterator["Reporter"]:
    """Say what is about to be done and in how many seconds, hand out a reporter, say how long it took."""
    terminal.write_line(f"{what}: {jobs} jobs, about {duration(estimate)}")
    reporter, started = Reporter(terminal._tw._file, terminal.write_line, what), time.monotonic()
    try:
        yield reporter
    finally:
        reporter.close()
    terminal.write_line(f"{what}: {jobs} jobs took {duration(time.monotonic() - started)}")


@dataclass
class Reporter:
    """Tells how a queue goes on; call it with each Progress, and `close` it at the end."""

    file: TextIO
    write_line: Callable[[str], None]
    what: str = "training"
    _bar: "tqdm[None] | None" = None
    _last: float = field(default=0.0)

    def __call__(self, progress: Progress) -> None:
        """Show where the queue stands."""
        if self.file.isatty():
            self._draw(progress)
        elif progress.passed - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = progress.passed
            self.write_line(
                f"{self.what}: {progress.finished} of {progress.jobs} jobs in {duration(progress.passed)}; "
                f"about {duration(progress.left)} left"
            )

    def close(self) -> None:
        """End the bar, where there is one."""
        if self._bar is not None:
            self._bar.close()

    def _draw(self, progress: Progress) -> None:
        if self._bar is None:
            form = self.what + ": {n_fmt} of {total_fmt} jobs |{bar}| {elapsed} {postfix}"
            self._bar = tqdm(total=progress.jobs, bar_format=form, file=self.file, leave=False)
        self._bar.n = progress.finished
        self._bar.set_postfix_str(f"about {duration(progress.left)} left")


def duration(seconds: float) -> str:
    """Seconds as a reader says them: `42 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
