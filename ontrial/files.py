"""Files that several processes, and several users of a group, read and write: atomic writes and locks."""

import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

PATIENCE = 5.0  # seconds before a message says what is waited for
LOCK_LIMIT = 3600.0  # seconds before waiting for a lock is an error: `--ontrial-lock-limit`
_REMOVES = int(filelock.__version__.split(".")[0]) < 4  # filelock removed the file itself before version 4


class LockHeld(Exception):
    """Another process held a lock for longer than the limit."""


@contextmanager
def locked(
    path: Path,
    limit: float = LOCK_LIMIT,
    say: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
) -> Iterator[None]:
    """Hold a lock file, which is removed at the end. Says after 5 s what it waits for.

    Raises LockHeld after `limit` seconds, and OSError where the file cannot be made.
    """
    _make_folder(path.parent)
    mode = _shared_mode(path.parent)
    lock = filelock.FileLock(path) if mode is None else filelock.FileLock(path, mode=mode)
    try:
        lock.acquire(timeout=min(PATIENCE, limit))
    except filelock.Timeout:
        say(f"waiting for {path}, which another process holds (giving up after {limit:.0f} s)")
        try:
            lock.acquire(timeout=max(0.0, limit - PATIENCE))
        except filelock.Timeout as error:
            raise LockHeld(
                f"{path} was held by another process for {limit:.0f} s. If none is running, remove the file; "
                "--ontrial-lock-limit SECONDS waits longer"
            ) from error
    try:
        yield
    finally:
        if not _REMOVES:
            with suppress(OSError):  # some systems remove no open file
                path.unlink()  # a process that waits for it notices, and makes another
        lock.release()


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    In a folder that its group may write, the group may write the file; elsewhere the umask decides.
    Raises OSError where it cannot be written; nothing is left behind then.
    """
    _make_folder(path.parent)
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
    """Write a file unless it already has this content. Raises OSError as write_atomically does."""
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content)


def inside(folder: Path, name: str) -> Path | None:
    """The path of a name below a folder; None where the name leads out of it, or through a link."""
    try:
        root = folder.resolve()
        path = root / name
        is_inside = ".." not in path.parts and path != root and path.is_relative_to(root) and path.resolve() == path
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a name that no file can have
        return None
    return path if is_inside else None


def _make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, each shared with the group that may write its parent."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)  # another process may have made it
        _share(folder)


def _shared_mode(folder: Path) -> int | None:
    """The mode of files in a folder that its group may write; None for any other, and for one such as /tmp."""
    mode = folder.stat().st_mode
    is_public = mode & stat.S_ISVTX and mode & stat.S_IWOTH
    return mode & 0o666 if mode & stat.S_IWGRP and not is_public else None


def writable(folder: Path) -> None:
    """Make a folder where there is none. Raises ValueError where nothing can be written in it."""
    try:
        _make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"nothing can be written in {folder}: {error.strerror}. Name another folder.") from error


def _share(path: Path) -> None:
    """Give a new file or folder the group and mode of its folder, where that is shared with its group."""
    if (mode := _shared_mode(path.parent)) is None:
        return
    folder = path.parent.stat()
    with suppress(PermissionError):  # a group that we are not in
        os.chown(path, -1, folder.st_gid)
    # the set-group-ID bit: files made in the folder later, lock files too, have its group
    os.chmod(path, stat.S_IMODE(folder.st_mode) | stat.S_ISGID if path.is_dir() else mode)
