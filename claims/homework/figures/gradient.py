"""Figures of Part 2, Task 2: the gradient norm during training (the report's figures 9-10, and all seeds)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from claims.homework.figures.panel import drawing
from claims.homework.measures.signals import NEAR, WINDOW, largest_changes, slope_change, spikes
from models.runs import experiment_of
from ontrial import COLOURS, Array, Drawing, Run, grid, hollow, legend, panels, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def loss_above_norm(runs: Mapping[str, Run], reported_spikes: Sequence[float]) -> Drawing:
    """Loss, gradient norm with its spikes, and change of slope with its three largest, of the first seed.

    reported_spikes: steps at which the report sees them at its learning rate, that of the first run, here and below.
    """
    curves = {name: (run.batch_loss[:1], run.gradient_norm[:1]) for name, run in runs.items()}
    steps = [experiment_of(run).steps for run in runs.values()]

    def draw(caption: str) -> "Figure":
        figure, axes = grid(3, len(curves), (5.2 * len(curves), 7.8), sharex="col")
        figure.suptitle("Training loss and gradient norm on cos(x)", fontweight="bold", fontsize=12)
        figure.supxlabel(f"{caption}; shown: the first seed", fontsize=8.5)
        for (upper, lower, lowest), count, (name, (loss, norm)) in zip(axes.T, steps, curves.items(), strict=True):
            change, marker = slope_change(loss), dict(linestyle="none", marker="v", markersize=6, color="black")
            changes = np.flatnonzero(largest_changes(change)[0])
            peaks = np.flatnonzero(_spikes(norm, count // steps[0])[0])
            upper.plot(loss[0], color=COLOURS[0], linewidth=1.1)
            lower.plot(norm[0], color=COLOURS[1], linewidth=0.8, zorder=2)
            lower.plot(peaks, norm[0, peaks], label="spike", **marker)
            judged = slice(WINDOW // 2, -(WINDOW // 2))
            inside = peaks[(peaks >= judged.start) & (peaks < change.shape[1] + judged.stop)]
            lowest.plot(np.arange(change.shape[1])[judged], change[0, judged], color=COLOURS[3], linewidth=0.9)
            lowest.plot(inside, change[0, inside], **marker)
            quarter = float(np.quantile(change[0, judged], 0.75))
            lowest.axhline(quarter, color="0.3", linewidth=1, linestyle="dashed", label="the upper quarter, from here")
            for axis in (upper, lower, lowest):
                for index, step in enumerate(changes):
                    label = None if index else "one of the 3 largest changes of slope"
                    axis.axvline(step, color=COLOURS[2], linewidth=1.2, linestyle="dotted", label=label, zorder=1)
            upper.set(yscale="log", title=name, xlim=(0, loss.shape[1]))
            lower.set(yscale="log")
            lowest.set(yscale="log", xlabel="step")
        _reported_places(axes[1, 0], reported_spikes)
        axes[1, 0].set_xlim(0, max(steps[0], *reported_spikes))
        labels = ("training loss (MSE)", "gradient norm (L2)", "change of slope (1 / step)")
        for axis, label in zip(axes[:, 0], labels, strict=True):
            axis.set_ylabel(label)
        over_lines = {"frameon": True, "framealpha": 1, "edgecolor": "none"}
        axes[1, -1].legend(*axes[1, 0].get_legend_handles_labels(), fontsize=8.5, loc="upper right", **over_lines)
        axes[2, -1].legend(handles=axes[2, 0].get_lines()[2:3], fontsize=8.5, loc="best", **over_lines)
        return figure

    return drawing("gradient-norm", runs, draw, *(curve for pair in curves.values() for curve in pair))


def norm_and_spikes(runs: Mapping[str, Run], reported_spikes: Sequence[float]) -> Drawing:
    """Gradient norm of all seeds at each learning rate, and at which steps each seed has its spikes."""
    norms = {name: run.gradient_norm for name, run in runs.items()}
    steps = [experiment_of(run).steps for run in runs.values()]
    scales = [steps[0] / count for count in steps]  # so that equal ways of learning rate times steps lie side by side

    def draw(caption: str) -> "Figure":
        titles = ["gradient norm", "spikes"]
        figure, (left, right) = panels(2, titles, caption, "Gradient norm on cos(x), by learning rate", sharex=True)
        for style, ((name, norm), scale) in enumerate(zip(norms.items(), scales, strict=True)):
            seeds_and_median(left, scale * np.arange(norm.shape[1]), norm, style, name)
            seed, step = np.nonzero(_spikes(norm, round(1 / scale)))
            height = 90 / len(norm)  # in points, so that two a seed fit into the panel
            right.plot(scale * step, seed + 0.4 * style - 0.2, "|", color=COLOURS[style], markersize=height)
        right.plot(reported_spikes, [len(norm) + 0.5] * len(reported_spikes), clip_on=False, **hollow("0.2"))
        left.set(yscale="log", xlabel="step (at lr / 4: step / 4)", ylabel="gradient norm (L2)")
        right.set(xlabel="step (at lr / 4: step / 4)", ylabel="seed", xlim=(0, max(steps[0], *reported_spikes)))
        right.grid(axis="y", visible=False)
        legend(left, has_reported=True, loc="lower left")
        return figure

    return drawing("gradient-spikes", runs, draw, *norms.values())


def _spikes(norm: Array, stretch: int) -> NDArray[np.bool_]:
    """Where the spikes are, (seed, step), by windows that are so many times as long where steps are so much smaller."""
    return spikes(norm, window=stretch * (WINDOW - 1) + 1, near=stretch * NEAR)


def _reported_places(axes: "Axes", steps: Sequence[float]) -> None:
    """Hollow marks at the foot of the axes, since the report's figure gives steps and no heights to read off."""
    options = dict(label="where the report sees spikes", zorder=4, clip_on=False, **hollow("0.2"))
    axes.plot(steps, [0] * len(steps), transform=axes.get_xaxis_transform(), **options)
