"""`@training`: a training made of a plain Python function, sent to a worker as the source of its module."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import inspect
import itertools
import json
import re
import string
import sys
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ontrial.fingerprint import code_digests, dependencies
from ontrial.generators import seed_all
from ontrial.running.store import Checkpoint, canonical, with_needs
from ontrial.source import package_of
from ontrial.trainings import LOOKS, PLACES, Arrays, Looks, Options, Progress, Scale, Training

_SOURCE = "__ontrial_source__"
_LOADED = itertools.count()
# What an argument is given, by its annotation; any other is a setting.
_GIVEN: dict[str, object] = {"needs": Arrays, "options": Options, "progress": Progress, "checkpoint": Checkpoint}
Function = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True)
class FunctionTraining(Training):
    """A function with its settings.

    path, source: of its module; given: its settings as JSON, so that 1, 1.0 and True differ; fast: those that replace
    them in the fast tier; all_at_once: whether one call takes all seeds; needed: what was given to its arguments of
    Arrays, by their names; takes: what else it is given. The other fields are those of `training`; suite: the values
    of the options that it names, filled in by `at`.
    """

    name: str
    path: str
    source: str = field(repr=False)
    given: str
    fast: str = field(default="{}", repr=False)
    data: str = ""
    looks: Looks = field(default=LOOKS, repr=False)
    all_at_once: bool = False
    data_files: tuple[str, ...] = ()
    needed: tuple[tuple[str, Any], ...] = ()
    takes: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    suite: tuple[tuple[str, str | None], ...] = field(default=(), compare=False, repr=False)
    threads: int = 1
    place: str = "process"
    losses: tuple[str, ...] = ()

    def __hash__(self) -> int:
        return hash((self.name, self.path, self.given))  # without those of a chain

    def __str__(self) -> str:
        values = [f"{name}={value!r}" for name, value in self._values().items()]
        return f"{self.name}({', '.join([*values, *(f'{name}={_short(each)}' for name, each in self.needed)])})"

    @property
    def judged_on(self) -> str:
        return self.data or next((each.judged_on for each in self.needs), "own")

    @property
    def needs(self) -> tuple[Training, ...]:
        return tuple(each for _, each in self.needed if each is not None)

    @property
    def one_by_one(self) -> bool:
        return not self.all_at_once

    def at(self, scale: Scale) -> FunctionTraining:
        """The training as a tier trains it. Raises ValueError where the suite lacks an option that it names."""
        own = json.loads(self.given) | (json.loads(self.fast) if scale.tier == "fast" else {})
        needed = tuple((name, each and each.at(scale)) for name, each in self.needed)
        names = _options(self.options, self.data_files)
        if unknown := set(names) - scale.options.keys():
            there = ", ".join(scale.options) or "none"
            raise ValueError(
                f"{self.name} names options that the suite does not have: {', '.join(sorted(unknown))}. "
                f"Its hook pytest_ontrial_options returns {there}"
            )
        suite = tuple((name, scale.options[name]) for name in names)
        return replace(self, given=canonical(own), fast="{}", needed=needed, suite=suite)

    def terms(self) -> dict[str, Any]:
        return self._terms

    @functools.cached_property  # those of a chain contain those of all before
    def _terms(self) -> dict[str, Any]:
        names = [Path(each).name if Path(each).is_absolute() else each for each in self.data_files]
        found = {"training": self.name, "settings": json.loads(self.given)} | ({"data_files": names} if names else {})
        return found | ({"needs": {name: each and each.terms() for name, each in self.needed}} if self.needed else {})

    def defaults(self) -> dict[str, Any]:
        return {"needs": {name: each.defaults() for name, each in self.needed if each}} if self.needs else {}

    def code(self) -> dict[str, str]:
        return code_digests(self.name, Path(self.path), self.source)

    def describe(self) -> dict[str, Any]:
        """Its terms, the source that it reaches, the versions of what that imports, its data files' digests, the values
        of its options, and the threads that it computes with.

        Raises ValueError for an import that cannot be resolved, and OSError for a data file that is not there.
        """
        found = self.terms() | dependencies(self.name, Path(self.path), self.source)
        if self.data_files:
            found["data_files"] = list(zip(found["data_files"], map(self._file_digest, self.data_files), strict=True))
        if self.options:
            found["options"] = {name: value for name, value in self.suite if name in self.options}
        return found | ({"threads": self.threads} if self.threads > 1 else {})

    def _file_digest(self, name: str) -> str:
        values = dict(self.suite)
        if empty := [f"{{{each}}}" for each, value in self.suite if value is None and f"{{{each}}}" in name]:
            raise FileNotFoundError(f"{self.name} reads the data file {name}, and {empty[0]} has no value: give it")
        path = Path(self.path).parent / name.format_map(values)
        if not path.is_file():
            found = "a folder: name the files in it" if path.is_dir() else "not there: fetch it, or correct data_files"
            raise FileNotFoundError(f"{self.name} reads the data file {name}, and {path} is {found}")
        stat = path.stat()
        return _digest_of(path, stat.st_size, stat.st_mtime_ns)

    def settings(self) -> dict[str, Any]:
        own = {"data": self.judged_on, "training": self.name} | self.terms()["settings"]
        return own | {name: each and str(each) for name, each in self.needed}

    def train(
        self,
        seeds: Sequence[int],
        needed: Sequence[Arrays] = (),
        *,
        progress: Progress = lambda step, total: None,  # noqa: ARG005
        checkpoint: Checkpoint = Checkpoint(),  # noqa: B008
    ) -> Arrays:
        """Call the function for these seeds. Raises TypeError where it does not return arrays."""
        return self._train(_function(self.name, self.path, self.source), seeds, needed, progress, checkpoint)

    def again(self, seed: int, times: int, needed: Sequence[Arrays] = ()) -> Iterator[Arrays]:
        function = _load(self.name, self.path, self.source)  # the state of its module is new
        for _ in range(times):
            yield self._train(function, (seed,), needed, lambda step, total: None, Checkpoint())  # noqa: ARG005

    def _train(
        self,
        function: Function,
        seeds: Sequence[int],
        needed: Sequence[Arrays],
        progress: Progress,
        checkpoint: Checkpoint,
    ) -> Arrays:
        tools = {"options": dict(self.suite), "progress": progress, "checkpoint": checkpoint}
        given = {name: tools[kind] for name, kind in _arguments(function).items() if kind in tools}
        given |= self._values() | {name: None for name, each in self.needed if each is None}
        names = [name for name, each in self.needed if each is not None]
        if self.all_at_once:
            seed_all(seeds[0])
            below = [{name: np.array(values) for name, values in arrays.items()} for arrays in needed]
            return _arrays(function(seeds=tuple(seeds), **given, **dict(zip(names, below, strict=True))), self)
        rows = []
        for row, seed in enumerate(seeds):
            seed_all(seed)
            below = [{name: np.array(values[row]) for name, values in arrays.items()} for arrays in needed]
            rows.append(_arrays(function(seed=seed, **given, **dict(zip(names, below, strict=True))), self))
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def _values(self) -> dict[str, Any]:
        return {name: _as_tuple(value) for name, value in json.loads(self.given).items()}


def training(
    function: Function | None = None,
    *,
    fast: Mapping[str, Hashable] | None = None,
    data: str = "",
    looks: Looks = LOOKS,
    data_files: Sequence[str | Path] = (),
    options: Sequence[str] = (),
    threads: int = 1,
    place: str = "process",
    losses: Sequence[str] = (),
) -> Any:
    """Decorate a function of settings and `seed` (one a call) or `seeds` (all at once): called with settings it then
    returns a training; its attribute `function` is the plain function.

    The function returns a mapping of names to arrays or numbers: of one seed without an axis of seeds, of all seeds
    with it as the first. Before a call the global generators of random, NumPy and torch are seeded. By its annotation
    an argument is given Arrays: those of another training, which is given in its place; Options: of the suite, those
    named; Progress: call it with the steps done and those in all; Checkpoint: to go on where a killed run was.

    fast: settings of the fast tier; data: what a verdict on it is about, by default as for what it needs, or "own";
    data_files: what it reads, absolute or from its module's folder, or with an option, as "{data_root}/x.csv"; options:
    names of the suite's options on which its result depends, such as "device"; threads: with how many it computes;
    place: "device" for one process for all; losses: names of arrays that must be finite.

    Raises TypeError for a lambda or a function within a function, which no other process can find, and for a text in
    place of a list; ValueError for a place or a number of threads that cannot be.
    """
    for what, each in (("data_files", data_files), ("options", options), ("losses", losses)):
        if isinstance(each, str | Path):
            raise TypeError(f"{what} must be a list, such as [{str(each)!r}]")
    if place not in PLACES or threads < 1:
        raise ValueError(f"place={place!r}, threads={threads}: a place is {' or '.join(PLACES)}; threads are 1 or more")
    if function is None:
        with_files = functools.partial(training, fast=fast, data=data, looks=looks, data_files=data_files)
        return functools.partial(with_files, options=options, threads=threads, place=place, losses=losses)
    if function.__name__ == "<lambda>" or function.__qualname__ != function.__name__ or function.__closure__:
        raise TypeError(
            f"@training on {function.__qualname__}: workers find a training by its module and name, "
            "so it must be a function of the module, no lambda and none within another"
        )
    name, signature = function.__name__, inspect.signature(function)

    @functools.wraps(function)
    def with_settings(*values: Hashable, **named: Hashable) -> FunctionTraining:
        kinds = _arguments(function)
        tools = {each: kind for each, kind in kinds.items() if kind not in ("setting", "needs")}
        if len({"seed", "seeds"} & kinds.keys()) != 1:
            raise TypeError(f"{name} must take either `seed` or `seeds`")
        if wrong := tools.keys() & named.keys():
            raise TypeError(f"{name} was given {', '.join(sorted(wrong))}, which only the suite gives")
        bound = signature.bind(*values, **named, **dict.fromkeys(tools, None))
        bound.apply_defaults()
        settings = {each: value for each, value in bound.arguments.items() if kinds[each] == "setting"}
        if unknown := (fast or {}).keys() - settings.keys():
            raise TypeError(f"{name} has no setting {', '.join(sorted(unknown))} that fast= could change")
        needed = tuple((each, bound.arguments[each]) for each, kind in kinds.items() if kind == "needs")
        _require_needs(name, needed, signature)
        all_at_once = "seeds" in tools
        if all_at_once and "checkpoint" in tools.values():
            raise TypeError(f"{name} takes all `seeds` at once, and a checkpoint is of one `seed`")
        files = tuple(Path(each).as_posix() for each in data_files)
        if bool(_options(options, files)) != ("options" in tools.values()):
            raise TypeError(f"{name} must take an argument annotated Options if options= or data_files= names some")
        plain = inspect.unwrap(function)
        path = Path(plain.__code__.co_filename)
        return FunctionTraining(
            name,
            str(path),
            plain.__globals__.get(_SOURCE) or importlib.util.decode_source(path.read_bytes()),
            _settings(settings, name),
            _settings(fast or {}, name),
            data,
            looks,
            all_at_once,
            files,
            needed,
            frozenset(tools.values()) & {"progress", "checkpoint"},
            tuple(options),
            threads=threads,
            place=place,
            losses=tuple(losses),
        )

    with_settings.function = function  # type: ignore[attr-defined]
    return with_settings


@functools.cache
def _arguments(function: Function) -> dict[str, str]:
    """What each argument of a function is given: "seed", a name of _GIVEN, or "setting"."""
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        annotation = parameter.annotation
        if isinstance(annotation, str):  # from __future__ import annotations
            with suppress(Exception):
                annotation = eval(annotation, inspect.unwrap(function).__globals__)
        meant = (annotation, *typing.get_args(annotation))  # also Arrays | None
        found[name] = next((kind for kind, each in _GIVEN.items() if each in meant), "setting")
    return found | dict.fromkeys(found.keys() & {"seed", "seeds"}, "seed")


def _options(named: Sequence[str], files: Sequence[str]) -> list[str]:
    """The options that are named, and those in the names of data files."""
    in_files = [part for each in files for _, part, _, _ in string.Formatter().parse(each) if part]
    return list(dict.fromkeys((*named, *in_files)))


def _require_needs(of: str, needed: Sequence[tuple[str, Any]], signature: inspect.Signature) -> None:
    """Raises TypeError for what cannot be a training in the place of an argument's arrays."""
    for name, each in needed:
        annotation = signature.parameters[name].annotation
        if each is None and "None" not in str(annotation):
            raise TypeError(f"{of} needs a training for {name}; annotate it Arrays | None if it may do without")
        try:
            hash(each)
        except TypeError:
            raise TypeError(f"{name} of {of} is given a training, whose arrays it gets in the call") from None


def _short(need: Any) -> str:
    """A training in the settings of another: the end of a long chain, with the number of those before."""
    below = len(with_needs([need])) - 1 if isinstance(need, Training) else 0
    return f"{need.name}(…) after {below} more" if below and isinstance(need, FunctionTraining) else str(need)


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
    seed_all(0)  # for what a module draws when it is loaded
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return getattr(module, name).function


_function = functools.cache(_load)


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
    if missing := set(by.losses) - arrays.keys():
        raise TypeError(f"{by} returned no {', '.join(sorted(missing))}, which its losses= name")
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
                f"not {value!r}. An argument that is another training's result is annotated Arrays"
            ) from error
    return canonical({name: json.loads(text) for name, text in texts.items()})


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


@functools.cache
def _digest_of(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
