"""Figures of Part 3, Task 2: ten networks by their number of parameters (the report's figures 12-13)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from claims.homework.figures.panel import Layer, Mark, Panel, dotted, figure, mark, panel
from models.experiment import parameter_count
from models.runs import experiment_of
from ontrial import COLOURS, FRAME, Array, Drawing, Interval, Run, Runs, number, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reported = Mapping[str, Mapping[int, float]]  # what the report says of each measure, by size

_ACCURACY, _BEST = "accuracy (share of images)", dict(loc="best", **FRAME)
_LARGEST = 1.5e6  # parameters: where an axis of sizes may end


def loss_and_accuracy(runs: Runs, sizes: Array, report: Reported) -> Drawing:
    """Loss and accuracy after the last epoch, training and test, with the report's numbers.

    sizes: (configuration,), in parameters, here and below.
    """

    def part(measure: str, floor: float, loc: str, **options: Any) -> Panel:
        names = {f"{part}_{measure}": label for part, label in (("train", "training"), ("test", "test"))}
        curves = {label: _last(runs, name) for name, label in names.items()}
        marks = [found for style, name in enumerate(names) for found in _marks(report.get(name, {}), style, floor)]
        return _by_size(sizes, curves, marks=marks, legend=dict(loc=loc, **FRAME), **options)

    floor = _upper_end(_last(runs, "test_accuracy"))
    loss = part("loss", 0, "lower left", title="loss", ylabel="loss (cross-entropy, nats)", yscale="log")
    accuracy = part("accuracy", 0, "lower right", title="accuracy", ylabel=_ACCURACY)
    upper = part("accuracy", floor, "best", title="accuracy, the upper end", ylabel=_ACCURACY, ylim=(floor, 1.003))
    return figure(__name__, "parameters", "Loss and accuracy by number of parameters", runs, loss, accuracy, upper)


def gain_by_size(images: Array, runs: Mapping[int, Run], sizes: Array, report: Reported) -> Drawing:
    """Test images right less those of the second network, seed by seed, with half a point around it.

    images: right of 10,000, mean of the records that are judged, (configuration, seed).
    """
    gain = (images - images[1]).T  # (seed, configuration)
    accuracy, second = report["test_accuracy"], list(runs)[1]
    marks = _marks({size: 10_000 * (accuracy[size] - accuracy[second]) for size in runs}, 0, float(gain.min()))

    def band_and_curve(axes: "Axes") -> None:  # the band lies below
        axes.axhspan(-50, 50, color=COLOURS[1], alpha=0.15, linewidth=0, label="half a point")
        seeds_and_median(axes, sizes, gain, 0, "test set")

    options = dict(marks=marks, legend=_BEST, ylabel="images gained (of 10,000)")
    shown = _by_size(sizes, {}, band_and_curve, title="test set, mean of the last 3 records", **options)
    title = f"What is gained around {number(sizes[1])} parameters"
    return figure(__name__, "parameters-gain", title, runs, replace(shown, arrays=(sizes, gain)))


def gain_by_epoch(run: Run, images: Array) -> Drawing:
    """Test images right less the mean of those at the fifth and sixth of ten records.

    images: right of 10,000, (seed, record).
    """
    gain, epochs = images - images[:, -6:-4].mean(1, keepdims=True), run.epoch  # (seed, record), (record,)

    def compared(axes: "Axes") -> None:
        for place, label in ((-6, "what is compared"), (-2, None)):
            axes.axvspan(*epochs[[place, place + 1]], color=COLOURS[1], alpha=0.15, linewidth=0, label=label)

    axes = dict(xlabel="epoch", ylabel="images gained (of 10,000)", xlim=(epochs[1], epochs[-1]))
    options = dict(title=f"test set, less the mean of epochs {epochs[-6]} and {epochs[-5]}", legend=_BEST, **axes)
    shown = panel(epochs[1:], {"test set": gain[:, 1:]}, dotted(10, "10 images"), compared, **options)
    title = f"What is gained by epoch, {number(parameter_count(*experiment_of(run).widths))} parameters"
    return figure(__name__, "parameters-gain-by-epoch", title, run, shown)


def gap_by_size(runs: Runs, sizes: Array, report: Reported) -> Drawing:
    """How far training is ahead of test after the last epoch, in accuracy and in loss."""
    accuracy = _last(runs, "train_accuracy") - _last(runs, "test_accuracy")  # (seed, configuration)
    loss = _last(runs, "test_loss") - _last(runs, "train_loss")
    train, test = report["train_accuracy"], report["test_accuracy"]
    marks = _marks({size: train[size] - test[size] for size in train})
    left = dict(title="train − test accuracy", marks=marks, ylabel="gap (share of images)")
    right = dict(title="test − train loss", style=1, ylabel="gap (cross-entropy, nats)")
    row = [
        _by_size(sizes, curve, dotted(0, "no gap"), legend=dict(loc="best"), **options)
        for curve, options in (({"accuracy": accuracy}, left), ({"loss": loss}, right))
    ]
    title = "The gap between training and test by number of parameters"
    return figure(__name__, "parameters-gap", title, runs, *row)


def accuracy_with_band(
    name: str, runs: Runs, sizes: Array, report: Reported, found: Interval, first: int = 0
) -> Drawing:
    """Test accuracy, with the interval of a size that was read off it: its plateau or its knee.

    name: "plateau" or "knee"; found: in parameters, `inf` for never; first: the place of the smallest network that it
    was read off.
    """
    last = 3 if name == "plateau" else 1  # records that accuracies are means of
    accuracy = runs.test_accuracy[:, :, -last:].mean(2).T[:, first:]  # (seed, configuration)
    floor = _upper_end(accuracy) if name == "plateau" else 0  # half a point is small
    ends = np.array([found.low, found.estimate, found.high])

    def band(axes: "Axes") -> None:
        low, estimate, high = np.minimum(ends, _LARGEST)
        label = f"{name}: {number(np.round(found.low))} to {number(np.round(found.high))}"
        axes.axvspan(low, high, color=COLOURS[1], alpha=0.2, linewidth=0, label=label)
        axes.axvline(estimate, color=COLOURS[1], linewidth=1.2, linestyle="dashed")

    options = dict(marks=_marks(report["test_accuracy"], 0, floor), legend=_BEST, ylabel=_ACCURACY)
    part = "test set" + (f", mean of the last {last} records" if last > 1 else "")
    ylim = (floor or None, 1.003)
    shown = _by_size(sizes, {"test accuracy": accuracy}, band, first=first, title=part, ylim=ylim, **options)
    title = "Where test accuracy stops growing" if name == "plateau" else "Where returns diminish"
    file = f"parameters-{name}" + f"-from-{first + 1}" * (first > 0)
    return figure(__name__, file, title, runs, replace(shown, arrays=(sizes, accuracy, ends)))


def _last(runs: Runs, name: str) -> Array:
    """What was recorded after the last epoch, (seed, configuration)."""
    return getattr(runs, name)[:, :, -1].T


def _marks(numbers: Mapping[int, float], style: int = 0, floor: float = 0) -> list[Mark]:
    """The report's numbers, but those below the axis, since its marks are not clipped."""
    inside = {size: value for size, value in numbers.items() if value >= floor}
    return [mark(inside, style)] if inside else []  # nothing drawn unclipped would still take room in the layout


def _upper_end(accuracy: Array) -> float:
    """Where an axis may begin that shows differences of half a point near the best median."""
    return float(np.median(accuracy, axis=0).max()) - 0.06


def _by_size(sizes: Array, curves: Mapping[str, Array], *layers: Layer, first: int = 0, **options: Any) -> Panel:
    axes = dict(xscale="log", xlabel="number of parameters", xlim=(min(1000, float(sizes[0])) * 0.8, _LARGEST))
    return panel(sizes[first:], curves, *layers, **axes, **options)
