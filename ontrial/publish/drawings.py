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

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

_DPI = 130
_COLOURS = 96  # of a figure's palette: no line's colour moves by more than a hundredth, at a quarter of the size
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


def pixels(drawing: Drawing, tier: str) -> "Image":
    """What a drawing shows, drawn here and now, since matplotlib draws in one thread at a time."""
    with _without_a_screen():
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    with matplotlib.rc_context(_STYLE):
        figure = drawing.draw(f"{tier} tier · {drawing.subject} · n = {drawing.n} {drawing.unit}")
        figure.set_dpi(_DPI)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def png(pixels: "Image", stamp: str) -> bytes:
    """Pixels as PNG, their colours reduced to a palette: half of a figure's work, which any thread can do beside us."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    palette = pixels.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    said, buffer = PngInfo(), io.BytesIO()
    said.add_text("Description", stamp)
    palette.save(buffer, "PNG", optimize=True, dpi=(_DPI, _DPI), pnginfo=said)
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
