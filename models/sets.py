"""Sets: the data that the seeds of an experiment train and test on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models import data
from models.experiment import Experiment


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
