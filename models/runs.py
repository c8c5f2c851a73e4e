"""Runs: finished trainings as the claims read them, one array for all seeds of an experiment."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from models import networks
from models.data import FUNCTIONS, function_inputs
from models.experiment import Experiment, parameter_count
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
    see `models.training.train`. seconds: of training, on one core; asking_seconds: of the question to the
    trained networks, where there was one.
    """

    experiment: Experiment
    arrays: Arrays = field(repr=False)
    seconds: float
    asking_seconds: float = 0.0

    def __getattr__(self, name: str) -> Array:
        arrays = self.__dict__.get("arrays", {})  # absent while pickle is making the object
        if name in arrays:
            return arrays[name]
        raise AttributeError(f"{name!r} was not recorded by {self.experiment}; recorded were {', '.join(arrays)}")

    @property
    def n(self) -> int:
        """Number of seeds."""
        return self._rows // self.experiment.series

    @property
    def initial(self) -> Array:
        """Parameters before training, (seed, parameter); with series, one row each: (seed * series, parameter)."""
        return networks.initial_parameters(self.experiment, range(self._rows)).numpy()

    def by_seed(self, values: Array) -> Array:
        """What was recorded for each network, (seed * series, …), as (seed, series, …)."""
        return values.reshape(self.n, self.experiment.series, *values.shape[1:])

    def weights(self, layer: int | None = None) -> Array:
        """Weights, without biases, of one layer or of all at each snapshot, (seed, series, snapshot, weight)."""
        layers = weight_layers(*self.experiment.widths)
        return self.by_seed(self.snapshots)[..., layers > 0 if layer is None else layers == layer]

    @property
    def initial_weights(self) -> Array:
        """Weights, without biases, of all layers before training, (seed, series, weight)."""
        return self.by_seed(self.initial)[..., weight_layers(*self.experiment.widths) > 0]

    def samples(self, stream: Stream) -> Samples:
        """Each seed's own points of one stream, and what its network answers there."""
        seeds = [row // self.experiment.series for row in range(self._rows)]
        return self._answers(torch.stack([function_inputs(seed, stream) for seed in seeds]))  # (seed, sample, 1)

    def on(self, grid: Array) -> Samples:
        """What every seed's network answers on the same points, (sample,)."""
        return self._answers(torch.from_numpy(grid).float().expand(self._rows, -1).unsqueeze(2))

    @property
    def _rows(self) -> int:
        return len(self.arrays["parameters"])

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


def weight_layers(*widths: int) -> NDArray[np.integer]:
    """The layer, counted from 1, whose weight each parameter is, and 0 for a bias: (parameter,).

    widths: units of every layer, input and output included; parameters in the order of `networks.layers`.
    """
    numbers = torch.zeros(1, parameter_count(*widths), dtype=torch.int64)  # (1, parameter)
    for number, layer in enumerate(networks.layers(numbers, widths), 1):
        layer.weight.fill_(number)  # a view: the number lands where the weight lies
    return numbers[0].numpy()


def joined(experiment: Experiment, blocks: list[Stored]) -> Run:
    """One run from the stored blocks of its seeds, in their order."""
    first = blocks[0].arrays
    arrays = {
        name: values if name in _SHARED else np.concatenate([block.arrays[name] for block in blocks])
        for name, values in first.items()
    }
    return Run(experiment, arrays, sum(block.seconds for block in blocks))
