"""Working: the plan of a session carried out, with what a terminal is told of it."""

import io
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import threadpoolctl

from ontrial.publish.progress import Reporter, duration
from ontrial.session import Session

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_WORTH_SAYING = 600.0  # seconds, from which what was asked for is told before anything is looked up


def one_thread(session: Session) -> AbstractContextManager[object]:
    """Libraries compute with one thread where claims are judged: what a claim asks of its runs is small.

    Several threads then mostly wait for each other, and where the cores are busy take many times as long.
    """
    return threadpoolctl.threadpool_limits(1) if session.trials else nullcontext()


def complete(session: Session, terminal: "TerminalReporter | None") -> None:
    """Train all that the plan lacks, look by look, and say how long it will take, how it goes on, how long it took.

    terminal: None where pytest has none, and nothing is told. Raises StoreFull where the disk has too little room.
    """
    plan = session.plan
    say: Any = terminal.write_line if terminal is not None else (lambda _: None)
    if (whole := plan.seconds_of_first_looks()) > _WORTH_SAYING:
        say(f"first look: about {duration(whole)} on {plan.workers} workers, less what is in the run store")
    jobs = plan.first_jobs()
    if not jobs:
        return
    say(f"training: {len(jobs)} jobs, about {duration(plan.seconds(jobs))}")
    reporter = Reporter(terminal._tw._file if terminal is not None else io.StringIO(), say)
    try:
        plan.complete(jobs, reporter)
    finally:
        reporter.close()
    say(f"training took {duration(reporter.passed)}")
