"""Figures of Part 2, Task 1: the optimisation process (the report's figures 7-8, and one that shows movement)."""

from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.panel import drawing
from claims.homework.measures.landscape import own_plane, plane, share_of_way
from models.runs import experiment_of, final_weights, initial_weights, weights
from ontrial import COLOURS, Array, Drawing, Run, legend, panels, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SERIES_COLOURS = (*COLOURS, "#56B4E9", "black", "0.5")


def paths(series: Run, long: Run) -> Drawing:
    """The first seed's eight series in the plane of layer 2, in that of all weights, and each in its own.

    series: short trainings, drawn as the report draws them; long: the same trainings for longer.
    """
    layer_2, whole = (plane(weights(series, layer)[:1])[0] for layer in (2, None))  # (series, snapshot, 2)
    own = own_plane(weights(long)[:1])[0]  # (series, snapshot, 2)
    short_loss, long_loss = (run.batch_loss[0, :, run.snapshot_step[-1]] for run in (series, long))

    def draw(caption: str) -> "Figure":
        titles = [
            f"layer 2, {experiment_of(series).steps} steps (as reported)",
            f"all weights, {experiment_of(series).steps} steps (as reported)",
            f"all weights, {experiment_of(long).steps:,} steps, each series in its own plane",
        ]
        key = "; shown: the first seed, a colour a series; hollow: first step, full: last, with the training loss there"
        figure, axes = panels(3, titles, caption, "How the weights move, in principal components", key)
        for axis, points, loss in zip(axes, (layer_2, whole, own), (short_loss, short_loss, long_loss), strict=True):
            _paths(axis, points, loss)
            axis.set(xlabel="first component (of weights)", ylabel="second component (of weights)")
        for axis, points in zip(axes, (layer_2, whole), strict=False):
            _losses_beside(axis, points, short_loss)
            axis.margins(0.16, 0.08)
        axes[2].set(xlabel="own first component, from the start", ylabel="own second component, from the start")
        axes[2].legend(title="loss", fontsize=8.5, title_fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1))
        return figure

    return drawing("process-paths", series, draw, layer_2, whole, own, short_loss, long_loss)


def movement_by_step(long: Run) -> Drawing:
    """Loss against step of the worst of eight series, and how far the weights have moved, beyond the report's steps."""
    loss = long.batch_loss  # (seed, series, step)
    ratio = (loss / loss[..., :1]).max(1)  # (seed, step)
    start, end = initial_weights(long), final_weights(long)  # (seed, series, weight)
    way = [share_of_way(at, end, start) for at in (*np.moveaxis(weights(long), 2, 0), end)]  # (seed,) each
    moved = np.stack(way, 1)  # (seed, snapshot)
    steps = np.append(long.snapshot_step, experiment_of(long).steps)

    def draw(caption: str) -> "Figure":
        titles = ["training loss, largest of eight series", "way from the initial weights, median of eight series"]
        figure, axes = panels(2, titles, caption, "Eight series of a small network on cos(x)")
        seeds_and_median(axes[0], np.arange(1, ratio.shape[1]), ratio[:, 1:], 0, "training loss")
        seeds_and_median(axes[1], steps, moved, 0, "weights, no biases")
        axes[1].axhline(0.1, color="0.3", linewidth=0.8, linestyle="dotted", label="a tenth")
        for axis in axes:
            axis.axvline(30, color="black", linewidth=0.9, linestyle="dashed", label="the report's last step")
            axis.set(xlabel="step", xscale="log", xlim=(1, ratio.shape[1]))
            legend(axis, has_reported=False)
        axes[0].set_ylabel("training loss / before training")
        axes[1].set_ylabel(f"displacement / that after {steps[-1]:,} steps")
        return figure

    return drawing("process-movement", long, draw, ratio, moved, steps)


def _paths(axes: "Axes", points: Array, loss: Array) -> None:
    """A path a series, (series, snapshot, 2): hollow where it begins, full where it ends, labelled with its loss."""
    for path, value, colour in zip(points, loss, _SERIES_COLOURS, strict=True):
        axes.plot(*path.T, color=colour, linewidth=1.2, zorder=2)
        axes.plot(*path[0], marker="o", markersize=5, color=colour, markerfacecolor="none", zorder=3)
        axes.plot(*path[-1], "o", markersize=3.5, color=colour, label=f"{value:.3f}", zorder=3)


def _losses_beside(axes: "Axes", points: Array, loss: Array) -> None:
    """Each series' loss beside the end of its path, as the report draws it."""
    for path, value, colour in zip(points, loss, _SERIES_COLOURS, strict=True):
        axes.annotate(
            f"{value:.3f}", path[-1], xytext=(5, 4), textcoords="offset points", fontsize=8, color=colour, zorder=4
        )
