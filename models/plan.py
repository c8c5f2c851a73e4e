"""The plan of a session: which jobs the selected tests need, trained once, read by name afterwards."""

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

from models.data import DataError
from models.experiment import Experiment
from models.queue import Progress, Setting, TrainingError, estimate, jobs, missing, require_room, train_all
from models.runs import Run, Runs, joined
from models.scale import Scale
from models.store import Job, Stored


@dataclass
class Plan:
    """All jobs of a session; `train` runs those that are not stored, `runs` reads results.

    `add` every experiment first: one queue then keeps every core busy.
    """

    setting: Setting
    workers: int
    _needed: dict[Job, None] = field(default_factory=dict)
    _failures: dict[Job, Exception] = field(default_factory=dict)
    _read: dict[tuple[Experiment, int], Run] = field(default_factory=dict)

    def add(self, experiment: Experiment, seeds: int) -> None:
        """Put an experiment's jobs on the plan."""
        self._needed |= dict.fromkeys(jobs(experiment, seeds))

    def to_train(self) -> list[Job]:
        """Jobs that are not stored, longest first; those whose data is missing are remembered as failed."""
        by_data: dict[str, list[Job]] = {}
        for job in self._needed:
            by_data.setdefault(job.experiment.data, []).append(job)
        queue: list[Job] = []
        for same_data in by_data.values():
            try:
                queue += missing(same_data, self.setting)
            except DataError as error:
                self._failures |= dict.fromkeys(same_data, error)
        return sorted(queue, key=estimate, reverse=True)

    def train(self, queue: list[Job], report: Callable[[Progress], None], executor: Executor | None = None) -> None:
        """Train these jobs; a failure is kept for the tests that need the job, and stops no other.

        Raises StoreFull where the disk has less room than they need.
        """
        require_room(queue, self.setting.store.folder)
        self._failures |= train_all(queue, self.setting, self.workers, report, executor)

    def runs(self, experiments: Mapping[Hashable, Experiment], scale: Scale) -> Runs:
        """The trained runs of a claim, under the names of its experiments.

        Raises the DataError or TrainingError of the first job that is not there.
        """
        return Runs({name: self._run(scale.applied(e), scale.seeds_for(e)) for name, e in experiments.items()})

    def _run(self, experiment: Experiment, seeds: int) -> Run:
        if (experiment, seeds) not in self._read:
            blocks = [self._load(job) for job in jobs(experiment, seeds)]
            self._read[experiment, seeds] = joined(experiment, blocks)
        return self._read[experiment, seeds]

    def _load(self, job: Job) -> Stored:
        if job in self._failures:
            raise self._failures[job]
        store = self.setting.store
        stored = store.load(store.key(job, self.setting.root, self.setting.device))
        if stored is None:  # damaged between planning and reading: only now was all of it read
            self.train([job], print)
            if job in self._failures:
                raise self._failures[job]
            stored = store.load(store.key(job, self.setting.root, self.setting.device))
        if stored is None:
            raise TrainingError(f"the run store lost {job} right after it was trained; does anything else write there?")
        return stored
