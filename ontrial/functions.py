"""`@training`: a training out of a plain Python function, which travels to a worker as its module's source."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
import itertools
import json
import random
import re
import sys
import types
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ontrial.running import sources
from ontrial.running.reached import reached
from ontrial.running.store import canonical
from ontrial.trainings import LOOKS, Arrays, Looks, TierLike

_SOURCE = "__ontrial_source__"
_LOADED = itertools.count()


@dataclass(frozen=True)
class FunctionTraining:
    """A function with its settings.

    name: of the function; path and source: of its module; given: its settings as JSON, so that 1, 1.0 and True differ;
    fast: those that the fast tier has in place of these; data: what a verdict on it is judged on; all_at_once: whether
    it takes all seeds in one call; data_files: what it reads, from its module's folder.
    """

    name: str
    path: str
    source: str = field(repr=False)
    given: str
    fast: str = field(default="{}", repr=False)
    data: str = "own"
    looks: Looks = field(default=LOOKS, repr=False)
    all_at_once: bool = False
    data_files: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"

    @property
    def one_by_one(self) -> bool:
        """Whether it takes one seed a call, so that each is stored when it is done."""
        return not self.all_at_once

    @property
    def judged_on(self) -> str:
        """What a verdict on it is judged on."""
        return self.data

    @property
    def shared(self) -> frozenset[str]:
        """No array: every one begins with the axis of seeds."""
        return frozenset()

    @property
    def needs(self) -> tuple[()]:
        """Nothing."""
        return ()

    @property
    def place(self) -> str:
        """A process."""
        return "process"

    def at(self, scale: TierLike) -> FunctionTraining:
        """With the settings of the tier."""
        own = json.loads(self.given) | (json.loads(self.fast) if scale.tier == "fast" else {})
        return replace(self, given=canonical(own), fast="{}")

    def terms(self) -> dict[str, Any]:
        """Its name, its settings, and the names of its data files."""
        names = [Path(each).name if Path(each).is_absolute() else each for each in self.data_files]
        return {"training": self.name, "settings": json.loads(self.given)} | ({"data_files": names} if names else {})

    def defaults(self) -> dict[str, Any]:
        """None: its terms name every setting."""
        return {}

    def code(self) -> dict[str, str]:
        """Digests of the function and of all that it reaches."""
        return reached(self.name, Path(self.path), self.source)

    def describe(self) -> dict[str, Any]:
        """Its terms, the source that it reaches, the versions of what that imports, and its data files' digests.

        Raises ValueError for an import that cannot be resolved, and OSError for a data file that is not there.
        """
        terms = self.terms()
        if self.data_files:
            terms["data_files"] = list(zip(terms["data_files"], map(self._file_digest, self.data_files), strict=True))
        return terms | sources.reach(self.name, Path(self.path), self.source)

    def _file_digest(self, name: str) -> str:
        path = Path(self.path).parent / name
        if not path.is_file():
            found = "a folder: name the files in it" if path.is_dir() else "not there: fetch it, or correct data_files"
            raise FileNotFoundError(f"{self.name} reads the data file {name}, and {path} is {found}")
        stat = path.stat()
        return _digest_of(path, stat.st_size, stat.st_mtime_ns)

    def estimate(self, seeds: int) -> float:
        """A second a seed: what a function takes is known only when it has run."""
        return float(seeds)

    def settings(self) -> dict[str, Any]:
        """As terms has them, with the data."""
        return {"data": self.data, "training": self.name} | self.terms()["settings"]

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays] = ()) -> Arrays:  # noqa: ARG002
        """Call the function for these seeds. Raises TypeError where it returns no arrays."""
        return self._train(_function(self.name, self.path, self.source), seeds)

    def again(self, seed: int, times: int) -> Iterator[Arrays]:
        """Train a seed in a module that is loaded again, so many times: it should leave the same arrays as before."""
        function = _load(self.name, self.path, self.source)
        return (self._train(function, (seed,)) for _ in range(times))

    def _train(self, function: Callable[..., Mapping[str, Any]], seeds: Sequence[int]) -> Arrays:
        call = functools.partial(function, **self._values())
        if self.all_at_once:
            _seed_generators(seeds[0])
            return _arrays(call(seeds=tuple(seeds)), self)
        rows = []
        for seed in seeds:
            _seed_generators(seed)
            rows.append(_arrays(call(seed=seed), self))
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _values(self) -> dict[str, Any]:
        return {name: _as_tuple(value) for name, value in json.loads(self.given).items()}


@dataclass(frozen=True)
class Factory:
    """A decorated function: called with settings it returns a training; `function` is the plain one."""

    function: Callable[..., Mapping[str, Any]]
    fast: Mapping[str, Hashable]
    data: str
    looks: Looks
    data_files: tuple[str, ...] = ()

    def __call__(self, *values: Hashable, **named: Hashable) -> FunctionTraining:
        """The training with these settings. Raises TypeError for one that it has not, or that JSON cannot tell."""
        name, signature = self.function.__name__, inspect.signature(self.function)
        seeds = {"seed", "seeds"} & signature.parameters.keys()
        if len(seeds) != 1 or seeds & named.keys():
            raise TypeError(f"{name} must take `seed` or `seeds`, and only the suite gives it")
        if unknown := self.fast.keys() - signature.parameters.keys():
            raise TypeError(f"{name} has no setting {', '.join(sorted(unknown))} that fast= could change")
        bound = signature.bind(*values, **named, **dict.fromkeys(seeds, None))
        bound.apply_defaults()
        whole = {key: value for key, value in bound.arguments.items() if key not in seeds}
        plain = inspect.unwrap(self.function)
        path = Path(plain.__code__.co_filename)
        source = plain.__globals__.get(_SOURCE) or importlib.util.decode_source(path.read_bytes())
        return FunctionTraining(
            name,
            str(path),
            source,
            _settings(whole, name),
            _settings(self.fast, name),
            self.data,
            self.looks,
            "seeds" in seeds,
            self.data_files,
        )


def training(
    function: Callable[..., Mapping[str, Any]] | None = None,
    *,
    fast: Mapping[str, Hashable] | None = None,
    data: str = "own",
    looks: Looks = LOOKS,
    data_files: Sequence[str | Path] = (),
) -> Any:
    """Make a training of a function of settings and `seed` (one a call) or `seeds` (all at once).

    It returns a mapping of names to arrays or numbers: of one seed without an axis of seeds, of all seeds with it as
    the first. fast: settings of the fast tier; data: what a verdict on it is judged on; data_files: what it reads,
    absolute or from its module's folder. Before a call the global generators of random, NumPy and torch are seeded.

    Raises TypeError for a lambda or a function within a function, which no other process can find.
    """
    if isinstance(data_files, str | Path):
        raise TypeError(f"data_files must be a list of files, such as [{str(data_files)!r}]")
    if function is None:
        return functools.partial(training, fast=fast, data=data, looks=looks, data_files=data_files)
    if function.__name__ == "<lambda>" or function.__qualname__ != function.__name__ or function.__closure__:
        raise TypeError(
            f"@training on {function.__qualname__}: workers find a training by its module and name, "
            "so it must be a function of the module, no lambda and none within another"
        )
    return Factory(function, dict(fast or {}), data, looks, tuple(Path(each).as_posix() for each in data_files))


@functools.cache
def _function(name: str, path: str, source: str) -> Callable[..., Mapping[str, Any]]:
    """The plain function, out of its module's source: the same in the session and in every worker."""
    return _load(name, path, source)


