"""The run store: what was trained, on disk, one result a training and seed, named by all that it depends on."""

import hashlib
import io
import json
import math
import os
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from ontrial import generators
from ontrial.files import write_atomically
from ontrial.trainings import Array, Arrays, Training, require_free

# What JSON, zip and NumPy raise for a damaged file, RuntimeError where it is nested too deep or compressed.
_DAMAGE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
_SMALL = 2**20  # bytes, up to which all arrays are read at once
_GENERATORS = "random generators"  # in a checkpoint, beside the arrays of the function
_STATED = ("arrays", "bytes", "check", "elapsed", "sha256", "seconds")  # of a result, beside what it depends on


@dataclass(frozen=True)
class Stored:
    """What one seed recorded: arrays without the axis of seeds, and the seconds that it took.

    elapsed: seconds by the clock on the wall, waiting included, where they are known.
    """

    arrays: Mapping[str, Array]
    seconds: float
    elapsed: float | None = None

    @property
    def size(self) -> int:
        """Bytes of its arrays in memory."""
        return 0 if isinstance(self.arrays, Archive) else sum(each.nbytes for each in self.arrays.values())


@dataclass(frozen=True)
class Archive(Mapping[str, Array]):
    """The arrays of a file, each read when it is wanted. stamp: of the file that was checked."""

    path: Path
    names: tuple[str, ...]
    stamp: tuple[int, ...]

    def __getitem__(self, name: str) -> Array:
        """Raises KeyError for another name, and OSError where the file was changed or removed since it was checked."""
        if name not in self.names:
            raise KeyError(name)
        with self.path.open("rb") as file:
            if _stamp(file) != self.stamp:
                raise OSError(f"{self.path} was changed by another session: run this one again")
            with np.load(file, allow_pickle=False) as archive:
                return np.asarray(archive[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Checkpoint:
    """What a function saves on its way, so that a run that was killed goes on from there.

    path: of its file; without one nothing is saved, and there is nothing to load.
    """

    path: Path | None = None

    def load(self) -> Arrays | None:
        """The arrays that were saved last, with the global random generators set as they were then; None where nothing
        was saved, or where it is damaged.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            generators.restore(str(arrays.pop(_GENERATORS)))
        except _DAMAGE:
            return None
        return arrays

    def save(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Save these arrays in place of those before, completely or not at all.

        Raises ValueError for what is no array of numbers or text, OSError where the file cannot be written.
        """
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **{**arrays, _GENERATORS: np.array(generators.states())})
        if self.path is not None:
            write_atomically(self.path, buffer.getvalue())


@dataclass(frozen=True)
class StoredTraining:
    """A training of which a store has seeds.

    description: all that its result depends on but the seed; seconds, size: of a seed, in seconds and bytes.
    """

    description: Mapping[str, Any]
    seconds: float
    size: float


@dataclass(frozen=True)
class RunStore:
    """A folder of finished trainings, which many processes may use at once.

    A result is its arrays, KEY.npz, and its description, KEY.json, written last: without a complete description it was
    never finished.
    """

    folder: Path

    def lock(self, key: str) -> Path:
        """The lock file that a process holds while it trains what has this key."""
        return self.folder / "locks" / f"{key}.lock"

    def checkpoint(self, key: str, since: float = 0.0) -> Checkpoint:
        """The checkpoint of the run with this key, which is removed when the run is stored.

        since: a time stamp; one that was saved before is removed now.
        """
        path = self._checkpoint(key)
        if path.exists() and path.stat().st_mtime < since:
            path.unlink(missing_ok=True)
        return Checkpoint(path)

    def reach(self, key: str, fraction: float) -> None:
        """Note how much of the job that begins with this key is done, for another process; 1 removes the note."""
        path = self.lock(key).with_suffix(".done")
        with suppress(OSError):  # no reason to end a training
            path.write_text(f"{fraction:.4f}") if fraction < 1 else path.unlink(missing_ok=True)

    def reached(self, key: str) -> float:
        """How much of the job that begins with this key is done, as far as was noted: from 0 to 1."""
        try:
            return float(self.lock(key).with_suffix(".done").read_text())
        except (OSError, ValueError):
            return 0.0

    def has(self, key: str) -> bool:
        """Whether it seems to be stored: a description, and an archive of the length that this states."""
        try:
            return self._arrays(key).stat().st_size == json.loads(self._description(key).read_bytes())["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def since(self, key: str) -> float | None:
        """When it was stored, as a time stamp, whatever has become of it; None where it never was."""
        path = self._description(key)
        return path.stat().st_mtime if path.exists() else None

    def cost(self, key: str) -> tuple[float, float] | None:
        """Seconds and bytes of a result, by its description; None where that cannot be read."""
        with suppress(*_DAMAGE):
            return _cost(json.loads(self._description(key).read_bytes()))
        return None

    def load(self, key: str) -> Stored | None:
        """What is stored; None where nothing is, or where it is damaged, which is then set aside."""
        if not (path := self._description(key)).exists():
            return None
        try:
            description = json.loads(path.read_bytes())
            depends_on = {name: value for name, value in description.items() if name not in _STATED}
            check = description.pop("check", None) or _name(description)  # older ones have none
            with self._arrays(key).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                if (_name(depends_on), _name(description), digest) != (key, check, description["sha256"]):
                    raise ValueError("its content is not what its description says")
                is_small = file.tell() <= _SMALL
                file.seek(0)
                arrays: Arrays = {}
                shapes: dict[str, list[int]] = {}
                with np.load(file, allow_pickle=False) as archive:
                    for name in archive.files:
                        shapes[name] = list((values := archive[name]).shape)
                        arrays |= {name: values} if is_small else {}
                found = arrays if is_small else Archive(self._arrays(key), tuple(shapes), _stamp(file))
            _require_sound(shapes, description["seconds"], description)
            with suppress(OSError):  # `prune` reads the time of access, which many disks are mounted not to change
                os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except _DAMAGE:
            self.set_aside(key)
            return None
        return Stored(found, description["seconds"], description.get("elapsed"))

    def known(self) -> list[StoredTraining]:
        """The trainings that it has seeds of, as far as their descriptions can be read."""
        found: dict[str, tuple[dict[str, Any], list[tuple[float, float]]]] = {}
        for path in sorted(self.folder.glob("??/*.json")):
            with suppress(*_DAMAGE):
                stated = json.loads(path.read_bytes())
                description = {name: value for name, value in stated.items() if name not in (*_STATED, "seed")}
                found.setdefault(canonical(description), (description, []))[1].append(_cost(stated))
        return [
            StoredTraining(of, *(sum(each) / len(each) for each in zip(*costs, strict=True)))
            for of, costs in found.values()
        ]

    def save(self, key: str, stored: Stored, description: Mapping[str, Any]) -> None:
        """Store what one seed recorded, completely or not at all.

        Raises OSError where the folder cannot be written; what was there before then stays as it was.
        """
        shapes = {name: list(values.shape) for name, values in stored.arrays.items()}
        _require_sound(shapes, stored.seconds, {})
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **stored.arrays)
        content = buffer.getbuffer()
        stated = {"arrays": shapes, "bytes": len(content), "seconds": stored.seconds}
        stated |= {} if stored.elapsed is None else {"elapsed": stored.elapsed}
        stated = {**description, **stated, "sha256": hashlib.sha256(content).hexdigest()}
        stated["check"] = _name(stated)
        write_atomically(self._arrays(key), content)
        write_atomically(self._description(key), (canonical(stated) + "\n").encode())
        self._checkpoint(key).unlink(missing_ok=True)

    def damaged(self) -> set[tuple[str, int]]:
        """The keys whose files were found damaged and set aside, each with when, in nanoseconds of the file's clock."""
        return {(path.name[:64], path.stat().st_ctime_ns) for path in self.folder.glob("??/*.damaged")}

    def set_aside(self, key: str) -> None:
        """Rename its files to NAME.damaged, so that they can be inspected, and are trained again."""
        for path in (self._description(key), self._arrays(key)):
            with suppress(OSError):  # missing, or the store is read-only
                path.replace(path.with_name(path.name + ".damaged"))

    def _arrays(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def _checkpoint(self, key: str) -> Path:
        return self._arrays(key).with_suffix(".npz.checkpoint")  # `prune` knows it by its name

    def _description(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def _cost(stated: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds, waiting included, and bytes. Raises ValueError for what is no number of them."""
    found = float(stated.get("elapsed", stated["seconds"])), float(stated["bytes"])
    if not all(0 <= each < math.inf for each in found):
        raise ValueError(f"{found} are no seconds and bytes")
    return found


def _stamp(file: BinaryIO) -> tuple[int, ...]:
    """What tells a file from another of its name."""
    stat = os.fstat(file.fileno())
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _require_sound(shapes: Mapping[str, list[int]], seconds: object, description: Mapping[str, Any]) -> None:
    """Raises ValueError for arrays other than a description names, a reserved name, and seconds that are no number.

    Descriptions of before they named the arrays are accepted.
    """
    if description.get("arrays", shapes) != shapes:
        raise ValueError("its arrays are not those that its description names")
    require_free(shapes)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise ValueError(f"its seconds are {seconds!r}, which is no number of seconds")


def with_needs(trainings: Iterable[Training]) -> list[Training]:
    """These trainings and all that they need, needs first, each once."""
    found: dict[Hashable, Training] = {}

    def add(training: Training) -> None:
        if (name := identity(training)) not in found:
            for each in training.needs:
                add(each)
            found[name] = training

    for training in trainings:
        add(training)
    return list(found.values())


def identity(training: Training) -> tuple[Hashable, ...]:
    """What distinguishes trainings: 1, 1.0 and True are equal in Python, but as settings may train differently."""
    return (training, canonical(training.terms()), *map(identity, training.needs))


def described(training: Training, of: Callable[[Training], dict[str, Any]] | None = None) -> dict[str, Any]:
    """All that a training's result depends on but the seed, with the same of all that it needs.

    of: returns the description of a need, by default this function. Raises whatever the training raises where its data
    is missing.
    """
    return training.describe() | {"needs": list(map(of or described, training.needs))}


def name_of(description: Mapping[str, Any], seed: int) -> str:
    """The key of one seed of a training: the SHA-256 of all that it depends on."""
    return _name({**description, "seed": seed})


def _name(description: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(description).encode()).hexdigest()


def canonical(description: Mapping[str, Any]) -> str:
    """The one JSON text of a description."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"))
