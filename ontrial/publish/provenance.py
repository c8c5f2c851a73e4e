"""Provenance: what a session ran with, on what, from which commit, and where in it the code of a claim is."""

import inspect
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ontrial.functions import FunctionTraining
from ontrial.trainings import Training

PACKAGES = ("numpy", "scipy", "matplotlib", "pytest")


def provenance(
    root: Path, machine: Mapping[str, Any], packages: Iterable[str] = (), outputs: Iterable[Path] = ()
) -> dict[str, Any]:
    """A session's entry in the record.

    root: the folder of the project; machine: `device`, `cpu` and `matrix_product_rate` (GFLOP/s, one thread), those
    that are known; packages: to name besides PACKAGES, where they are installed; outputs: as for `commit`.
    """
    versions = {}
    for name in dict.fromkeys((*packages, *PACKAGES)):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    time = datetime.now(UTC).isoformat(timespec="seconds")
    python = platform.python_version()
    return {"python": python, "packages": versions, "commit": commit(root, outputs), **machine, "time": time}


def commit(root: Path, outputs: Iterable[Path] = ()) -> str:
    """The commit of the repository whose top is `root`, marked where more than its artifacts had changed.

    A file that git neither tracks nor ignores has changed as well. outputs: what a session writes besides, paths that
    may end in `*`.
    Empty where root is no repository's top, such as where it was unpacked inside another repository.
    """

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=True, cwd=root
        )
        return done.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return ""
        head = git("rev-parse", "--short=12", "HEAD")
        paths = [path.relative_to(root).as_posix() for path in outputs if path != root and path.is_relative_to(root)]
        apart = [f":(exclude,top,glob){path}{end}" for path in ("artifacts", *paths) for end in ("", "/**")]
        status = ("status", "--porcelain", "--untracked-files=all", "--", ".", *apart)
        return f"{head}-dirty" if git(*status, ":(exclude,glob)**/__pycache__/**") else head
    except (OSError, subprocess.CalledProcessError):
        return ""


def sources(
    root: Path, test: tuple[str | os.PathLike[str], int | None], trainings: Iterable[Training]
) -> tuple[str, ...]:
    """Where a claim's test, and then what it trains, are defined: `path:line` from the root, of those below it.

    test: its file and line, from 0.
    """
    places = [(Path(test[0]), test[1] or 0), *map(_defined, trainings)]
    below = [(path.relative_to(root).as_posix(), line + 1) for path, line in places if path.is_relative_to(root)]
    return tuple(dict.fromkeys(f"{path}:{line}" for path, line in below))


def _defined(training: Training) -> tuple[Path, int]:
    """The file and the line, from 0, of the function or class that trains; no file where there is none."""
    if isinstance(training, FunctionTraining):
        before = re.split(rf"^def {training.name}\b", training.source, maxsplit=1, flags=re.MULTILINE)[0]
        return Path(training.path), before.count("\n")
    try:
        return Path(inspect.getsourcefile(type(training)) or ""), inspect.getsourcelines(type(training))[1] - 1
    except (OSError, TypeError):
        return Path(), 0
