"""The plan of a session: train the first look of all that is asked, judge, go on for what is undecided."""

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from ontrial.files import writable
from ontrial.running.lanes import lanes
from ontrial.running.queue import Job, NotRepeated, Progress, Setting, TrainingError, work_off
from ontrial.running.shelf import Shelf
from ontrial.running.store import Stored, canonical, described, identity
from ontrial.running.trial import Trial
from ontrial.trainings import Run, Runs, Stacked, Training, require_finite

Report = Callable[[Progress], object]
_SECONDS_A_JOB = 2.0  # about: short enough to spread over lanes
_WORTH_SPREADING = 0.5  # seconds of all seeds, from which every lane gets a share: less takes longer to begin anew
_DEVICE_THREADS = 16
_BYTES_A_SEED = 50_000.0  # before any seed of a training is stored


class StoreFull(Exception):
    """The disk has less room than the jobs need; says how much."""


@dataclass
class Plan:
    """All trials of a session: `complete` trains what is not stored, look by look; `runs` reads what a trial is shown.

    `add` everything first: one queue then keeps every core busy.
    """

    setting: Setting
    workers: int
    cluster: Executor | None = None
    trials: list[Trial] = field(default_factory=list)
    _failures: dict[str, Exception] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _jobs_asked: list[Job] = field(default_factory=list)
    _blocked: list[Job] = field(default_factory=list)
    _repeated: set[Hashable] = field(default_factory=set)
    _distrusted: dict[Hashable, NotRepeated] = field(default_factory=dict)
    _shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self._shelf = Shelf(self.setting)

    def add(self, trial: Trial) -> None:
        """Put a trial on the plan. Raises what one of its trainings raises where the plan will have to rely on it."""
        for training in _with_needs(trial.trainings.values()):
            for seeds in (0, 1, *trial.looks):
                if not training.estimate(seeds) >= 0:
                    raise ValueError(f"{training} estimates {training.estimate(seeds)} seconds for {seeds} seeds")
            f"{training} {training.place}".encode()
        self.trials.append(trial)

    def first_jobs(self, trials: Iterable[Trial] | None = None) -> list[Job]:
        """What these trials, or all, lack first; those that lack nothing are judged, and go on, at once."""
        return [job for trial in trials or self.trials for job in self._next(trial)]

    def stored(self) -> tuple[int, int]:
        """How many jobs are known to be done, of all that were asked for."""
        there = self._shelf.there
        return sum(there.issuperset(job.keys) for job in self._jobs_asked), len(self._jobs_asked)

    def complete(self, first: Iterable[Job], report: Report) -> None:
        """Train these jobs and all that open trials need after them.

        A failure is kept for the tests that need the job, and stops no other. Raises StoreFull where the disk has
        less room than these jobs need.
        """
        first = list(first)
        try:
            writable(self.setting.store.folder)
        except ValueError as error:
            while first:
                job = first.pop()
                said = f"{job} is not in the run store, which is read-only: {error}"
                first += self._then(job, TrainingError(said))
            return
        self._require_room(first)
        trainings = [each for trial in self.trials for each in _with_needs(trial.trainings.values())]
        places = {each.place for each in trainings} - {"process"}
        with lanes(self.workers, _DEVICE_THREADS, next(iter(places), None), self.cluster) as ways:
            work_off(self._ready(first), self._then, self.setting, ways, lambda each: report(self._told(each)))

    def runs(self, trial: Trial) -> Runs:
        """The runs that a trial is shown at its present look, under the names of its trainings.

        Raises what the first of its jobs failed with, or Diverged where a network broke.
        """
        runs = Runs({name: self.run(training, trial.seeds) for name, training in trial.trainings.items()})
        for run in runs.values():
            require_finite(run)
        return runs

    def run(self, training: Training, seeds: tuple[int, ...]) -> Run:
        """One training with these seeds, as stored. Raises what its job failed with."""
        below = [self.run(each, seeds) for each in training.needs]
        keys = self._shelf.keys(training, seeds)
        rows = [self._load(training, seed, key) for seed, key in zip(seeds, keys, strict=True)]
        if any(row.arrays.keys() != rows[0].arrays.keys() for row in rows):
            raise TrainingError(f"{training} left other arrays for one seed than for another")
        arrays = Stacked([row.arrays for row in rows], training.shared, below[0].arrays if below else {})
        return Run(training, seeds, arrays, sum(row.seconds for row in rows))

    def trained_since(self, training: Training, seeds: tuple[int, ...]) -> float | None:
        """When the first of these seeds was stored, as a time stamp; None where none is, or its data is missing."""
        try:
            times = [self.setting.store.since(key) for key in self._shelf.keys(training, seeds)]
        except Exception:
            return None
        return min((time for time in times if time is not None), default=None)

    def digest(self, trial: Trial) -> str:
        """SHA-256 of all that a trial's runs depend on but the seeds; "" where nothing is trained."""
        return self._digest([described(each) for each in _with_needs(trial.trainings.values())])

    def rounding(self, trial: Trial) -> str:
        """SHA-256 of what decides how a trial's runs are rounded: of its engines, not of what was declared."""
        return self._digest([_rounding(each) for each in _with_needs(trial.trainings.values())])

    def _digest(self, descriptions: list[dict[str, Any]]) -> str:
        texts = sorted(map(canonical, descriptions))
        return hashlib.sha256("\n".join(texts).encode()).hexdigest() if texts else ""

    def seconds(self, jobs: Iterable[Job]) -> float:
        """Seconds that these jobs will take on all workers."""
        return sum(job.training.estimate(len(job.seeds)) for job in jobs) / self.workers

    def seconds_of_first_looks(self, trials: Iterable[Trial] | None = None) -> float:
        """Seconds that the first looks of these trials, or all, would take on all workers if nothing were stored."""
        most: dict[Hashable, float] = {}
        for trial in trials or self.trials:
            for training in _with_needs(trial.trainings.values()):
                name = identity(training)
                most[name] = max(most.get(name, 0.0), training.estimate(trial.looks[0]))
        return sum(most.values()) / self.workers

    def damaged(self) -> list[str]:
        """What was found damaged in this session and set aside."""
        return self._shelf.damaged

    def _next(self, trial: Trial) -> list[Job]:
        """The jobs that a trial lacks, after all looks whose runs are there have been judged."""
        while trial.is_open:
            if (jobs := self._lacking(trial)) or trial.failure is not None:
                return jobs
            if trial.lacks:
                return []  # what it lacks is asked for already, by another trial
            if trial.is_last_look:
                trial.is_open = False  # pytest's own call judges it
            else:
                trial.judge(self.runs)
        return []

    def _lacking(self, trial: Trial) -> list[Job]:
        jobs: list[Job] = []
        trial.lacks = set()
        try:
            trainings = _with_needs(trial.trainings.values())
            lacking = [self._seeds_lacking(training, trial.seeds) for training in reversed(trainings)]
        except Exception as error:  # its data is missing, or its source cannot be told
            trial.fail(error)
            return []
        for training, seeds in zip(trainings, reversed(lacking), strict=True):
            keys = self._shelf.keys(training, trial.seeds)
            if failed := next((self._failures[key] for key in keys if key in self._failures), None):
                trial.fail(failed)
                return []
            named = dict(zip(trial.seeds, keys, strict=True))
            trial.lacks |= {named[seed] for seed in seeds}
            jobs += self._jobs(training, [seed for seed in seeds if named[seed] not in self._asked])
        self._asked |= {key for job in jobs for key in job.keys}
        self._jobs_asked += jobs
        return jobs

    def _seeds_lacking(self, training: Training, seeds: tuple[int, ...]) -> list[int]:
        """The seeds that have to be trained; what they are handed is then read, which finds damage in time."""
        lacking = [seed for seed in seeds if self._shelf.lacks(training, seed)]
        self._shelf.require_whole(training.needs, lacking)
        return lacking

    def _jobs(self, training: Training, seeds: list[int]) -> list[Job]:
        size = len(seeds)
        if training.place == "process" and seeds:
            each = max(training.estimate(1) - training.estimate(0), 1e-9)
            if each * size >= _WORTH_SPREADING:
                size = min(max(1, int(_SECONDS_A_JOB / each)), -(-size // self.workers))
        blocks = [tuple(seeds[start : start + size]) for start in range(0, len(seeds), size or 1)]
        repeats = bool(blocks) and self.setting.repeat and (name := identity(training)) not in self._repeated
        if repeats:
            self._repeated.add(name)
        return [self._shelf.job(training, block, repeats and block is blocks[0]) for block in blocks]

    def _ready(self, jobs: Iterable[Job]) -> list[Job]:
        """Those of these jobs, and of those that were blocked, whose needs are there."""
        ready: list[Job] = []
        blocked: list[Job] = []
        for job in [*self._blocked, *jobs]:
            is_ready = all(key in self._shelf.there for keys in job.needed for key in keys)
            (ready if is_ready else blocked).append(job)
        self._blocked = blocked
        return ready

    def _then(self, job: Job, failure: TrainingError | None) -> list[Job]:
        """What follows a job that is done: jobs that waited for it, and the next looks of trials that did."""
        name = identity(job.training)
        if isinstance(failure, NotRepeated):
            self._distrusted[name] = failure
            self._distrust(job.training, failure)
        elif name in self._distrusted:
            failure = self._distrusted[name]
            self._distrust(job.training, failure)
        stored = () if failure is not None and self.setting.fresh else filter(self.setting.store.has, job.keys)
        there = set(stored) if failure is not None else set(job.keys)
        self._shelf.there |= there
        if failure is not None:
            lost = set(job.keys) - there
            self._failures |= dict.fromkeys(lost, failure)
            self._lose(lost, failure)
        follow: list[Job] = []
        for trial in self.trials:
            if trial.is_open and not trial.lacks.isdisjoint(job.keys):
                trial.lacks -= set(job.keys)
                if not trial.lacks or failure is not None:
                    follow += self._next(trial)
        return self._ready(follow)

    def _distrust(self, training: Training, failure: Exception) -> None:
        """Nothing that a training left is used, whatever was judged by it so far; the next session trains it again."""
        keys = self._shelf.every_key(training)
        for key in filter(self.setting.store.has, keys):
            self.setting.store.set_aside(key)
        self._shelf.there -= keys
        self._failures |= dict.fromkeys(keys, failure)
        self._lose(keys, failure)
        for trial in self.trials:
            if identity(training) in map(identity, _with_needs(trial.trainings.values())):
                trial.fail(failure)

    def _lose(self, keys: set[str], failure: Exception) -> None:
        """Jobs that wait for what has failed have failed as well."""
        for job in list(self._blocked):
            if not keys.isdisjoint(key for needed in job.needed for key in needed):
                self._blocked.remove(job)
                self._failures |= dict.fromkeys(job.keys, failure)

    def _told(self, progress: Progress) -> Progress:
        opened = [trial for trial in self.trials if trial.is_open]
        furthest = max((trial.look for trial in opened), default=0)
        return dataclasses.replace(
            progress,
            look=furthest + 1,
            looks=max((len(trial.looks) for trial in self.trials), default=1),
            decided=len(self.trials) - len(opened),
            open=len(opened),
        )

    def _load(self, training: Training, seed: int, key: str) -> Stored:
        if key in self._failures:
            raise self._failures[key]
        return self._shelf.load(training, seed, key)

    def _require_room(self, jobs: list[Job]) -> None:
        folder = self.setting.store.folder
        needed = sum(_BYTES_A_SEED * len(job.seeds) for job in jobs)
        free = shutil.disk_usage(folder).free if folder.exists() else needed
        if free < needed:
            raise StoreFull(
                f"the run store needs {needed / 2**20:,.0f} MiB more, and {folder} has {free / 2**20:,.0f} MiB "
                "free: make room, or name another folder with --store"
            )


def _rounding(training: Training) -> dict[str, Any]:
    """What a training's result depends on beside what a registration locks: its fields, and source that it digests."""
    locked = {*training.terms(), *(("source",) if training.code() else ())}
    return {name: value for name, value in training.describe().items() if name not in locked}


def _with_needs(trainings: Iterable[Training]) -> list[Training]:
    """These trainings and all that they need, what is needed first, each once."""
    found: dict[Hashable, Training] = {}
    for training in trainings:
        for each in (*_with_needs(training.needs), training):
            found.setdefault(identity(each), each)
    return list(found.values())
