"""The run store: what was trained, on disk, one file a training and seed, named by all that it depends on."""

import hashlib
import io
import json
import math
import os
import struct
import time
import zipfile
import zlib
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ontrial.files import write_atomically
from ontrial.trainings import Arrays, Training, require_free

# What a damaged file makes of JSON, zip and NumPy: RuntimeError where it nests too deep or is packed in other ways.
_DAMAGE = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
_STATED = ("arrays", "bytes", "check", "sha256", "seconds")  # of a result, beside what it depends on


@dataclass(frozen=True)
class Stored:
    """What one seed left: its arrays, without the axis of seeds, and the seconds that it took."""

    arrays: Arrays
    seconds: float

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        return sum(each.nbytes for each in self.arrays.values())


@dataclass(frozen=True)
class RunStore:
    """A folder of finished trainings; every method may be called from many processes at once.

    The files of one are its arrays, KEY.npz, and its description, KEY.json, written last: what has no whole
    description was never finished.
    """

    folder: Path

    def lock(self, key: str) -> Path:
        """The file whose lock a process holds while it trains what has this key."""
        return self.folder / "locks" / f"{key}.lock"

    def has(self, key: str) -> bool:
        """Whether it seems to be there: its description, and an archive of the length that this states."""
        try:
            return self._arrays(key).stat().st_size == json.loads(self._description(key).read_bytes())["bytes"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def is_finished(self, key: str) -> bool:
        """Whether it was once stored, whatever has become of it."""
        return self._description(key).exists()

    def load(self, key: str) -> Stored | None:
        """What is stored, or None where it is not there whole; what is damaged is then set aside."""
        if not self._description(key).exists():
            return None
        try:
            description = json.loads(self._description(key).read_bytes())
            content = self._arrays(key).read_bytes()
            said = {name: value for name, value in description.items() if name not in _STATED}
            check = description.pop("check", None) or _name(description)  # older ones have none
            digest = hashlib.sha256(content).hexdigest()
            if (_name(said), _name(description), digest) != (key, check, description["sha256"]):
                raise ValueError("its content is not what its description says")
            self._mark_read(key)
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                stored = Stored({name: archive[name] for name in archive.files}, description["seconds"])
            _require_sound(stored, description)
        except _DAMAGE:
            self.set_aside(key)
            return None
        return stored

    def save(self, key: str, stored: Stored, description: Mapping[str, Any]) -> None:
        """Write what one seed left, so that it is there whole or not at all.

        Raises OSError where the folder cannot be written; what was there before then stays as it was.
        """
        _require_sound(stored, {})
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **stored.arrays)
        content = buffer.getvalue()
        whole = {
            **description,
            "arrays": _shapes(stored),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "seconds": stored.seconds,
        }
        whole["check"] = _name(whole)
        write_atomically(self._arrays(key), content)
        write_atomically(self._description(key), (canonical(whole) + "\n").encode())

    def set_aside(self, key: str) -> None:
        """Rename its files to NAME.damaged, so that they can be looked at and are trained again."""
        for path in (self._description(key), self._arrays(key)):
            with suppress(OSError):  # not there, or the store is read-only
                path.replace(path.with_name(path.name + ".damaged"))

    def since(self, key: str) -> float | None:
        """When it was written, as a time stamp; None where it is not there."""
        path = self._description(key)
        return path.stat().st_mtime if path.exists() else None

    def _mark_read(self, key: str) -> None:
        """Note when it was last read, for `prune`, in the time of access: many disks are mounted not to keep that."""
        path = self._description(key)
        with suppress(OSError):  # read-only, or somebody else's
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))

    def _arrays(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npz"

    def _description(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def _shapes(stored: Stored) -> dict[str, list[int]]:
    return {name: list(values.shape) for name, values in stored.arrays.items()}


def _require_sound(stored: Stored, description: Mapping[str, Any]) -> None:
    """Raises ValueError for arrays other than a description names, a name that means something else of a run, and
    seconds that are no number; what was stored before descriptions named the arrays is taken as it is.
    """
    if description.get("arrays", _shapes(stored)) != _shapes(stored):
        raise ValueError("its arrays are not those that its description names")
    require_free(stored.arrays)
    seconds = stored.seconds
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise ValueError(f"its seconds are {seconds!r}, which is no number of seconds")


def identity(training: Training) -> tuple[Hashable, ...]:
    """What distinguishes trainings: Python calls 1, 1.0 and True equal, which as settings may train differently."""
    return (training, canonical(training.terms()), *map(identity, training.needs))


def described(training: Training) -> dict[str, Any]:
    """All that a training's result depends on but the seed, with the same of all that it needs.

    Raises whatever the training raises where its data is missing.
    """
    return training.describe() | {"needs": [described(each) for each in training.needs]}


def name_of(description: Mapping[str, Any], seed: int) -> str:
    """What one seed of a training is stored under: the SHA-256 of all that it depends on."""
    return _name({**description, "seed": seed})


def _name(description: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(description).encode()).hexdigest()


def canonical(description: Mapping[str, Any]) -> str:
    """A description as the one text that stands for it."""
    return json.dumps(description, sort_keys=True, separators=(",", ":"))
