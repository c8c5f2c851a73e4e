"""Figures of Part 3, Task 2: ten networks by their number of parameters (the report's figures 12-13)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.described import drawing
from models.experiment import parameter_count
from models.runs import experiment_of
from ontrial import (
    COLOURS,
    FRAME,
    Array,
    Drawing,
    Interval,
    Run,
    Runs,
    legend,
    number,
    panels,
    reported,
    seeds_and_median,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Reported = Mapping[str, Mapping[int, float]]  # what the report says of each measure, by size

_TITLES = {"plateau": "Where test accuracy stops growing", "knee": "Where returns diminish"}
_LAST = {"plateau": 3, "knee": 1}  # records that its accuracies are means of
_PANELS = {"plateau": "test set, mean of the last 3 records", "knee": "test set"}
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

    return drawing("parameters", runs, draw, sizes, *measured.values())


def gain_by_size(images: Array, runs: Mapping[int, Run], sizes: Array, reported_numbers: Reported) -> Drawing:
    """Test images right less those of the second network, seed by seed, against size, with half a point around it.

    images: right of 10,000, mean of the records that are judged, (configuration, seed); sizes: (configuration,), in
    parameters.
    """
    gain = (images - images[1]).T  # (seed, configuration)
    report, second = reported_numbers["test_accuracy"], list(runs)[1]
    gained = {size: 10_000 * (report[size] - report[second]) for size in runs}

    def draw(caption: str) -> "Figure":
        title = f"What is gained around {number(sizes[1])} parameters"
        figure, (axes,) = panels(1, ["test set, mean of the last 3 records"], caption, title)
        axes.axhspan(-50, 50, color=COLOURS[1], alpha=0.15, linewidth=0, label="half a point")
        seeds_and_median(axes, sizes, gain, 0, "test set")
        _reported(axes, gained, 0, float(gain.min()))
        _size_axis(axes, sizes)
        axes.set_ylabel("images gained (of 10,000)")
        legend(axes, has_reported=True, loc="best", **FRAME)
        return figure

    return drawing("parameters-gain", runs, draw, sizes, gain)


def gain_by_epoch(run: Run, images: Array) -> Drawing:
    """Test images right less the mean of those at the fifth and sixth of ten records, against epoch.

    images: right of 10,000, (seed, record).
    """
    gain, epochs = images - images[:, -6:-4].mean(1, keepdims=True), run.epoch  # (seed, record), (record,)

    def draw(caption: str) -> "Figure":
        title = f"What is gained by epoch, {number(parameter_count(*experiment_of(run).widths))} parameters"
        figure, (axes,) = panels(
            1, [f"test set, less the mean of epochs {epochs[-6]} and {epochs[-5]}"], caption, title
        )
        seeds_and_median(axes, epochs[1:], gain[:, 1:], 0, "test set")
        axes.axhline(10, color="0.3", linewidth=0.8, linestyle="dotted", label="10 images")
        for place, label in ((-6, "what is compared"), (-2, None)):
            axes.axvspan(*epochs[[place, place + 1]], color=COLOURS[1], alpha=0.15, linewidth=0, label=label)
        axes.set(xlabel="epoch", ylabel="images gained (of 10,000)", xlim=(epochs[1], epochs[-1]))
        legend(axes, has_reported=False, loc="best", **FRAME)
        return figure

    return drawing("parameters-gain-by-epoch", run, draw, gain, epochs)


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

    return drawing("parameters-gap", runs, draw, sizes, accuracy, loss)


def accuracy_with_band(
    name: str, runs: Runs, sizes: Array, reported_numbers: Reported, found: Interval, first: int = 0
) -> Drawing:
    """Test accuracy against size, with the interval of a size that was read off it: its plateau or its knee.

    name: "plateau" or "knee"; sizes: (configuration,), in parameters; found: in parameters, `inf` for never;
    first: the place of the smallest network that it was read off.
    """
    accuracy = runs.test_accuracy[:, :, -_LAST[name] :].mean(2).T[:, first:]  # (seed, configuration)
    ends = np.array([found.low, found.estimate, found.high])

    def draw(caption: str) -> "Figure":
        floor = _upper_end(accuracy) if name == "plateau" else 0  # half a point is small
        figure, (axes,) = panels(
            1,
            ["test set" + (f", mean of the last {last} records" if (last := _LAST[name]) > 1 else "")],
            caption,
            _TITLES[name],
        )
        seeds_and_median(axes, sizes[first:], accuracy, 0, "test accuracy")
        low, _, high = np.minimum(ends, _LARGEST)
        label = f"{name}: {number(np.round(found.low))} to {number(np.round(found.high))}"
        axes.axvspan(low, high, color=COLOURS[1], alpha=0.2, linewidth=0, label=label)
        axes.axvline(min(found.estimate, _LARGEST), color=COLOURS[1], linewidth=1.2, linestyle="dashed")
        _reported(axes, reported_numbers["test_accuracy"], 0, floor)
        _size_axis(axes, sizes)
        axes.set(ylabel="accuracy (share of images)", ylim=(floor or None, 1.003))
        legend(axes, has_reported=True, loc="best", **FRAME)
        return figure

    return drawing(f"parameters-{name}" + f"-from-{first + 1}" * (first > 0), runs, draw, sizes, accuracy, ends)


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
