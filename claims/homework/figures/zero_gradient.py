"""Figure of Part 2, Task 3: points where the gradient is almost zero (blank in the report)."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from claims.homework.figures.panel import drawing
from claims.homework.measures.landscape import TOLERANCE, TOLERANCES, minimal_ratio, negative_share
from ontrial import COLOURS, FRAME, Array, Drawing, Interval, Run, legend, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHARES = {"minimal ratio": minimal_ratio, "negative eigenvalues": negative_share}
_PAIRS = {"minimal ratio": "discordant", "negative eigenvalues": "concordant"}  # that the claims speak of
_MARKS = ("o", "s")


def curvature_against_loss(
    run: Run, accepted: NDArray[np.bool_], ratio_sweep: tuple[Interval, ...], share_sweep: tuple[Interval, ...]
) -> Drawing:
    """Minimal ratio and share of negative eigenvalues against loss, and what the pairs say by tolerance.

    accepted: (seed,), which networks reached an almost zero gradient; the others are hollow, and in no pair;
    ratio_sweep, share_sweep: for each of TOLERANCES, the share of pairs that do not tie in which the minimal ratio is
    higher where the loss is lower, and in which the share of negative eigenvalues is higher where the loss is higher.
    """
    eigenvalues, loss = run.eigenvalues_there, run.loss_there  # (seed, parameter), (seed,)
    sweeps = dict(zip(_SHARES, (ratio_sweep, share_sweep), strict=True))
    ends = np.array([[found.low, found.estimate, found.high, found.left_out] for found in (*ratio_sweep, *share_sweep)])

    def draw(caption: str) -> "Figure":
        missed = int((~accepted).sum())
        key = f", a point each: {accepted.sum()} reached a gradient norm < 0.001, {missed} did not (hollow)"
        figure, row = panels(3, [""] * 3, caption, "Where the gradient is almost zero", key)
        for style, (axes, (name, share)) in enumerate(zip(row, _SHARES.items(), strict=False)):
            _points(axes, loss, share(eigenvalues), accepted, style)
            axes.set(xlabel="loss there (MSE)", ylabel=f"{name} (share)")
            axes.set_title(_in_words(_PAIRS[name], sweeps[name][TOLERANCES.index(TOLERANCE)]), fontsize=9.5)
            _sweep(row[2], sweeps[name], style, f"{name}: {_PAIRS[name]}")
        row[2].axhline(0.5, color="0.3", linewidth=0.8, linestyle="dotted")
        row[2].axvline(TOLERANCE, color="0.3", linewidth=0.8, linestyle="dotted")
        row[2].set(xscale="log", xlabel="tolerance (relative to the largest eigenvalue)", ylim=(-0.02, 1.02))
        row[2].set_ylabel("share of pairs that do not tie")
        row[2].set_title("dotted: the tolerance judged, and half of the pairs", fontsize=9.5)
        legend(row[2], has_reported=False, **FRAME)
        return figure

    return drawing("zero-gradient", run, draw, eigenvalues, loss, accepted, ends)


def _points(axes: "Axes", loss: Array, shares: Array, accepted: NDArray[np.bool_], style: int) -> None:
    """A mark a seed, filled where it was accepted."""
    colour = COLOURS[style]
    axes.scatter(loss[accepted], shares[accepted], s=26, marker=_MARKS[style], color=colour, alpha=0.6, linewidths=0)
    axes.scatter(loss[~accepted], shares[~accepted], s=26, marker=_MARKS[style], facecolors="none", edgecolors=colour)


def _sweep(axes: "Axes", swept: tuple[Interval, ...], style: int, name: str) -> None:
    """The share of pairs with its interval at each tolerance, the two kinds a little apart."""
    estimates = np.array([found.estimate for found in swept])
    reach = np.abs([[found.low, found.high] for found in swept] - estimates[:, np.newaxis]).T  # (end, tolerance)
    options = dict(color=COLOURS[style], marker=_MARKS[style], markersize=5, linewidth=1, capsize=2, label=name)
    axes.errorbar(np.array(TOLERANCES) * (1, 1.25)[style], estimates, reach, **options)


def _in_words(kind: str, found: Interval) -> str:
    if found.n == 0:
        return "no pair of runs that does not tie"
    shown = f"{kind} pairs: {found.estimate:.2f} ({found.low:.2f} to {found.high:.2f}), of {found.n}"
    return shown + (f"; {found.left_out} tie" if found.left_out else "")
