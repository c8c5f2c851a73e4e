"""Working: the plan of a session carried out, with what a terminal is told of it."""

import io
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import threadpoolctl

from ontrial import registration
from ontrial.publish.progress import Reporter, duration
from ontrial.running.plan import Plan
from ontrial.session import Session
from ontrial.trainings import LOOKS

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_WORTH_SAYING = 600.0  # seconds, from which what was asked for is told before anything is looked up


def one_thread(session: Session) -> AbstractContextManager[object]:
    """Libraries compute with one thread where claims are judged: what a claim asks of its runs is small.

    Several threads then mostly wait for each other, and where the cores are busy take many times as long.
    """
    return threadpoolctl.threadpool_limits(1) if session.trials else nullcontext()


def check_conditions(session: Session) -> None:
    """Evaluate claims whose code changed in the fast tier, and take those off the plan whose conditions are not as
    locked: what can be known before full trains anything.
    """
    plan, trials = Plan(session.plan.setting, session.plan.workers, session.plan.cluster), {}
    for item in session.doubtful:
        looks = session.scales["fast"].looks(LOOKS, 1)
        trials[item] = session.trial(item, session.claims[item], "fast", looks, lambda count: tuple(range(count)))
        plan.add(trials[item])
    plan.complete(plan.first_jobs(), lambda _: None)
    for item, trial in trials.items():
        declared, claim = session.claims[item], trial.claim()
        try:
            trial.call(claim, plan.runs(trial))
        except Exception:  # full will show it, at its own test
            continue
        if differs := session.differences(item, declared, claim.judged_here):
            problem = registration.explained(session.locks(declared.folder), differs)
            session.claims[item] = replace(declared, problem=problem)
            session.plan.trials.remove(session.trials.pop(item))


def complete(session: Session, terminal: "TerminalReporter | None") -> None:
    """Train all that the plan lacks, look by look, and say how long it will take, how it goes on, how long it took.

    terminal: None where pytest has none, and nothing is told. Raises StoreFull where the disk has too little room.
    """
    plan = session.plan
    say: Any = terminal.write_line if terminal is not None else (lambda _: None)
    if session.doubtful:
        say(f"code of {len(session.doubtful)} cases changed since registration: fast checks their conditions first")
        check_conditions(session)
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
