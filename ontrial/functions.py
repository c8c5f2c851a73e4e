"""`@training`: a training made of a plain Python function, sent to a worker as the source of its module."""

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

from ontrial.fingerprint import code_digests, dependencies
from ontrial.running.store import canonical
from ontrial.source import package_of
from ontrial.trainings import LOOKS, Arrays, Looks, Scale, Training

_SOURCE = "__ontrial_source__"
_LOADED = itertools.count()
Function = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True)
class FunctionTraining(Training):
    """A function with its settings.

    path, source: of its module; given: its settings as JSON, so that 1, 1.0 and True differ; fast: those that replace
    them in the fast tier; all_at_once: whether one call takes all seeds; data_files: what it reads, absolute or from
    the folder of its module.
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
    def judged_on(self) -> str:
        return self.data

    @property
    def one_by_one(self) -> bool:
        return not self.all_at_once

    def at(self, scale: Scale) -> FunctionTraining:
        own = json.loads(self.given) | (json.loads(self.fast) if scale.tier == "fast" else {})
        return replace(self, given=canonical(own), fast="{}")

    def terms(self) -> dict[str, Any]:
        names = [Path(each).name if Path(each).is_absolute() else each for each in self.data_files]
        return {"training": self.name, "settings": json.loads(self.given)} | ({"data_files": names} if names else {})

    def code(self) -> dict[str, str]:
        return code_digests(self.name, Path(self.path), self.source)

    def describe(self) -> dict[str, Any]:
        """Its terms, the source that it reaches, the versions of what that imports, and its data files' digests.

        Raises ValueError for an import that cannot be resolved, and OSError for a data file that is not there.
        """
        terms = self.terms()
        if self.data_files:
            terms["data_files"] = list(zip(terms["data_files"], map(self._file_digest, self.data_files), strict=True))
        return terms | dependencies(self.name, Path(self.path), self.source)

    def _file_digest(self, name: str) -> str:
        path = Path(self.path).parent / name
        if not path.is_file():
            found = "a folder: name the files in it" if path.is_dir() else "not there: fetch it, or correct data_files"
            raise FileNotFoundError(f"{self.name} reads the data file {name}, and {path} is {found}")
        stat = path.stat()
        return _digest_of(path, stat.st_size, stat.st_mtime_ns)

    def estimate(self, seeds: int) -> float:
        return float(seeds)  # a second each: what a function takes is known only when it has run

    def settings(self) -> dict[str, Any]:
        return {"data": self.data, "training": self.name} | self.terms()["settings"]

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays] = ()) -> Arrays:  # noqa: ARG002
        """Call the function for these seeds. Raises TypeError where it does not return arrays."""
        return self._train(_function(self.name, self.path, self.source), seeds)

    def again(self, seed: int, times: int) -> Iterator[Arrays]:
        function = _load(self.name, self.path, self.source)  # the state of its module is new
        return (self._train(function, (seed,)) for _ in range(times))

    def _train(self, function: Function, seeds: Sequence[int]) -> Arrays:
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


def training(
    function: Function | None = None,
    *,
    fast: Mapping[str, Hashable] | None = None,
    data: str = "own",
    looks: Looks = LOOKS,
    data_files: Sequence[str | Path] = (),
) -> Any:
    """Decorate a function of settings and `seed` (one a call) or `seeds` (all at once): called with settings it then
    returns a training; its attribute `function` is the plain function.

    The function returns a mapping of names to arrays or numbers: of one seed without an axis of seeds, of all seeds
    with it as the first. fast: settings of the fast tier; data: what a verdict on it is about; data_files: what it
    reads, absolute or from its module's folder. Before a call the global generators of random, NumPy and torch are
    seeded.

    Raises TypeError for a lambda or a function within a function, which no other process can find.
    """
    if isinstance(data_files, str | Path):
        raise TypeError(f"data_files must be a list of files, such as [{str(data_files)!r}]")
    files = tuple(Path(each).as_posix() for each in data_files)
    if function is None:
        return functools.partial(training, fast=fast, data=data, looks=looks, data_files=files)
    if function.__name__ == "<lambda>" or function.__qualname__ != function.__name__ or function.__closure__:
        raise TypeError(
            f"@training on {function.__qualname__}: workers find a training by its module and name, "
            "so it must be a function of the module, no lambda and none within another"
        )
    name, signature = function.__name__, inspect.signature(function)

    @functools.wraps(function)
    def with_settings(*values: Hashable, **named: Hashable) -> FunctionTraining:
        seeds = {"seed", "seeds"} & signature.parameters.keys()
        if len(seeds) != 1 or seeds & named.keys():
            raise TypeError(f"{name} must take `seed` or `seeds`, and only the suite gives it")
        if unknown := (fast or {}).keys() - signature.parameters.keys():
            raise TypeError(f"{name} has no setting {', '.join(sorted(unknown))} that fast= could change")
        bound = signature.bind(*values, **named, **dict.fromkeys(seeds, None))
        bound.apply_defaults()
        settings = {key: value for key, value in bound.arguments.items() if key not in seeds}
        plain = inspect.unwrap(function)
        path = Path(plain.__code__.co_filename)
        source = plain.__globals__.get(_SOURCE) or importlib.util.decode_source(path.read_bytes())
        given, of_fast = _settings(settings, name), _settings(fast or {}, name)
        return FunctionTraining(name, str(path), source, given, of_fast, data, looks, "seeds" in seeds, files)

    with_settings.function = function  # type: ignore[attr-defined]
    return with_settings


def _load(name: str, path: str, source: str) -> Function:
    """The plain function, made from the source of its module: the same in the session and in every worker."""
    module = types.ModuleType(f"ontrial_training_{next(_LOADED)}")
    module.__file__, module.__package__ = path, package_of(Path(path))
    setattr(module, _SOURCE, source)  # its file may be on another machine
    sys.modules[module.__name__] = module
    # A function that imports torch would import it after the generators were seeded.
    late = re.search(r"^\s*(?:import|from) (torch)\b", source, re.MULTILINE)
    if late and importlib.util.find_spec(late[1]):
        exec(f"import {late[1]}", {})
    _seed_generators(0)  # for what a module draws when it is loaded
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return getattr(module, name).function


_function = functools.cache(_load)


def _seed_generators(seed: int) -> None:
    """Seed the global generators, so that what draws from them depends on the seed alone."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def _arrays(returned: Any, by: FunctionTraining) -> Arrays:
    if not isinstance(returned, Mapping) or not returned:
        raise TypeError(f"{by} must return a mapping of names to arrays, not {type(returned).__name__}")
    if masked := [name for name, value in returned.items() if _is_masked(value)]:
        raise TypeError(
            f"{by} returned a masked array, {', '.join(map(str, masked))}, whose mask a run cannot keep: fill it, "
            "such as with NaN, or leave out what is masked"
        )
    arrays: Arrays = {name: np.asarray(value) for name, value in returned.items()}
    if any(values.dtype == object for values in arrays.values()):
        raise TypeError(f"{by} returned something that is no array of numbers")
    return arrays


def _is_masked(value: Any) -> bool:
    return np.ma.isMaskedArray(value) or (isinstance(value, list | tuple) and any(map(_is_masked, value)))


def _settings(values: Mapping[str, Any], of: str) -> str:
    """Settings as JSON, NumPy's numbers as plain ones. Raises TypeError for what JSON has no text of."""
    texts = {}
    for name, value in values.items():
        try:
            hash(value)
            texts[name] = json.dumps(value, allow_nan=False, default=lambda number: number.item())
        except (TypeError, ValueError, AttributeError) as error:
            raise TypeError(
                f"setting {name} of {of} must be a number, text, a truth value, None or a tuple of these, and finite, "
                f"not {value!r}"
            ) from error
    return canonical({name: json.loads(text) for name, text in texts.items()})


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


@functools.cache
def _digest_of(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
