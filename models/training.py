"""Training: the seeds of one experiment through the engine of their device, with the history that it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models import data, networks
from models.experiment import Experiment
from models.rounding import rounding
from models.stack import loss
from ontrial.running.sources import module_digest
from ontrial.training import Arrays

_ROWS_AT_ONCE = 2000  # samples that whole-set evaluation pushes through at a time: stays in the cache


@dataclass(frozen=True)
class Sets:
    """Training and test data of some seeds.

    inputs: (sample, feature) where the seeds share them, else (seed, sample, feature); times `white` where they are
    the uint8 pixels of images; targets: labels (seed, sample) int64, or values (seed, sample, 1); test_truth: the
    true test labels where test_targets are random ones. Where there is a validation set, train_rows and
    validation_rows say which of the training inputs and targets each seed trains on, and which validate: (seed, row).
    """

    train_inputs: Tensor
    train_targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor
    test_truth: Tensor | None = None
    train_rows: Tensor | None = None
    validation_rows: Tensor | None = None
    white: int = 1


def sets(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: torch.device) -> Sets:
    """The data that these seeds train and test on, a row a seed, images as floats in [0, 1]."""
    whole = raw_sets(experiment, seeds, root)
    if whole.white != 1:
        train, test = (part.float() / whole.white for part in (whole.train_inputs, whole.test_inputs))
        whole = replace(whole, train_inputs=train, test_inputs=test, white=1)
    dtype = getattr(torch, experiment.dtype)
    moved: dict[str, Any] = {
        name: part.to(device, dtype if part.is_floating_point() else part.dtype)
        for name, part in vars(whole).items()
        if isinstance(part, Tensor)
    }
    return replace(whole, **moved)


def raw_sets(experiment: Experiment, seeds: Sequence[int], root: Path | None) -> Sets:
    """The data as it lies there: images as uint8 pixels."""
    return _function_sets(experiment, seeds) if experiment.is_function else _image_sets(experiment, seeds, root)


def _function_sets(experiment: Experiment, seeds: Sequence[int]) -> Sets:
    train, test = (
        torch.stack([data.function_inputs(seed, stream) for seed in seeds]) for stream in ("training data", "test data")
    )  # (seed, sample, 1)
    function = data.FUNCTIONS[experiment.data]
    return Sets(train, function(train), test, function(test))


def _image_sets(experiment: Experiment, seeds: Sequence[int], root: Path | None) -> Sets:
    images, size = data.images(experiment.data, root), experiment.images_used
    train, test = (part.expand(len(seeds), -1) for part in (images.train_labels[:size], images.test_labels))
    found = Sets(images.train_pixels[:size], train, images.test_pixels, test, white=images.white)
    if experiment.labels == "random":
        random_train = torch.stack([data.random_labels(seed, "training labels", size) for seed in seeds])
        random_test = torch.stack([data.random_labels(seed, "test labels", test.shape[1]) for seed in seeds])
        found = replace(found, train_targets=random_train, test_targets=random_test, test_truth=test)
    if experiment.validation:
        rows = [data.validation_rows(seed, size, experiment.validation) for seed in seeds]
        train_rows, validation_rows = (torch.stack(part) for part in zip(*rows, strict=True))  # (seed, row) each
        found = replace(found, train_rows=train_rows, validation_rows=validation_rows)
    return found


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None = None, device: str = "cpu") -> Arrays:
    """Train one network for each seed, or a series of them, and return what was recorded.

    epoch (record,): epochs begun at each record, 0 first, and record_step (record,): steps done; of the sets that
    are recorded train_loss, validation_loss, test_loss, and for images train_accuracy, validation_accuracy,
    test_accuracy: (seed, record), over the whole sets; for random labels also
    test_accuracy_on_truth, against the true ones; batch_loss (seed, epoch): loss of each epoch's
    last batch before its update, so that for a full batch entry k is the whole training loss after
    k steps; last_gradient_norms (seed, tensor): of the last step's gradient, for every weight and
    bias; parameters (seed, parameter): after training. Where the experiment asks for them:
    gradient_norm (seed, step): over all parameters, before each step's update; snapshots
    (seed, snapshot, parameter) and snapshot_step (snapshot,): steps done at each; best_parameters (seed, parameter):
    at the record with the lowest validation loss, the first of them. Where there is a series, its axis follows
    that of the seed, as in train_loss (seed, series, record). Losses are mean squared error for functions,
    cross-entropy in nats for images; accuracies are shares. What is not finite is recorded as it is.
    """
    with torch.no_grad():
        if device == "cpu":
            from models import compiled

            arrays = compiled.train(experiment, seeds, root)
        else:
            from models import captured

            arrays = captured.train(experiment, seeds, root, device)
    if experiment.series == 1:
        return arrays
    return {
        name: part if name in experiment.shared else part.reshape(len(seeds), experiment.series, *part.shape[1:])
        for name, part in arrays.items()
    }


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


def surroundings(experiment: Experiment) -> dict[str, Any]:
    """What a result depends on beside what was declared: data, source, and all that decides rounding.

    Raises DataError where the data is missing.
    """
    return {
        "data_digest": data.digest(experiment.data, experiment.root),
        "source": module_digest(__name__),
        "rounding": rounding(experiment.device),
    }
