"""Figures of Part 3, Task 1: random labels (the report's figure 11, and what a network stores of them)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.described import drawing
from claims.homework.measures.capacity import bits_per_parameter
from models.experiment import parameter_count
from models.runs import experiment_of
from ontrial import COLOURS, Array, Drawing, Run, legend, panels, reported, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def loss_by_epoch(run: Run, reported_train: Mapping[int, float], reported_test: Mapping[int, float]) -> Drawing:
    """Training and test loss against epoch, with what guessing costs and the report's values (nats, by epoch)."""
    curves = {"training loss": (run.train_loss, reported_train), "test loss": (run.test_loss, reported_test)}

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [_network(run)], caption, "Loss with random labels")
        for style, (name, (curve, numbers)) in enumerate(curves.items()):
            seeds_and_median(axes, run.epoch, curve, style, name)
            reported(axes, list(numbers), list(numbers.values()), COLOURS[style])
        _level(axes, np.log(10), "guessing: ln 10")
        axes.set(xlabel="epoch", ylabel="loss (cross-entropy, nats)", xlim=(0, max(*reported_train, run.epoch[-1])))
        legend(axes, has_reported=True, loc="best")
        return figure

    return drawing("random-labels-loss", run, draw, run.epoch, run.train_loss, run.test_loss)


def accuracy_by_epoch(run: Run) -> Drawing:
    """Accuracy against epoch: on training and test labels, both random, and on the true test labels."""
    curves = {
        "training set, random labels": run.train_accuracy,
        "test set, random labels": run.test_accuracy,
        "test set, true labels": run.test_accuracy_on_truth,
    }

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [_network(run)], caption, "Accuracy with random labels")
        for style, (name, curve) in enumerate(curves.items()):
            seeds_and_median(axes, run.epoch, curve, style, name)
        _level(axes, 0.1, "guessing: 0.1")
        axes.set(xlabel="epoch", ylabel="accuracy (share of images)", xlim=(0, run.epoch[-1]), ylim=(0, None))
        legend(axes, has_reported=False, loc="best")
        return figure

    return drawing("random-labels-accuracy", run, draw, run.epoch, *curves.values())


def capacity_by_epoch(runs: Mapping[str, Run]) -> Drawing:
    """Training accuracy against epoch of networks with random labels, and what they store a parameter."""
    names = {name: f"{name}: {_network(run)}" for name, run in runs.items()}
    stored = {name: _stored(run) for name, run in runs.items()}  # (seed, record) each

    def draw(caption: str) -> "Figure":
        titles = ["training accuracy", "labels stored"]
        figure, (left, right) = panels(2, titles, caption, "Random labels, learned by heart")
        for style, (name, run) in enumerate(runs.items()):
            seeds_and_median(left, run.epoch, run.train_accuracy, style, names[name])
            seeds_and_median(right, run.epoch, stored[name], style, names[name])
        _level(left, 0.1, "left: guessing; right: 2 bits a parameter")
        _level(right, 2, "")
        last = max(int(run.epoch[-1]) for run in runs.values())
        left.set(xlabel="epoch", ylabel="training accuracy (share of images)", xlim=(0, last), ylim=(0, 1.02))
        right.set(xlabel="epoch", ylabel="bits per parameter", xlim=(0, last), ylim=(0, 2.1))
        handles = left.get_legend_handles_labels()[0]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8.5)
        return figure

    epochs, accuracies = zip(*((run.epoch, run.train_accuracy) for run in runs.values()), strict=True)
    return drawing("random-labels-capacity", runs, draw, *epochs, *accuracies, *stored.values())


def _stored(run: Run) -> Array:
    """Bits per parameter at every record, (seed, record)."""
    experiment = experiment_of(run)
    return bits_per_parameter(run.train_loss, experiment.training_size, parameter_count(*experiment.widths))


def _network(run: Run) -> str:
    experiment = experiment_of(run)
    return f"{'-'.join(map(str, experiment.widths))}, {experiment.training_size:,} images"


def _level(axes: "Axes", at: float, label: str) -> None:
    axes.axhline(at, color="0.3", linewidth=0.8, linestyle="dotted", label=label)
