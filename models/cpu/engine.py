"""The engine for a CPU: one network after the other through a compiled loop, on one thread."""

import multiprocessing
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import torch

from models import networks
from models.cpu.layout import History, Inputs, Network, Samples, history_of, inputs_of, network_of, samples_of
from models.cpu.steps import run
from models.cpu.vectors import UNSTORED, is_stored, without_collector
from models.data import Sets, generator, images, raw_sets
from models.experiment import Experiment
from ontrial.trainings import Arrays

_ORDERED = 100_000  # samples that are put in order at a time


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None) -> Arrays:
    """Train the networks of these seeds, member by member of each seed's series; see models.training.train.

    Returns (seed * series, …). The bits of a network depend on nothing but its seed and its place in the series.
    """
    _warn_where_nothing_is_stored()
    parts = raw_sets(experiment, seeds, root)
    initial = networks.initial_parameters(experiment, seeds).numpy()
    initial = initial.reshape(len(seeds), experiment.series, -1)  # (seed, series, parameter)
    found: list[Arrays] = []
    with without_collector():
        for row, seed in enumerate(seeds):
            inputs = _inputs(experiment, root, parts, row)
            samples = samples_of(experiment, parts, row, inputs)
            for member in range(experiment.series):
                net = network_of(experiment, inputs)
                net.weights[0, net.where] = initial[row, member]
                history = train_one(experiment, net, samples, generator(seed, "order", member))
                found.append(_recorded(experiment, net, history))
    arrays = {name: np.stack([each[name] for each in found]) for name in found[0]}
    steps = np.array(experiment.record_steps)
    arrays |= {"epoch": -(-steps // experiment.steps_per_epoch), "record_step": steps}
    return arrays | ({"snapshot_step": np.array(experiment.snapshot_steps)} if experiment.snapshots_every else {})


@cache
def _warn_where_nothing_is_stored() -> None:
    """On stderr, once; for worker processes, the session prints it."""
    if not is_stored(run) and multiprocessing.parent_process() is None:
        print(UNSTORED, file=sys.stderr)


def _inputs(experiment: Experiment, root: Path | None, parts: Sets, row: int) -> Inputs:
    """The inputs of the seed of this row: all seeds share images, each has its own points of a function."""
    if not experiment.is_function:
        return _images(experiment.data, root, experiment.images_used, experiment.dtype)
    return inputs_of(parts.train_inputs[row].numpy(), parts.test_inputs[row].numpy(), parts.white, experiment.dtype)


@lru_cache(maxsize=1)
def _images(name: str, root: Path | None, used: int, dtype: str) -> Inputs:
    found = images(name, root)
    return inputs_of(found.train_pixels[:used].numpy(), found.test_pixels.numpy(), found.white, dtype)


def train_one(experiment: Experiment, net: Network, samples: Samples, random: torch.Generator) -> History:
    """Train one network and return its history. random: draws the order of samples of each epoch."""
    history, steps, size = history_of(experiment, net), experiment.steps, experiment.training_size
    if experiment.batch == size:  # the order of samples changes nothing
        run(net, samples, np.arange(size)[None], experiment.passes, size, steps, history)
    while history.done[0] < steps:
        left = experiment.passes - history.done[0] // experiment.steps_per_epoch
        passes = max(1, min(_ORDERED // size, left))
        order = np.stack([torch.randperm(size, generator=random).numpy() for _ in range(passes)])
        run(net, samples, order, passes, experiment.batch, steps, history)
    return history


def _recorded(experiment: Experiment, net: Network, history: History) -> Arrays:
    """What one network's training recorded, without the axis of seeds."""
    found: Arrays = {}
    for part, records in (("train", history.records[:, 0]), ("test", history.records[:, 1])):
        found[f"{part}_loss"] = records[:, 0]
        if not experiment.is_function:
            found[f"{part}_accuracy"] = records[:, 1]
    if experiment.labels == "random":
        found["test_accuracy_on_truth"] = history.records[:, 1, 2]
    gradient = torch.from_numpy(net.weights[1, net.where].astype(np.float64)).unsqueeze(0)  # (1, parameter)
    layers = networks.layers(gradient, experiment.widths)
    found["batch_loss"] = history.batch_loss
    found["last_gradient_norms"] = np.array([float(part.norm()) for x in layers for part in (x.weight, x.bias)])
    found["parameters"] = net.weights[0, net.where]
    if experiment.gradient_norms:
        found["gradient_norm"] = history.gradient_norm
    if experiment.snapshots_every:
        found["snapshots"] = history.snapshots
    return found
