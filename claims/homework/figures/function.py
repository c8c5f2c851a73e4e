"""Figures of Part 1, Task 1: simulating a function (the report's figures 1-4, and two controls)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from claims.homework.figures.described import drawing
from models.runs import on, samples
from ontrial import Drawing, Run, legend, panels, reported, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INSIDE = np.linspace(-10, 10, 401)
OUTSIDE = np.linspace(-20, 20, 401)


def loss_by_step(runs: Mapping[str, Run], function: str, converged_at: float) -> Drawing:
    """Training loss against step for each model, the threshold of convergence, and where the report saw it.

    converged_at: steps, as reported.
    """
    threshold = 0.05 * samples(next(iter(runs.values())), "training data").variance  # (seed,)
    curves = {model: run.batch_loss for model, run in runs.items()}  # (seed, step)

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, f"Training loss on {function}(x)")
        for style, (model, curve) in enumerate(curves.items()):
            seeds_and_median(axes, np.arange(curve.shape[1]), curve, style, model)
        level = float(np.median(threshold))
        axes.axhline(level, color="0.3", linewidth=0.8, linestyle="dotted", label="5 % of the variance")
        reported(axes, [converged_at], [level], "0.2")
        axes.set(yscale="log", xlabel="step", ylabel="training loss (MSE)", xlim=(0, max(curve.shape[1], converged_at)))
        legend(axes, has_reported=True)
        return figure

    return drawing(f"function-loss-{function}", runs, draw, *curves.values(), threshold)


def fit(runs: Mapping[str, Run], function: str) -> Drawing:
    """What each model answers on [-10, 10], and its squared error there."""
    answers = {model: on(run, INSIDE) for model, run in runs.items()}

    def draw(caption: str) -> "Figure":
        titles = ["answers", "squared error"]
        figure, (left, right) = panels(2, titles, caption, f"Fit of {function}(x) after training")
        for style, (model, answer) in enumerate(answers.items()):
            seeds_and_median(left, INSIDE, answer.outputs, style, model)
            error = np.square(answer.outputs - answer.targets)
            seeds_and_median(right, INSIDE, np.maximum(error, 1e-9), style, model)
        left.plot(INSIDE, answer.targets[0], color="black", linewidth=1, linestyle="dotted", label=f"{function}(x)")
        left.set(xlabel="x", ylabel="output", xlim=(-10, 10))
        right.set(xlabel="x", ylabel="squared error", yscale="log", xlim=(-10, 10), ylim=(1e-7, None))
        legend(left, has_reported=False, loc="lower right", ncols=2)
        return figure

    outputs = (answer.outputs for answer in answers.values())
    return drawing(f"function-fit-{function}", runs, draw, *outputs)


def even_kinks(deep: Run, shallow: Run, even: Run) -> Drawing:
    """Squared error on cos of the deep net and of the shallow one with its kinks as they fall and spread evenly."""
    answers = {"deep": on(deep, INSIDE), "shallow": on(shallow, INSIDE), "shallow, even kinks": on(even, INSIDE)}

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, "Error on cos(x), by where kinks start")
        for style, (model, answer) in enumerate(answers.items()):
            error = np.square(answer.outputs - answer.targets)
            seeds_and_median(axes, INSIDE, np.maximum(error, 1e-9), style, model)
        axes.set(xlabel="x", ylabel="squared error", yscale="log", xlim=(-10, 10), ylim=(1e-7, None))
        legend(axes, has_reported=False, loc="lower center")
        return figure

    outputs = (answer.outputs for answer in answers.values())
    return drawing("function-even-kinks", deep, draw, *outputs)


def outside(runs: Mapping[str, Run], function: str) -> Drawing:
    """What each model answers on [-20, 20], beyond the inputs that it was trained on."""
    answers = {model: on(run, OUTSIDE) for model, run in runs.items()}

    def draw(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, f"Beyond the training inputs of {function}(x)")
        for style, (model, answer) in enumerate(answers.items()):
            seeds_and_median(axes, OUTSIDE, answer.outputs, style, model)
        axes.plot(OUTSIDE, answer.targets[0], color="black", linewidth=1, linestyle="dotted", label=f"{function}(x)")
        axes.axvspan(-10, 10, color="0.5", alpha=0.12, linewidth=0, label="training inputs")
        axes.set(xlabel="x", ylabel="output", xlim=(-20, 20), ylim=(-6, 6))
        legend(axes, has_reported=False, loc="lower right", ncols=2)
        return figure

    outputs = (answer.outputs for answer in answers.values())
    return drawing(f"function-outside-{function}", runs, draw, *outputs)
