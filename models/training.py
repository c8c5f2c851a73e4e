"""Training: the seeds of one experiment as one batched computation, with the history that it leaves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
    targets: labels (seed, sample) int64, or values (seed, sample, 1).
    """

    train_inputs: Tensor
    train_targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor


def sets(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: torch.device) -> Sets:
    """The data that these seeds train and test on."""
    if experiment.is_function:
        inputs = [torch.stack([data.function_inputs(seed, stream) for seed in seeds])  # (seed, sample, 1)
                  for stream in ("training data", "test data")]  # fmt: skip
        targets = [data.FUNCTIONS[experiment.data](part) for part in inputs]
        ordered = [inputs[0], targets[0], inputs[1], targets[1]]
    else:
        images = data.images(experiment.data, root)
        labels = [part.expand(len(seeds), -1) for part in (images.train_labels, images.test_labels)]
        ordered = [images.train_inputs, labels[0], images.test_inputs, labels[1]]
    dtype = getattr(torch, experiment.dtype)
    return Sets(*((part.to(dtype) if part.is_floating_point() else part).to(device) for part in ordered))


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None = None, device: str = "cpu") -> Arrays:
    """Train one network for each seed and return what was recorded.

    epoch (record,): epochs done at each record, 0 first; train_loss, test_loss, and for images
    train_accuracy, test_accuracy: (seed, record), over the whole sets; batch_loss (seed, epoch):
    loss of each epoch's last batch before its update, so that for a full batch entry k is the whole
    training loss after k steps; parameters (seed, parameter): after training. Losses are mean
    squared error for functions, cross-entropy in nats for images; accuracies are shares.
    """
    with torch.no_grad():
        return _train(experiment, seeds, root, torch.device(device))


def _train(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: torch.device) -> Arrays:
    parts = sets(experiment, seeds, root, device)
    stack = Stack(experiment, networks.initial_parameters(experiment, seeds).to(device))
    orders = [generator(seed, "order") for seed in seeds]
    epochs, batch_losses = [0], []
    records = [_evaluate(experiment, stack.parameters, parts)]
    for epoch in range(1, experiment.epochs + 1):
        for inputs, targets in _batches(parts, experiment.batch, orders):
            stack.step(inputs, targets)
        batch_losses.append(stack.batch_loss(targets))
        if epoch % experiment.epochs_between_records == 0 or epoch == experiment.epochs:
            epochs.append(epoch)
            records.append(_evaluate(experiment, stack.parameters, parts))
    history = {name: torch.stack([record[name] for record in records], 1) for name in records[0]}
    history["batch_loss"] = torch.stack(batch_losses, 1)
    history["parameters"] = stack.parameters
    return {"epoch": np.array(epochs)} | {name: values.cpu().numpy() for name, values in history.items()}


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
            continue
        total_loss = torch.zeros(len(parameters), dtype=torch.float64, device=parameters.device)
        correct = torch.zeros_like(total_loss)
        for rows, labels in zip(inputs.split(_ROWS_AT_ONCE), targets.split(_ROWS_AT_ONCE, 1), strict=True):
            logits = networks.outputs(parameters, experiment, rows)  # (seed, sample, class)
            total_loss += loss(logits, labels).double() * len(rows)
            correct += (logits.argmax(2) == labels).sum(1)
        record[f"{name}_loss"] = total_loss / len(inputs)
        record[f"{name}_accuracy"] = correct / len(inputs)
    return record
