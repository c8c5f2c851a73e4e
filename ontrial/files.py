"""Files that several processes, and several users of a group, write and read: put there whole."""

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put a file there in one move: a reader sees the old one or the new one, never a part.

    In a folder that its group may write, the group may write the file; elsewhere the umask says who may.
    Raises OSError where it cannot be written; nothing is left behind then.
    """
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _share(part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, content: bytes) -> None:
    """Put a file and its folder there, unless the same is there already. Raises OSError as write_whole does."""
    if path.exists() and path.read_bytes() == content:
        return
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


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where there are none, each shared with the group that may write above it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        _share(folder)


def shared_mode(folder: Path) -> int | None:
    """The mode of files in a folder that its group may write; None for any other, and for one such as /tmp."""
    mode = folder.stat().st_mode
    is_public = mode & stat.S_ISVTX and mode & stat.S_IWOTH
    return mode & 0o666 if mode & stat.S_IWGRP and not is_public else None


def writable(folder: Path) -> None:
    """Make a folder where there is none. Raises ValueError where nothing can be written in it."""
    try:
        make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"nothing can be written in {folder}: {error.strerror}. Name another folder.") from error


def _share(path: Path) -> None:
    """Give a new file or folder the group and mode of the folder that it lies in, where that is its group's."""
    if (mode := shared_mode(path.parent)) is None:
        return
    folder = path.parent.stat()
    with suppress(PermissionError):  # a group that we are not in
        os.chown(path, -1, folder.st_gid)
    # what is put into a folder then has its group by itself, lock files too
    os.chmod(path, stat.S_IMODE(folder.st_mode) | stat.S_ISGID if path.is_dir() else mode)
