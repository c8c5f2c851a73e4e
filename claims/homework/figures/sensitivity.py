"""Figures of Part 3, Task 3.2: batch size and sensitivity (the report's figures 14-15, and four controls)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.described import drawing
from models.runs import experiment_of
from ontrial import COLOURS, Array, Drawing, Run, legend, panels, plain_log, reported, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BY_INPUT = "gradient norm, mean of images (nats)"
_OF_BATCH = "gradient norm, mean of six tensors (nats)"


def accuracy_and_loss(runs: Mapping[int, Run], report: Mapping[str, Mapping[int, float]]) -> Drawing:
    """Accuracy and loss late in training against batch size, with the report's own numbers."""
    curves = {name: _at_end(runs, name, last=3) for name in report}  # (seed, batch size)

    def draw(caption: str) -> "Figure":
        titles = ["accuracy, mean of the last 3 records", "loss, mean of the last 3 records"]
        figure, row = panels(2, titles, caption, "Accuracy and loss by batch size")
        for axes, quantity in zip(row, ("accuracy", "loss"), strict=True):
            for style, (part, label) in enumerate((("train", "training set"), ("test", "test set"))):
                name = f"{part}_{quantity}"
                seeds_and_median(axes, _sizes(runs), curves[name], style, label)
                _reported(axes, report[name], style)
            _over_batch_size(axes, _sizes(runs))
        row[0].set_ylabel("accuracy (share of images)")
        row[1].set_ylabel("loss (cross-entropy, nats)")
        plain_log(row[1])
        legend(row[0], has_reported=True, loc="best")
        return figure

    return drawing("sensitivity-accuracy-loss", runs, draw, *curves.values())


def sensitivities(runs: Mapping[int, Run], report: Mapping[int, float]) -> Drawing:
    """Three measures of sensitivity against batch size; the report's numbers stand by the one it plotted."""
    curves = (
        np.stack([run.last_gradient_norms.mean(1) for run in runs.values()], 1),  # (seed, batch size)
        np.stack([run.input_sensitivity for run in runs.values()], 1),
        np.stack([run.jacobian_sensitivity for run in runs.values()], 1),
    )

    def draw(caption: str) -> "Figure":
        titles = [
            "last mini-batch's gradient (as reported)",
            "gradient to the input (as assigned)",
            "input-output Jacobian",
        ]
        figure, row = panels(3, titles, caption, "Three measures of sensitivity by batch size")
        labels = [_OF_BATCH, _BY_INPUT, "norm of the softmax outputs' Jacobian"]
        _reported(row[0], report, 0)
        for style, (axes, curve, label) in enumerate(zip(row, curves, labels, strict=True)):
            seeds_and_median(axes, _sizes(runs), curve, style, "median")
            _over_batch_size(axes, _sizes(runs))
            axes.set_ylabel(label)
            plain_log(axes)
        legend(row[0], has_reported=True, loc="lower left")
        return figure

    return drawing("sensitivity-measures", runs, draw, *curves)


def at_equal_steps(epochs: Mapping[int, Run], steps: Mapping[int, Run]) -> Drawing:
    """Sensitivity to the input against batch size, after equally many epochs and after equally many steps."""
    curves = {
        name: np.stack([run.input_sensitivity for run in runs.values()], 1)  # (seed, batch size)
        for name, runs in (("equal epochs", epochs), ("equal steps", steps))
    }
    return _two_conditions("sensitivity-equal-steps", "Gradient to the input at equal steps", epochs, curves, _BY_INPUT)


def tuned(one_rate: Mapping[int, Run], own_rates: Mapping[int, Run]) -> Drawing:
    """Test accuracy against batch size, with one learning rate and with one tuned to each batch size."""
    curves = {
        "lr 0.001": _at_end(one_rate, "test_accuracy"),
        "lr 0.001 × √(batch / 125)": _at_end(own_rates, "test_accuracy"),
    }
    label = "test accuracy (share of images)"
    return _two_conditions("sensitivity-tuned", "Test accuracy with tuned learning rates", one_rate, curves, label)


