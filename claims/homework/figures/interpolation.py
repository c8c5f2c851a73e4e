"""Figures of Part 3, Task 3.1: on the line between two networks, and how sharp they are (blank in the report)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.panel import drawing
from models.probes import ALPHAS
from ontrial import COLOURS, Drawing, Run, panels, plain_log, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def paths(independent: Run, shared: Run) -> Drawing:
    """Loss and accuracy, on two axes, along the line from one network to the other, both ends marked."""
    names = ("path_train_loss", "path_test_loss", "path_train_accuracy", "path_test_accuracy")
    curves = [[run.arrays[name] for name in names] for run in (independent, shared)]

    def draw(caption: str) -> "Figure":
        titles = ["independent initialisations", "one shared initialisation"]
        title = "Between a network of batch 64 and one of batch 1024"
        figure, row = panels(2, titles, caption, title, sharey=True)
        for axes, (train_loss, test_loss, train_accuracy, test_accuracy) in zip(row, curves, strict=True):
            right = axes.twinx()
            right.grid(False)
            right.spines["right"].set_visible(True)
            seeds_and_median(axes, ALPHAS, train_loss, 0, "training loss")
            seeds_and_median(axes, ALPHAS, test_loss, 3, "test loss")
            seeds_and_median(right, ALPHAS, train_accuracy, 2, "training accuracy")
            seeds_and_median(right, ALPHAS, test_accuracy, 1, "test accuracy")
            for end in (0, 1):
                axes.axvline(end, color="0.3", linewidth=0.9, linestyle="dotted")
            axes.set(xlabel="alpha (0: batch 64, 1: batch 1024)", xlim=(-1, 2))
            plain_log(axes)
            right.set(ylim=(0, 1.02))
            right.tick_params(labelright=axes is row[-1])
        row[0].set_ylabel("loss (cross-entropy, nats)")
        right.set_ylabel("accuracy (share of images)")
        handles = [*row[-1].get_lines(), *right.get_lines()]
        named = [handle for handle in handles if not str(handle.get_label()).startswith("_")]
        figure.legend(handles=named, loc="outside lower center", ncols=4, fontsize=8.5)
        return figure

    arrays = (curve for parts in curves for curve in parts)
    return drawing("interpolation-path", independent, draw, *arrays)


def sharpness(runs: Mapping[int, Run]) -> Drawing:
    """The largest eigenvalue of the Hessian after training with each batch size, a line a seed."""
    values = np.stack([run.largest_eigenvalue for run in runs.values()], 1)  # (seed, batch size)
    names = [f"batch {batch}" for batch in runs]

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, "Sharpness after training")
        places = np.arange(len(names))
        seeds_and_median(axes, places, values, 0, "median")
        axes.plot(places, values.T, linestyle="none", marker=".", markersize=5, color=COLOURS[0], alpha=0.6)
        axes.set(ylabel="largest eigenvalue of the Hessian (nats)", xlim=(-0.4, len(names) - 0.6))
        plain_log(axes)
        axes.set_xticks(places, names)
        return figure

    return drawing("interpolation-sharpness", runs, draw, values)
