"""Figures of Part 1, Task 2: networks of equal size on MNIST (the report's figures 5-6, and two controls)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.described import drawing
from ontrial import COLOURS, Array, Drawing, Run, legend, panels, reported, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def loss_by_epoch(runs: Mapping[str, Run]) -> Drawing:
    """Loss against epoch: of the last mini-batch as the report plotted it, of the training set, of the test set."""
    curves = {model: (run.batch_loss, run.train_loss[:, 1:], run.test_loss[:, 1:]) for model, run in runs.items()}

    def draw(caption: str) -> "Figure":
        titles = ["last mini-batch of the epoch (as reported)", "whole training set", "test set"]
        figure, axes = panels(3, titles, caption, "Loss of three networks of equal size", sharey=True)
        for style, (model, parts) in enumerate(curves.items()):
            for axis, curve in zip(axes, parts, strict=True):
                seeds_and_median(axis, np.arange(1, curve.shape[1] + 1), np.maximum(curve, 1e-5), style, model)
        for axis in axes:
            axis.set(xlabel="epoch", yscale="log", xlim=(1, curve.shape[1]))
        axes[0].set_ylabel("loss (cross-entropy, nats)")
        legend(axes[2], has_reported=False)
        return figure

    arrays = (curve for parts in curves.values() for curve in parts)
    return drawing("equal-size-loss", runs, draw, *arrays)


def accuracy_by_epoch(
    runs: Mapping[str, Run], reported_train: Mapping[str, float], reported_test: Mapping[str, float]
) -> Drawing:
    """Training and test accuracy against epoch, with the report's last values (shares, by model)."""
    curves = {model: (run.train_accuracy[:, 1:], run.test_accuracy[:, 1:]) for model, run in runs.items()}

    def draw(caption: str) -> "Figure":
        figure, axes = panels(2, ["training set", "test set"], caption, "Accuracy of three networks of equal size")
        for style, (model, parts) in enumerate(curves.items()):
            for axis, curve, numbers in zip(axes, parts, (reported_train, reported_test), strict=True):
                seeds_and_median(axis, np.arange(1, curve.shape[1] + 1), curve, style, model)
                reported(axis, [100], [numbers[model]], COLOURS[style])
        for axis in axes:
            axis.set(xlabel="epoch", xlim=(1, 100), ylabel="accuracy (share of images)")
        for axis, part, numbers in zip(
            axes, zip(*curves.values(), strict=True), (reported_train, reported_test), strict=True
        ):  # the report's marks are not clipped, and must lie inside
            lowest, highest = min(numbers.values()), max(numbers.values())
            axis.set_ylim(min(_floor(part), lowest - 0.003), max(_ceiling(part), highest + 0.003))
        legend(axes[1], has_reported=True, loc="lower right")
        return figure

    arrays = (curve for parts in curves.values() for curve in parts)
    return drawing("equal-size-accuracy", runs, draw, *arrays)


def accuracy_of_controls(runs: Mapping[str, Run]) -> Drawing:
    """Test accuracy against epoch of a middle and a deep net with first layers of the same width."""
    curves = {model: run.test_accuracy[:, 1:] for model, run in runs.items()}

    def draw(caption: str) -> "Figure":
        title = "Depth, with first layers of 29 units"
        figure, (axes,) = panels(1, ["test set, no layer under 11 units"], caption, title)
        for style, (model, curve) in enumerate(curves.items()):
            seeds_and_median(axes, np.arange(1, curve.shape[1] + 1), curve, style, model)
        axes.set(
            xlabel="epoch",
            xlim=(1, curve.shape[1]),
            ylabel="accuracy (share of images)",
            ylim=(_floor(tuple(curves.values())), _ceiling(tuple(curves.values()))),
        )
        legend(axes, has_reported=False, loc="lower right")
        return figure

    return drawing("equal-size-controls", runs, draw, *curves.values())


def leads_by_epoch(runs: Mapping[str, Run]) -> Drawing:
    """By how many images the middle net leads the deep one on the test set, against epoch: as reported, and controls.

    runs: the report's middle and deep net, then the controls' middle and deep net.
    """
    middle, deep, *controls = (run.test_accuracy[:, 1:] for run in runs.values())
    leads = {"the report's nets": middle - deep, "first layers of 29 units": controls[0] - controls[1]}
    leads = {name: 10_000 * lead for name, lead in leads.items()}  # (seed, epoch)

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, ["test set, middle − deep"], caption, "The middle net's lead over the deep one")
        for style, (name, lead) in enumerate(leads.items()):
            seeds_and_median(axes, np.arange(1, lead.shape[1] + 1), lead, style, name)
        axes.axhline(0, color="0.3", linewidth=0.8, linestyle="dotted", label="no lead")
        shown = np.stack([lead[:, lead.shape[1] // 2 :] for lead in leads.values()])
        axes.set(xlabel="epoch", xlim=(1, lead.shape[1]), ylabel="lead (images of 10,000)")
        axes.set_ylim(min(float(shown.min()), 0) - 20, float(shown.max()) + 20)
        legend(axes, has_reported=False, loc="best")
        return figure

    return drawing("equal-size-leads", runs, draw, *leads.values())


def _ceiling(curves: tuple[Array, ...]) -> float:
    """Where an accuracy axis may end."""
    return max(float(curve.max()) for curve in curves) + 0.003


def _floor(curves: tuple[Array, ...]) -> float:
    """Where an accuracy axis may begin: below the later half of what nine in ten seeds reach."""
    return min(float(np.quantile(curve[:, curve.shape[1] // 2 :], 0.1)) for curve in curves) - 0.01
