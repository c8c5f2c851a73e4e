"""Drawings: figures that are described first and drawn only where their file is not there already."""

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np

from models.runs import Run
from models.store import source_digest, write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: Any = {
    "svg.hashsalt": "claims",  # the same element names in every drawing of the same figure
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 130,
}


@dataclass(frozen=True)
class Drawing:
    """A figure that can be drawn.

    name: of its files; subject: what was trained on, n: for how many seeds, or other units; draw: makes
    it, given the line that states tier, subject and n; shown: every array in it, so that a figure is drawn
    again exactly when what it shows has changed.
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
    run = runs if isinstance(runs, Run) else next(iter(runs.values()))
    experiment = run.experiment
    subject = f"{experiment.data}(x)" if experiment.is_function else experiment.data
    return Drawing(name, subject, run.n, draw, shown, unit)


def save(drawing: Drawing, tier: str, dataset: str, folder: Path) -> list[str]:
    """Write a drawing as SVG and PNG, unless the same is there; answers their names inside `folder`.

    Raises OSError where the folder cannot be written.
    """
    place = folder / "figures" / f"{tier}-{dataset}"
    place.mkdir(parents=True, exist_ok=True)
    stamp = _stamp(drawing, tier)
    paths = {kind: place / f"{drawing.name}.{kind}" for kind in ("svg", "png")}
    if not all(_carries(path, stamp) for path in paths.values()):
        _draw(drawing, tier, stamp, paths)
    return [path.relative_to(folder).as_posix() for path in paths.values()]


def _draw(drawing: Drawing, tier: str, stamp: str, paths: dict[str, Path]) -> None:
    import matplotlib.pyplot as plt

    metadata = {"svg": {"Date": None, "Identifier": stamp}, "png": {"Description": stamp, "Software": None}}
    with matplotlib.rc_context(_STYLE):
        figure = drawing.draw(f"{tier} tier · {drawing.subject} · n = {drawing.n} {drawing.unit}")
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")  # once serves both formats, and costs as much as drawing one
        for kind, path in paths.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, metadata=metadata[kind])
            write_whole(path, buffer.getvalue())
        plt.close(figure)


def _stamp(drawing: Drawing, tier: str) -> str:
    """SHA-256 of all that decides the drawing's bytes: what it shows, how, and with what."""
    said = (drawing.name, drawing.subject, drawing.n, drawing.unit, tier, matplotlib.__version__, _sources())
    total = hashlib.sha256(" ".join(map(str, said)).encode())
    for array in drawing.shown:
        total.update(f"{array.dtype}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


@cache
def _sources() -> str:
    return source_digest(*_modules(Path(__file__).parent.glob("*.py")))


def _modules(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.stem.startswith(("drawings", "figures")))


def _carries(path: Path, stamp: str) -> bool:
    """Whether a file is a drawing with this stamp, which both formats keep near their beginning."""
    try:
        with path.open("rb") as file:
            return stamp.encode() in file.read(4000)
    except OSError:
        return False
