"""The figures as the page carries them: each once, as a data URI."""

import base64
import io
import re
import struct
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ontrial.files import inside
from ontrial.publish.frozen import FrozenClaim

_MANY_BYTES = 1_700_000  # of figures, from which a page would come near to 3 MB


@dataclass(frozen=True)
class Picture:
    """A figure to be shown: name of its place in the page, its size in points, and its content."""

    name: str
    width: float
    height: float
    uri: str


def paths(claim: FrozenClaim) -> list[str]:
    """The figures of a claim's strongest evidence; of its last registration where it has not been run since."""
    judged = claim.shown or [each for each in claim.earlier if each.registration == claim.earlier[0].registration]
    return list(dict.fromkeys(path for each in judged for path in each.figures))


def title(path: str) -> str:
    """What a figure is called in its text alternative: `function loss cos (full, functions)`."""
    parts = PurePosixPath(path)
    return f"{parts.stem.replace('-', ' ')} ({parts.parent.name.replace('-', ', ')})"


def collect(claims: Iterable[FrozenClaim], folders: Sequence[Path]) -> dict[str, Picture]:
    """The figures that the claims show, by path; those whose files are in none of the folders are left out."""
    found = {}
    for path in dict.fromkeys(path for claim in claims for path in paths(claim)):
        files = (file for folder in folders if (file := inside(folder, path)) is not None and file.is_file())
        if (file := next(files, None)) is not None:
            found[path] = file.read_bytes()
    sizes = {path: _dimensions(path, content) for path, content in found.items()}
    kind = "png"
    if sum(map(len, found.values())) > _MANY_BYTES:
        with ThreadPoolExecutor() as threads:
            found, kind = dict(zip(found, threads.map(_smaller, found.values()), strict=True)), "webp"
    return {path: _picture(path, sizes[path], kind, content) for path, content in found.items()}


def _smaller(content: bytes) -> bytes:
    """A PNG as lossless WebP, which takes a fifth less; 50 ms each."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGB").save(buffer, "WEBP", lossless=True, quality=50, method=2)
    return buffer.getvalue()


def _picture(path: str, size: tuple[float, float], kind: str, content: bytes) -> Picture:
    uri = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    name = re.sub(r"[^a-z0-9]+", "-", path.removesuffix(".png").lower())
    return Picture(name, *size, uri)


def _dimensions(path: str, content: bytes) -> tuple[float, float]:
    """Width and height in points, from a PNG's pixels and their density. Raises ValueError for what is no PNG."""
    if content[12:16] != b"IHDR":
        raise ValueError(f"{path} is no PNG")
    width, height = struct.unpack(">II", content[16:24])
    at = content.find(b"pHYs", 0, 4000)
    per_metre = struct.unpack(">I", content[at + 4 : at + 8])[0] if at > 0 else 72 / 0.0254
    points = 72 / 0.0254 / per_metre
    return round(width * points, 1), round(height * points, 1)
