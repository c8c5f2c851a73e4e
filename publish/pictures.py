"""The figures as the page carries them: each once, in the smaller of its two forms, as a data URI."""

import base64
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from publish.summary import Claim

_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class Picture:
    """A figure to be shown: name of its place in the page, its size in points, and its content."""

    name: str
    width: float
    height: float
    uri: str


def stems(claim: Claim) -> list[str]:
    """The figures of a claim's strongest evidence, without their endings."""
    paths = (PurePosixPath(path) for judged in claim.shown for path in judged.figures)
    return list(dict.fromkeys(path.with_suffix("").as_posix() for path in paths))


def title(stem: str) -> str:
    """What a figure is called in its text alternative: `function loss cos (full, functions)`."""
    path = PurePosixPath(stem)
    return f"{path.name.replace('-', ' ')} ({path.parent.name.replace('-', ', ')})"


def collect(claims: Iterable[Claim], folder: Path) -> dict[str, Picture]:
    """The figures that the claims show, by stem; those whose files are not in the folder are left out."""
    wanted = dict.fromkeys(stem for claim in claims for stem in stems(claim))
    files = {stem: [path for kind in _TYPES if (path := folder / f"{stem}{kind}").is_file()] for stem in wanted}
    return {stem: _picture(stem, min(paths, key=_size)) for stem, paths in files.items() if paths}


def _size(path: Path) -> int:
    return path.stat().st_size


def _picture(stem: str, path: Path) -> Picture:
    content = path.read_bytes()
    width, height = _dimensions(path.suffix, content)
    uri = f"data:{_TYPES[path.suffix]};base64,{base64.b64encode(content).decode()}"
    return Picture(re.sub(r"[^a-z0-9]+", "-", stem.lower()), width, height, uri)


def _dimensions(kind: str, content: bytes) -> tuple[float, float]:
    """Width and height in points, from a PNG's pixels and their density or from an SVG's view box.

    Raises ValueError where neither is there.
    """
    if kind == ".png" and content[12:16] == b"IHDR":
        width, height = struct.unpack(">II", content[16:24])
        at = content.find(b"pHYs", 0, 4000)
        per_metre = struct.unpack(">I", content[at + 4 : at + 8])[0] if at > 0 else 72 / 0.0254
        points = 72 / 0.0254 / per_metre
        return round(width * points, 1), round(height * points, 1)
    box = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', content[:4000])
    if box is None:
        raise ValueError("a figure has neither a PNG's header nor an SVG's view box")
    return float(box[1]), float(box[2])
