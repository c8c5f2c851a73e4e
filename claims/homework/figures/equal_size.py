"""Figures of Part 1, Task 2: networks of equal size on MNIST (the report's figures 5-6, and two controls)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from claims.homework.figures.panel import Layer, Panel, dotted, figure, panel
from ontrial import COLOURS, Array, Drawing, Run

_ACCURACY = "accuracy (share of images)"


def loss_by_epoch(runs: Mapping[str, Run]) -> Drawing:
    """Loss of the last mini-batch, as the report plotted it, of the training set, and of the test set."""
    row = []
    for title, name, first, options in (
        ("last mini-batch of the epoch (as reported)", "batch_loss", 0, {"ylabel": "loss (cross-entropy, nats)"}),
        ("whole training set", "train_loss", 1, {}),
        ("test set", "test_loss", 1, {"legend": {}}),
    ):
        curves = {model: np.maximum(run.arrays[name][:, first:], 1e-5) for model, run in runs.items()}
        row.append(_by_epoch(curves, title=title, yscale="log", **options))
    return figure(__name__, "equal-size-loss", "Loss of three networks of equal size", runs, *row, sharey=True)


def accuracy_by_epoch(
    runs: Mapping[str, Run], reported_train: Mapping[str, float], reported_test: Mapping[str, float]
) -> Drawing:
    """Training and test accuracy, with the report's last values (shares, by model)."""
    row = []
    for part, title, numbers in (("train", "training set", reported_train), ("test", "test set", reported_test)):
        curves = {model: run.arrays[f"{part}_accuracy"][:, 1:] for model, run in runs.items()}
        (low, high), values = _limits(curves), numbers.values()
        ylim = min(low, min(values) - 0.003), max(high, max(values) + 0.003)  # marks are not clipped
        marks = [([100], [numbers[model]], colour) for model, colour in zip(runs, COLOURS, strict=False)]
        legend = dict(loc="lower right") if part == "test" else None
        options = dict(xlim=(1, 100), ylabel=_ACCURACY, ylim=ylim, marks=marks, legend=legend)
        row.append(_by_epoch(curves, title=title, **options))
    return figure(__name__, "equal-size-accuracy", "Accuracy of three networks of equal size", runs, *row)


def accuracy_of_controls(runs: Mapping[str, Run]) -> Drawing:
    """Test accuracy of a middle and a deep net with first layers of the same width."""
    curves = {model: run.test_accuracy[:, 1:] for model, run in runs.items()}
    options = dict(ylabel=_ACCURACY, ylim=_limits(curves), legend=dict(loc="lower right"))
    shown = _by_epoch(curves, title="test set, no layer under 11 units", **options)
    return figure(__name__, "equal-size-controls", "Depth, with first layers of 29 units", runs, shown)


def leads_by_epoch(runs: Mapping[str, Run]) -> Drawing:
    """By how many images the middle net leads the deep one on the test set, as reported, and in the controls.

    runs: the report's middle and deep net, then the controls' middle and deep net.
    """
    middle, deep, *controls = (run.test_accuracy[:, 1:] for run in runs.values())
    leads = {"the report's nets": middle - deep, "first layers of 29 units": controls[0] - controls[1]}
    leads = {name: 10_000 * lead for name, lead in leads.items()}  # (seed, epoch)
    later = np.stack([lead[:, lead.shape[1] // 2 :] for lead in leads.values()])
    ylim = min(float(later.min()), 0) - 20, float(later.max()) + 20
    options = dict(ylabel="lead (images of 10,000)", ylim=ylim, legend=dict(loc="best"))
    shown = _by_epoch(leads, dotted(0, "no lead"), title="test set, middle − deep", **options)
    return figure(__name__, "equal-size-leads", "The middle net's lead over the deep one", runs, shown)


def _by_epoch(curves: Mapping[str, Array], *layers: Layer, **options: Any) -> Panel:
    last = next(iter(curves.values())).shape[1]
    return panel(np.arange(1, last + 1), curves, *layers, **({"xlabel": "epoch", "xlim": (1, last)} | options))


def _limits(curves: Mapping[str, Array]) -> tuple[float, float]:
    """Limits of an accuracy axis: from below the later half of what nine in ten seeds reach."""
    low = min(float(np.quantile(curve[:, curve.shape[1] // 2 :], 0.1)) for curve in curves.values())
    return low - 0.01, max(float(curve.max()) for curve in curves.values()) + 0.003
