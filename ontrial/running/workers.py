"""Workers: where jobs run. Processes of our own, a Dask cluster in their place, and threads for a device."""

import bisect
import multiprocessing
import os
import pickle
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass, field

from ontrial.running.jobs import Job, Setting, TrainingError, attempt, failed

MOST_DEATHS = 3  # of workers, before the job that they ran is given up
_SECONDS_BETWEEN_REPORTS = 1.0
_DEVICE_THREADS = 16
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_ENVIRONMENT = dict.fromkeys(_THREADS, "1") | {"PYTHONHASHSEED": "0"}  # a set then has the same order in all workers


class NoWorkers(Exception):
    """No process could be started that would run a job."""


@dataclass(frozen=True)
class Progress:
    """How far a session is.

    finished, jobs: jobs done, and planned so far; passed, left: seconds, the latter estimated, None where no job is
    finished yet; look: the furthest under way, of `looks`; decided, open: cases that need no further seeds, and others.
    """

    finished: int
    jobs: int
    passed: float
    left: float | None
    look: int = 1
    looks: int = 1
    decided: int = 0
    open: int = 0


@dataclass(eq=False)
class Slot:
    """An executor with the jobs that it was given: of one process, of a device's threads, or of a cluster.

    A process has an executor of its own, so that only its own jobs are lost with it. room: most jobs at a time, of
    which `workers` run at once.
    """

    place: str
    make: Callable[[], Executor]
    room: int
    workers: int
    jobs: dict[Future[TrainingError | None], Job] = field(default_factory=dict)
    executor: Executor | None = None
    started: Future[int] = field(default_factory=Future)

    def submit(self, job: Job, content: bytes) -> None:
        """Give it a job; the executor is made with the first."""
        try:
            if self.executor is None:
                self.executor = self.make()
                self.started = self.executor.submit(int)
            future = self.executor.submit(attempt, str(job), content)
        except BrokenExecutor as error:  # its process died meanwhile
            future = Future()
            future.set_exception(error)
        self.jobs[future] = job

    def close(self) -> None:
        """Stop its executor without waiting; the next job makes another."""
        if self.executor is not None:
            self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = None
        self.jobs.clear()


@contextmanager
def slots(workers: int, devices: Iterable[str] = (), cluster: Executor | None = None) -> Iterator[list[Slot]]:
    """Where a session's jobs run: so many processes of one thread each, or a cluster, and threads for each device."""
    if cluster is not None:
        found = [Slot("process", lambda: cluster, 10_000, workers)]
    else:  # a process is given a second job, so that it never waits for this one
        found = [Slot("process", process_executor, 2, 1) for _ in range(workers)]
    for device in devices:
        found.append(Slot(device, lambda: ThreadPoolExecutor(_DEVICE_THREADS), _DEVICE_THREADS, _DEVICE_THREADS))
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)  # before a process starts: libraries read it when they are imported
    try:
        yield found
    finally:
        for slot in found:
            if cluster is None or slot.place != "process":
                slot.close()
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


def process_executor() -> Executor:
    """An executor of one spawned process, which ends with this one."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent)


def end_with_parent() -> None:
    """Let a process end when its parent is killed, instead of waiting for jobs for ever."""
    if (parent := multiprocessing.parent_process()) is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


def dask_executor(address: str, seconds: float = 10.0) -> Executor:
    """The executor of a Dask cluster whose workers were started in this project's folder.

    Raises ValueError where dask is not installed, or no scheduler replies in so many seconds.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError(f"--engine {address}: Dask is not installed; pip install distributed") from error
    try:
        return Client(address, timeout=seconds, set_as_default=False).get_executor()
    except (OSError, ValueError) as error:
        raise ValueError(f"--engine {address}: no Dask scheduler answers there ({error}); start one first") from error


