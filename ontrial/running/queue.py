"""One queue of jobs: longest first, on every lane that there is; what one lets follow joins the same queue."""

import heapq
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ontrial.running.lanes import Lane, NoWorkers
from ontrial.running.locks import LIMIT, locked
from ontrial.running.store import RunStore, Stored
from ontrial.trainings import Arrays, Training

MOST_DEATHS = 3  # of workers, before the job that they worked on is given up
_SECONDS_BETWEEN_REPORTS = 1.0


class TrainingError(Exception):
    """A job could not be trained or stored; says which and why."""


@dataclass(frozen=True)
class Progress:
    """Where a queue stands.

    finished, jobs: jobs done and asked for so far; passed, left: seconds, the latter estimated, None where no job is
    finished yet; look of looks: the furthest that is under way; decided, open: claims' cases that need no further
    seeds, and the others.
    """

    finished: int
    jobs: int
    passed: float
    left: float | None
    look: int = 1
    looks: int = 1
    decided: int = 0
    open: int = 0


@dataclass(frozen=True)
class Setting:
    """What every job of a session shares: the store, whether to train what is there, how long to wait for a lock."""

    store: RunStore
    fresh: bool = False
    lock_limit: float = LIMIT


@dataclass(frozen=True)
class Job:
    """One unit of work: a training with some of its seeds.

    keys: what each seed is stored under; needed: the keys of each training that it needs, seed by seed;
    description: all that the result depends on but the seed.
    """

    training: Training
    seeds: tuple[int, ...]
    keys: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...] = ()
    description: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        seeds = str(self.seeds[0]) if len(self.seeds) == 1 else f"{len(self.seeds)} seeds from {self.seeds[0]}"
        return f"{self.training} ({seeds})"


def run_job(job: Job, setting: Setting) -> float:
    """Train those seeds of a job that are not stored, and store them; answers the seconds that it took.

    The seconds are those of the core where the work is done on it, not those that it waited for.
    Raises TrainingError where what it needs is not in the store.
    """
    store = setting.store
    clock = time.process_time if job.training.place == "process" else time.monotonic
    with ExitStack() as held:
        # in one order everywhere, or two sessions with other blocks could wait for each other
        for key in sorted(job.keys) if job.training.place == "process" else job.keys[:1]:  # a device's: a whole look
            held.enter_context(locked(store.lock(key), setting.lock_limit))
        rows = [row for row, key in enumerate(job.keys) if setting.fresh or not store.has(key)]
        if not rows:
            return 0.0
        seeds = [job.seeds[row] for row in rows]
        needed = [_stacked(store, [keys[row] for row in rows], job) for keys in job.needed]
        started = clock()
        arrays = job.training.train(seeds, needed)
        seconds = clock() - started
        _check(arrays, len(seeds), job)
        for index, (row, seed) in enumerate(zip(rows, seeds, strict=True)):
            own = {name: values if name in job.training.shared else values[index] for name, values in arrays.items()}
            store.save(job.keys[row], Stored(own, seconds / len(seeds)), {**job.description, "seed": seed})
    return seconds


