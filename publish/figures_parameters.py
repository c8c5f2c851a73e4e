"""Figures of Part 3, Task 2: ten networks by their number of parameters (the report's figures 12-13)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from evidence.intervals import Interval
from evidence.verdicts import number
from models.runs import Array, Runs
from publish.drawings import Drawing, drawing_of
from publish.figures import COLOURS, FRAME, legend, panels, reported, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Reported = Mapping[str, Mapping[int, float]]  # what the report says of each measure, by size

_TITLES = {"plateau": "Where test accuracy stops growing", "knee": "Where returns diminish"}
_LARGEST = 1.5e6  # parameters: where an axis of sizes may end


def loss_and_accuracy(runs: Runs, sizes: Array, reported_numbers: Reported) -> Drawing:
    """Loss and accuracy after the last epoch against size, training and test, with the report's numbers.

    sizes: (configuration,), in parameters.
    """
    measured = {name: _last(runs, name) for name in ("train_loss", "test_loss", "train_accuracy", "test_accuracy")}

    def draw(caption: str) -> "Figure":
        titles = ["loss", "accuracy", "accuracy, the upper end"]
        figure, axes = panels(3, titles, caption, "Loss and accuracy by number of parameters")
        floor = _upper_end(measured["test_accuracy"])
        for axis, measure, lowest in zip(axes, ("loss", "accuracy", "accuracy"), (0, 0, floor), strict=True):
            for style, (part, label) in enumerate((("train", "training"), ("test", "test"))):
                name = f"{part}_{measure}"
                seeds_and_median(axis, sizes, measured[name], style, label)
                _reported(axis, reported_numbers.get(name, {}), style, lowest)
            _size_axis(axis, sizes)
        axes[0].set(ylabel="loss (cross-entropy, nats)", yscale="log")
        axes[1].set(ylabel="accuracy (share of images)")
        axes[2].set(ylabel="accuracy (share of images)", ylim=(floor, 1.003))
        for axis, place in zip(axes, ("lower left", "lower right", "best"), strict=True):
            legend(axis, has_reported=True, loc=place, **FRAME)
        return figure

    return drawing_of("parameters", runs, draw, sizes, *measured.values())


def gain_by_size(runs: Runs, sizes: Array, reported_gains: Mapping[int, float]) -> Drawing:
    """Test accuracy less the middle network's of three, seed by seed, against size, with half a point around it.

    sizes: (configuration,), in parameters; reported_gains: the report's, by size.
    """
    accuracy = _last(runs, "test_accuracy")  # (seed, configuration)
    gain = accuracy - accuracy[:, 1:2]

    def draw(caption: str) -> "Figure":
        title = f"What is gained around {number(sizes[1])} parameters"
        figure, (axes,) = panels(1, ["test set"], caption, title)
        axes.axhspan(-0.005, 0.005, color=COLOURS[1], alpha=0.15, linewidth=0, label="half a point")
        seeds_and_median(axes, sizes, gain, 0, "test accuracy")
        _reported(axes, reported_gains, 0, float(gain.min()))
        _size_axis(axes, sizes)
        axes.set_ylabel("accuracy gained (share of images)")
        legend(axes, has_reported=True, loc="best", **FRAME)
        return figure

    return drawing_of("parameters-gain", runs, draw, sizes, gain)


def gap_by_size(runs: Runs, sizes: Array, reported_numbers: Reported) -> Drawing:
    """How far training is ahead of test after the last epoch, in accuracy and in loss, against size.

    sizes: (configuration,), in parameters.
    """
    accuracy = _last(runs, "train_accuracy") - _last(runs, "test_accuracy")  # (seed, configuration)
    loss = _last(runs, "test_loss") - _last(runs, "train_loss")
    train, test = reported_numbers["train_accuracy"], reported_numbers["test_accuracy"]

    def draw(caption: str) -> "Figure":
        titles = ["train − test accuracy", "test − train loss"]
        figure, axes = panels(2, titles, caption, "The gap between training and test by number of parameters")
        for style, (axis, gap, label) in enumerate(zip(axes, (accuracy, loss), ("accuracy", "loss"), strict=True)):
            seeds_and_median(axis, sizes, gap, style, label)
            axis.axhline(0, color="0.3", linewidth=0.8, linestyle="dotted", label="no gap")
            _size_axis(axis, sizes)
        _reported(axes[0], {size: train[size] - test[size] for size in train}, style=0)
        axes[0].set_ylabel("gap (share of images)")
        axes[1].set_ylabel("gap (cross-entropy, nats)")
        legend(axes[0], has_reported=True, loc="best")
        legend(axes[1], has_reported=False, loc="best")
        return figure

    return drawing_of("parameters-gap", runs, draw, sizes, accuracy, loss)


def accuracy_with_band(name: str, runs: Runs, sizes: Array, reported_numbers: Reported, found: Interval) -> Drawing:
    """Test accuracy against size, with the interval of a size that was read off it: its plateau or its knee.

    name: "plateau" or "knee"; sizes: (configuration,), in parameters; found: in parameters, `inf` for never.
    """
    accuracy = _last(runs, "test_accuracy")  # (seed, configuration)
    ends = np.array([found.low, found.estimate, found.high])

    def draw(caption: str) -> "Figure":
        floor = _upper_end(accuracy) if name == "plateau" else 0  # half a point is small
        figure, (axes,) = panels(1, ["test set"], caption, _TITLES[name])
        seeds_and_median(axes, sizes, accuracy, 0, "test accuracy")
        low, _, high = np.minimum(ends, _LARGEST)
        label = f"{name}: {number(np.round(found.low))} to {number(np.round(found.high))}"
        axes.axvspan(low, high, color=COLOURS[1], alpha=0.2, linewidth=0, label=label)
        axes.axvline(min(found.estimate, _LARGEST), color=COLOURS[1], linewidth=1.2, linestyle="dashed")
        _reported(axes, reported_numbers["test_accuracy"], 0, floor)
        _size_axis(axes, sizes)
        axes.set(ylabel="accuracy (share of images)", ylim=(floor or None, 1.003))
        legend(axes, has_reported=True, loc="best", **FRAME)
        return figure

    return drawing_of(f"parameters-{name}", runs, draw, sizes, accuracy, ends)


def _last(runs: Runs, name: str) -> Array:
    """What was recorded after the last epoch, (seed, configuration)."""
    return getattr(runs, name)[:, :, -1].T


def _reported(axes: "Axes", numbers: Mapping[int, float], style: int, floor: float = 0) -> None:
    """The report's numbers, but those below the axis, since its marks are not clipped."""
    inside = {size: value for size, value in numbers.items() if value >= floor}
    if inside:  # nothing drawn unclipped would still take room in the layout
        reported(axes, list(inside), list(inside.values()), COLOURS[style])


def _upper_end(accuracy: Array) -> float:
    """Where an axis may begin that shows differences of half a point near the best median."""
    return float(np.median(accuracy, axis=0).max()) - 0.06


def _size_axis(axes: "Axes", sizes: Array) -> None:
    axes.set(xscale="log", xlabel="number of parameters", xlim=(min(1000, float(sizes[0])) * 0.8, _LARGEST))
