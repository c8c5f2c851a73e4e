"""Working: the plan of a session carried out, with what a terminal is told of it."""

import io
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import threadpoolctl

from ontrial import registration
from ontrial.publish.terminal import Reporter, duration
from ontrial.running.lanes import NoWorkers
from ontrial.running.plan import Plan, StoreFull
from ontrial.running.trial import Trial
from ontrial.session import Session
from ontrial.trainings import FAST_SEEDS

_WORTH_SAYING = 600.0  # seconds, from which what was asked for is told before anything is looked up


def one_thread(session: Session) -> AbstractContextManager[object]:
    """Libraries compute with one thread where claims are judged: what a claim asks of its runs is small.

    Several threads then mostly wait for each other, and where the cores are busy take many times as long.
    """
    return threadpoolctl.threadpool_limits(1) if session.trials else nullcontext()


def check_conditions(session: Session, doubtful: Sequence[pytest.Item]) -> None:
    """Evaluate claims whose code changed in the fast tier, and take those off the plan whose conditions are not as
    locked: what can be known before full trains anything.
    """
    plan, trials = Plan(session.plan.setting, session.plan.workers, session.plan.cluster), {}
    for item in doubtful:
        with session.contain(item):
            trials[item] = session.trial(
                item, session.claims[item], "fast", (FAST_SEEDS,), lambda count: tuple(range(count))
            )
            plan.add(trials[item])
    plan.complete(plan.first_jobs(), lambda _: None)
    for item, trial in trials.items():
        declared, claim = session.claims[item], trial.claim()
        try:
            trial.call(claim, plan.runs(trial))
        except KeyboardInterrupt:
            raise
        except BaseException:  # full will show it, at its own test
            continue
        with session.contain(item):
            if differs := session.differences(item, declared, claim.judged_here):
                raise ValueError(registration.explained(session.locks(declared.folder), differs))


def complete(session: Session, config: pytest.Config, trials: Sequence[Trial]) -> None:
    """Train all that these trials lack, look by look, and say how long it will take, how it goes on, how long it took.

    Nothing is said under `-qq`, or where pytest has no terminal. Raises pytest.UsageError where the disk has too little
    room, or no worker can be started.
    """
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    is_told = terminal is not None and config.option.verbose > -2
    plan = session.plan
    say: Any = terminal.write_line if is_told else (lambda _: None)
    if doubtful := [item for item in session.doubtful if session.trials.get(item) in trials]:
        say(f"code of {len(doubtful)} cases changed since registration: fast checks their conditions first")
        check_conditions(session, doubtful)
        trials = [trial for trial in trials if trial in plan.trials]
    if (whole := plan.seconds_of_first_looks(trials)) > _WORTH_SAYING:
        say(f"first look: about {duration(whole)} on {plan.workers} workers, less what is in the run store")
    jobs = plan.first_jobs(trials)
    if not jobs:
        return
    say(f"training: {len(jobs)} jobs, about {duration(plan.seconds(jobs))}")
    reporter = Reporter(terminal._tw._file if is_told else io.StringIO(), say)
    try:
        plan.complete(jobs, reporter)
    except KeyboardInterrupt:
        reporter.close()
        say("{:,} of {:,} jobs are stored; run the same command to go on".format(*plan.stored()))
        raise
    except (StoreFull, NoWorkers) as error:
        raise pytest.UsageError(str(error)) from error
    finally:
        reporter.close()
    say(f"training took {duration(time.monotonic() - reporter.started)}")
