"""The three figures that most claims need: curves, a number by configuration, and one number against another."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ontrial.publish.figures import COLOURS, FRAME, Array, Drawing, panels, plain_log, seeds_and_median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ByName = Mapping[Hashable, ArrayLike]
_DOT: Any = {"linestyle": "none", "marker": "o", "markersize": 4, "alpha": 0.3, "markeredgewidth": 0, "zorder": 1}
_MEDIAN: Any = {"markeredgecolor": "white", "markersize": 9, "zorder": 3}
_KEY = "; dot: seed, bold: median"


def curves(
    x: ArrayLike, values: ByName | ArrayLike, *, xlabel: str, ylabel: str, title: str = "", **options: Any
) -> Drawing:
    """Curves over seeds, for `claim.figure`: seeds thin, the middle 80 % of seeds as a band, the median bold.

    x: (point,); values: by name of a configuration, or of one, (seed, point); xlabel, ylabel: with the unit; options:
    of matplotlib's `Axes.set`, such as yscale="log". Raises ValueError for arrays of other shapes, and for more names
    than there are colours.
    """
    points, found = np.asarray(x), _by_name(values)
    _require((None, len(points)), found)

    def draw(axes: "Axes") -> None:
        for style, (name, curve) in enumerate(found.items()):
            seeds_and_median(axes, points, curve, style, name, thin=len(curve))

    return _drawing(draw, None, found, (points,), xlabel=xlabel, ylabel=ylabel, title=title, **options)


def by(
    x: Sequence[float] | Sequence[str],
    values: ByName | ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    **options: Any,
) -> Drawing:
    """A number by configuration, for `claim.figure`: each seed a dot, the medians bold and joined.

    x: (configuration,), numbers or texts; values: by name of a series, or of one, (configuration, seed), such as
    `runs.test_loss`. The rest as for `curves`.
    """
    places, found = np.asarray(x), _by_name(values)
    _require((len(places), None), found)
    is_text = places.dtype.kind not in "biuf"
    at = np.arange(len(places)) if is_text else places

    def draw(axes: "Axes") -> None:
        for style, (name, numbers) in enumerate(found.items()):
            axes.plot(at, numbers, color=COLOURS[style], **_DOT)
            axes.plot(at, np.median(numbers, axis=1), "o-", color=COLOURS[style], label=name, **_MEDIAN)
        if is_text:
            axes.set_xticks(at, places)
            axes.margins(x=0.2)

    return _drawing(draw, _KEY, found, (places,), xlabel=xlabel, ylabel=ylabel, title=title, **options)


def scatter(
    x: ByName | ArrayLike, y: ByName | ArrayLike, *, xlabel: str, ylabel: str, title: str = "", **options: Any
) -> Drawing:
    """One number against another, for `claim.figure`: each seed a dot, the median of both bold.

    x, y: by name of a configuration, the same for both, or of one, (seed,). The rest as for `curves`.
    """
    across, up = _by_name(x), _by_name(y)
    if [(name, each.shape) for name, each in across.items()] != [(name, each.shape) for name, each in up.items()]:
        raise ValueError("scatter needs two numbers a seed, but x and y differ in their names or numbers of seeds")
    _require((None,), up)

    def draw(axes: "Axes") -> None:
        for style, (name, numbers) in enumerate(up.items()):
            axes.plot(across[name], numbers, color=COLOURS[style], **_DOT)
            middle = np.median(across[name]), np.median(numbers)
            axes.plot(*middle, "o", color=COLOURS[style], label=name, **_MEDIAN)

    return _drawing(draw, _KEY, up, tuple(across.values()), xlabel=xlabel, ylabel=ylabel, title=title, **options)


def _by_name(values: ByName | ArrayLike) -> dict[str, Array]:
    named = values if isinstance(values, Mapping) else {"": values}
    if not 0 < len(named) <= len(COLOURS):
        raise ValueError(
            f"{len(named)} names: a figure shows 1 to {len(COLOURS)}, whose colours readers can distinguish; leave "
            "some out, or give claim.figure a matplotlib Figure"
        )
    return {str(name): np.asarray(each, dtype=float) for name, each in named.items()}


def _require(shape: tuple[int | None, ...], found: Mapping[str, Array]) -> None:
    """Raises ValueError for an array of another shape; None stands for the seeds, of which there is at least one."""
    for name, each in found.items():
        wanted = tuple(
            each.shape[place] if size is None and place < each.ndim else size for place, size in enumerate(shape)
        )
        if each.shape != wanted or 0 in each.shape:
            words = ", ".join("seed" if size is None else str(size) for size in shape)
            raise ValueError(f"{name or 'the array'} has the shape {each.shape}, and should have ({words})")


def _drawing(
    draw: "Callable[[Axes], None]",
    key: str | None,
    values: Mapping[str, Array],
    x: tuple[np.ndarray, ...],
    title: str,
    **options: Any,
) -> Drawing:
    """One panel. Its text counts as shown, since no module that draws has it."""

    def whole(caption: str) -> "Figure":
        figure, (axes,) = panels(1, [""], caption, title, **({} if key is None else {"key": key}))
        draw(axes)
        axes.set(**options)
        if options.get("yscale") == "log":
            plain_log(axes)
        if "" not in values:
            axes.legend(**FRAME)
        return figure

    said = np.array([title, *values, repr(sorted(options.items()))])
    return Drawing("", "", 0, whole, (said, *x, *values.values()))
