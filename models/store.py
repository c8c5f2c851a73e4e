"""The run store: finished trainings on disk, named by everything that they depend on."""

import ast
import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import torch

from models import data
from models.experiment import Experiment
from models.training import Arrays

_SOURCES = ("data.py", "experiment.py", "networks.py", "seeding.py", "stack.py", "training.py")


@dataclass(frozen=True)
class Job:
    """One unit of work: an experiment trained for a block of seeds in one stack."""

    experiment: Experiment
    seeds: tuple[int, ...]

    def __str__(self) -> str:
        return f"training {self.experiment} (seeds {self.seeds[0]}-{self.seeds[-1]})"


@dataclass(frozen=True)
class Stored:
    """A finished job: what was recorded, and the seconds that its training took."""

    arrays: Arrays
    seconds: float


@dataclass(frozen=True)
class RunStore:
    """A folder of finished jobs; every method may be called from many processes at once.

    A job's files are its arrays, KEY.npz, and its description, KEY.json, written last: a job without
    a whole description was never finished.
    """

    folder: Path

    def key(self, job: Job, root: Path | None, device: str) -> str:
        """The job's name: SHA-256 of all that its result depends on. Raises DataError where data is missing."""
        return name_of(describe(job, root, device))

    @contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """Hold one job, so that two processes never train it at the same time."""
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(locks / f"{key}.lock"):
            yield

    def has(self, key: str) -> bool:
        """Whether the job seems to be there: its description, and an archive of the length it states."""
        try:
            return self._arrays(key).stat().st_size == json.loads(self._description(key).read_bytes())["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def load(self, key: str) -> Stored | None:
        """The finished job, or None where it is not there whole; a damaged one is then set aside."""
        if not self._description(key).exists():
            return None
        try:
            description = json.loads(self._description(key).read_bytes())
            content = self._arrays(key).read_bytes()
            if hashlib.sha256(content).hexdigest() != description["sha256"] or description["key"] != key:
                raise ValueError("its content is not what its description says")
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                return Stored({name: archive[name] for name in archive.files}, float(description["seconds"]))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            self.set_aside(key)
            return None

    def save(self, key: str, stored: Stored, description: dict[str, Any]) -> None:
        """Write a finished job so that it is there whole or not at all.

        Raises OSError where the folder cannot be written; what was there before then stays as it was.
        """
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **stored.arrays)
        content = buffer.getvalue()
        whole = description | {
            "key": key,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "seconds": stored.seconds,
        }
        self._arrays(key).parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._arrays(key), content)
        write_whole(self._description(key), (canonical(whole) + "\n").encode())

    def set_aside(self, key: str) -> None:
        """Rename a job's files to NAME.damaged, so that they can be looked at and are trained again."""
        for path in (self._description(key), self._arrays(key)):
            if path.exists():
                path.replace(path.with_name(path.name + ".damaged"))

    def damaged(self) -> list[Path]:
        """Files that were set aside."""
        return sorted(self.folder.glob("*/*.damaged"))

    def _arrays(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def _description(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def describe(job: Job, root: Path | None, device: str) -> dict[str, Any]:
    """All that a job's result depends on. Raises DataError where its data is missing."""
    return {
        "experiment": job.experiment.description(),
        "seeds": job.seeds,
        "data": data.digest(job.experiment.data, root),
        "source": source_digest(*(Path(__file__).with_name(name) for name in _SOURCES)),
        "torch": torch.__version__,
        "device": device_kind(device),
    }


def name_of(description: dict[str, Any]) -> str:
    """What a result is stored under: the SHA-256 of the description of all that it depends on."""
    return hashlib.sha256(canonical(description).encode()).hexdigest()


def device_kind(device: str) -> str:
    """What decides the rounding of a device: its type and, on a GPU, the model."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


@cache
def source_digest(*paths: Path) -> str:
    """SHA-256 of what these files do: of their syntax trees without docstrings, so that prose is free."""
    return hashlib.sha256("".join(_meaning(path) for path in paths).encode()).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Put a file there in one move: a reader sees the old one or the new one, never a part.

    Raises OSError where it cannot be written; nothing is left behind then.
    """
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


def _meaning(path: Path) -> str:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0].value.value = ""
    return ast.dump(tree)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def canonical(description: dict[str, Any]) -> str:
    """A description as the one text that stands for it."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"))
