"""Runs: finished trainings as the claims read them, one array for all seeds of an experiment."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from models import networks
from models.data import FUNCTIONS, function_inputs
from models.experiment import Experiment
from models.seeding import Stream
from models.store import Stored
from models.training import Arrays

Array = NDArray[np.floating]
_SHARED = ("epoch", "snapshot_step")  # what is recorded once for all seeds


@dataclass(frozen=True)
class Samples:
    """Points of a function and a network's answers there: (seed, sample) each."""

    inputs: Array
    targets: Array
    outputs: Array

    @property
    def variance(self) -> Array:
        """Variance of the targets, (seed,): the error of predicting their mean."""
        return self.targets.var(1)


@dataclass(frozen=True)
class Run:
    """One experiment, trained for seeds 0 to n - 1.

    Every array that training recorded is an attribute, such as `train_loss`, (seed, record);
    see `models.training.train`.
    """

    experiment: Experiment
    arrays: Arrays = field(repr=False)
    seconds: float

    def __getattr__(self, name: str) -> Array:
        arrays = self.__dict__.get("arrays", {})  # absent while pickle is making the object
        if name in arrays:
            return arrays[name]
        raise AttributeError(f"{name!r} was not recorded by {self.experiment}; recorded were {', '.join(arrays)}")

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.arrays["parameters"])

    def samples(self, stream: Stream) -> Samples:
        """Each seed's own points of one stream, and what its network answers there."""
        inputs = torch.stack([function_inputs(seed, stream) for seed in range(self.n)])  # (seed, sample, 1)
        return self._answers(inputs)

    def on(self, grid: Array) -> Samples:
        """What every seed's network answers on the same points, (sample,)."""
        return self._answers(torch.from_numpy(grid).float().expand(self.n, -1).unsqueeze(2))

    def _answers(self, inputs: torch.Tensor) -> Samples:
        targets = FUNCTIONS[self.experiment.data](inputs)
        parameters = torch.from_numpy(self.arrays["parameters"])
        outputs = networks.outputs(parameters, self.experiment, inputs.to(parameters.dtype))
        return Samples(*(part.squeeze(2).double().numpy() for part in (inputs, targets, outputs)))


@dataclass(frozen=True)
class Runs(Mapping[Hashable, Run]):
    """The runs of a claim's experiments, by the names that the claim's module gave them.

    An attribute stacks what each recorded: `runs.test_accuracy` is (configuration, seed, record).
    """

    by_name: Mapping[Hashable, Run]

    def __getitem__(self, name: Hashable) -> Run:
        return self.by_name[name]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def __getattr__(self, name: str) -> Array:
        if name.startswith("__"):
            raise AttributeError(name)
        return np.stack([getattr(run, name) for run in self.by_name.values()])


def joined(experiment: Experiment, blocks: list[Stored]) -> Run:
    """One run from the stored blocks of its seeds, in their order."""
    first = blocks[0].arrays
    arrays = {
        name: values if name in _SHARED else np.concatenate([block.arrays[name] for block in blocks])
        for name, values in first.items()
    }
    return Run(experiment, arrays, sum(block.seconds for block in blocks))
