"""One queue of jobs: every training that the selected tests need, longest first, on every core."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import torch

from models.experiment import Experiment, floating_point_operations
from models.store import Job, RunStore, Stored, describe
from models.training import train

# Arithmetic of one stacked step, at least: fewer seeds in a stack and the cost of calling each
# operation shows; more and the last job of a queue keeps the other cores waiting.
_OPERATIONS_A_STEP = 3e7
_MOST_SEEDS_A_JOB = 12


class TrainingError(Exception):
    """A job could not be trained or stored; says which and why."""


@dataclass(frozen=True)
class Progress:
    """Where a queue stands: jobs finished and asked for, seconds passed and, as estimated, left."""

    finished: int
    jobs: int
    passed: float
    left: float


@dataclass(frozen=True)
class Setting:
    """What every job of a session shares: store, folder of MNIST, device, whether to ignore stored runs."""

    store: RunStore
    root: Path | None
    device: str
    fresh: bool = False


def jobs(experiment: Experiment, seeds: int) -> list[Job]:
    """The jobs of one experiment over seeds 0, 1, …: blocks that depend on nothing but the experiment.

    So the same seed is always computed in the same stack, and a run with more seeds goes on from here.
    """
    block = seeds_a_job(experiment)
    return [Job(experiment, tuple(range(i, min(i + block, seeds)))) for i in range(0, seeds, block)]


def seeds_a_job(experiment: Experiment) -> int:
    """How many seeds one job stacks: many of a small step, one of a large."""
    a_step = floating_point_operations(experiment) / experiment.steps
    return max(1, min(_MOST_SEEDS_A_JOB, round(_OPERATIONS_A_STEP / a_step)))


def estimate(job: Job) -> float:
    """Seconds that a job takes on a core of 10^10 operations a second with calls of 20 µs."""
    calls = job.experiment.steps * (10 + 8 * job.experiment.depth)
    return calls * 20e-6 + floating_point_operations(job.experiment) * len(job.seeds) / 1e10


def missing(wanted: Iterable[Job], setting: Setting) -> list[Job]:
    """Jobs that have to be trained, longest first. Raises DataError where data is missing."""
    keys = {job: setting.store.key(job, setting.root, setting.device) for job in dict.fromkeys(wanted)}
    return sorted(
        (job for job, key in keys.items() if setting.fresh or not setting.store.has(key)),
        key=estimate,
        reverse=True,
    )


def train_all(
    queue: Sequence[Job],
    setting: Setting,
    workers: int,
    report: Callable[[Progress], None] = lambda progress: None,
    executor: Executor | None = None,
) -> dict[Job, TrainingError]:
    """Train and store every job; answers those that failed, each with its reason.

    workers: processes, one thread each; report: called about once a second; executor: any
    concurrent.futures.Executor in place of the spawned process pool. One failed job stops no other.
    """
    if not queue:
        return {}
    started = time.monotonic()
    pool = executor or ProcessPoolExecutor(
        min(workers, len(queue)), multiprocessing.get_context("spawn"), initializer=prepare_process
    )
    futures: dict[Future[float], Job] = {}
    try:
        futures |= {pool.submit(run_job, job, setting): job for job in queue}
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
            report(_progress(futures, pending, time.monotonic() - started, workers))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    if executor is None:
        pool.shutdown()
    return {job: error for future, job in futures.items() if (error := _failure(future, job))}


def run_job(job: Job, setting: Setting) -> float:
    """Train one job and store it, unless another process has done so; answers the seconds it took."""
    torch.set_num_threads(1)  # two threads are many times slower at these sizes
    torch.set_flush_denormal(True)  # Adam's second moments of dead units decay below float32's range
    store, description = setting.store, describe(job, setting.root, setting.device)
    key = store.key(job, setting.root, setting.device)
    with store.locked(key):
        if not setting.fresh and (stored := store.load(key)):
            return stored.seconds
        started = time.process_time() if setting.device == "cpu" else time.monotonic()
        arrays = train(job.experiment, job.seeds, setting.root, setting.device)
        now = time.process_time() if setting.device == "cpu" else time.monotonic()
        store.save(key, Stored(arrays, now - started), description)
    return now - started


def prepare_process() -> None:
    """Let a worker end when its parent is killed, where it would wait for work for ever."""
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _progress(
    futures: dict[Future[float], Job], pending: set[Future[float]], passed: float, workers: int
) -> Progress:
    total = sum(estimate(job) for job in futures.values())
    left = sum(estimate(futures[future]) for future in pending)
    # Jobs under way are taken as half done; before the first has ended, the estimate stands alone.
    running = min(workers, len(pending))
    under_way = sum(sorted((estimate(futures[f]) for f in pending), reverse=True)[:running]) / 2
    done = total - left
    if done == 0:
        return Progress(0, len(futures), passed, max(0.0, total / workers - passed))
    rate = (done + under_way) / passed
    return Progress(len(futures) - len(pending), len(futures), passed, max(0.0, (left - under_way) / rate))


def _failure(future: Future[float], job: Job) -> TrainingError | None:
    if (error := future.exception()) is None:
        return None
    seeds = f"seeds {job.seeds[0]}-{job.seeds[-1]}"
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        text += ". Is the disk full, or the run store read-only? What was stored before is untouched."
    failure = TrainingError(f"training {job.experiment} ({seeds}) failed: {text}")
    failure.__cause__ = error
    return failure
