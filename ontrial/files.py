"""Files that several processes write and read: put there whole."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put a file there in one move: a reader sees the old one or the new one, never a part.

    Raises OSError where it cannot be written; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, content: bytes) -> None:
    """Put a file and its folder there, unless the same is there already. Raises OSError as write_whole does."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


def inside(folder: Path, name: str) -> Path | None:
    """Where a file lies below a folder, given its name there; None where the name leads out, or through a link."""
    try:
        root = folder.resolve()
        path = root / name
        is_inside = ".." not in path.parts and path != root and path.is_relative_to(root) and path.resolve() == path
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a name that no file can have
        return None
    return path if is_inside else None


def writable(folder: Path) -> None:
    """Make a folder where there is none. Raises ValueError where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"nothing can be written in {folder}: {error.strerror}. Name another folder.") from error
