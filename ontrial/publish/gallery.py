"""The gallery: a session's figures, drawn one after the other while threads write those that were drawn before.

Half of a figure's work is to find its palette and to compress it, which Pillow does without Python's lock.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ontrial.files import write_whole
from ontrial.publish import drawings
from ontrial.publish.drawings import Drawing

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class Gallery:
    """Figures that are being written, by the path of their file, each with its stamp. threads: how many write."""

    threads: int = 1
    _writing: dict[Path, tuple[str, Future[None]]] = field(default_factory=dict)
    _executor: ThreadPoolExecutor | None = None

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
        """Draw a figure as PNG into a folder of artifacts, unless the same is there; answers its path inside of that.

        It is written whole when `finish` has returned. Raises what the drawing raises, and OSError where its folder
        cannot be made.
        """
        name = f"{drawings.place(report, tier, dataset, registration)}/{drawing.name}.png"
        path, stamp = folder / name, drawings.stamp_of(drawing, tier)
        before, writing = self._writing.get(path, ("", None))
        if before == stamp or (writing is None and drawings.carries(path, stamp)):
            return name
        pixels = drawings.pixels(drawing, tier)
        path.parent.mkdir(parents=True, exist_ok=True)
        if writing is not None:
            writing.result()  # what comes later has to lie there in the end
        self._executor = self._executor or ThreadPoolExecutor(self.threads, "figures")
        self._writing[path] = stamp, self._executor.submit(_write, path, pixels, stamp)
        return name

    def finish(self) -> None:
        """Wait until all figures are written. Raises OSError where one could not be, after all others were."""
        if self._executor is not None:
            self._executor.shutdown()
        written = [future for _, future in self._writing.values()]
        self._executor, self._writing = None, {}
        for each in written:
            each.result()


def _write(path: Path, pixels: "Image", stamp: str) -> None:
    write_whole(path, drawings.png(pixels, stamp))
