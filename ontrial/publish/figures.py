"""What the figures of every task share: a median with its seeds, the report's own numbers, a caption."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.floating]

# Okabe & Ito's colours, which readers who see fewer colours can tell apart; line styles tell them too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)))
_MOST_LINES = 12  # thin lines beyond this many hide one another
FRAME = {"frameon": True, "framealpha": 0.85, "edgecolor": "none"}  # of a legend over bands and lines


def seeds_and_median(axes: "Axes", x: NDArray[Any], values: Array, style: int, label: str) -> None:
    """Each seed thin, the middle 80 % of seeds as a band, the median bold. x: (point,); values: (seed, point)."""
    colour = COLOURS[style]
    axes.plot(x, values[:_MOST_LINES].T, color=colour, linewidth=0.4, alpha=0.25, zorder=1)
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0, zorder=2)
    axes.plot(x, median, color=colour, linestyle=DASHES[style], linewidth=1.6, label=label, zorder=3)


def reported(axes: "Axes", x: Sequence[float], y: Sequence[float], colour: str) -> None:
    """The report's own numbers, as hollow marks."""
    axes.plot(x, y, zorder=4, clip_on=False, **hollow(colour))


def hollow(colour: str) -> dict[str, Any]:
    """How a mark looks that stands for the report's own number."""
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 8,
        "markerfacecolor": "none",
        "markeredgecolor": colour,
        "markeredgewidth": 1.6,
    }


_KEY = "; thin: seeds, band: middle 80 %, bold: median"


def panels(
    count: int, titles: Sequence[str], caption: str, title: str, key: str = _KEY, **options: Any
) -> "tuple[Figure, list[Axes]]":
    """A row of panels with their titles, below one title and the line that states tier, data and n.

    key: what that line adds of how seeds are shown.
    """
    from matplotlib.transforms import ScaledTranslation

    figure, axes = grid(1, count, (5.2 * count, 4.0), **options)
    figure.suptitle(f"{title}\n", fontweight="bold", fontsize=12)
    below_title = figure.transFigure + ScaledTranslation(0, -26 / 72, figure.dpi_scale_trans)
    figure.text(0.5, 1, f"{caption}{key}", ha="center", va="top", fontsize=8.5, transform=below_title)
    row = list(axes[0])
    for axis, name in zip(row, titles, strict=True):
        axis.set_title(name, fontsize=10)
    return figure, row


def grid(
    rows: int, columns: int, size: tuple[float, float], **options: Any
) -> "tuple[Figure, np.ndarray[Any, np.dtype[np.object_]]]":
    """A figure of rows and columns of axes, (row, column). size: its width and height in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)  # not pyplot's, which keeps every figure, and a screen's backend
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def legend(axes: "Axes", has_reported: bool, **options: Any) -> None:
    """The legend of the curves, with a line for the hollow marks where there are any."""
    from matplotlib.lines import Line2D

    handles, _ = axes.get_legend_handles_labels()
    if has_reported:
        handles.append(Line2D([], [], label="the report's number", **hollow("0.3")))
    axes.legend(handles=handles, fontsize=8.5, **options)


def plain_log(axes: "Axes") -> None:
    """A log scale upwards for what is drawn already, with numbers written out where they are few decades: 0.2."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    decades = np.log10(high / low)
    steps = (1,) if decades > 2 else (1, 2, 5) if decades > 1 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    if decades < 4:
        axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
