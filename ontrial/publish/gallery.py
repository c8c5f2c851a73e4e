"""The gallery: a session's figures, laid out while claims are judged, and drawn together at the end.

Drawing takes longer than all else that a session does beside training, and matplotlib draws in one thread at a time. So
where a process can be copied, copies of this one draw a share each.
"""

import gc
import multiprocessing
import sys
import warnings
from collections.abc import Collection, Iterable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ontrial.files import write_atomically
from ontrial.publish import drawings
from ontrial.publish.drawings import Drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CAN_COPY = sys.platform == "linux"  # elsewhere a copy may not call what the system's libraries have begun
_waiting: list[tuple[Path, "Figure", str]] = []  # what a copy finds in its memory, since no figure travels whole


@dataclass
class Gallery:
    """Figures that are made and not yet drawn, by the path of their file, each with its stamp.

    processes: how many draw.
    """

    processes: int = 1
    _made: dict[Path, tuple["Figure", str]] = field(default_factory=dict)

    def add(
        self,
        drawing: Drawing,
        folder: Path,
        *,
        report: str,
        tier: str,
        dataset: str,
        registration: int | None = None,
    ) -> str:
        """Make a figure for a folder of artifacts, unless the same is there; answers its path inside of that.

        It lies there as PNG when `finish` has returned. Raises what its making raises.
        """
        name = f"{drawings.place(report, tier, dataset, registration)}/{drawing.name}.png"
        path, stamp = folder / name, drawings.stamp_of(drawing, tier)
        is_there = self._made[path][1] == stamp if path in self._made else drawings.carries(path, stamp)
        if not is_there:
            self._made[path] = drawings.made(drawing, tier), stamp
        return name

    def finish(self, without: Collection[Path] = ()) -> None:
        """Draw all figures but those at these paths.

        Raises ValueError where one could not be drawn or written, after all others were.
        """
        _waiting[:] = [(path, *made) for path, made in self._made.items() if path not in without]
        self._made = {}
        processes, places = min(self.processes, len(_waiting)) if _CAN_COPY else 1, range(len(_waiting))
        try:
            problems = _by_copies(processes, places) if processes > 1 else list(map(_draw, places))
        except BrokenExecutor:  # a copy was killed
            problems = list(map(_draw, places))
        finally:
            _waiting.clear()
        if any(problems):
            raise ValueError("; ".join(filter(None, problems)))


def _by_copies(processes: int, places: Iterable[int]) -> list[str]:
    """Have copies of this process draw what is waiting; answers what was wrong with each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of copying where other threads run: none of them draws
        with ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _begin_copy) as executor:
            return list(executor.map(_draw, places))


def _begin_copy() -> None:
    """Let a copy open the fonts itself, and leave the collector out, since it ends soon.

    Copies share the place at which an open file is read. So matplotlib forgets its fonts in a copy, but not the
    formulas that it has laid out with them.
    """
    from matplotlib.mathtext import MathTextParser

    gc.disable()
    MathTextParser._parse_cached.cache_clear()  # type: ignore[attr-defined]


def _draw(place: int) -> str:
    """Draw one of those that are waiting; answers what was wrong, "" where nothing was."""
    path, figure, stamp = _waiting[place]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, drawings.png(drawings.pixels(figure), stamp))
    except Exception as error:
        return f"the figure {path.stem} could not be drawn: {type(error).__name__}: {error}"
    return ""
