"""One queue of work: all that the selected tests need, longest first, on every core."""

import multiprocessing
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import torch

from models.experiment import Experiment, parameter_count
from models.store import Job, RunStore, Stored, describe, name_of
from models.training import Arrays, train

# What a stack may hold of parameters, gradients and Adam's moments, and of activations and their
# gradients. The former wait behind matrix products and may be several times a second-level cache; the
# latter are gone through again and again by operations that do little else.
_BYTES_OF_STATE = 8e6
_BYTES_OF_ACTIVATIONS = 3e6
_SEEDS_A_JOB = (12, 6, 4, 3, 2, 1)  # divisors of the full tier's 12 seeds, so that no job is a rest


Work = TypeVar("Work")


class TrainingError(Exception):
    """A job could not be trained or stored; says which and why."""


class StoreFull(Exception):
    """The disk has less room than the jobs need; says how much."""


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
    """How many seeds one job stacks: many of a small network and batch, one of a large."""
    widths = experiment.widths
    state = 4 * 4 * parameter_count(*widths)  # bytes a seed
    activations = 4 * experiment.batch * (widths[0] + 2 * sum(widths[1:]))  # bytes a seed
    most = min(_BYTES_OF_STATE / state, _BYTES_OF_ACTIVATIONS / activations)
    return next((seeds for seeds in _SEEDS_A_JOB if seeds <= most), 1)


def require_room(queue: Iterable[Job], folder: Path) -> None:
    """Raises StoreFull where the run store's disk has no room for what these jobs will leave there."""
    needed = sum(_bytes(job) for job in queue)
    free = shutil.disk_usage(folder).free if folder.exists() else needed
    if free < needed:
        raise StoreFull(
            f"the run store needs {needed / 2**20:,.0f} MiB more, and {folder} has {free / 2**20:,.0f} MiB "
            "free: make room, or name another folder with --store"
        )


def run_all(
    queue: Mapping[Work, float],
    run: Callable[[Work, Setting], float],
    setting: Setting,
    workers: int,
    report: Callable[[Progress], object],
    executor: Executor | None = None,
) -> dict[Work, TrainingError]:
    """Do every piece of work; answers those that failed, each with its reason.

    queue: what to do, in this order, and about how many seconds each takes on one core; run: does one;
    workers: processes, one thread each; report: called about once a second; executor: any
    concurrent.futures.Executor in place of the spawned process pool. One failure stops no other work.
    """
    if not queue:
        return {}
    started = time.monotonic()
    pool = executor or ProcessPoolExecutor(
        min(workers, len(queue)), multiprocessing.get_context("spawn"), initializer=prepare_process
    )
    futures: dict[Future[float], Work] = {}
    try:
        futures |= {pool.submit(run, work, setting): work for work in queue}
        costs = {future: queue[work] for future, work in futures.items()}
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
            report(_progress(costs, pending, time.monotonic() - started, workers))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    if executor is None:
        pool.shutdown()
    return {work: error for future, work in futures.items() if (error := _failure(future, work))}


def run_job(job: Job, setting: Setting) -> float:
    """Train one job and store it, unless another process has done so; answers the seconds it took."""
    description = describe(job, setting.root, setting.device)
    return stored_once(description, setting, lambda: train(job.experiment, job.seeds, setting.root, setting.device))


def stored_once(description: dict[str, Any], setting: Setting, compute: Callable[[], Arrays]) -> float:
    """Compute and store what bears this description, unless another process has done so; answers the seconds it took.

    The seconds are those of the core where the work is done on it, not those that it waited for.
    """
    limit_process()
    store, key = setting.store, name_of(description)
    clock = time.process_time if setting.device == "cpu" else time.monotonic
    with store.locked(key):
        if not setting.fresh and (stored := store.load(key)):
            return stored.seconds
        started = clock()
        arrays = compute()
        seconds = clock() - started
        store.save(key, Stored(arrays, seconds), description)
    return seconds


def limit_process() -> None:
    """Keep to one core, and to numbers that it is fast at."""
    torch.set_num_threads(1)  # two threads are many times slower at these sizes
    torch.set_flush_denormal(True)  # Adam's second moments of dead units decay below float32's range


def prepare_process() -> None:
    """Let a worker end when its parent is killed, where it would wait for work for ever."""
    if (parent := multiprocessing.parent_process()) is not None:

        def end_with(parent: BaseProcess) -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end_with, args=(parent,), daemon=True).start()


def _bytes(job: Job) -> int:
    """About what a job leaves in the store: parameters, and four curves in double precision."""
    curves = 5 * 8 * (job.experiment.passes + 1)
    return len(job.seeds) * (8 * parameter_count(*job.experiment.widths) + curves) + 10_000


def _progress(costs: dict[Future[float], float], pending: set[Future[float]], passed: float, workers: int) -> Progress:
    """Scale the costs by how long the finished work took; what is under way counts as half done."""
    finished = len(costs) - len(pending)
    under_way = sum(sorted((costs[future] for future in pending), reverse=True)[:workers]) / 2
    left = sum(costs[future] for future in pending) - under_way
    if finished == 0:
        return Progress(0, len(costs), passed, max(0.0, sum(costs.values()) / workers - passed))
    done = sum(cost for future, cost in costs.items() if future not in pending) + under_way
    return Progress(finished, len(costs), passed, left * passed / done)


def _failure(future: Future[float], work: object) -> TrainingError | None:
    if (error := future.exception()) is None:
        return None
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        text += ". Is the disk full, or the run store read-only? What was stored before is untouched."
    failure = TrainingError(f"{work} failed: {text}")
    failure.__cause__ = error
    return failure
