"""The trainings of this suite, as ontrial runs them: experiments, and probes of trained networks."""

import inspect
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from threadpoolctl import threadpool_limits

from models.data import digest
from models.experiment import TEST_SIZE, Experiment, parameter_count
from models.training import SHARED, ProbeFunction, measure, rounding, train
from ontrial.fingerprint import code_digests, module_digest
from ontrial.trainings import FUNCTIONS, IMAGES, Arrays, Looks, Scale, Training

# The cost of a probe: seconds to begin, seconds for each seed, and epochs of training that take as long.
_COSTS = {
    "sensitivity": (0.0, 0.0, 4),
    "interpolation": (0.0, 0.0, 50),
    "largest_eigenvalue": (0.0, 0.0, 15),
    "frozen_gradients": (0.0, 0.8, 20),
    "stationary_points": (4.0, 0.0, 600),  # it is compiled first
}

# Seconds with models.cpu on a core whose matrix products make 8e10 operations a second.
_RATE, _OPERATION = 8e10, 1 / 6e10
_NETWORK, _STEP, _PARAMETER = 3e-3, 1e-6, 0.5e-9  # to begin; overhead of a step and of each layer in it; of an update
_UNIT = {"relu": 0.2e-9, "tanh": 3e-8}  # of an activation
_INPUTS = {"digits": 51, "mnist": 240, "mnist-mini": 240}  # dense inputs that cost as much: most pixels are 0
_COMPILING = {"float32": 0.0, "float64": 8.0}  # of the loop that few trainings need: begun early, it runs beside others
_DEVICE_STEP, _DEVICE_NETWORK = 4e-5, 1.5e-6  # on a GPU: of a stack's step, and for each network in it


@dataclass(frozen=True)
class ExperimentTraining(Training):
    """The training of an experiment's networks. root, device: the data folder and the device, filled in by `at`."""

    experiment: Experiment
    root: Path | None = field(default=None, compare=False)
    device: str = field(default="cpu", compare=False)

    def __str__(self) -> str:
        return str(self.experiment)

    @property
    def judged_on(self) -> str:
        return "functions" if self.experiment.is_function else self.experiment.data.removesuffix("-mini")

    @property
    def looks(self) -> Looks:
        return FUNCTIONS if self.experiment.is_function else IMAGES

    @property
    def shared(self) -> frozenset[str]:
        return SHARED

    @property
    def place(self) -> str:
        return "process" if self.device == "cpu" else self.device

    def at(self, scale: Scale) -> Self:
        return replace(self, experiment=_at(self.experiment, scale), **_place(scale))

    def terms(self) -> dict[str, Any]:
        return self.experiment.terms()

    def defaults(self) -> dict[str, Any]:
        return self.experiment.defaults()

    def describe(self) -> dict[str, Any]:
        """All that the result depends on but the seed. Raises DataError where data is missing."""
        return self.terms() | {
            "data_digest": digest(self.experiment.data, self.root),
            "source": module_digest(train.__module__),
            "rounding": rounding(self.device),
        }

    def estimate(self, seeds: int) -> float:
        return estimate(self.experiment, seeds, self.device)

    def settings(self) -> dict[str, Any]:
        """What a reader wants to know: widths, parameters, steps, and the fields that were declared."""
        widths = self.experiment.widths
        counts = {"widths": list(widths), "parameters": parameter_count(*widths), "steps": self.experiment.steps}
        return counts | {name: value for name, value in self.terms().items() if name != "hidden"}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays] = ()) -> Arrays:  # noqa: ARG002
        """What training recorded, see models.training.train."""
        return train(self.experiment, seeds, self.root, self.device)