def _load(name: str, path: str, source: str) -> Callable[..., Mapping[str, Any]]:
    module = types.ModuleType(f"ontrial_training_{next(_LOADED)}")
    module.__file__, module.__package__ = path, sources.package_of(Path(path))
    setattr(module, _SOURCE, source)  # of another machine's file, maybe
    sys.modules[module.__name__] = module
    late = re.search(
        r"^\s*(?:import|from) (torch)\b", source, re.MULTILINE
    )  # perhaps in a function: not seeded by then
    if late and importlib.util.find_spec(late[1]):
        exec(f"import {late[1]}", {})
    _seed_generators(0)  # for what a module draws when it is loaded
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return getattr(module, name).function


def _seed_generators(seed: int) -> None:
    """Seed the global generators, so that what draws from them depends on the seed alone."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def _arrays(answer: Any, asked: FunctionTraining) -> Arrays:
    if not isinstance(answer, Mapping) or not answer:
        raise TypeError(f"{asked} must return a mapping of names to arrays, not {type(answer).__name__}")
    if masked := [name for name, value in answer.items() if _is_masked(value)]:
        raise TypeError(
            f"{asked} returned a masked array, {', '.join(map(str, masked))}, whose mask a run cannot keep: fill it, "
            "such as with NaN, or leave out what is masked"
        )
    arrays: Arrays = {name: np.asarray(value) for name, value in answer.items()}
    if any(values.dtype == object for values in arrays.values()):
        raise TypeError(f"{asked} returned something that is no array of numbers")
    return arrays


def _is_masked(value: Any) -> bool:
    return np.ma.isMaskedArray(value) or (isinstance(value, list | tuple) and any(map(_is_masked, value)))


def _settings(values: Mapping[str, Any], of: str) -> str:
    """Settings as JSON, NumPy's numbers as plain ones. Raises TypeError for what JSON has no text of."""
    plain = {}
    for name, value in values.items():
        plain[name] = _as_plain(value)
        try:
            hash(value)
            json.dumps(plain[name], allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"setting {name} of {of} must be a number, text, a truth value, None or a tuple of these, and finite, "
                f"not {value!r}"
            ) from error
    return canonical(plain)


def _as_plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_as_plain, value))
    return value.item() if isinstance(value, np.generic) else value


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


@functools.cache
def _digest_of(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
