"""Figures of Part 2, Task 2: the gradient norm during training (the report's figures 9-10, and all seeds)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evidence.signals import largest_changes, slope_change, spikes
from models.runs import Run
from publish.drawings import Drawing, drawing_of
from publish.figures import COLOURS, hollow, legend, panels, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def loss_above_norm(runs: Mapping[str, Run], reported_spikes: Sequence[float]) -> Drawing:
    """Training loss above gradient norm of the first seed, with its spikes and its three largest changes of slope.

    reported_spikes: steps at which the report sees them at its learning rate, that of the first run.
    """
    curves = {name: (run.batch_loss[:1], run.gradient_norm[:1]) for name, run in runs.items()}
    steps = [run.experiment.steps for run in runs.values()]

    def draw(caption: str) -> "Figure":
        import matplotlib.pyplot as plt
        from matplotlib.ticker import StrMethodFormatter

        figure, grid = plt.subplots(2, len(curves), figsize=(5.2 * len(curves), 5.6), sharex="col", squeeze=False)
        figure.suptitle("Training loss and gradient norm on cos(x)", fontweight="bold", fontsize=12)
        figure.supxlabel(f"{caption}; shown: the first seed", fontsize=8.5)
        for (upper, lower), (name, (loss, norm)) in zip(grid.T, curves.items(), strict=True):
            changes = np.flatnonzero(largest_changes(slope_change(loss))[0])
            peaks = np.flatnonzero(spikes(norm)[0])
            upper.plot(loss[0], color=COLOURS[0], linewidth=1.1)
            lower.plot(norm[0], color=COLOURS[1], linewidth=0.8, zorder=2)
            lower.plot(peaks, norm[0, peaks], linestyle="none", marker="v", markersize=6, color="black", label="spike")
            for axis in (upper, lower):
                for index, step in enumerate(changes):
                    label = None if index else "one of the 3 largest changes of slope"
                    axis.axvline(step, color=COLOURS[2], linewidth=1.2, linestyle="dotted", label=label, zorder=1)
            upper.set(yscale="log", title=name, xlim=(0, loss.shape[1]))
            for formatter in (upper.yaxis.set_major_formatter, upper.yaxis.set_minor_formatter):
                formatter(StrMethodFormatter("{x:.2g}"))
            lower.set(yscale="log", xlabel="step")
        _reported_places(grid[1, 0], reported_spikes)
        grid[1, 0].set_xlim(0, max(steps[0], *reported_spikes))
        grid[0, 0].set_ylabel("training loss (MSE)")
        grid[1, 0].set_ylabel("gradient norm (L2)")
        grid[1, 0].legend(fontsize=8.5)
        return figure

    return drawing_of("gradient-norm", runs, draw, *(curve for pair in curves.values() for curve in pair))


def norm_and_spikes(runs: Mapping[str, Run], reported_spikes: Sequence[float]) -> Drawing:
    """Gradient norm of all seeds at each learning rate, and at which steps each seed has its spikes.

    reported_spikes: steps at which the report sees them at its learning rate, that of the first run.
    """
    norms = {name: run.gradient_norm for name, run in runs.items()}
    steps = [run.experiment.steps for run in runs.values()]
    scales = [steps[0] / count for count in steps]  # so that equal ways of learning rate times steps lie side by side

    def draw(caption: str) -> "Figure":
        titles = ["gradient norm", "spikes"]
        figure, (left, right) = panels(2, titles, caption, "Gradient norm on cos(x), by learning rate", sharex=True)
        for style, ((name, norm), scale) in enumerate(zip(norms.items(), scales, strict=True)):
            seeds_and_median(left, scale * np.arange(norm.shape[1]), norm, style, name)
            seed, step = np.nonzero(spikes(norm))
            height = 90 / len(norm)  # in points, so that two a seed fit into the panel
            right.plot(scale * step, seed + 0.4 * style - 0.2, "|", color=COLOURS[style], markersize=height)
        right.plot(reported_spikes, [len(norm) + 0.5] * len(reported_spikes), clip_on=False, **hollow("0.2"))
        left.set(yscale="log", xlabel="step (at lr / 4: step / 4)", ylabel="gradient norm (L2)")
        right.set(xlabel="step (at lr / 4: step / 4)", ylabel="seed", xlim=(0, max(steps[0], *reported_spikes)))
        right.grid(axis="y", visible=False)
        legend(left, has_reported=True, loc="lower left")
        return figure

    return drawing_of("gradient-spikes", runs, draw, *norms.values())


def _reported_places(axes: "Axes", steps: Sequence[float]) -> None:
    """Hollow marks at the foot of the axes, since the report's figure gives steps and no heights to read off."""
    label = "where the report sees spikes"
    axes.plot(
        steps,
        [0] * len(steps),
        transform=axes.get_xaxis_transform(),
        label=label,
        zorder=4,
        clip_on=False,
        **hollow("0.2"),
    )
