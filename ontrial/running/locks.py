"""Locks between processes: whoever waits says for what, and not for ever."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from ontrial.files import make_folder, shared_mode

PATIENCE = 5.0  # seconds before the wait is told
LIMIT = 3600.0  # seconds before it is given up: `--lock-limit`
_REMOVES = int(filelock.__version__.split(".")[0]) < 4  # filelock removed the file itself before it was at 4


class LockHeld(Exception):
    """Somebody else held a lock for longer than the limit; names the file."""


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def locked(path: Path, limit: float = LIMIT, tell: Callable[[str], object] = _tell) -> Iterator[None]:
    """Hold a lock file, and remove it; after 5 s of waiting it says so, after the limit (in seconds) it is an error.

    Raises LockHeld, and OSError where the file cannot be made.
    """
    make_folder(path.parent)
    mode = shared_mode(path.parent)
    lock = filelock.FileLock(path) if mode is None else filelock.FileLock(path, mode=mode)
    started = time.monotonic()
    try:
        lock.acquire(timeout=min(PATIENCE, limit))
    except filelock.Timeout:
        tell(f"waiting for {path}, which another process holds (giving up after {limit:.0f} s)")
        try:
            lock.acquire(timeout=max(0.0, limit - (time.monotonic() - started)))
        except filelock.Timeout as error:
            raise LockHeld(
                f"{path} was held by another process for {limit:.0f} s. If none is running, remove the file; "
                "--lock-limit SECONDS waits longer"
            ) from error
    try:
        yield
    finally:
        if not _REMOVES:
            with suppress(OSError):  # a system that removes no open file
                path.unlink()  # whoever waits for it sees that it is gone, and makes another
        lock.release()
