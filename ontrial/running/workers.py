"""Workers: where jobs run. Processes of our own, a Dask cluster in their place, and threads for a device."""

import bisect
import multiprocessing
import os
import pickle
import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ontrial.running.jobs import Job, Setting, TrainingError, attempt, failed

MOST_DEATHS = 3  # of workers, before the job that they ran is given up
_SECONDS_BETWEEN_REPORTS = 1.0
_DEVICE_JOBS, _CLUSTER_JOBS = 16, 500  # at a time
_MEMORY = "Were they killed for want of memory?"
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


def run_jobs(
    first: Iterable[Job],
    then: Callable[[Job, TrainingError | None], Iterable[Job]],
    setting: Setting,
    report: Callable[[Progress], object],
    workers: int,
    cluster: Executor | None = None,
) -> None:
    """Run these jobs, longest first, and those that `then` returns when one is done or has failed for good.

    Jobs that would train the same do not run at once. A process that dies costs its job a retry, and nothing else.
    Seeds whose training, or what it needs, failed in an earlier job are not tried again.
    report: called about once a second. Raises NoWorkers where processes die before they can be given a job.
    """
    started, last_report = time.monotonic(), 0.0
    waiting: list[Job] = []
    running: list[Job] = []
    finished: list[Job] = []
    trained: set[str] = set()
    lost: dict[str, TrainingError] = {}  # by the keys of seeds that failed
    threads: Counter[str] = Counter()  # by place
    outcomes: queue.SimpleQueue[tuple[Job, TrainingError | NoWorkers | None]] = queue.SimpleQueue()
    changed = threading.Condition()  # and the lock of all the above
    is_over = False

    def push(job: Job) -> None:
        bisect.insort(waiting, job, key=lambda each: -each.seconds)
        place = job.training.place
        make, most = _pool(place, workers, cluster)
        if threads[place] < most:
            threads[place] += 1
            threading.Thread(target=work, args=(place, make), daemon=True).start()

    def take(place: str) -> Job | None:
        with changed:
            while not is_over:
                busy = {key for job in running for key in job.all_keys()} - trained
                for job in waiting:
                    if job.training.place == place and busy.isdisjoint(job.all_keys() - trained):
                        waiting.remove(job)
                        running.append(job)
                        return job
                changed.wait()
        return None

    def work(place: str, make: Callable[[], Executor]) -> None:
        """Run jobs one after the other in an executor of its own, made again where its process died."""
        executor = None
        while (job := take(place)) is not None:
            outcome: TrainingError | NoWorkers | None
            keys = [job.only([row]).all_keys() for row in range(len(job.seeds))]
            known = next((lost[key] for own in keys for key in own & lost.keys()), None)
            if not (part := job.only([row for row, own in enumerate(keys) if own.isdisjoint(lost)])).seeds:
                outcomes.put((job, known))
                continue
            try:
                content = pickle.dumps((part, setting))
                for _ in range(MOST_DEATHS):
                    executor = executor or _started(make)
                    try:
                        outcome = executor.submit(attempt, str(part), content).result()
                        break
                    except BrokenExecutor:
                        executor = None
                else:
                    outcome = TrainingError(f"{job} was given up: {MOST_DEATHS} workers died over it. {_MEMORY}")
            except NoWorkers as error:
                outcome = error
            except BaseException as error:  # such as of a job that cannot be pickled
                outcome = failed(job, error)
            outcomes.put((job, outcome or known))
        if executor not in (None, cluster):
            executor.shutdown(wait=False)

    with _one_thread_each():
        try:
            with changed:
                for job in first:
                    push(job)
            while waiting or running:
                with suppress(queue.Empty):
                    job, outcome = outcomes.get(timeout=_SECONDS_BETWEEN_REPORTS)
                    if isinstance(outcome, NoWorkers):
                        raise outcome
                    followers = then(job, outcome)
                    with changed:
                        running.remove(job)
                        finished.append(job)
                        trained.update(job.all_keys())
                        if outcome is not None:
                            lost |= dict.fromkeys((key for key in job.all_keys() if not setting.has(key)), outcome)
                        for each in followers:
                            push(each)
                        changed.notify_all()
                if (now := time.monotonic()) - last_report >= _SECONDS_BETWEEN_REPORTS:
                    last_report = now
                    with changed:
                        count = len(finished) + len(running) + len(waiting)
                        done, half, rest = (sum(job.seconds for job in each) for each in (finished, running, waiting))
                    left = seconds_left(done + half + rest, done, half, now - started)
                    report(Progress(len(finished), count, now - started, left))
        finally:
            with changed:
                is_over = True
                changed.notify_all()


def _pool(place: str, workers: int, cluster: Executor | None) -> tuple[Callable[[], Executor], int]:
    """What makes an executor of a place, and how many jobs it runs at a time."""
    if place != "process":
        return lambda: ThreadPoolExecutor(1), _DEVICE_JOBS
    return (process_executor, workers) if cluster is None else (lambda: cluster, _CLUSTER_JOBS)


def _started(make: Callable[[], Executor]) -> Executor:
    """An executor whose process has begun. Raises NoWorkers."""
    for _ in range(MOST_DEATHS):
        executor = make()
        with suppress(BrokenExecutor):
            executor.submit(int).result()
            return executor
    raise NoWorkers(f"{MOST_DEATHS} workers died before they could be given a job. {_advice()}")


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes that are started meanwhile compute with one thread each: libraries read it when they are imported."""
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        yield
    finally:
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
        raise ValueError(f"--ontrial-engine {address}: Dask is not installed; pip install distributed") from error
    try:
        return Client(address, timeout=seconds, set_as_default=False).get_executor()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--ontrial-engine {address}: no Dask scheduler replies there ({error}); start one first"
        ) from error


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
    return _MEMORY
