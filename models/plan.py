"""The plan of a session: which jobs the selected tests need, done once, read by name afterwards."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property

from models.data import DataError
from models.experiment import Experiment
from models.pace import Pace, estimate, measured
from models.probing import Probe, ProbeJob, probe_estimate, probe_jobs, probe_key, run_probe
from models.queue import Progress, Setting, TrainingError, jobs, require_room, run_all, run_job
from models.runs import Run, Runs, joined
from models.scale import Scale
from models.store import Job, Stored

Report = Callable[[Progress], object]


@dataclass
class Plan:
    """All jobs of a session; `train` and `ask` do those that are not stored, `runs` reads results.

    `add` everything first: one queue then keeps every core busy.
    """

    setting: Setting
    workers: int
    executor: Executor | None = None
    _trainings: dict[Job, None] = field(default_factory=dict)
    _questions: dict[ProbeJob, None] = field(default_factory=dict)
    _failures: dict[Job | ProbeJob, Exception] = field(default_factory=dict)
    _read: dict[tuple[Experiment | Probe, int], Run] = field(default_factory=dict)

    def add(self, wanted: Experiment | Probe, seeds: int) -> None:
        """Put an experiment's jobs on the plan; with a probe's, those of the experiments that it asks."""
        if isinstance(wanted, Probe):
            self._questions |= dict.fromkeys(probe_jobs(wanted, seeds))
        for experiment in wanted.experiments if isinstance(wanted, Probe) else (wanted,):
            self._trainings |= dict.fromkeys(jobs(experiment, seeds))

    def to_train(self) -> list[Job]:
        """Trainings that are not stored, longest first; those whose data is missing are remembered as failed."""
        return sorted((job for job in self._trainings if self._is_missing(job)), key=estimate, reverse=True)

    def to_ask(self) -> list[ProbeJob]:
        """Questions that are not stored, longest first; those to networks that failed have failed as well."""
        return sorted((job for job in self._questions if self._is_missing(job)), key=probe_estimate, reverse=True)

    @cached_property
    def pace(self) -> Pace:
        """How fast this machine was when it was first asked."""
        return measured(self.setting.device)

    def seconds(self, queue: Sequence[Job | ProbeJob]) -> float:
        """Seconds that these jobs will take on all workers, at the machine's pace."""
        return sum(self._cost(job) for job in queue) / self.workers

    def train(self, queue: list[Job], report: Report) -> None:
        """Train these jobs; a failure is kept for the tests that need the job, and stops no other.

        Raises StoreFull where the disk has less room than they need.
        """
        require_room(queue, self.setting.store.folder)
        costs = {job: self._cost(job) for job in queue}
        failures = run_all(costs, run_job, self.setting, self.workers, report, self.executor)
        self._failures.update(failures.items())

    def ask(self, queue: list[ProbeJob], report: Report) -> None:
        """Ask these questions; a failure is kept for the tests that need the answer, and stops no other."""
        costs = {job: self._cost(job) for job in queue}
        failures = run_all(costs, run_probe, self.setting, self.workers, report, self.executor)
        self._failures.update(failures.items())

    def runs(self, wanted: Mapping[Hashable, Experiment | Probe], scale: Scale) -> Runs:
        """The trained runs of a claim, under the names of its experiments and probes.

        Raises the DataError or TrainingError of the first job that is not there.
        """
        return Runs({name: self._run(scale.applied(each), scale.seeds_for(each)) for name, each in wanted.items()})

    def _cost(self, job: Job | ProbeJob) -> float:
        """Seconds that a job will take on one core."""
        return probe_estimate(job, self.pace) if isinstance(job, ProbeJob) else estimate(job, self.pace)

    def _is_missing(self, job: Job | ProbeJob) -> bool:
        """Whether a job has to be done; one that cannot be is remembered as failed."""
        needed = [each for block in job.trained for each in block] if isinstance(job, ProbeJob) else []
        failed = next((self._failures[each] for each in needed if each in self._failures), None)
        if failed is None:
            try:
                return self.setting.fresh or not self.setting.store.has(self._key(job))
            except DataError as error:
                failed = error
        self._failures[job] = failed
        return False

    def _run(self, wanted: Experiment | Probe, seeds: int) -> Run:
        if (wanted, seeds) not in self._read:
            if isinstance(wanted, Probe):
                trained = self._run(wanted.experiment, seeds)
                answers = joined(wanted.experiment, [self._load(job) for job in probe_jobs(wanted, seeds)])
                run = Run(wanted.experiment, trained.arrays | answers.arrays, trained.seconds, answers.seconds)
            else:
                run = joined(wanted, [self._load(job) for job in jobs(wanted, seeds)])
            self._read[wanted, seeds] = run
        return self._read[wanted, seeds]

    def _load(self, job: Job | ProbeJob) -> Stored:
        if job in self._failures:
            raise self._failures[job]
        stored = self.setting.store.load(self._key(job))
        if stored is None:  # damaged between planning and reading: only now was all of it read
            if isinstance(job, ProbeJob):
                self.ask([job], print)
            else:
                self.train([job], print)
            if job in self._failures:
                raise self._failures[job]
            stored = self.setting.store.load(self._key(job))
        if stored is None:
            raise TrainingError(
                f"the run store lost what {job} left right after it was done; does anything else write there?"
            )
        return stored

    def _key(self, job: Job | ProbeJob) -> str:
        if isinstance(job, ProbeJob):
            return probe_key(job, self.setting)
        return self.setting.store.key(job, self.setting.root, self.setting.device)
