"""Figure of Part 2, Task 3: points where the gradient is almost zero (blank in the report)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evidence.correlations import FEWEST_RUNS
from evidence.intervals import Interval
from evidence.spectra import TOLERANCE, TOLERANCES, minimal_ratio, negative_share
from models.runs import Array, Run
from publish.drawings import Drawing, drawing_of
from publish.figures import COLOURS, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Correlate = Callable[[Array, Array, str], Interval]

_SHARES = {"minimal ratio": minimal_ratio, "share of negative eigenvalues": negative_share}
_MARKS = ("o", "s")


def curvature_against_loss(run: Run, accepted: NDArray[np.bool_], correlate: Correlate) -> Drawing:
    """Minimal ratio and share of negative eigenvalues against loss, and how their correlation hangs on the tolerance.

    accepted: (run,), which runs reached an almost zero gradient; the others are hollow, and not in the
    correlations; correlate: the interval of the rank correlation of two numbers, (run,) each.
    """
    eigenvalues, loss = run.eigenvalues_there, run.loss_there  # (run, parameter), (run,)

    def draw(caption: str) -> "Figure":
        missed = int((~accepted).sum())
        key = f", a point each: {accepted.sum()} reached a gradient norm < 0.001, {missed} did not (hollow)"
        figure, row = panels(3, [""] * 3, caption, "Where the gradient is almost zero", key)
        for style, (axes, (name, share)) in enumerate(zip(row, _SHARES.items(), strict=False)):
            found = correlate(share(eigenvalues[accepted]), loss[accepted], name)
            _points(axes, loss, share(eigenvalues), accepted, style)
            axes.set(xlabel="loss there (MSE)", ylabel=name)
            axes.set_title(_in_words(found), fontsize=9.5)
            swept = [correlate(share(eigenvalues[accepted], each), loss[accepted], name) for each in TOLERANCES]
            _sweep(row[2], swept, style, name)
        row[2].axhline(0, color="0.3", linewidth=0.8, linestyle="dotted")
        row[2].axvline(TOLERANCE, color="0.3", linewidth=0.8, linestyle="dotted")
        row[2].set(xscale="log", xlabel="tolerance (relative to the largest eigenvalue)", ylim=(-1.02, 1.02))
        row[2].set_ylabel("Spearman's rho with the loss there")
        row[2].set_title("by what counts as zero; dotted: the tolerance judged", fontsize=9.5)
        row[2].legend(fontsize=8.5)
        return figure

    return drawing_of("zero-gradient", run, draw, eigenvalues, loss, accepted, unit="runs")


def _points(axes: "Axes", loss: Array, shares: Array, accepted: NDArray[np.bool_], style: int) -> None:
    """A mark a run, filled where it was accepted."""
    colour = COLOURS[style]
    axes.scatter(loss[accepted], shares[accepted], s=26, marker=_MARKS[style], color=colour, alpha=0.6, linewidths=0)
    axes.scatter(loss[~accepted], shares[~accepted], s=26, marker=_MARKS[style], facecolors="none", edgecolors=colour)


def _sweep(axes: "Axes", swept: list[Interval], style: int, name: str) -> None:
    """The correlation with its interval at each tolerance, the two shares a little apart."""
    estimates = np.array([found.estimate for found in swept])
    reach = np.abs([[found.low, found.high] for found in swept] - estimates[:, np.newaxis]).T  # (end, tolerance)
    axes.errorbar(
        np.array(TOLERANCES) * (1, 1.25)[style],
        estimates,
        reach,
        color=COLOURS[style],
        marker=_MARKS[style],
        markersize=5,
        linewidth=1,
        capsize=2,
        label=name,
    )


def _in_words(found: Interval) -> str:
    if found.n < FEWEST_RUNS:
        return f"n = {found.n}: too few runs for a correlation"
    rho = f"{found.estimate:.2f} ({found.low:.2f} to {found.high:.2f}, {found.confidence:.1%}, n = {found.n})"
    return f"Spearman's rho {rho}".replace("-", "−")
