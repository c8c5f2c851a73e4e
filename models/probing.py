"""Probing: questions to trained networks, as jobs that read the run store and leave their findings there."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models import training
from models.experiment import Experiment
from models.pace import NOMINAL, Pace, estimate
from models.queue import Setting, TrainingError, jobs, stored_once
from models.runs import Array
from models.store import Job, device_kind, name_of, source_digest
from models.training import Arrays, Sets

_SEEDS_A_JOB = 4
# What a question costs, in epochs of training of the network that it asks; 1 where it is not named.
_EPOCHS = {"interpolation": 30, "largest_eigenvalue": 20, "frozen_gradients": 5, "stationary_points": 10_000}


@dataclass(frozen=True)
class Trained:
    """Trained networks as a question finds them: parameters (seed, parameter), their seeds, and their data."""

    experiment: Experiment
    seeds: tuple[int, ...]
    parameters: torch.Tensor
    data: Sets


@dataclass(frozen=True)
class Probe:
    """A question to the trained networks of one experiment, or of two that share their seeds.

    ask: a function of models.probes or models.stationary_points, of Trained (or of two) to arrays that
    begin with the axis of seeds; single_runs: whether its claim is about single runs, of which a tier
    trains more than it has seeds.
    """

    ask: Callable[..., Arrays]
    experiment: Experiment
    other: Experiment | None = None
    single_runs: bool = False

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """The experiments whose networks are asked."""
        return (self.experiment,) if self.other is None else (self.experiment, self.other)

    @property
    def name(self) -> str:
        """The question's name."""
        return self.ask.__name__


@dataclass(frozen=True)
class ProbeJob:
    """One unit of work: a question to the networks of a block of seeds; total: seeds that were trained."""

    probe: Probe
    seeds: tuple[int, ...]
    total: int

    def __str__(self) -> str:
        names = " and ".join(str(experiment) for experiment in self.probe.experiments)
        return f"asking {names} (seeds {self.seeds[0]}-{self.seeds[-1]}) for its {self.probe.name}"

    @property
    def trained(self) -> list[list[Job]]:
        """The training jobs that hold the networks, for each experiment in turn."""
        return [
            [job for job in jobs(experiment, self.total) if not set(self.seeds).isdisjoint(job.seeds)]
            for experiment in self.probe.experiments
        ]


def probe_jobs(probe: Probe, seeds: int) -> list[ProbeJob]:
    """The jobs of one question over seeds 0, 1, …."""
    blocks = [tuple(range(i, min(i + _SEEDS_A_JOB, seeds))) for i in range(0, seeds, _SEEDS_A_JOB)]
    return [ProbeJob(probe, block, seeds) for block in blocks]


def probe_key(job: ProbeJob, setting: Setting) -> str:
    """The job's name in the run store. Raises DataError where data is missing."""
    return name_of(_describe(job, setting))


def probe_estimate(job: ProbeJob, pace: Pace = NOMINAL) -> float:
    """Seconds that a question takes at this pace on one core."""
    experiment = job.probe.experiment
    epochs = _EPOCHS.get(job.probe.name, 1)
    return epochs * estimate(Job(experiment, job.seeds), pace) / experiment.passes


def run_probe(job: ProbeJob, setting: Setting) -> float:
    """Ask one question and store what was found, unless it is there; answers the seconds it took.

    Raises TrainingError where the networks that it asks are not in the store.
    """

    def compute() -> Arrays:
        return job.probe.ask(*(_trained(job, index, setting) for index in range(len(job.probe.experiments))))

    return stored_once(_describe(job, setting), setting, compute)


def _trained(job: ProbeJob, index: int, setting: Setting) -> Trained:
    rows: dict[int, Array] = {}
    for trained in job.trained[index]:
        stored = setting.store.load(setting.store.key(trained, setting.root, setting.device))
        if stored is None:
            raise TrainingError(f"{job.probe.name} has to ask {trained}, which is not in the run store")
        rows |= dict(zip(trained.seeds, stored.arrays["parameters"], strict=True))
    experiment = job.probe.experiments[index]
    parameters = torch.from_numpy(np.stack([rows[seed] for seed in job.seeds])).to(setting.device)  # (seed, parameter)
    data = training.sets(experiment, job.seeds, setting.root, torch.device(setting.device))
    return Trained(experiment, job.seeds, parameters, data)


def _describe(job: ProbeJob, setting: Setting) -> dict[str, Any]:
    """All that the findings depend on: the question's source, and the trainings by their names."""
    source = inspect.getsourcefile(job.probe.ask)
    assert source is not None  # the questions are functions of this package
    return {
        "probe": job.probe.name,
        "source": source_digest(Path(source)),
        "networks": [
            [setting.store.key(trained, setting.root, setting.device) for trained in block] for block in job.trained
        ],
        "seeds": job.seeds,
        "torch": torch.__version__,
        "device": device_kind(setting.device),
    }
