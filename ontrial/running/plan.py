"""The plan of a session: train the first look of every claim, judge, and go on for what is not decided yet."""

import dataclasses
import hashlib
from collections import ChainMap
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ontrial.claim import Claim
from ontrial.files import writable
from ontrial.running.costs import Costs
from ontrial.running.jobs import Job, NotRepeated, Setting, TrainingError, load
from ontrial.running.store import Stored, canonical, described, identity, name_of, with_needs
from ontrial.running.workers import Status, run_jobs
from ontrial.stats.verdicts import Evidence, Verdict
from ontrial.trainings import PLACES, Array, Run, Runs, Stacked, Training, require_finite

DECIDED = frozenset({Verdict.HOLDS, Verdict.REFUTED})
_SECONDS_A_JOB = 2.0  # about: short enough to spread over workers
_AT_ONCE = 8, 30.0  # seeds at first, seconds then, of a call that takes all seeds: a step of many costs little more
_WORTH_SPREADING = 0.5  # seconds of all seeds, from which every worker gets a share: less takes longer to start again
_MOST_BYTES = 2**27  # of results in memory

Draw = Callable[[int], tuple[int, ...]]
Call = Callable[[Claim, Runs], object]


@dataclass(eq=False)
class Trial:
    """One case of a claim at one tier, judged look by look until it is decided.

    name: for messages; trainings: by the names in the claim's module; looks: numbers of seeds, ascending; draw: the
    first so many seeds; make: the claim fixture for these seeds and the conditions that are decided; call: calls the
    test with claim and runs.

    look: the present one; fixed: the conditions that were decided, by their place in `holds_if`; history: the evidence
    of every look so far; lacks: keys of results that it waits for; at_look: what the test raised at a look, as text.
    """

    name: str
    trainings: Mapping[Hashable, Training]
    looks: tuple[int, ...]
    draw: Draw
    make: Callable[[tuple[int, ...] | None, Mapping[int, Evidence]], Claim]
    call: Call
    look: int = 0
    fixed: dict[int, Evidence] = field(default_factory=dict)
    history: dict[int, tuple[Evidence, ...]] = field(default_factory=dict)
    lacks: set[str] = field(default_factory=set)
    failure: Exception | None = None
    at_look: str = ""
    is_open: bool = True

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the present look."""
        return self.draw(self.looks[self.look])

    def claim(self) -> Claim:
        """The claim fixture of the present look."""
        return self.make(self.seeds if self.trainings else None, self.fixed)

    def judge(self, runs: Callable[["Trial"], Runs]) -> None:
        """Evaluate the claim at the present look; close the trial where that decides it, else go on to the next.

        What the test raises closes it as well: pytest's own call has to raise the same.
        """
        claim = self.claim()
        try:
            self.call(claim, runs(self))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # pytest's own, such as that of pytest.skip, are no Exception
            self.at_look, self.is_open = in_words(error), False
            return
        self.keep(claim)
        if not claim.evidence:
            self.at_look, self.is_open = "ended without a verdict", False
        elif claim.verdict in DECIDED:
            self.is_open = False
        else:
            self.look += 1

    def keep(self, claim: Claim) -> None:
        """Remember the evidence of a look, and fix the conditions that it decided."""
        self.history[self.look] = claim.evidence
        for place, evidence in enumerate(claim.evidence):
            if place not in self.fixed and evidence.verdict in DECIDED:
                self.fixed[place] = evidence

    def fail(self, error: Exception) -> None:
        """Close the trial because its training failed."""
        self.failure, self.is_open = error, False


@dataclass
class Plan:
    """All trials of a session: `complete` trains what is not stored, look by look; `runs` reads what a trial needs.

    `add` everything first: one queue then uses every core.
    """

    setting: Setting
    workers: int
    cluster: Executor | None = None
    trials: list[Trial] = field(default_factory=list)
    _descriptions: dict[Hashable, dict[str, Any]] = field(default_factory=dict)
    _keys: dict[tuple[tuple[Hashable, ...], int], str] = field(default_factory=dict)
    _stored: set[str] = field(default_factory=set)
    _planned: dict[str, Job] = field(default_factory=dict)  # jobs, by the keys of their seeds
    _counted: set[str] = field(default_factory=set)  # keys whose seconds are part of a job's
    costs: Costs = field(init=False)
    _damaged_before: set[tuple[str, int]] = field(init=False)
    _failures: dict[str, Exception] = field(default_factory=dict)
    _repeated: dict[Hashable, NotRepeated | None] = field(default_factory=dict)
    _results: dict[str, Stored] = field(default_factory=dict)  # in memory, the last used last
    _bytes: int = 0

    def __post_init__(self) -> None:
        self.costs, self._damaged_before = Costs(self.setting.store), self.setting.store.damaged()

    def add(self, trial: Trial) -> None:
        """Add a trial. Raises what one of its trainings raises where the plan will have to rely on it."""
        for training in with_needs(trial.trainings.values()):
            for seeds in (0, 1, *trial.looks):
                if (estimated := training.estimate(seeds)) is not None and not estimated >= 0:
                    raise ValueError(f"{training} estimates {estimated} seconds for {seeds} seeds")
            f"{training} {training.place}".encode()  # raises now what a message or a worker would raise later
        self.trials.append(trial)

    def first_jobs(self, trials: Iterable[Trial] | None = None) -> list[Job]:
        """The jobs that these trials, or all, lack first; those that lack nothing are judged, and go on, at once."""
        return [job for trial in trials or self.trials for job in self._next(trial)]

    def missing(self, training: Training, seeds: tuple[int, ...]) -> int:
        """How many of these seeds are not stored. Raises what the training raises where its data is missing."""
        return sum(not self.setting.has(key) for key in self._job(training, seeds).keys)

    def stored(self) -> tuple[int, int]:
        """How many seeds are stored, of all that were planned."""
        return sum(map(self.setting.has, self._planned)), len(self._planned)

    def complete(
        self, first: Iterable[Job], report: Callable[[Status], object], *, until_failure: bool = False
    ) -> None:
        """Run these jobs and all that open trials need after them.

        A job that fails fails the trials that need it, and no other; until_failure: it also ends the training. Raises
        StoreFull where the disk has less room than the seeds that are planned need, by the first that are measured.
        """
        first = list(first)
        try:
            writable(self.setting.store.folder)
        except ValueError as error:
            while first:
                failure = TrainingError(f"{first[-1]} is not in the run store, which is read-only: {error}")
                first += self._then(first.pop(), failure)
            return
        self._require_room()
        shown = lambda each: report(self._with_looks(each))  # noqa: E731
        run = partial(run_jobs, first, self._then, self.setting, shown, self.workers, self.cluster)
        run(cost=self.cost, until_failure=until_failure)
        for key in self._planned.keys() - self._stored - self._failures.keys():  # it ended before
            del self._planned[key]

    def runs(self, trial: Trial) -> Runs:
        """The runs of a trial at its present look, under the names of its trainings.

        Raises what the first of its jobs failed with, or Diverged where a loss is not finite.
        """
        recent: dict[tuple[int, str], Array] = {}
        runs = Runs({name: self.run(each, trial.seeds, recent) for name, each in trial.trainings.items()})
        for run in runs.values():
            require_finite(run)
        return runs

    def run(
        self, training: Training, seeds: tuple[int, ...], recent: dict[tuple[int, str], Array] | None = None
    ) -> Run:
        """One training with these seeds, as stored. Raises what its job failed with. recent: see Stacked."""
        recent = {} if recent is None else recent
        needed = [self.run(each, seeds, recent).arrays for each in training.needs]
        job = self._job(training, seeds)
        rows = [self._load(job.only([row])) for row in range(len(seeds))]
        if any(row.arrays.keys() != rows[0].arrays.keys() for row in rows):
            raise TrainingError(f"{training} recorded other arrays for one seed than for another")
        arrays = Stacked([row.arrays for row in rows], training.shared, recent)
        return Run(training, seeds, ChainMap(arrays, *needed[:1]), sum(row.seconds for row in rows))  # type: ignore[arg-type]

    def trained_since(self, training: Training, seeds: tuple[int, ...]) -> float | None:
        """When the first of these seeds was stored, as a time stamp; None where none is, or its data is missing."""
        try:
            times = [self.setting.store.since(key) for key in self._job(training, seeds).keys]
        except Exception:
            return None
        return min((time for time in times if time is not None), default=None)

    def digest(self, trial: Trial) -> str:
        """SHA-256 of all that a trial's runs depend on but the seeds; "" where nothing is trained."""
        return _digest(map(self._described, with_needs(trial.trainings.values())))

    def rounding(self, trial: Trial) -> str:
        """SHA-256 of what its runs depend on beside what a registration locks: their engines, which decide rounding."""
        found = []
        for each in with_needs(trial.trainings.values()):
            locked = {"needs", *each.terms(), *(("source",) if each.code() else ())}
            found.append({name: value for name, value in self._described(each).items() if name not in locked})
        return _digest(found)

    def seconds(self, jobs: Iterable[Job]) -> float | None:
        """Estimated seconds of these jobs on all workers; None where those of one are not known."""
        found = [self.cost(job) for job in jobs]
        return None if None in found else sum(each or 0.0 for each in found) / self.workers

    def cost(self, job: Job) -> float | None:
        """Estimated seconds of a job, None where they are not known."""
        measured = [self.costs.seconds(*each) for each in job.unknown]
        return None if None in measured else job.seconds + sum(each or 0.0 for each in measured)

    def seconds_of_first_looks(self, trials: Iterable[Trial] | None = None) -> float:
        """Estimated seconds of the first looks of these trials, or all, on all workers if nothing were stored."""
        most: dict[Hashable, float] = {}
        for trial in trials or self.trials:
            for training in with_needs(trial.trainings.values()):
                name = identity(training)
                most[name] = max(most.get(name, 0.0), self.costs.seconds(training, trial.looks[0]) or 0.0)
        return sum(most.values()) / self.workers

    def damaged(self) -> list[str]:
        """The results that were found damaged in this session and set aside."""
        found = {key for key, _ in self.setting.store.damaged() - self._damaged_before}
        names = [(f"{name[0]} (seed {seed})", key) for (name, seed), key in self._keys.items()]
        return [name for name, key in names if key in found and key not in self._failures]

    def _next(self, trial: Trial) -> list[Job]:
        """The jobs that a trial lacks, after all looks whose results are stored have been judged."""
        while trial.is_open:
            try:
                whole = [self._job(each, trial.seeds) for each in trial.trainings.values()]
                jobs = [one for job in whole for one in (*job.elsewhere(), job)]
                if failed := [self._failures[key] for job in jobs for key in job.keys if key in self._failures]:
                    raise failed[0]
            except Exception as error:  # also where its data is missing, or its source cannot be resolved
                trial.fail(error)
                return []
            lacking = [job.only(self._lacking(job)) for job in jobs]
            trial.lacks = {key for job in lacking for key in job.keys}
            if trial.lacks:
                return [new for job in lacking for new in self._split(job)]
            if trial.look == len(trial.looks) - 1:
                trial.is_open = False  # pytest's own call judges it
            else:
                trial.judge(self.runs)
        return []

    def _job(self, training: Training, seeds: tuple[int, ...]) -> Job:
        """The job of these seeds. Raises what the training raises where its data is missing."""
        name = identity(training)
        description = self._described(training)
        for seed in seeds:
            if (name, seed) not in self._keys:
                self._keys[name, seed] = name_of(description, seed)
        keys = tuple(self._keys[name, seed] for seed in seeds)
        needs = tuple(self._job(need, seeds) for need in training.needs)
        return Job(training, seeds, keys, description, needs)

    def _described(self, training: Training) -> dict[str, Any]:
        """All that a training's result depends on but the seed, found out once. Raises as its `describe` does."""
        name = identity(training)
        if name not in self._descriptions:
            self._descriptions[name] = described(training, self._described)
        return self._descriptions[name]

    def _lacking(self, job: Job) -> list[int]:
        """The places of the seeds that are not stored, or whose needs are not."""
        self._stored |= set(filter(self.setting.has, job.all_keys() - self._stored))
        parts = job.parts()
        return [row for row in range(len(job.seeds)) if not all(part.keys[row] in self._stored for part in parts)]

    def _split(self, job: Job) -> list[Job]:
        """Jobs for those of its seeds that are not planned, so many that all workers have some."""
        job = job.only([row for row, key in enumerate(job.keys) if key not in self._planned])
        rows = range(len(job.seeds))
        parts = [job.only(rows[start : start + size]) for size in [self._size(job)] for start in rows[::size]]
        name = identity(job.training)
        repeated = min(1, len(parts) - 1) if self.setting.repeat and name not in self._repeated else None
        self._repeated.setdefault(name, None)
        jobs = []
        for place, part in enumerate(parts):
            repeats = place == repeated  # the second, so that the first tells soon how long one takes
            seconds, unknown = 0.0, []
            for each, count in self._to_train(part):
                if (estimated := each.training.estimate(count)) is None:
                    again = (1 if len(part.seeds) > 1 else 2) if repeats and hasattr(each.training, "again") else 0
                    unknown.append((each.training, count + again))
                seconds += estimated or 0.0
            self._counted |= part.all_keys()
            jobs.append(dataclasses.replace(part, repeats=repeats, seconds=seconds, unknown=tuple(unknown)))
        self._planned |= {key: each for each in jobs for key in each.keys}
        return jobs

    def _size(self, job: Job) -> int:
        """How many seeds a job of these should have."""
        count, begin, total = len(job.seeds), 0.0, 0.0
        takes_all = not getattr(job.training, "one_by_one", False) and job.training.estimate(1) is None
        first, seconds = _AT_ONCE if takes_all else (1, _SECONDS_A_JOB)
        for each, seeds in self._to_train(job):
            if (estimated := self.costs.seconds(each.training, seeds)) is None:
                return first  # until one is measured
            total += estimated
            begin += self.costs.seconds(each.training, 0) or 0.0
        if job.training.place in PLACES and total - begin >= _WORTH_SPREADING:
            count = min(max(1, int(seconds * count / (total - begin))), -(-count // self.workers))
        return max(1, count)

    def _to_train(self, job: Job) -> list[tuple[Job, int]]:
        """What a job trains and no other was counted with: its parts, each with its number of seeds."""
        counts = [(part, len(set(part.keys) - self._stored - self._counted)) for part in job.parts()]
        return [(part, count) for part, count in counts if count]

    def _require_room(self) -> None:
        """Raises StoreFull where the disk has less room than the seeds that are planned need."""
        parts = [part for job in set(self._planned.values()) for part in job.parts()]
        lacking = {key: part.training for part in parts for key in part.keys if key not in self._stored}
        self.costs.require_room(lacking.values())

    def _then(self, job: Job, failure: TrainingError | None) -> list[Job]:
        """The next looks of the trials that waited for a job that is done."""
        not_repeated = [self._repeated.get(identity(part.training)) for part in job.parts()]
        failure = next((each for each in not_repeated if each is not None), failure)
        if isinstance(failure, NotRepeated):
            self._distrust(job, failure)
        news = [self.costs.note(part.training, part.keys[0]) for part in job.parts() if part.keys]
        if any(news):
            self._stored |= set(filter(self.setting.has, job.all_keys()))
            self._require_room()
        lost = {job.keys[row] for row in self._lacking(job)}
        if failure is not None:
            self._failures |= dict.fromkeys(lost, failure)
        follow: list[Job] = []
        for trial in self.trials:
            if trial.is_open and not trial.lacks.isdisjoint(job.keys):
                trial.lacks -= set(job.keys)
                if failure is not None or not trial.lacks:
                    follow += self._next(trial)
        return follow

    def _distrust(self, job: Job, failure: NotRepeated) -> None:
        """Use nothing of trainings that were not reproduced; the next session trains them again."""
        store = self.setting.store
        for name in [identity(part.training) for part in job.parts()]:
            keys = {key for (of, _), key in self._keys.items() if of == name}
            for key in filter(store.has, keys):
                store.set_aside(key)
            self._repeated[name] = failure
            self._stored -= keys
            self._failures |= dict.fromkeys(keys, failure)
            for trial in self.trials:
                if name in map(identity, with_needs(trial.trainings.values())):
                    trial.fail(failure)

    def _load(self, job: Job) -> Stored:
        [key] = job.keys
        if key in self._failures:
            raise self._failures[key]
        found = self._results.pop(key, None)
        if found is None:
            found = load(job, self.setting)
            self._bytes += found.size
        self._results[key] = found
        while self._bytes > _MOST_BYTES and len(self._results) > 1:
            self._bytes -= self._results.pop(next(iter(self._results))).size
        return found

    def _with_looks(self, progress: Status) -> Status:
        opened = [trial for trial in self.trials if trial.is_open]
        return dataclasses.replace(
            progress,
            look=max((trial.look for trial in opened), default=0) + 1,
            looks=max((len(trial.looks) for trial in self.trials), default=1),
            decided=len(self.trials) - len(opened),
            open=len(opened),
        )


def _digest(descriptions: Iterable[dict[str, Any]]) -> str:
    texts = sorted(map(canonical, descriptions))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest() if texts else ""


def in_words(error: BaseException) -> str:
    """What was raised, as text that can be written anywhere."""
    try:
        text = str(error)
    except Exception as other:
        text = f"its text raises {type(other).__name__}"
    return f"{type(error).__name__}: {text}".encode("utf-8", "backslashreplace").decode()
