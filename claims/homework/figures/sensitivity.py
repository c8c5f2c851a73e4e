"""Figures of Part 3, Task 3.2: batch size and sensitivity (the report's figures 14-15, and four controls)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.homework.figures.panel import Layer, Panel, figure, mark, panel
from claims.homework.measures.from_runs import batches
from ontrial import Array, Drawing, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BY_INPUT = "gradient norm, mean of images (nats)"
_OF_BATCH = "gradient norm, mean of six tensors (nats)"


def accuracy_and_loss(runs: Mapping[int, Run], report: Mapping[str, Mapping[int, float]]) -> Drawing:
    """Accuracy and loss late in training, with the report's own numbers."""

    row = []
    for quantity, unit, options in (
        ("accuracy", "share of images", dict(legend=dict(loc="best"))),
        ("loss", "cross-entropy, nats", dict(plain=True)),
    ):
        names = {f"train_{quantity}": "training set", f"test_{quantity}": "test set"}
        marks = [mark(report[name], style) for style, name in enumerate(names)]
        curves = {label: _at_end(runs, name, last=3) for name, label in names.items()}
        title, ylabel = f"{quantity}, mean of the last 3 records", f"{quantity} ({unit})"
        row.append(_by_batch(runs, curves, title=title, ylabel=ylabel, marks=marks, **options))
    return figure(__name__, "sensitivity-accuracy-loss", "Accuracy and loss by batch size", runs, *row)


def sensitivities(runs: Mapping[int, Run], report: Mapping[int, float]) -> Drawing:
    """Three measures of sensitivity; the report's numbers are beside the one that it plotted."""
    measures = (
        ("last mini-batch's gradient (as reported)", _OF_BATCH, _stacked(runs, "last_gradient_norms").mean(2)),
        ("gradient to the input (as assigned)", _BY_INPUT, _stacked(runs, "input_sensitivity")),
        ("input-output Jacobian", "norm of the softmax outputs' Jacobian", _stacked(runs, "jacobian_sensitivity")),
    )
    report_beside_it = dict(marks=[mark(report)], legend=dict(loc="lower left"))
    row = []
    for style, (title, label, curve) in enumerate(measures):
        options = dict(title=title, style=style, ylabel=label) | ({} if style else report_beside_it)
        row.append(_by_batch(runs, {"median": curve}, plain=True, **options))
    return figure(__name__, "sensitivity-measures", "Three measures of sensitivity by batch size", runs, *row)


def at_equal_steps(epochs: Mapping[int, Run], steps: Mapping[int, Run]) -> Drawing:
    """Sensitivity to the input after equally many epochs and after equally many steps."""
    conditions = {"equal epochs": epochs, "equal steps": steps}
    curves = {name: _stacked(runs, "input_sensitivity") for name, runs in conditions.items()}
    shown = _by_batch(epochs, curves, legend={}, ylabel=_BY_INPUT)
    return figure(__name__, "sensitivity-equal-steps", "Gradient to the input at equal steps", epochs, shown)


def tuned(one_rate: Mapping[int, Run], own_rates: Mapping[int, Run]) -> Drawing:
    """Test accuracy with one learning rate and with one tuned to each batch size."""
    conditions = {"lr 0.001": one_rate, "lr 0.001 × √(batch / 125)": own_rates}
    curves = {name: _at_end(runs, "test_accuracy") for name, runs in conditions.items()}
    shown = _by_batch(one_rate, curves, legend={}, ylabel="test accuracy (share of images)")
    return figure(__name__, "sensitivity-tuned", "Test accuracy with tuned learning rates", one_rate, shown)


def at_frozen_weights(run: Run) -> Drawing:
    """The norm of a mini-batch's gradient against its size, at weights that stay as they are."""
    norms, sizes = run.frozen_gradient_norm, run.frozen_batch_size[0]

    def guides(axes: "Axes") -> None:
        for slope, line, label in ((-0.2, "dashed", "slope −0.2"), (-0.5, "dotted", "slope −1/2: one over the root")):
            guide = np.median(norms[:, 0]) * (sizes / sizes[0]) ** slope
            axes.plot(sizes, guide, color="0.3", linewidth=1, linestyle=line, label=label)

    options = dict(plain=True, legend=dict(loc="lower left"), ylabel=_OF_BATCH)
    shown = panel(sizes, {"mean of 200 mini-batches": norms}, guides, _batch_axis(sizes), **options)
    return figure(__name__, "sensitivity-frozen", "Gradient of a mini-batch, weights frozen", run, shown)


def by_image(run: Run) -> Drawing:
    """The share of the squared gradient norms of single images that the images with the largest ones carry."""
    squares = np.sort(np.square(run.image_gradient_norm, dtype=float), axis=1)[:, ::-1]  # (seed, image)
    images = squares.shape[1]
    some = np.unique(np.geomspace(1, images, 200).round().astype(int))  # images, as evenly on a log axis as they can be
    total = np.maximum(squares.sum(1, keepdims=True), np.finfo(float).tiny)
    carried = (squares.cumsum(1) / total)[:, some - 1]  # (seed, so many images)

    def guides(axes: "Axes") -> None:
        axes.plot(100 * some / images, some / images, color="0.3", linewidth=1, linestyle="dotted", label="all alike")
        axes.axvline(1, color="black", linewidth=0.9, linestyle="dashed", label="1 % of images, half of the sum")
        axes.axhline(0.5, color="black", linewidth=0.9, linestyle="dashed")

    axes = dict(xlabel="images (%)", xscale="log", xlim=(100 / images, 100), ylim=(0, 1.02))
    options = dict(title=f"{images:,} training images", legend=dict(loc="best"), **axes)
    ylabel = "share of the sum of squared gradient norms"
    shown = panel(100 * some / images, {"largest first": carried}, guides, ylabel=ylabel, **options)
    return figure(__name__, "sensitivity-images", "How many images carry the gradient", run, shown)


def _by_batch(runs: Mapping[int, Run], curves: Mapping[str, Array], **options: Any) -> Panel:
    """Curves against the batch sizes that were trained with."""
    return panel(batches(runs), curves, _batch_axis(batches(runs)), **options)


def _stacked(runs: Mapping[int, Run], name: str) -> Array:
    """One number a seed, (seed, batch size)."""
    return np.stack([run.arrays[name] for run in runs.values()], 1)


def _at_end(runs: Mapping[int, Run], name: str, last: int = 1) -> Array:
    """Mean of the last records, (seed, batch size)."""
    return np.stack([run.arrays[name][:, -last:].mean(1) for run in runs.values()], 1)


def _batch_axis(sizes: Array) -> Layer:
    def draw(axes: "Axes") -> None:
        axes.set(xlabel="batch size (images)", xscale="log")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()

    return draw