def at_frozen_weights(run: Run) -> Drawing:
    """The norm of a mini-batch's gradient against its size, at weights that stay as they are."""
    norms, sizes = run.frozen_gradient_norm, run.frozen_batch_size[0]

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, "Gradient of a mini-batch, weights frozen")
        seeds_and_median(axes, sizes, norms, 0, "mean of 200 mini-batches")
        for slope, line, label in ((-0.2, "dashed", "slope −0.2"), (-0.5, "dotted", "slope −1/2: one over the root")):
            guide = np.median(norms[:, 0]) * (sizes / sizes[0]) ** slope
            axes.plot(sizes, guide, color="0.3", linewidth=1, linestyle=line, label=label)
        _over_batch_size(axes, sizes)
        axes.set_ylabel(_OF_BATCH)
        plain_log(axes)
        legend(axes, has_reported=False, loc="lower left")
        return figure

    return drawing("sensitivity-frozen", run, draw, norms, sizes)


def by_image(run: Run) -> Drawing:
    """What share of the squared gradient norms of single images the images with the largest ones carry."""
    squares = np.sort(np.square(run.image_gradient_norm, dtype=float), axis=1)[:, ::-1]  # (seed, image)
    images = squares.shape[1]
    some = np.unique(np.geomspace(1, images, 200).round().astype(int))  # images, as evenly on a log axis as they can be
    total = np.maximum(squares.sum(1, keepdims=True), np.finfo(float).tiny)
    carried = (squares.cumsum(1) / total)[:, some - 1]  # (seed, so many images)

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [f"{images:,} training images"], caption, "How many images carry the gradient")
        seeds_and_median(axes, 100 * some / images, carried, 0, "largest first")
        axes.plot(100 * some / images, some / images, color="0.3", linewidth=1, linestyle="dotted", label="all alike")
        axes.axvline(1, color="black", linewidth=0.9, linestyle="dashed", label="1 % of images, half of the sum")
        axes.axhline(0.5, color="black", linewidth=0.9, linestyle="dashed")
        axes.set(xlabel="images (%)", xscale="log", xlim=(100 / images, 100), ylim=(0, 1.02))
        axes.set_ylabel("share of the sum of squared gradient norms")
        legend(axes, has_reported=False, loc="best")
        return figure

    return drawing("sensitivity-images", run, draw, some, carried)


def _two_conditions(name: str, title: str, runs: Mapping[int, Run], curves: Mapping[str, Array], label: str) -> Drawing:
    """One panel: a quantity against batch size under two conditions, (seed, batch size) each."""

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, title)
        for style, (condition, curve) in enumerate(curves.items()):
            seeds_and_median(axes, _sizes(runs), curve, style, condition)
        _over_batch_size(axes, _sizes(runs))
        axes.set_ylabel(label)
        legend(axes, has_reported=False)
        return figure

    return drawing(name, runs, draw, *curves.values())


def _sizes(runs: Mapping[int, Run]) -> np.ndarray:
    """The batch sizes that were trained with, (batch size,): no larger than the training set."""
    return np.array([experiment_of(run).batch for run in runs.values()])


def _at_end(runs: Mapping[int, Run], name: str, last: int = 1) -> Array:
    """What was recorded last, mean of so many records, (seed, batch size)."""
    return np.stack([run.arrays[name][:, -last:].mean(1) for run in runs.values()], 1)


def _reported(axes: "Axes", numbers: Mapping[int, float], style: int) -> None:
    """The report's numbers, by batch size."""
    reported(axes, list(numbers), list(numbers.values()), COLOURS[style])


def _over_batch_size(axes: "Axes", sizes: np.ndarray) -> None:
    axes.set(xlabel="batch size (images)", xscale="log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
