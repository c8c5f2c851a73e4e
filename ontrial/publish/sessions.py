"""A session's environment: what it ran with, on what, and from which commit."""

import platform
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "matplotlib", "pytest")


def environment(
    root: Path, machine: Mapping[str, Any], packages: Iterable[str] = (), outputs: Iterable[Path] = ()
) -> dict[str, Any]:
    """What a session ran on: versions, commit and time, beside what is told of its machine.

    root: the folder of the project; machine: `device`, `cpu` and `matrix_product_rate` (GFLOP/s, one thread), those
    that are known; packages: to name besides the trial's own, those of them that are installed; outputs: as for
    `commit`.
    """
    return {
        "python": platform.python_version(),
        "packages": {name: found for name in dict.fromkeys((*packages, *PACKAGES)) if (found := _version(name))},
        "commit": commit(root, outputs),
        **machine,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def commit(root: Path, outputs: Iterable[Path] = ()) -> str:
    """The commit of the repository whose top is `root`, marked where more than its artifacts had changed.

    A file that git neither tracks nor ignores has changed as well. outputs: what a session writes besides, paths that
    may end in `*`.
    Empty where root is no repository's top, such as where it was unpacked inside another repository.
    """
    try:
        if Path(_git(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return ""
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        paths = [path.relative_to(root).as_posix() for path in outputs if path != root and path.is_relative_to(root)]
        apart = (f":(exclude,top,glob){path}{end}" for path in ("artifacts", *paths) for end in ("", "/**"))
        status = ("status", "--porcelain", "--untracked-files=all", "--", ".", *apart)
        changed = _git(root, *status, ":(exclude,glob)**/__pycache__/**")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{head}-dirty" if changed else head


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _git(root: Path, *arguments: str) -> str:
    """What git answers in a folder. Raises CalledProcessError outside a repository."""
    command = ["git", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, cwd=root)
    return done.stdout.strip()
