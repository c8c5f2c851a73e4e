"""Training: the seeds of one experiment through the engine of their device, and questions to what was trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from models import networks
from models.experiment import Experiment
from models.rounding import without_denormals
from models.sets import Sets, sets
from models.stack import loss
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


@dataclass(frozen=True)
class Trained:
    """Trained networks as a question finds them: parameters (seed, parameter), their seeds, and their data."""

    experiment: Experiment
    seeds: tuple[int, ...]
    parameters: Tensor
    data: Sets


Question = Callable[..., Arrays]  # of Trained, or of two, to arrays whose first axis is the seed


def ask(
    question: Question,
    experiments: Sequence[Experiment],
    seeds: Sequence[int],
    needed: Sequence[Arrays],
    root: Path | None = None,
    device: str = "cpu",
) -> Arrays:
    """Ask the networks of these seeds: one after another on the CPU, so that no result depends on the seeds beside it.

    needed: what training each experiment recorded.
    """

    def asked(rows: slice) -> Arrays:
        own, place = tuple(seeds[rows]), torch.device(device)
        return question(
            *(
                Trained(each, own, torch.from_numpy(arrays["parameters"][rows]).to(place), sets(each, own, root, place))
                for each, arrays in zip(experiments, needed, strict=True)
            )
        )

    with threadpool_limits(1), without_denormals():
        if device != "cpu":
            return asked(slice(None))
        found = [asked(slice(row, row + 1)) for row in range(len(seeds))]
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}
