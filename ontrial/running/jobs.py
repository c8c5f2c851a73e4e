"""Jobs: a training with some seeds, trained in any process and stored seed by seed."""

import pickle
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ontrial.files import LOCK_LIMIT, locked
from ontrial.running import machine
from ontrial.running.store import RunStore, Stored
from ontrial.trainings import PLACES, Array, Arrays, Training, require_free

_SECONDS_BETWEEN_NOTES = 0.5  # of how much of a job is done
Reach = Callable[[float], object]  # given how much is done, from 0 to 1


class TrainingError(Exception):
    """A job could not be trained or stored; says which and why."""


class NotRepeated(TrainingError):
    """A seed that was trained twice gave other arrays the second time."""


@dataclass(frozen=True)
class Setting:
    """What all jobs of a session share.

    fresh: train again what was stored before the session began; repeat: train one seed of each @training twice;
    only_plans: train nothing, not even what is damaged.
    """

    store: RunStore
    fresh: bool = False
    lock_limit: float = LOCK_LIMIT
    repeat: bool = True
    only_plans: bool = False
    began: float = field(default_factory=time.time)

    def has(self, key: str) -> bool:
        """Whether a result is stored, and need not be trained again."""
        return self.store.has(key) and not (self.fresh and (self.store.since(key) or 0.0) < self.began)

    @property
    def stop(self) -> Path:
        """The file that is there while the session stops: no seed begins then, in whatever process."""
        return self.store.lock(f"stop-{self.began!r}")

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Let no further seed begin meanwhile."""
        with suppress(OSError):  # the store cannot be written, so that nothing can be stored anyway
            self.stop.parent.mkdir(parents=True, exist_ok=True)
            self.stop.touch()
        try:
            yield
        finally:
            with suppress(OSError):
                self.stop.unlink(missing_ok=True)


@dataclass(frozen=True)
class Job:
    """A training with some of its seeds.

    keys: of each seed in the store; description: all that the result depends on but the seed; needs: jobs of what it
    needs, with the same seeds; repeats: whether one seed is trained twice; seconds: estimated, but for `unknown`: how
    many seeds of which trainings will be trained whose seconds are known only when some were measured.
    """

    training: Training
    seeds: tuple[int, ...]
    keys: tuple[str, ...]
    description: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    needs: tuple["Job", ...] = ()
    repeats: bool = False
    seconds: float = 0.0
    unknown: tuple[tuple[Training, int], ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        seeds = f"seed {self.seeds[0]}" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds from {self.seeds[0]}"
        return f"{self.training} ({seeds})"

    @property
    def threads(self) -> int:
        """With how many threads it computes, one where its trainings do not say."""
        return max(getattr(part.training, "threads", 1) for part in self.parts())

    def parts(self) -> list["Job"]:
        """The jobs of what it needs, those first, and itself."""
        return [*(part for need in self.needs for part in need.parts()), self]

    def elsewhere(self) -> list["Job"]:
        """The jobs of what it needs, at whatever depth, that have another place than what needs them."""
        found = [(each, [each] if each.training.place != self.training.place else []) for each in self.needs]
        return [job for need, own in found for job in (*need.elsewhere(), *own)]

    def all_keys(self) -> set[str]:
        return {key for part in self.parts() for key in part.keys}

    def only(self, rows: Sequence[int]) -> "Job":
        """The job of some of its seeds, by their place."""
        seeds, keys = tuple(self.seeds[row] for row in rows), tuple(self.keys[row] for row in rows)
        return replace(self, seeds=seeds, keys=keys, needs=tuple(each.only(rows) for each in self.needs))


def run_job(job: Job, setting: Setting) -> None:
    """Train and store those seeds of a job that are not stored, after those of what it needs.

    Each training and seed is trained under its own lock: no two processes train the same. A seed that fails ends no
    other. Raises the TrainingError of the first that failed, at the end.
    """
    failures: dict[int, TrainingError] = {}  # by the place of the seed
    if not (parts := [part for part in job.parts() if not all(map(setting.has, part.keys))]):
        return
    last = time.monotonic()

    def note(done: float) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= _SECONDS_BETWEEN_NOTES:
            last = now
            setting.store.reach(job.keys[0], done)

    try:
        for place, part in enumerate(parts):
            rows = [row for row in range(len(job.seeds)) if row not in failures]
            own = replace(part.only(rows), repeats=job.repeats)
            found = _run(own, setting, _of(note, place, len(parts)))
            failures |= {rows[row]: failure for row, failure in found.items()}
    finally:
        setting.store.reach(job.keys[0], 1.0)
    if failures:
        raise failures[min(failures)]


def _of(reach: Reach, place: int, shares: float) -> Reach:
    """The same for one of so many equal shares."""
    return lambda done: reach((place + min(max(done, 0.0), 1.0)) / shares)


def _run(job: Job, setting: Setting, reach: Reach) -> dict[int, TrainingError]:
    """Train and store what a job lacks but its needs; returns why seeds failed, by their place."""
    if all(map(setting.has, job.keys)):
        return {}  # without the locks
    try:
        with ExitStack() as held:
            keys = sorted(job.keys)  # in one order, or two sessions could wait for each other
            for key in keys if job.training.place in PLACES else job.keys[:1]:  # others train a whole look at once
                held.enter_context(locked(setting.store.lock(key), setting.lock_limit))
            for key in keys:
                if setting.store.since(key) is not None and not setting.store.has(key):  # damaged
                    setting.store.set_aside(key)
            rows = [row for row, key in enumerate(job.keys) if not setting.has(key)]
            own = getattr(job.training, "threads", None)
            with machine.threads(own) if own else nullcontext():
                failures = _train(job.only(rows), setting, reach)
            return {rows[row]: failure for row, failure in failures.items()}
    except (KeyboardInterrupt, TrainingError):
        raise
    except BaseException as error:  # pytest's own, such as that of pytest.skip, are no Exception
        raise failed(job, error) from error


def load(job: Job, setting: Setting) -> Stored:
    """What the only seed of a job recorded, trained again where it is damaged. Raises TrainingError."""
    [key] = job.keys
    if (stored := setting.store.load(key)) is None and not setting.only_plans:
        run_job(job, setting)
        stored = setting.store.load(key)
    if stored is None and setting.only_plans:
        raise TrainingError(f"{job.training} (seed {job.seeds[0]}) is damaged in the run store: it is trained again")
    if stored is None:
        raise TrainingError(
            f"{job.training} (seed {job.seeds[0]}) is damaged in the run store, and could not be replaced: is it "
            "read-only, or does anything else write there?"
        )
    return stored


def attempt(name: str, content: bytes) -> TrainingError | None:
    """Run a job, pickled with its setting; returns why it failed.

    The job is unpickled here, so that a class which a worker cannot import is an error that says so.
    """
    try:
        run_job(*pickle.loads(content))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return failed(name, error)
    return None


def failed(job: object, error: BaseException) -> TrainingError:
    """Why a job failed, as text, since not every exception can be pickled."""
    if isinstance(error, TrainingError):
        failure = type(error)(*error.args)
    else:
        try:
            text = str(error)
        except Exception:
            text = "an error whose text cannot be made"
        if isinstance(error, OSError):
            text += ". Is the disk full, or the run store read-only? What was stored before is untouched."
        failure = TrainingError(f"{job} failed: {type(error).__name__}: {text}")
    failure.add_note("".join(traceback.format_exception(error)))
    return failure


def _train(job: Job, setting: Setting, reach: Reach) -> dict[int, TrainingError]:
    """Train and store all seeds of a job, one by one where the training takes one a call; returns why seeds failed."""
    size = 1 if getattr(job.training, "one_by_one", False) else len(job.seeds)
    failures: dict[int, TrainingError] = {}
    before: Arrays = {}
    for start in range(0, len(job.seeds), size or 1):
        if setting.stop.exists():
            return failures
        rows = range(start, start + size)
        part = job.only(rows)
        try:
            arrays, seconds, elapsed = _trained(part, setting, _of(reach, start // size, len(job.seeds) / size))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            failures |= dict.fromkeys(rows, failed(part, error))
            continue
        _store(part, arrays, seconds, elapsed, setting)
        if (shapes := _shapes(arrays)) != _shapes(before or arrays):
            raise TrainingError(
                f"{job.training} returned other arrays, or shapes, for one seed than for another: "
                f"{_shapes(before)}, {shapes}"
            )
        before, last = arrays, part.only([size - 1])
    if before and job.repeats and hasattr(job.training, "again"):
        own = {name: values[-1] for name, values in before.items() if name not in job.training.shared}
        again = job.training.again(last.seeds[0], 1 if len(job.seeds) > 1 else 2, _needed(last, setting))
        _require_same(last, own, again)
    return failures


def _trained(job: Job, setting: Setting, reach: Reach) -> tuple[Arrays, float, float]:
    """The arrays that training records of these seeds, first axis the seed, and the seconds of one, on its core and by
    the clock on the wall.
    """

    def progress(step: float, total: float) -> None:
        reach(step / total if total else 0.0)

    tools: dict[str, Any] = {"progress": progress}
    tools["checkpoint"] = setting.store.checkpoint(job.keys[0], setting.began if setting.fresh else 0.0)
    tools = {name: tools[name] for name in getattr(job.training, "takes", ())}
    needed = _needed(job, setting)
    of_core, on_wall = time.process_time(), time.monotonic()
    arrays = job.training.train(job.seeds, needed, **tools)
    elapsed = (time.monotonic() - on_wall) / len(job.seeds)
    seconds = (time.process_time() - of_core) / len(job.seeds) if job.training.place == "process" else elapsed
    reach(1.0)
    require_free(arrays)
    if masked := [name for name, values in arrays.items() if np.ma.isMaskedArray(values)]:
        raise TrainingError(
            f"{job}: {', '.join(masked)} is masked: fill what is masked, such as with NaN, or leave it out"
        )
    own = arrays.keys() - job.training.shared
    if wrong := [name for name in own if np.shape(arrays[name])[:1] != (len(job.seeds),)]:
        raise TrainingError(f"{job} returned {', '.join(wrong)} without a first axis of its {len(job.seeds)} seeds")
    return arrays, seconds, elapsed


def _needed(job: Job, setting: Setting) -> list[Arrays]:
    """The arrays of each training that a job needs, first axis the seed."""
    found = []
    for need in job.needs:
        rows = [load(need.only([row]), setting).arrays for row in range(len(need.seeds))]
        found.append({name: np.stack([arrays[name] for arrays in rows]) for name in rows[0]})
    return found


def _store(job: Job, arrays: Arrays, seconds: float, elapsed: float, setting: Setting) -> None:
    shared = job.training.shared
    for row, (key, seed) in enumerate(zip(job.keys, job.seeds, strict=True)):
        own = {name: values if name in shared else values[row] for name, values in arrays.items()}
        setting.store.save(key, Stored(own, seconds, elapsed), {**job.description, "seed": seed})


def _shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: np.shape(values)[1:] for name, values in arrays.items()}


def _require_same(job: Job, before: Arrays, again: Iterable[Arrays]) -> None:
    """Raises NotRepeated where the seed of a job gave other bits in an array, all NaN being one."""
    for arrays in again:
        found = {name: values[0] for name, values in arrays.items()}
        names = sorted(before.keys() ^ found.keys()) or [
            name for name, values in before.items() if _bits(values) != _bits(found[name])
        ]
        if names:
            raise NotRepeated(
                f"{job} failed: it was trained twice, and {', '.join(names)} differ: its result "
                "depends on what was trained before it, or beside it, in its process. Draw from a generator made of "
                "the seed, keep nothing in the module between calls, and leave out what may differ, such as times; "
                "--ontrial-no-repeat trains nothing twice"
            )


def _bits(values: Array) -> tuple[Any, ...]:
    own = np.where(np.isnan(values), np.nan, values) if values.dtype.kind in "fc" else values
    return values.dtype, values.shape, own.tobytes()
