"""Workers: where jobs run. Processes of our own, a Dask cluster in their place, and threads for a device."""

import bisect
import math
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker

from ontrial.running import machine
from ontrial.running.jobs import Job, Setting, TrainingError, attempt, failed
from ontrial.trainings import PLACES

MOST_DEATHS = 3  # of workers, before the job that they ran is given up
GRACE = 10.0  # seconds that running seeds have to finish where training is stopped
_SECONDS_TO_DIE = 2.0
_SECONDS_BETWEEN_REPORTS = 1.0
_DEVICE_JOBS, _CLUSTER_JOBS = 16, 500  # at a time
_MEMORY = "Were they killed for want of memory?"


class NoWorkers(Exception):
    """No process could be started that would run a job."""


@dataclass(frozen=True)
class Status:
    """How far a session is.

    finished, jobs: jobs done, and planned so far; passed, left: seconds, the latter estimated, None where nothing can
    be said yet; look: the furthest under way, of `looks`; decided, open: cases that need no further seeds, and others;
    running: jobs under way; part: how much of these is done, in jobs; is_stopping: whether nothing new begins.
    """

    finished: int
    jobs: int
    passed: float
    left: float | None
    look: int = 1
    looks: int = 1
    decided: int = 0
    open: int = 0
    running: int = 0
    part: float = 0.0
    is_stopping: bool = False


def run_jobs(
    first: Iterable[Job],
    then: Callable[[Job, TrainingError | None], Iterable[Job]],
    setting: Setting,
    report: Callable[[Status], object],
    workers: int,
    cluster: Executor | None = None,
    *,
    cost: Callable[[Job], float | None] = lambda job: job.seconds,
    until_failure: bool = False,
) -> None:
    """Run these jobs, longest first, and those that `then` returns when one is done or has failed for good.

    Jobs that would train the same do not run at once, and a job waits for those of its needs at other places.
    A process that dies costs its job a retry, and nothing else.
    Seeds whose training, or what it needs, failed in an earlier job are not tried again.
    report: called about once a second; cost: estimated seconds of a job, None where they are not known;
    until_failure: whether the first failure ends it. Where it ends early, by an exception too, nothing new begins, and
    seeds that are being trained have GRACE seconds, or none at an interrupt meanwhile. No process is left.

    Raises NoWorkers where processes die before they can be given a job.
    """
    started, last_report = time.monotonic(), 0.0
    waiting: list[Job] = []
    running: dict[Job, float] = {}  # since when
    finished: dict[Job, float] = {}  # in how many seconds
    trained: set[str] = set()
    lost: dict[str, TrainingError] = {}  # by the keys of seeds that failed
    drivers: dict[str, list[threading.Thread]] = defaultdict(list)  # by place
    executors: list[Executor] = []
    outcomes: queue.SimpleQueue[tuple[Job, TrainingError | NoWorkers | None] | KeyboardInterrupt] = queue.SimpleQueue()
    changed = threading.Condition()  # and the lock of all the above
    is_over, at_once = False, 0

    def push(job: Job) -> None:
        bisect.insort(waiting, job, key=lambda each: -_or_most(cost(each)))
        place = job.training.place
        own = workers if cluster is None else _CLUSTER_JOBS
        most = own if place == "process" else 1 if place in PLACES else _DEVICE_JOBS
        if len(drivers[place]) < most:
            drivers[place].append(threading.Thread(target=work, args=(place,), daemon=True))
            drivers[place][-1].start()

    def interrupt(error: KeyboardInterrupt) -> None:
        nonlocal is_over
        outcomes.put(error)
        is_over = True  # without the lock, which the main thread may have

    def take(place: str) -> Job | None:
        nonlocal at_once
        with changed:
            while not is_over:
                busy = {key for job in running for key in job.all_keys()} - trained
                elsewhere = {key for job in waiting if job.training.place != place for key in job.keys}
                free = workers - sum(job.threads for job in running if job.training.place == place)
                for job in waiting:
                    if job.training.place != place or not elsewhere.isdisjoint(job.all_keys() - {*job.keys}):
                        continue
                    if busy.isdisjoint(job.all_keys() - trained):
                        if place == "process" and cluster is None and free < min(job.threads, workers):
                            break  # those behind it would make it wait for ever
                        waiting.remove(job)
                        running[job] = time.monotonic()
                        at_once = max(at_once, len(running))
                        return job
                changed.wait()
        return None

    def work(place: str) -> None:
        """Run jobs one after the other: in a process of its own, in the cluster, or here where the place is neither."""
        if hasattr(signal, "pthread_sigmask"):  # its processes inherit that a terminal's Ctrl-C does not reach them
            resource_tracker.ensure_running()  # else the first process starts it, which unblocks the signal
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        own, threads = None, 1
        while (job := take(place)) is not None:
            outcome: TrainingError | NoWorkers | None
            keys = [job.only([row]).all_keys() for row in range(len(job.seeds))]
            known = next((lost[key] for each in keys for key in each & lost.keys()), None)
            if not (part := job.only([row for row, each in enumerate(keys) if each.isdisjoint(lost)])).seeds:
                outcomes.put((job, known))
                continue
            try:
                content = pickle.dumps((part, setting))
                if own is not None and job.threads != threads:
                    own.shutdown()
                    own = None
                threads = job.threads
                for _ in range(MOST_DEATHS):
                    try:
                        if place not in PLACES:
                            outcome = attempt(str(part), content)
                        elif cluster is not None and place == "process":
                            outcome = cluster.submit(attempt, str(part), content).result()
                        else:
                            own = own or start(threads)
                            running[job] = time.monotonic()
                            outcome = own.submit(attempt, str(part), content).result()
                        break
                    except BrokenExecutor:
                        own = None
                else:
                    outcome = TrainingError(f"{job} was given up: {MOST_DEATHS} workers died over it. {_MEMORY}")
            except NoWorkers as error:
                outcome = error
            except BaseException as error:  # such as of a job that cannot be pickled
                outcome = failed(job, error)
            outcomes.put((job, outcome or known))
        if own is not None:
            own.shutdown()

    def start(threads: int) -> Executor:
        """An executor whose process has begun. Raises NoWorkers."""
        for _ in range(MOST_DEATHS):
            # What libraries read when they are imported; and sets have the same order in all workers.
            variables = dict.fromkeys(machine.THREADS, str(threads)) | {"PYTHONHASHSEED": "0"}
            with changed, machine.environment(variables):
                if is_over:
                    break
                executor = process_executor()
                executors.append(executor)
                begun = executor.submit(int)
            with suppress(BrokenExecutor):
                begun.result()
                return executor
        raise NoWorkers(f"{MOST_DEATHS} workers died before they could be given a job. {_advice()}")

    def progress(*, is_stopping: bool = False) -> Status:
        now, guessed = time.monotonic(), [job for job in finished if not job.unknown]
        took, guess = sum(finished[job] for job in guessed), sum(job.seconds for job in guessed)
        pace = took / guess if guess else 1.0
        parts = {job: setting.store.reached(job.keys[0]) for job in running}
        said = {job: (now - since) / parts[job] for job, since in running.items() if parts[job]}
        of_a_seed = {training: each / count for job, each in said.items() for training, count in job.unknown}

        def expected(job: Job) -> float | None:
            if (seconds := said.get(job, cost(job))) is None and all(each in of_a_seed for each, _ in job.unknown):
                return job.seconds + sum(of_a_seed[each] * count for each, count in job.unknown)
            return seconds and seconds * (1.0 if job.unknown or job in said else pace)

        under_way = [(expected(job), now - since) for job, since in running.items()]
        left = seconds_left(under_way, list(map(expected, waiting)), at_once) if finished or said else None
        count = len(finished) + len(running) + len(waiting)
        return Status(
            *(len(finished), count, now - started, left),
            running=len(running),
            part=sum(parts.values()),
            is_stopping=is_stopping,
        )

    def end(grace: float) -> None:
        """Wait until no job runs and no process is left, at most so many seconds."""
        deadline = time.monotonic() + grace
        for driver in [each for place in drivers.values() for each in place]:
            driver.join(max(0.0, deadline - time.monotonic()))

    try:
        with _interrupts(interrupt):
            with changed:
                for job in first:
                    push(job)
            while waiting or running:
                with suppress(queue.Empty):
                    if isinstance(received := outcomes.get(timeout=_SECONDS_BETWEEN_REPORTS), KeyboardInterrupt):
                        raise received
                    job, outcome = received
                    if isinstance(outcome, NoWorkers):
                        raise outcome
                    with changed:
                        finished[job] = time.monotonic() - running.pop(job)
                        trained.update(job.all_keys())
                        if outcome is not None:
                            lost |= dict.fromkeys((key for key in job.all_keys() if not setting.has(key)), outcome)
                    followers = then(job, outcome)
                    if outcome is not None and until_failure:
                        break
                    with changed:
                        for each in followers:
                            push(each)
                        changed.notify_all()
                if (now := time.monotonic()) - last_report >= _SECONDS_BETWEEN_REPORTS:
                    last_report = now
                    with changed:
                        found = progress()
                    report(found)
    finally:
        with changed:
            is_over = True
            changed.notify_all()
        try:
            with setting.stopping():
                if running:
                    report(progress(is_stopping=True))
                end(GRACE)
        finally:
            for executor in executors:
                _kill(executor)
            end(_SECONDS_TO_DIE)


