"""What the figures share: panels of curves over seeds, and what every figure states of what was trained."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.runs import experiment_of
from ontrial import COLOURS, Array, Drawing, Run, drawing_of, panels, plain_log, reported, seeds_and_median
from ontrial import legend as add_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Layer = Callable[["Axes"], object]
Mark = tuple[Sequence[float], Sequence[float], str]  # x, y and colour of the report's numbers
Shown = Run | Mapping[Any, Run]  # which share their data and seeds


@dataclass(frozen=True)
class Panel:
    """One pair of axes: its title, every array that it shows, and what draws it."""

    title: str
    arrays: tuple[Array, ...]
    draw: Layer


def panel(
    x: Array,
    curves: Mapping[str, Array],
    *layers: Layer,
    title: str = "",
    style: int = 0,
    marks: Iterable[Mark] | None = None,
    plain: bool = False,
    legend: Mapping[str, Any] | None = None,
    **options: Any,
) -> Panel:
    """Curves over seeds against x, (point,), by label, (seed, point) each, in styles from the given one on.

    layers: drawn next, in their order; marks: which the legend names unless they are None; plain: on a log scale with
    plain numbers; legend: its options, None for no legend; options: of the axes.
    """

    def draw(axes: "Axes") -> None:
        for number, (label, curve) in enumerate(curves.items(), style):
            seeds_and_median(axes, x, curve, number, label)
        for layer in layers:
            layer(axes)
        for mark in marks or ():
            reported(axes, *mark)
        axes.set(**options)
        if plain:
            plain_log(axes)
        if legend is not None:
            add_legend(axes, has_reported=marks is not None, **legend)

    return Panel(title, (x, *curves.values()), draw)


def dotted(y: float, label: str) -> Layer:
    """A level that curves are compared with."""
    return lambda axes: axes.axhline(y, color="0.3", linewidth=0.8, linestyle="dotted", label=label)


def mark(numbers: Mapping[Any, float], style: int = 0) -> Mark:
    """The report's numbers, by x."""
    return list(numbers), list(numbers.values()), COLOURS[style]


def figure(module: str, name: str, title: str, runs: Shown, *row: Panel, sharey: bool = False) -> Drawing:
    """A row of panels. module: the one that describes it, whose changes draw it again."""

    def draw(caption: str) -> "Figure":
        drawn, places = panels(len(row), [each.title for each in row], caption, title, sharey=sharey)
        for axes, each in zip(places, row, strict=True):
            each.draw(axes)
        return drawn

    draw.__module__ = module
    return drawing(name, runs, draw, *(array for each in row for array in each.arrays))


def drawing(name: str, runs: Shown, draw: Callable[[str], "Figure"], *arrays: Array) -> Drawing:
    """The drawing of what was recorded, with its data named: cos(x), digits, MNIST."""
    experiment = experiment_of(next(iter(runs.values())) if isinstance(runs, Mapping) else runs)
    subject = f"{experiment.data}(x)" if experiment.is_function else experiment.data
    return replace(drawing_of(name, runs, draw, *arrays), subject=subject)
