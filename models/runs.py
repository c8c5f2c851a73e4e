"""What claims read from a run of an experiment beyond its arrays: its weights, and the outputs of its networks."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from models import networks
from models.data import FUNCTIONS, Stream, function_inputs
from models.experiment import Experiment, parameter_count
from ontrial.trainings import Run

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Samples:
    """Points of a function with its values there, and the outputs of each network of a run: (seed, sample) each."""

    run: Run
    points: torch.Tensor  # (seed, sample, 1)

    @cached_property
    def inputs(self) -> Array:
        return self.points.squeeze(2).double().numpy()

    @cached_property
    def targets(self) -> Array:
        return FUNCTIONS[experiment_of(self.run).data](self.points).squeeze(2).double().numpy()

    @cached_property
    def outputs(self) -> Array:  # computed when first read: many a claim needs the points alone
        parameters = torch.from_numpy(self.run.parameters)  # (seed, parameter)
        inputs = self.points.to(parameters.dtype)
        return networks.outputs(parameters, experiment_of(self.run), inputs).squeeze(2).double().numpy()

    @property
    def variance(self) -> Array:
        """Variance of the targets, (seed,): the error of predicting their mean."""
        return self.targets.var(1)


def experiment_of(run: Run) -> Experiment:
    """The experiment of a run; the first one of a probe's run. Raises TypeError for any other training."""
    experiment = getattr(run.training, "experiment", None)
    if isinstance(experiment, Experiment):
        return experiment
    raise TypeError(f"{run.training} is no experiment of ours")


def by_series(run: Run, values: Array) -> Array:
    """What was recorded for every network, always with an axis of series: (seed, series, …)."""
    return values if experiment_of(run).series > 1 else values[:, np.newaxis]


def initial(run: Run) -> Array:
    """Parameters before training, (seed, series, parameter)."""
    experiment = experiment_of(run)
    flat = networks.initial_parameters(experiment, run.seeds).numpy()  # (seed * series, parameter)
    return flat.reshape(run.n, experiment.series, -1)


def weights(run: Run, layer: int | None = None) -> Array:
    """Weights, without biases, of one layer or of all at each snapshot, (seed, series, snapshot, weight)."""
    layers = weight_layers(*experiment_of(run).widths)
    return by_series(run, run.snapshots)[..., layers > 0 if layer is None else layers == layer]


def initial_weights(run: Run) -> Array:
    """Weights, without biases, before training, (seed, series, weight)."""
    return initial(run)[..., weight_layers(*experiment_of(run).widths) > 0]


def final_weights(run: Run) -> Array:
    """Weights, without biases, after training, (seed, series, weight)."""
    return by_series(run, run.parameters)[..., weight_layers(*experiment_of(run).widths) > 0]


def samples(run: Run, stream: Stream) -> Samples:
    """Each seed's own points of one stream."""
    return Samples(run, torch.stack([function_inputs(seed, stream) for seed in run.seeds]))  # (seed, sample, 1)


def on(run: Run, grid: Array) -> Samples:
    """The same points, (sample,), for every seed."""
    return Samples(run, torch.from_numpy(grid).float().expand(run.n, -1).unsqueeze(2))


def weight_layers(*widths: int) -> NDArray[np.integer]:
    """The layer, counted from 1, whose weight each parameter is, and 0 for a bias: (parameter,).

    widths: units of every layer, input and output included; parameters in the order of `networks.layers`.
    """
    numbers = torch.zeros(1, parameter_count(*widths), dtype=torch.int64)  # (1, parameter)
    for number, layer in enumerate(networks.layers(numbers, widths), 1):
        layer.weight.fill_(number)  # a view: writes into numbers
    return numbers[0].numpy()
