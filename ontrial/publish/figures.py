"""Figures: one look for all of them, and their drawing, which happens only where a file does not show the same yet."""

import gc
import hashlib
import io
import multiprocessing
import os
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ontrial.files import write_atomically
from ontrial.trainings import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.floating]

# Okabe & Ito's colours, which colour-blind readers can distinguish; line styles distinguish them too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)))
_MOST_LINES = 12  # thin lines beyond this many hide one another
FRAME = {"frameon": True, "framealpha": 0.85, "edgecolor": "none"}  # of a legend over bands and lines


def seeds_and_median(
    axes: "Axes", x: NDArray[Any], values: Array, style: int, label: str, *, thin: int = _MOST_LINES
) -> None:
    """The first so many seeds thin, the middle 80 % of all as a band, the median bold. x: (point,); values: (seed,
    point); style: from 0, of the colour and the dashes.
    """
    colour = COLOURS[style]
    axes.plot(x, values[:thin].T, color=colour, linewidth=0.4, alpha=0.25, zorder=1)
    low, median, high = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
    axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0, zorder=2)
    axes.plot(x, median, color=colour, linestyle=DASHES[style], linewidth=1.6, label=label, zorder=3)


def reported(axes: "Axes", x: Sequence[float], y: Sequence[float], colour: str) -> None:
    """The report's own numbers, as hollow marks."""
    axes.plot(x, y, zorder=4, clip_on=False, **hollow(colour))


def hollow(colour: str) -> dict[str, Any]:
    """The style of a mark for the report's own number."""
    edge = {"markeredgecolor": colour, "markeredgewidth": 1.6}
    return {"linestyle": "none", "marker": "o", "markersize": 8, "markerfacecolor": "none", **edge}


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
    line, width = f"{caption}{key}", 72 * (5.2 * count - 0.1)  # in points; a letter is about 0.55 of the size wide
    size = min(8.5, width / (0.55 * len(line)))
    figure.text(0.5, 1, line, ha="center", va="top", fontsize=size, transform=below_title)
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
    """A log y axis for what is already drawn; over few decades its ticks are plain numbers such as 0.2."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    decades = np.log10(high / low)
    steps = (1,) if decades > 2 else (1, 2, 5) if decades > 1 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    if decades < 4:
        axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


_DPI = 130
_COMMON, _SPREAD = 32, 48  # colours of a figure's palette, those of lines among them: a third of the size of all
_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
_CAN_FORK = sys.platform == "linux"  # elsewhere a fork may not call what the system's libraries have begun


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn, in the process that described it.

    name: of its file; subject: what was trained on, n: for how many seeds, or other units; draw: makes it, given the
    line that states tier, subject and n; shown: every array in it, so that a figure is drawn again exactly when what
    it shows has changed. Where name, subject or n is empty, it is that of the claim.
    """

    name: str
    subject: str
    n: int
    draw: Callable[[str], "Figure"]
    shown: tuple[np.ndarray, ...]
    unit: str = "seeds"


def drawing_of(
    name: str, runs: Run | Mapping[Any, Run], draw: Callable[[str], "Figure"], *shown: np.ndarray, unit: str = "seeds"
) -> Drawing:
    """The drawing of what was recorded. runs: those that are shown, which share their data and seeds."""
    run = next(iter(runs.values())) if isinstance(runs, Mapping) else runs
    return Drawing(name, run.training.judged_on, run.n, draw, shown, unit)


def drawing_for(given: object, claim: str, case: str, subject: str, seeds: int) -> Drawing:
    """The drawing of what a claim was given as its figure, named after the claim if it has no name of its own.

    A matplotlib figure is drawn as it is, with the line that states tier, subject and n below it.
    Raises TypeError for what is neither, and what drawing a figure raises.
    """
    if isinstance(given, Drawing):
        drawing = given
    else:
        if (matplotlib := sys.modules.get("matplotlib.figure")) is None or not isinstance(given, matplotlib.Figure):
            raise TypeError(
                f"claim.figure is of type {type(given).__name__}: give it a matplotlib Figure, or what ontrial.curves, "
                "by, scatter or drawing_of returns"
            )
        pixels = _pixels(_with_canvas(given))
        drawing = Drawing("", "", 0, lambda caption: _with_caption(pixels, caption), (pixels,))
    return replace(
        drawing,
        name=drawing.name or (f"{claim}-{_in_a_path(case)}" if case else claim),
        subject=drawing.subject or subject,
        n=drawing.n or seeds,
    )


