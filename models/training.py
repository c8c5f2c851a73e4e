"""Training: the seeds of one experiment as one batched computation, with the history that it leaves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models import data, networks
from models.experiment import Experiment
from models.seeding import generator
from models.stack import Stack, loss

Arrays = dict[str, NDArray[np.generic]]

_ROWS_AT_ONCE = 2000  # samples that whole-set evaluation pushes through at a time: stays in the cache


@dataclass(frozen=True)
class Sets:
    """Training and test data of one stack of seeds.

    inputs: (sample, feature) where the seeds share them, else (seed, sample, feature);
    targets: labels (seed, sample) int64, or values (seed, sample, 1); test_truth: the true test
    labels where test_targets are random ones.
    """

    train_inputs: Tensor
    train_targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor
    test_truth: Tensor | None = None


def sets(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: torch.device) -> Sets:
    """The data that these seeds train and test on."""
    whole = _function_sets(experiment, seeds) if experiment.is_function else _image_sets(experiment, seeds, root)
    dtype = getattr(torch, experiment.dtype)
    moved = {
        name: part.to(device, dtype if part.is_floating_point() else part.dtype)
        for name, part in vars(whole).items()
        if part is not None
    }
    return Sets(**moved)


def _function_sets(experiment: Experiment, seeds: Sequence[int]) -> Sets:
    train, test = (
        torch.stack([data.function_inputs(seed // experiment.series, stream) for seed in seeds])
        for stream in ("training data", "test data")
    )  # (seed, sample, 1)
    function = data.FUNCTIONS[experiment.data]
    return Sets(train, function(train), test, function(test))


def _image_sets(experiment: Experiment, seeds: Sequence[int], root: Path | None) -> Sets:
    images, size = data.images(experiment.data, root), experiment.training_size
    train, test = (part.expand(len(seeds), -1) for part in (images.train_labels[:size], images.test_labels))
    if experiment.labels == "true":
        return Sets(images.train_inputs[:size], train, images.test_inputs, test)
    random_train = torch.stack([data.random_labels(seed, "training labels", size) for seed in seeds])
    random_test = torch.stack([data.random_labels(seed, "test labels", test.shape[1]) for seed in seeds])
    return Sets(images.train_inputs[:size], random_train, images.test_inputs, random_test, test_truth=test)


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None = None, device: str = "cpu") -> Arrays:
    """Train one network for each seed and return what was recorded.

    epoch (record,): epochs done at each record, 0 first; train_loss, test_loss, and for images
    train_accuracy, test_accuracy: (seed, record), over the whole sets; for random labels also
    test_accuracy_on_truth, against the true ones; batch_loss (seed, epoch): loss of each epoch's
    last batch before its update, so that for a full batch entry k is the whole training loss after
    k steps; last_gradient_norms (seed, tensor): of the last step's gradient, for every weight and
    bias; parameters (seed, parameter): after training. Where the experiment asks for them:
    gradient_norm (seed, step): over all parameters, before each step's update; snapshots
    (seed, snapshot, parameter) and snapshot_step (snapshot,): steps done at each. Losses are mean
    squared error for functions, cross-entropy in nats for images; accuracies are shares.
    """
    with torch.no_grad():
        return _train(experiment, seeds, root, torch.device(device))


def _train(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: torch.device) -> Arrays:
    parts = sets(experiment, seeds, root, device)
    stack = Stack(experiment, networks.initial_parameters(experiment, seeds).to(device))
    orders = [generator(seed, "order") for seed in seeds]
    history: dict[str, list[Tensor]] = {}

    def keep(**values: Tensor) -> None:
        for name, value in values.items():
            history.setdefault(name, []).append(value)

    keep(**_evaluate(experiment, stack.parameters, parts))
    epochs, snapshot_steps, step = [0], [], 0
    for epoch in range(1, experiment.passes + 1):
        for inputs, targets in islice(_batches(parts, experiment.batch, orders), experiment.steps - step):
            stack.step(inputs, targets)
            step += 1
            if experiment.gradient_norms:
                keep(gradient_norm=stack.gradient_norms.norm(dim=1))
            if experiment.snapshots_every and step % experiment.snapshots_every == 1 % experiment.snapshots_every:
                snapshot_steps.append(step)
                keep(snapshots=stack.parameters)
        keep(batch_loss=stack.batch_loss(targets))
        if epoch % experiment.epochs_between_records == 0 or epoch == experiment.passes:
            epochs.append(epoch)
            keep(**_evaluate(experiment, stack.parameters, parts))
    arrays = {name: torch.stack(values, 1).cpu().numpy() for name, values in history.items()}
    arrays["last_gradient_norms"] = stack.gradient_norms.cpu().numpy()
    arrays["parameters"] = stack.parameters.cpu().numpy()
    axes = {"epoch": np.array(epochs)} | ({"snapshot_step": np.array(snapshot_steps)} if snapshot_steps else {})
    return axes | arrays


def _batches(parts: Sets, size: int, orders: Sequence[torch.Generator]) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of batches, each seed in an order of its own: (seed, sample, feature) and targets."""
    inputs, targets = parts.train_inputs, parts.train_targets
    if inputs.ndim == 3:  # full batch on data of the seed's own: the order of samples changes nothing
        yield inputs, targets
        return
    samples = len(inputs)
    order = torch.stack([torch.randperm(samples, generator=random) for random in orders])  # (seed, sample)
    order = order.to(inputs.device)
    buffer = inputs.new_empty(len(orders), size, inputs.shape[1])  # (seed, sample, feature)
    for start in range(0, samples, size):
        chosen = order[:, start : start + size]  # (seed, sample)
        batch = buffer if chosen.shape[1] == size else inputs.new_empty(*chosen.shape, inputs.shape[1])
        torch.index_select(inputs, 0, chosen.flatten(), out=batch.flatten(0, 1))
        yield batch, targets.gather(1, chosen)


def _evaluate(experiment: Experiment, parameters: Tensor, parts: Sets) -> dict[str, Tensor]:
    """Loss and, for images, accuracy over the whole training and test sets: (seed,) each."""
    record = {}
    for name in ("train", "test"):
        inputs, targets = getattr(parts, f"{name}_inputs"), getattr(parts, f"{name}_targets")
        if experiment.is_function:
            record[f"{name}_loss"] = loss(networks.outputs(parameters, experiment, inputs), targets)
        else:
            scores = scored(parameters, experiment, inputs, targets)
            record[f"{name}_loss"], record[f"{name}_accuracy"] = scores
    if parts.test_truth is not None:
        _, record["test_accuracy_on_truth"] = scored(parameters, experiment, parts.test_inputs, parts.test_truth)
    return record


def scored(parameters: Tensor, experiment: Experiment, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss and accuracy of stacked networks (seed, parameter) on labelled images: (seed,) each.

    inputs: (sample, feature); labels: (seed, sample).
    """
    total_loss = torch.zeros(len(parameters), dtype=torch.float64, device=parameters.device)
    correct = torch.zeros_like(total_loss)
    for rows, answers in zip(inputs.split(_ROWS_AT_ONCE), labels.split(_ROWS_AT_ONCE, 1), strict=True):
        logits = networks.outputs(parameters, experiment, rows)  # (seed, sample, class)
        total_loss += loss(logits, answers).double() * len(rows)
        correct += (logits.argmax(2) == answers).sum(1)
    return total_loss / len(inputs), correct / len(inputs)
