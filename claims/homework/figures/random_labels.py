"""Figures of Part 3, Task 1: random labels (the report's figure 11, and what a network stores of them)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.panel import dotted, drawing, figure, mark, panel
from claims.homework.measures.sizes import bits_per_parameter
from models.experiment import parameter_count
from models.runs import experiment_of
from ontrial import Array, Drawing, Run, panels, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def loss_by_epoch(run: Run, reported_train: Mapping[int, float], reported_test: Mapping[int, float]) -> Drawing:
    """Training and test loss, with what guessing costs and the report's values (nats, by epoch)."""
    curves = {"training loss": run.train_loss, "test loss": run.test_loss}
    marks = [mark(reported_train, 0), mark(reported_test, 1)]
    axes = dict(xlabel="epoch", ylabel="loss (cross-entropy, nats)", xlim=(0, max(*reported_train, run.epoch[-1])))
    options = dict(title=_network(run), marks=marks, legend=dict(loc="best"))
    shown = panel(run.epoch, curves, dotted(np.log(10), "guessing: ln 10"), **options, **axes)
    return figure(__name__, "random-labels-loss", "Loss with random labels", run, shown)


def accuracy_by_epoch(run: Run) -> Drawing:
    """Accuracy on training and test labels, both random, and on the true test labels."""
    curves = {
        "training set, random labels": run.train_accuracy,
        "test set, random labels": run.test_accuracy,
        "test set, true labels": run.test_accuracy_on_truth,
    }
    axes = dict(xlabel="epoch", ylabel="accuracy (share of images)", xlim=(0, run.epoch[-1]), ylim=(0, None))
    options = dict(title=_network(run), legend=dict(loc="best"))
    shown = panel(run.epoch, curves, dotted(0.1, "guessing: 0.1"), **options, **axes)
    return figure(__name__, "random-labels-accuracy", "Accuracy with random labels", run, shown)


def capacity_by_epoch(runs: Mapping[str, Run]) -> Drawing:
    """Training accuracy of networks with random labels, and what they store per parameter."""
    names = {name: f"{name}: {_network(run)}" for name, run in runs.items()}
    stored = {name: _stored(run) for name, run in runs.items()}  # (seed, record) each

    def draw(caption: str) -> "Figure":
        titles = ["training accuracy", "labels stored"]
        figure, (left, right) = panels(2, titles, caption, "Random labels, learned by heart")
        for style, (name, run) in enumerate(runs.items()):
            seeds_and_median(left, run.epoch, run.train_accuracy, style, names[name])
            seeds_and_median(right, run.epoch, stored[name], style, names[name])
        dotted(0.1, "left: guessing; right: 2 bits a parameter")(left)
        dotted(2, "")(right)
        last = max(int(run.epoch[-1]) for run in runs.values())
        left.set(xlabel="epoch", ylabel="training accuracy (share of images)", xlim=(0, last), ylim=(0, 1.02))
        right.set(xlabel="epoch", ylabel="bits per parameter", xlim=(0, last), ylim=(0, 2.1))
        handles = left.get_legend_handles_labels()[0]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8.5)
        return figure

    shown = [array for run in runs.values() for array in (run.epoch, run.train_accuracy)]
    return drawing("random-labels-capacity", runs, draw, *shown, *stored.values())


def _stored(run: Run) -> Array:
    """Bits per parameter at every record, (seed, record)."""
    experiment = experiment_of(run)
    return bits_per_parameter(run.train_loss, experiment.training_size, parameter_count(*experiment.widths))


def _network(run: Run) -> str:
    experiment = experiment_of(run)
    return f"{'-'.join(map(str, experiment.widths))}, {experiment.training_size:,} images"
