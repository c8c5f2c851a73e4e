"""Figures of Part 1, Task 1: simulating a function (the report's figures 1-4, and two controls)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from claims.homework.figures.panel import Panel, dotted, figure, panel
from models.runs import on, samples
from ontrial import Drawing, Run

INSIDE = np.linspace(-10, 10, 401)
OUTSIDE = np.linspace(-20, 20, 401)


def loss_by_step(runs: Mapping[str, Run], function: str, converged_at: float) -> Drawing:
    """Training loss of each model, the threshold of convergence, and at which step the report saw it."""
    level = float(np.median(0.05 * samples(next(iter(runs.values())), "training data").variance))
    curves = {model: run.batch_loss for model, run in runs.items()}  # (seed, step)
    steps = next(iter(curves.values())).shape[1]
    axes = dict(yscale="log", xlabel="step", ylabel="training loss (MSE)", xlim=(0, max(steps, converged_at)))
    threshold, marks = dotted(level, "5 % of the variance"), [([converged_at], [level], "0.2")]
    shown = panel(np.arange(steps), curves, threshold, marks=marks, legend={}, **axes)
    return figure(__name__, f"function-loss-{function}", f"Training loss on {function}(x)", runs, shown)


def fit(runs: Mapping[str, Run], function: str) -> Drawing:
    """The outputs of each model on [-10, 10], and their squared error."""
    row = _outputs(runs, INSIDE, function, title="outputs", xlim=(-10, 10)), _errors(runs, title="squared error")
    return figure(__name__, f"function-fit-{function}", f"Fit of {function}(x) after training", runs, *row)


def even_kinks(deep: Run, shallow: Run, even: Run) -> Drawing:
    """Squared error on cos of the deep net and of the shallow one with its kinks as they fall and spread evenly."""
    nets = {"deep": deep, "shallow": shallow, "shallow, even kinks": even}
    shown = _errors(nets, legend=dict(loc="lower center"))
    return figure(__name__, "function-even-kinks", "Error on cos(x), by where kinks start", deep, shown)


def outside(runs: Mapping[str, Run], function: str) -> Drawing:
    """The outputs of each model on [-20, 20], beyond the inputs that it was trained on."""
    inputs = dict(color="0.5", alpha=0.12, linewidth=0, label="training inputs")
    shown = _outputs(
        runs, OUTSIDE, function, lambda axes: axes.axvspan(-10, 10, **inputs), xlim=(-20, 20), ylim=(-6, 6)
    )
    title = f"Beyond the training inputs of {function}(x)"
    return figure(__name__, f"function-outside-{function}", title, runs, shown)


def _outputs(runs: Mapping[str, Run], x: np.ndarray, function: str, *layers: Any, **options: Any) -> Panel:
    found = {model: on(run, x) for model, run in runs.items()}
    outputs, truth = {model: each.outputs for model, each in found.items()}, next(iter(found.values())).targets[0]
    line = dict(color="black", linewidth=1, linestyle="dotted", label=f"{function}(x)")
    options = dict(xlabel="x", ylabel="output", legend=dict(loc="lower right", ncols=2)) | options
    return panel(x, outputs, lambda axes: axes.plot(x, truth, **line), *layers, **options)


def _errors(runs: Mapping[str, Run], **options: Any) -> Panel:
    found = {model: on(run, INSIDE) for model, run in runs.items()}
    errors = {model: np.maximum(np.square(each.outputs - each.targets), 1e-9) for model, each in found.items()}
    axes = dict(xlabel="x", ylabel="squared error", yscale="log", xlim=(-10, 10), ylim=(1e-7, None))
    return panel(INSIDE, errors, **axes, **options)