def _in_a_path(text: str) -> str:
    """A case or the name of data as a part of a path and of a link: without spaces, and no other's."""
    slug = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:40]
    return slug if slug == text else f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _with_caption(pixels: np.ndarray, caption: str) -> "Figure":
    """A figure of these pixels, (row, column, colour), with a line below them."""
    from matplotlib.figure import Figure

    height, width, _ = pixels.shape
    across, below = max(width, round(3.6 * _DPI)), round(0.28 * _DPI)  # room for the line
    figure = Figure(figsize=(across / _DPI, (height + below) / _DPI), dpi=_DPI)
    figure.set_layout_engine("none")
    figure.figimage(pixels, (across - width) // 2, below)
    figure.text(0.5, below / (height + below), caption, ha="center", va="top", fontsize=8.5)
    return figure


@contextmanager
def pyplot_closed() -> Iterator[None]:
    """Close the figures of pyplot that were opened within, which else keeps every figure of every look."""

    def opened() -> set[int]:
        return set(sys.modules["matplotlib.pyplot"].get_fignums()) if "matplotlib.pyplot" in sys.modules else set()

    before = opened()
    try:
        yield
    finally:
        for number in opened() - before:
            sys.modules["matplotlib.pyplot"].close(number)


@dataclass
class Gallery:
    """A session's figures, laid out while claims are judged and drawn together at the end.

    Drawing takes longer than all else that a session does beside training, and matplotlib draws in one thread at a
    time. So where a process can be forked, so many processes draw a share each.
    """

    processes: int = 1
    _made: dict[Path, tuple["Figure", str]] = field(default_factory=dict)  # figure and stamp, by the path of the file

    def add(
        self, drawing: Drawing, folder: Path, *, report: str, tier: str, dataset: str, registration: int | None = None
    ) -> str:
        """Lay out a figure for a folder of artifacts, unless the same is there. Returns its path inside the folder.

        The file is there when `finish` has returned. Raises what `drawing.draw` raises.
        """
        number = "" if registration is None else f"-{registration}"
        name = f"figures/{report}/{tier}-{_in_a_path(dataset)}{number}/{drawing.name}.png"
        path, stamp = folder / name, _stamp(drawing, tier)
        if stamp != self._made[path][1] if path in self._made else not _shows(path, stamp):
            self._made[path] = _made(drawing, tier), stamp
        return name

    def finish(self, without: Collection[Path] = ()) -> None:
        """Draw all figures but those at these paths.

        Raises ValueError where one could not be drawn or written, after all others were.
        """
        made = [(path, *each) for path, each in self._made.items() if path not in without]
        self._made, problems = {}, []
        if _CAN_FORK and (processes := min(self.processes, len(made))) > 1:
            _in_forks([made[first::processes] for first in range(processes)])
        for path, figure, stamp in made:
            try:
                if not _shows(path, stamp):  # as after a fork that failed or was killed
                    write_atomically(path, _png(figure, stamp))
            except Exception as error:
                problems.append(f"the figure {path.stem} could not be drawn: {type(error).__name__}: {error}")
        if problems:
            raise ValueError("; ".join(problems))


def _shows(path: Path, stamp: str) -> bool:
    """Whether a file is the drawing with this stamp."""
    return path.is_file() and stamp.encode() in path.read_bytes()[:4000]


def _in_forks(shares: "Sequence[Sequence[tuple[Path, Figure, str]]]") -> None:
    forks = [multiprocessing.get_context("fork").Process(target=_draw, args=(share,)) for share in shares]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking where other threads run: none of them draws
        for each in forks:
            each.start()
    for each in forks:
        each.join()


def _draw(share: "Sequence[tuple[Path, Figure, str]]") -> None:
    """Draw in a fork. It shares the position in open files, so that matplotlib has to open its fonts again.

    It forgets them by itself, but not the formulas that it has laid out with them. A fork ends soon: it needs no
    garbage collection.
    """
    from matplotlib.mathtext import MathTextParser

    gc.disable()
    MathTextParser._parse_cached.cache_clear()  # type: ignore[attr-defined]
    for path, figure, stamp in share:
        with suppress(Exception):  # what is not there afterwards is drawn again, and fails there
            write_atomically(path, _png(figure, stamp))


def _made(drawing: Drawing, tier: str) -> "Figure":
    """The figure, laid out and not drawn yet. Raises what either raises, as for a bad formula."""
    backend = os.environ.pop("MPLBACKEND", None)  # figures are drawn with Agg, whatever the environment names
    try:
        import matplotlib
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    seeds = f" · n = {drawing.n} {drawing.unit}" if drawing.n else ""  # else nothing was trained
    with matplotlib.rc_context(_STYLE):
        figure = _with_canvas(drawing.draw(f"{tier} tier · {drawing.subject}{seeds}"))
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")
    return figure


def _with_canvas(figure: "Figure") -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(_DPI)
    FigureCanvasAgg(figure)
    return figure


def _pixels(figure: "Figure") -> np.ndarray:
    """A figure drawn, (row, column, colour)."""
    canvas: Any = figure.canvas
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _png(figure: "Figure", stamp: str) -> bytes:
    """A figure drawn as PNG, in a palette: the commonest colours as they are, the others by the nearest."""
    import matplotlib
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    with matplotlib.rc_context(_STYLE):
        pixels = _pixels(figure)
    numbers = pixels @ np.array([1 << 16, 1 << 8, 1])  # (row, column)
    found, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], 1)  # (colour, 3)
    common = colours[np.argsort(-counts, kind="stable")[:_COMMON]]
    spread = Image.fromarray(pixels).quantize(_SPREAD, Image.Quantize.MAXCOVERAGE, kmeans=0, dither=Image.Dither.NONE)
    palette = np.concatenate([common, np.array(spread.getpalette()).reshape(-1, 3)[:_SPREAD]])
    distances = np.square(colours[:, np.newaxis] - palette).sum(2)  # (colour, place in the palette)
    reduced = Image.new("P", (pixels.shape[1], pixels.shape[0]))
    reduced.frombytes(distances.argmin(1).astype(np.uint8)[places].tobytes())
    reduced.putpalette(palette.astype(np.uint8).tobytes())
    text, buffer = PngInfo(), io.BytesIO()
    text.add_text("Description", stamp)
    reduced.save(buffer, "PNG", optimize=True, dpi=(_DPI, _DPI), pnginfo=text)
    return buffer.getvalue()


def _stamp(drawing: Drawing, tier: str) -> str:
    """SHA-256 of all that decides the drawing's bytes: what it shows, how, and with what."""
    drawn_by = (version("matplotlib"), _source(drawing.draw.__module__))  # which is imported only where it draws
    total = hashlib.sha256(repr((drawing.name, drawing.subject, drawing.n, drawing.unit, tier, *drawn_by)).encode())
    for array in drawing.shown:
        total.update(f"{array.dtype}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@cache
def _source(module: str) -> str:
    """SHA-256 of this module, the one that draws, and those beside that one which it uses."""
    wanted: list[ModuleType | None] = [sys.modules[__name__], sys.modules[module]]
    found: set[Path] = set()
    while wanted:
        here = wanted.pop()
        path = _file(here)
        if path.suffix == ".py" and path not in found:
            found.add(path)
            values = [(each, str(getattr(each, "__module__", ""))) for each in vars(here).values()]
            used = (each if isinstance(each, ModuleType) else sys.modules.get(home) for each, home in values)
            wanted += [each for each in used if _file(each).parent == path.parent and _file(each).stem != "__init__"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(found))).hexdigest()


def _file(module: ModuleType | None) -> Path:
    return Path(getattr(module, "__file__", None) or "")
