"""Training: the seeds of one experiment through the engine of their device, with the history that it leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models import data, networks
from models.experiment import Experiment
from models.rounding import rounding
from models.stack import loss
from ontrial.running.sources import module_digest
from ontrial.trainings import Arrays

_ROWS_AT_ONCE = 2000  # samples that whole-set evaluation pushes through at a time: stays in the cache


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