def work_off(
    first: Iterable[Job],
    then: Callable[[Job, TrainingError | None], Iterable[Job]],
    setting: Setting,
    lanes: list[Lane],
    report: Callable[[Progress], object],
) -> None:
    """Do every job, and every job that `then` answers when one is done or has failed for good.

    lanes: where jobs are done, of which each takes those of its place; report: called about once a second. A worker
    that dies costs the job that it worked on a retry, and nothing else.
    Raises NoWorkers where one after the other dies before it is handed anything.
    """
    started, order = time.monotonic(), itertools.count()
    waiting: dict[str, list[tuple[float, int, Job]]] = {}
    running: dict[Future[float], tuple[Lane, Job]] = {}
    deaths: Counter[Job] = Counter()
    stillborn = 0  # workers in a row that died before they began
    costs = _Costs()

    def push(job: Job) -> None:
        cost = costs.of(job)
        heapq.heappush(waiting.setdefault(job.training.place, []), (-cost, next(order), job))

    def finish(job: Job, failure: TrainingError | None) -> None:
        costs.finished(job)
        for follower in then(job, failure):
            push(follower)

    for job in first:
        push(job)
    last_report = 0.0
    while any(waiting.values()) or running:
        for lane in lanes:
            while (jobs := waiting.get(lane.place)) and lane.has_room():
                _, _, job = heapq.heappop(jobs)
                running[lane.submit(run_job, job, setting)] = (lane, job)
        if not running:
            place = next(place for place, jobs in waiting.items() if jobs)
            raise TrainingError(f"nothing here trains what belongs on {place!r}")
        done, _ = wait(running, timeout=_SECONDS_BETWEEN_REPORTS, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=list(running).index):
            if future not in running:
                continue  # it was lost with another of its lane
            lane, job = running.pop(future)
            if isinstance(error := future.exception(), BrokenExecutor):
                lost = [other for other, (its, _) in running.items() if its is lane]
                for other in lost:  # these had not begun
                    push(running.pop(other)[1])
                has_begun = lane.has_begun()
                lane.restart()
                stillborn = 0 if has_begun else stillborn + 1
                if stillborn == MOST_DEATHS:
                    raise NoWorkers(f"{MOST_DEATHS} workers died before they could be handed a job. {_advice()}")
                deaths[job] += has_begun
                if deaths[job] < MOST_DEATHS:
                    push(job)
                else:
                    finish(job, _died(job))
            else:
                lane.done(future)
                stillborn = 0
                finish(job, None if error is None else _failed(job, error))
        if (now := time.monotonic()) - last_report >= _SECONDS_BETWEEN_REPORTS:
            last_report = now
            under_way = [job for _, job in running.values()]
            report(costs.progress(now - started, under_way, sum(lane.workers for lane in lanes)))


class _Costs:
    """Estimated seconds of all jobs so far, and which of them are finished."""

    def __init__(self) -> None:
        self._of: dict[Job, float] = {}
        self._done: set[Job] = set()

    def of(self, job: Job) -> float:
        if job not in self._of:
            self._of[job] = job.training.estimate(len(job.seeds))
        return self._of[job]

    def finished(self, job: Job) -> None:
        self._done.add(job)

    def progress(self, passed: float, under_way: list[Job], workers: int) -> Progress:
        whole, done = sum(self._of.values()), sum(self._of[job] for job in self._done)
        share = min(1.0, workers / max(1, len(under_way)))  # a lane is handed more jobs than it works on
        left = seconds_left(whole, done, share * sum(self._of[job] for job in under_way), passed)
        return Progress(len(self._done), len(self._of), passed, left)


def seconds_left(whole: float, done: float, under_way: float, passed: float) -> float | None:
    """Seconds until all is done at the pace so far; None before the first job is done.

    whole, done, under_way: estimated seconds of all jobs, of the finished ones and of those being worked on, which
    count as half done: so nothing is 0 before the end. passed: seconds since the first job started.
    """
    if done == 0:
        return None
    worked = done + under_way / 2
    return max(0.0, whole - worked) * passed / worked


def _stacked(store: RunStore, keys: list[str], job: Job) -> Arrays:
    """The arrays of a training that a job needs, first axis the seed."""
    stored = [store.load(key) for key in keys]
    whole = [each.arrays for each in stored if each is not None]
    if len(whole) < len(keys):
        raise TrainingError(f"{job} needs what is not in the run store: {job.training.needs}")
    return {name: np.stack([arrays[name] for arrays in whole]) for name in whole[0]}


def _check(arrays: Arrays, seeds: int, job: Job) -> None:
    wrong = [
        name
        for name, values in arrays.items()
        if name not in job.training.shared and (values.ndim == 0 or len(values) != seeds)
    ]
    if wrong:
        raise TrainingError(f"{job} answered {', '.join(wrong)} without a first axis of its {seeds} seeds")


def _failed(job: Job, error: BaseException) -> TrainingError:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        text += ". Is the disk full, or the run store read-only? What was stored before is untouched."
    failure = TrainingError(f"{job} failed: {text}")
    failure.__cause__ = error
    return failure


def _died(job: Job) -> TrainingError:
    return TrainingError(
        f"{job} was given up: {MOST_DEATHS} workers died over it. Were they killed for want of memory?"
    )


def _advice() -> str:
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and hasattr(main, "__file__"):  # not python -m pytest
        return 'Each runs the script that called pytest.main: put that call under `if __name__ == "__main__":`.'
    return "Were they killed for want of memory?"
