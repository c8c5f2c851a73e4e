"""One queue of jobs: longest first, on every lane that there is; what one lets follow joins the same queue."""

import heapq
import itertools
import pickle
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ontrial.files import LOCK_LIMIT, locked
from ontrial.running.lanes import Lane, NoWorkers
from ontrial.running.store import RunStore, Stored
from ontrial.trainings import Array, Arrays, Training, require_free

MOST_DEATHS = 3  # of workers, before the job that they worked on is given up
_SECONDS_BETWEEN_REPORTS = 1.0


class TrainingError(Exception):
    """A job could not be trained or stored; says which and why."""


class NotRepeated(TrainingError):
    """A seed that was trained twice left something else the second time; says in which arrays."""


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
    """What every job of a session shares: the store, whether to train what is there, how long to wait for a lock.

    repeat: whether to train a seed of each training twice, where that says how.
    """

    store: RunStore
    fresh: bool = False
    lock_limit: float = LOCK_LIMIT
    repeat: bool = True


@dataclass(frozen=True)
class Job:
    """One unit of work: a training with some of its seeds.

    keys: what each seed is stored under; needed: the keys of each training that it needs, seed by seed;
    description: all that the result depends on but the seed; repeats: whether its last seed is trained twice.
    """

    training: Training
    seeds: tuple[int, ...]
    keys: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...] = ()
    description: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    repeats: bool = False

    def __str__(self) -> str:
        seeds = str(self.seeds[0]) if len(self.seeds) == 1 else f"{len(self.seeds)} seeds from {self.seeds[0]}"
        return f"{self.training} ({seeds})"


def run_job(job: Job, setting: Setting) -> None:
    """Train those seeds of a job that are not stored, and store them: one by one where the training takes one a call.

    The seconds that are stored are those of the core where the work is done on it, not those that it waited for.
    Raises TrainingError where what it needs is not in the store, and NotRepeated.
    """
    store = setting.store
    with ExitStack() as held:
        # in one order everywhere, or two sessions with other blocks could wait for each other
        for key in sorted(job.keys) if job.training.place == "process" else job.keys[:1]:  # a device's: a whole look
            held.enter_context(locked(store.lock(key), setting.lock_limit))
        rows = [row for row, key in enumerate(job.keys) if setting.fresh or not store.has(key)]
        if not rows:
            return
        size = 1 if getattr(job.training, "one_by_one", False) else len(rows)
        first: Arrays = {}
        for start in range(0, len(rows), size):
            arrays = _train_and_store(job, rows[start : start + size], store, first)
            first = first or arrays
        if job.repeats and hasattr(job.training, "again"):
            before = {name: values[-1] for name, values in arrays.items() if name not in job.training.shared}
            again = job.training.again(job.seeds[rows[-1]], 1 if len(rows) > 1 else 2)
            _require_same(before, again, job.seeds[rows[-1]])


def _train_and_store(job: Job, rows: Sequence[int], store: RunStore, first: Arrays) -> Arrays:
    """Train these rows of a job; returns what they left. first: what the first of the job's rows left, if any has."""
    clock = time.process_time if job.training.place == "process" else time.monotonic
    seeds = [job.seeds[row] for row in rows]
    needed = [_stacked(store, [keys[row] for row in rows], job) for keys in job.needed]
    started = clock()
    arrays = job.training.train(seeds, needed)
    seconds = clock() - started
    _check(arrays, len(seeds), job)
    _require_alike(first or arrays, arrays, job)
    for index, (row, seed) in enumerate(zip(rows, seeds, strict=True)):
        own = {name: values if name in job.training.shared else values[index] for name, values in arrays.items()}
        store.save(job.keys[row], Stored(own, seconds / len(seeds)), {**job.description, "seed": seed})
    return arrays


def _attempt(name: str, content: bytes) -> TrainingError | None:
    """Do a job, pickled with its setting; returns what it failed with, as text: not every exception can be pickled.

    The job is unpickled here, so that a class which cannot be imported in a worker is an error that says so.
    """
    try:
        run_job(*pickle.loads(content))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # pytest's own, such as that of pytest.skip, are no Exception
        return _failed(name, error)
    return None


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
    running: dict[Future[TrainingError | None], tuple[Lane, Job]] = {}
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
        while free := [lane for lane in lanes if waiting.get(lane.place) and lane.has_room()]:
            lane = min(free, key=lambda each: each.load)
            _, _, job = heapq.heappop(waiting[lane.place])
            try:
                content = pickle.dumps((job, setting))
            except Exception as problem:  # it cannot be pickled
                finish(job, _failed(str(job), problem))
            else:
                running[lane.submit(_attempt, str(job), content)] = (lane, job)
        if not running and any(waiting.values()):
            place, jobs = next((place, jobs) for place, jobs in waiting.items() if jobs)
            job = heapq.heappop(jobs)[-1]
            finish(job, TrainingError(f"nothing here trains what belongs on {place!r}, as {job} does"))
            continue
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
                finish(job, future.result() if error is None else _failed(str(job), error))
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
    require_free(arrays)
    if masked := [name for name, values in arrays.items() if np.ma.isMaskedArray(values)]:
        raise TrainingError(f"{', '.join(masked)} is masked: fill what is masked, such as with NaN, or leave it out")
    wrong = [
        name
        for name, values in arrays.items()
        if name not in job.training.shared and (values.ndim == 0 or len(values) != seeds)
    ]
    if wrong:
        raise TrainingError(f"{job} returned {', '.join(wrong)} without a first axis of its {seeds} seeds")


def _require_alike(first: Arrays, arrays: Arrays, job: Job) -> None:
    """Raises TrainingError where seeds leave other arrays than each other, which no claim could stack."""
    was, now = ({name: values.shape[1:] for name, values in each.items()} for each in (first, arrays))
    if was != now:
        raise TrainingError(
            f"{job.training} returned other arrays, or shapes, for one seed than for another: {was}, {now}"
        )


def _require_same(before: Arrays, again: Iterable[Arrays], seed: int) -> None:
    """Raises NotRepeated where the same seed left other bits in an array, all NaN being one."""
    for arrays in again:
        found = {name: values[0] for name, values in arrays.items()}
        names = sorted(before.keys() ^ found.keys()) or [
            name for name, values in before.items() if _bits(values) != _bits(found[name])
        ]
        if names:
            raise NotRepeated(
                f"seed {seed} was trained twice, and {', '.join(names)} differ: its result depends on what was trained "
                "before it, or beside it, in its process. Draw from a generator made of the seed, keep nothing in the "
                "module between calls, and leave out what may differ, such as times; --no-repeat trains nothing twice"
            )


def _bits(values: Array) -> tuple[Any, ...]:
    own = np.where(np.isnan(values), np.nan, values) if values.dtype.kind in "fc" else values
    return values.dtype, values.shape, own.tobytes()


def _failed(name: str, error: BaseException) -> TrainingError:
    try:
        said = str(error)
    except Exception:
        said = "an error whose text cannot be made"
    text = said if isinstance(error, NotRepeated) else f"{type(error).__name__}: {said}"
    if isinstance(error, OSError):
        text += ". Is the disk full, or the run store read-only? What was stored before is untouched."
    failure = (NotRepeated if isinstance(error, NotRepeated) else TrainingError)(f"{name} failed: {text}")
    failure.add_note("".join(traceback.format_exception(error)))
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