@contextmanager
def _interrupts(receive: Callable[[KeyboardInterrupt], object]) -> Iterator[None]:
    """Hand over the first Ctrl-C, in place of raising it wherever the main thread is, such as with a file open.

    The next one is raised there. One that was handed over and not raised within is raised at the end.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    received: list[KeyboardInterrupt] = []

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        received.append(KeyboardInterrupt())
        receive(received[0])

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if received:
        raise received[0]


def _kill(executor: Executor) -> None:
    """End the process of an executor, whatever it is doing."""
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()


def _or_most(cost: float | None) -> float:
    """A cost to order by: what is not known is measured first."""
    return math.inf if cost is None else cost


def process_executor() -> Executor:
    """An executor of one spawned process, which ends with this one."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent)


def end_with_parent() -> None:
    """Let a process end when its parent does, however that ends, and not at a terminal's Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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
        raise ValueError(f"--ontrial-engine {address}: Dask is not installed; pip install distributed") from error
    try:
        return Client(address, timeout=seconds, set_as_default=False).get_executor()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--ontrial-engine {address}: no Dask scheduler replies there ({error}); start one first"
        ) from error


def seconds_left(
    running: Sequence[tuple[float | None, float]], waiting: Sequence[float | None], at_once: int
) -> float | None:
    """Seconds until all is done; None where those of a job are not known.

    running: the seconds that each job should take, and has taken so far; waiting: those that the others should take;
    at_once: how many jobs run at once.
    """
    rest = []
    for expected, passed in (*running, *((each, 0.0) for each in waiting)):
        if expected is None:
            return None
        rest.append(max(expected - passed, expected / 10))  # one that takes longer is not over
    return max([sum(rest) / max(1, min(at_once, len(rest))), *rest[: len(running)]])


def _advice() -> str:
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None and hasattr(main, "__file__"):  # not python -m pytest
        return 'Each runs the script that called pytest.main: put that call under `if __name__ == "__main__":`.'
    return _MEMORY