@dataclass(frozen=True)
class Probe:
    """A measurement of the trained networks of one experiment, or of two that share their seeds.

    function: of models.probes or models.stationary_points; root, device: see ExperimentTraining.
    """

    function: ProbeFunction
    experiment: Experiment
    other: Experiment | None = None
    root: Path | None = field(default=None, compare=False)
    device: str = field(default="cpu", compare=False)

    def __str__(self) -> str:
        return f"{self.name} of {' and '.join(map(str, self.needs))}"

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def needs(self) -> tuple[ExperimentTraining, ...]:
        """The trainings of the networks that are measured."""
        experiments = (self.experiment,) if self.other is None else (self.experiment, self.other)
        return tuple(ExperimentTraining(each, self.root, self.device) for each in experiments)

    @property
    def judged_on(self) -> str:
        return self.needs[0].judged_on

    @property
    def looks(self) -> Looks:
        return self.needs[0].looks

    @property
    def shared(self) -> frozenset[str]:
        return frozenset()

    @property
    def place(self) -> str:
        return self.needs[0].place

    def at(self, scale: Scale) -> Self:
        other = None if self.other is None else _at(self.other, scale)
        return replace(self, experiment=_at(self.experiment, scale), other=other, **_place(scale))

    def terms(self) -> dict[str, Any]:
        return {"probe": self.name, "networks": [each.terms() for each in self.needs]}

    def defaults(self) -> dict[str, Any]:
        return {"networks": [each.defaults() for each in self.needs]}

    def code(self) -> dict[str, str]:
        """Digests of the probe's code."""
        return code_digests(self.name, Path(inspect.getfile(self.function)))

    def describe(self) -> dict[str, Any]:
        """The probe, all source that it runs through, and what decides rounding."""
        source = module_digest(self.function.__module__)
        return {"probe": self.name, "source": source, "rounding": rounding(self.device)}

    def estimate(self, seeds: int) -> float:
        begin, seconds, epochs = _COSTS.get(self.name, (0.0, 0.0, 1))
        trained = self.needs[0].estimate(seeds) - self.needs[0].estimate(0)
        return begin + seeds * seconds + epochs * trained / self.experiment.passes

    def settings(self) -> dict[str, Any]:
        """Those of its first network, and the probe."""
        return self.needs[0].settings() | {"asked": self.name.replace("_", " ")}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        """Measure the networks of these seeds, see models.training.measure."""
        experiments = [each.experiment for each in self.needs]
        return measure(self.function, experiments, seeds, needed, self.root, self.device)


def _at(experiment: Experiment, scale: Scale) -> Experiment:
    return experiment.at(scale.tier, scale.options.get("dataset"))


def _place(scale: Scale) -> dict[str, Any]:
    root = scale.options.get("data_root")
    return {"root": Path(root) if root else None, "device": scale.options.get("device") or "cpu"}


def estimate(experiment: Experiment, seeds: int, device: str = "cpu") -> float:
    """Seconds that this many seeds take, on one core or on a device; for none, those that it takes to begin."""
    networks = seeds * experiment.series
    if device != "cpu":
        return experiment.steps * (_DEVICE_STEP + networks * _DEVICE_NETWORK)
    widths, size = experiment.widths, {"float32": 1, "float64": 2}[experiment.dtype]
    inputs = _INPUTS.get(experiment.data, widths[0])
    products = sum(2 * below * 16 * -(-above // 16) for below, above in pairwise((inputs, *widths[1:]))) * size
    forwards = _OPERATION * products + _UNIT[experiment.activation] * sum(experiment.hidden)
    update = _STEP * (1 + experiment.depth) + _PARAMETER * size * parameter_count(*widths)
    recorded = (experiment.training_size + TEST_SIZE[experiment.data]) * len(experiment.record_steps)
    trained = experiment.steps * experiment.training_size / experiment.steps_per_epoch
    seconds = (recorded + trained) * forwards + trained * 2 * _OPERATION * products + experiment.steps * update
    return (_COMPILING[experiment.dtype] + networks * (_NETWORK + seconds)) * _RATE / matrix_product_rate()


@cache
def matrix_product_rate() -> float:
    """Operations a second of matrix products on one core: the best of a few, in some milliseconds."""
    factor = np.ones((256, 256), np.float32)
    best = np.inf
    with threadpool_limits(1):
        for _ in range(20):
            started = time.perf_counter()
            factor @ factor
            best = min(best, time.perf_counter() - started)
    return 2 * len(factor) ** 3 / float(best)


def compiles_again() -> list[str]:
    """The warning where numba cannot store what it compiles, else nothing."""
    folder = Path(__file__).parent / "cpu" / "__pycache__"
    if folder.is_dir() and os.access(folder, os.W_OK):
        return []  # without importing numba
    from models.cpu.steps import run
    from models.cpu.vectors import UNSTORED, is_stored

    return [] if is_stored(run) else [UNSTORED]
