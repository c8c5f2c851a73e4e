"""Drawings: figures that are described first and drawn only where their file is not there already."""

import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


class Training(Protocol):
    """What a drawing asks of a training."""

    @property
    def judged_on(self) -> str:
        """What a verdict on it is judged on, such as "mnist"."""


class Run(Protocol):
    """What a drawing asks of a run."""

    @property
    def training(self) -> Training:
        """What was trained."""

    @property
    def n(self) -> int:
        """For how many seeds."""


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn, in the process that described it.

    name: of its file; subject: what was trained on, n: for how many seeds, or other units; draw: makes it, given the
    line that states tier, subject and n; shown: every array in it, so that a figure is drawn again exactly when what
    it shows has changed.
    """

    name: str
    subject: str
    n: int
    draw: Callable[[str], "Figure"]
    shown: tuple[np.ndarray, ...]
    unit: str = "seeds"


def drawing_of(
    name: str, runs: Run | Mapping[Any, Any], draw: Callable[[str], "Figure"], *shown: np.ndarray, unit: str = "seeds"
) -> Drawing:
    """The drawing of what was recorded. runs: those that are shown, which share their data and seeds."""
    run = next(iter(runs.values())) if isinstance(runs, Mapping) else runs
    return Drawing(name, run.training.judged_on, run.n, draw, shown, unit)


def place(report: str, tier: str, dataset: str, registration: int | None = None) -> str:
    """The folder of figures, inside that of artifacts, for what these name."""
    return f"figures/{report}/{tier}-{dataset}" + ("" if registration is None else f"-{registration}")


def made(drawing: Drawing, tier: str) -> "Figure":
    """The figure of a drawing, laid out and not drawn yet. Raises what either raises, as for a bad formula."""
    with _without_a_screen():
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg

    with matplotlib.rc_context(_STYLE):
        figure = drawing.draw(f"{tier} tier · {drawing.subject} · n = {drawing.n} {drawing.unit}")
        figure.set_dpi(_DPI)
        FigureCanvasAgg(figure)
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")
    return figure


def pixels(figure: "Figure") -> NDArray[np.uint8]:
    """What a figure that was made shows, (row, column, 3)."""
    import matplotlib

    canvas: Any = figure.canvas
    with matplotlib.rc_context(_STYLE):
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def png(pixels: NDArray[np.uint8], stamp: str) -> bytes:
    """Pixels (row, column, 3) as PNG, in a palette: the commonest colours as they are, the others by the nearest."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

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
    said, buffer = PngInfo(), io.BytesIO()
    said.add_text("Description", stamp)
    reduced.save(buffer, "PNG", optimize=True, dpi=(_DPI, _DPI), pnginfo=said)
    return buffer.getvalue()


@contextmanager
def _without_a_screen() -> Iterator[None]:
    """Import matplotlib whatever backend the environment asks for, since figures are drawn with Agg."""
    asked = os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if asked is not None:
            os.environ["MPLBACKEND"] = asked


def stamp_of(drawing: Drawing, tier: str) -> str:
    """SHA-256 of all that decides the drawing's bytes: what it shows, how, and with what."""
    source = _source(drawing.draw.__module__)
    said = (drawing.name, drawing.subject, drawing.n, drawing.unit, tier, _library(), source)
    total = hashlib.sha256(" ".join(map(str, said)).encode())
    for array in drawing.shown:
        total.update(f"{array.dtype}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@cache
def _library() -> str:
    """The version of matplotlib, which is not imported for figures that are there already."""
    return version("matplotlib")


@cache
def _source(module: str) -> str:
    """SHA-256 of the drawing modules that one runs through: itself, those beside it that it uses, and ours."""
    start = sys.modules[module]
    wanted, found = [start, *(sys.modules[f"ontrial.publish.{name}"] for name in ("drawings", "figures"))], set[Path]()
    while wanted:
        here = wanted.pop()
        if (path := _file(here)) is None or path in found:
            continue
        found.add(path)
        used = (each if isinstance(each, ModuleType) else _home(each) for each in vars(here).values())
        wanted += [each for each in used if each is not None and _beside(each, path)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(found))).hexdigest()


def _home(value: object) -> ModuleType | None:
    """The module that a function or class was defined in."""
    return sys.modules.get(str(getattr(value, "__module__", None)))


def _file(module: ModuleType) -> Path | None:
    name = getattr(module, "__file__", None)
    return Path(name) if name and name.endswith(".py") else None


def _beside(module: ModuleType, path: Path) -> bool:
    file = _file(module)
    return file is not None and file.parent == path.parent and file.stem != "__init__"


def carries(path: Path, stamp: str) -> bool:
    """Whether a file is a drawing with this stamp, which it keeps near its beginning."""
    try:
        with path.open("rb") as file:
            return stamp.encode() in file.read(4000)
    except OSError:
        return False