def run_jobs(
    first: Iterable[Job],
    then: Callable[[Job, TrainingError | None], Iterable[Job]],
    setting: Setting,
    slots: list[Slot],
    report: Callable[[Progress], object],
) -> None:
    """Run these jobs, longest first, and those that `then` returns when one is done or has failed for good.

    Jobs that would train the same do not run at once. A process that dies costs its job a retry, and nothing else.
    report: called about once a second. Raises NoWorkers where processes die before they can be given a job.
    """
    started, last_report, stillborn = time.monotonic(), 0.0, 0
    waiting: list[Job] = []
    finished: list[Job] = []
    busy: set[str] = set()  # keys that are being trained
    stored: set[str] = set()
    deaths: Counter[Job] = Counter()

    def push(job: Job) -> None:
        busy.difference_update(job.all_keys())
        bisect.insort(waiting, job, key=lambda each: -each.seconds)

    def finish(job: Job, failure: TrainingError | None) -> None:
        busy.difference_update(job.all_keys())
        stored.update(job.all_keys())
        finished.append(job)
        for each in then(job, failure):
            push(each)

    def give_next() -> bool:
        free = [slot for slot in slots if len(slot.jobs) < slot.room]
        for index, job in enumerate(waiting if free else ()):
            fitting = [slot for slot in free if slot.place == job.training.place]
            keys = job.all_keys() - stored
            if not fitting or not busy.isdisjoint(keys):
                continue
            del waiting[index]
            try:
                content = pickle.dumps((job, setting))
            except Exception as error:
                finish(job, failed(job, error))
            else:
                busy.update(keys)
                min(fitting, key=lambda slot: len(slot.jobs)).submit(job, content)
            return True
        return False

    def died(slot: Slot, job: Job) -> None:
        nonlocal stillborn
        has_begun = slot.started.done() and slot.started.exception() is None
        lost = list(slot.jobs.values())  # these had not begun
        slot.close()
        stillborn = 0 if has_begun else stillborn + 1
        if stillborn == MOST_DEATHS:
            raise NoWorkers(f"{MOST_DEATHS} workers died before they could be given a job. {_advice()}")
        deaths[job] += has_begun
        if deaths[job] == MOST_DEATHS:
            text = f"{job} was given up: {MOST_DEATHS} workers died over it. Were they killed for want of memory?"
            finish(job, TrainingError(text))
        else:
            lost.insert(0, job)
        for each in lost:
            push(each)

    for job in first:
        push(job)
    while waiting or any(slot.jobs for slot in slots):
        while give_next():
            pass
        wait([future for slot in slots for future in slot.jobs], _SECONDS_BETWEEN_REPORTS, FIRST_COMPLETED)
        for slot, future in [(each, future) for each in slots for future in each.jobs if future.done()]:
            if future not in slot.jobs:
                continue  # lost with another
            job = slot.jobs.pop(future)
            if isinstance(error := future.exception(), BrokenExecutor):
                died(slot, job)
            else:
                stillborn = 0
                finish(job, future.result() if error is None else failed(job, error))
        if (now := time.monotonic()) - last_report >= _SECONDS_BETWEEN_REPORTS:
            last_report = now
            running = [job for slot in slots for job in slot.jobs.values()]
            at_once = min(1.0, sum(slot.workers for slot in slots) / max(1, len(running)))
            done, under_way, queued = (sum(job.seconds for job in jobs) for jobs in (finished, running, waiting))
            count = len(finished) + len(running) + len(waiting)
            left = seconds_left(done + under_way + queued, done, at_once * under_way, now - started)
            report(Progress(len(finished), count, now - started, left))


def seconds_left(total: float, done: float, under_way: float, passed: float) -> float | None:
    """Seconds until all is done at the pace so far; None before the first job is done.

    total, done, under_way: estimated seconds of all jobs, of the finished ones and of those that run, which count as
    half done, so that it is 0 only at the end. passed: seconds since the first job started.
    """
    if done == 0:
        return None
    worked = done + under_way / 2
    return max(0.0, total - worked) * passed / worked


def _advice() -> str:
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and hasattr(main, "__file__"):  # not python -m pytest
        return 'Each runs the script that called pytest.main: put that call under `if __name__ == "__main__":`.'
    return "Were they killed for want of memory?"
