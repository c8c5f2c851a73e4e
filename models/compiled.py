"""The engine for a CPU: one network after the other through a compiled loop, on one thread."""

import multiprocessing
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from models import data, networks
from models.compiled_layout import (
    PARTS,
    Array,
    History,
    Inputs,
    Network,
    Samples,
    history_of,
    inputs_of,
    network_of,
    samples_of,
)
from models.compiled_steps import run
from models.compiled_vectors import UNSTORED, is_stored, without_collector
from models.experiment import Experiment
from models.rounding import without_denormals
from models.seeding import generator
from models.sets import Sets, raw_sets
from ontrial.trainings import Arrays

_ORDERED = 100_000  # samples that are put in order at a time


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None) -> Arrays:
    """Train the networks of these seeds, member by member of each seed's series; see models.training.train.

    Answers (seed * series, …). The bits of a network depend on nothing but its seed and its place in the series.
    """
    _say_where_nothing_is_stored()
    parts = raw_sets(experiment, seeds, root)
    initial = networks.initial_parameters(experiment, seeds).numpy()
    initial = initial.reshape(len(seeds), experiment.series, -1)  # (seed, series, parameter)
    masks = networks.kept(experiment, seeds).view(initial.shape).numpy() if experiment.keep < 1 else None
    found: list[Arrays] = []
    with threadpool_limits(1), without_denormals(), without_collector():
        for row, seed in enumerate(seeds):
            inputs = _inputs(experiment, root, parts, row)
            rows, given = samples_of(experiment, parts, row, inputs)
            for member in range(experiment.series):
                net = network_of(experiment, inputs)
                net.weights[0, net.where] = initial[row, member]
                if masks is not None:
                    net.mask[net.where] = masks[row, member]
                history = _trained(experiment, net, given, rows, generator(seed, "order", member))
                found.append(_found(experiment, net, history))
    arrays = {name: np.stack([each[name] for each in found]) for name in found[0]}
    steps = np.array(experiment.record_steps)
    arrays |= {"epoch": -(-steps // experiment.steps_per_epoch), "record_step": steps}
    return arrays | ({"snapshot_step": np.array(experiment.snapshot_steps)} if experiment.snapshots_every else {})


@cache
def _say_where_nothing_is_stored() -> None:
    """On stderr; of a worker, the session says it."""
    if not is_stored(run) and multiprocessing.parent_process() is None:
        print(UNSTORED, file=sys.stderr)


def _inputs(experiment: Experiment, root: Path | None, parts: Sets, row: int) -> Inputs:
    """The inputs of the seed of this row: images are those of all seeds, points of a function its own."""
    if not experiment.is_function:
        return _images(experiment.data, root, experiment.images_used, experiment.dtype)
    return inputs_of(parts.train_inputs[row].numpy(), parts.test_inputs[row].numpy(), parts.white, experiment.dtype)


@lru_cache(maxsize=1)
def _images(name: str, root: Path | None, used: int, dtype: str) -> Inputs:
    images = data.images(name, root)
    return inputs_of(images.train_pixels[:used].numpy(), images.test_pixels.numpy(), images.white, dtype)


def _trained(experiment: Experiment, net: Network, given: Samples, rows: Array, random: torch.Generator) -> History:
    """Train one network on these rows of the samples and answer its history."""
    history, steps = history_of(experiment, net), experiment.steps
    if experiment.batch == len(rows):  # the order of samples changes nothing
        run(net, given, rows[None], experiment.passes, len(rows), steps, history)
    while history.done[0] < steps:
        left = experiment.passes - history.done[0] // experiment.steps_per_epoch
        passes = max(1, min(_ORDERED // len(rows), left))
        order = np.stack([rows[torch.randperm(len(rows), generator=random).numpy()] for _ in range(passes)])
        run(net, given, order, passes, experiment.batch, steps, history)
    return history


def _found(experiment: Experiment, net: Network, history: History) -> Arrays:
    """What one network's training recorded, by its names, without the axis of seeds."""
    found: Arrays = {}
    for part in experiment.recorded_sizes:
        loss, accuracy, on_truth = history.records[:, PARTS.index(part)].T  # (record,) each
        found[f"{part}_loss"] = loss
        if not experiment.is_function:
            found[f"{part}_accuracy"] = accuracy
        if part == "test" and experiment.labels == "random":
            found["test_accuracy_on_truth"] = on_truth
    gradient = torch.from_numpy(net.weights[1, net.where].astype(np.float64)).unsqueeze(0)  # (1, parameter)
    layers = networks.layers(gradient, experiment.widths)
    found["batch_loss"] = history.batch_loss
    found["last_gradient_norms"] = np.array([float(part.norm()) for x in layers for part in (x.weight, x.bias)])
    found["parameters"] = net.weights[0, net.where]
    if experiment.gradient_norms:
        found["gradient_norm"] = history.gradient_norm
    if experiment.snapshots_every:
        found["snapshots"] = history.snapshots
    return found | ({"best_parameters": history.best[0]} if experiment.best_parameters else {})
