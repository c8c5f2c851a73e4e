"""`@training`: a training out of a plain Python function, which travels to a worker as its module's source."""

from __future__ import annotations

import functools
import inspect
import json
import sys
import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ontrial.running import sources
from ontrial.running.reached import reached
from ontrial.trainings import IMAGES, Array, Arrays, Looks, TierLike

_SOURCE = "__ontrial_source__"

Settings = tuple[tuple[str, Hashable], ...]


@dataclass(frozen=True)
class FunctionTraining:
    """A function with its settings.

    name: of the function; path and source: of its module; fast: settings that the fast tier has in place of these;
    data: what a verdict on it is judged on; all_at_once: whether it takes all seeds in one call.
    """

    name: str
    path: str
    source: str = field(repr=False)
    settings_given: Settings
    fast: Settings = field(default=(), repr=False)
    data: str = "own"
    looks: Looks = field(default=IMAGES, repr=False)
    all_at_once: bool = False

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.settings_given)})"

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
        own = dict(self.settings_given) | (dict(self.fast) if scale.tier == "fast" else {})
        return replace(self, settings_given=_frozen(own), fast=())

    def terms(self) -> dict[str, Any]:
        """Its name and settings."""
        return {"training": self.name, "settings": {name: _plain(value) for name, value in self.settings_given}}

    def defaults(self) -> dict[str, Any]:
        """None: its terms name every setting."""
        return {}

    def code(self) -> dict[str, str]:
        """Digests of the function and of all that it reaches."""
        return reached(self.name, Path(self.path), self.source)

    def describe(self) -> dict[str, Any]:
        """Its terms, the source that it reaches and the versions of what that imports."""
        return self.terms() | sources.reach(self.name, Path(self.path), self.source)

    def estimate(self, seeds: int) -> float:
        """A second a seed: what a function takes is known only when it has run."""
        return float(seeds)

    def settings(self) -> dict[str, Any]:
        """As terms has them, with the data."""
        return {"data": self.data, "training": self.name} | self.terms()["settings"]

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays] = ()) -> Arrays:  # noqa: ARG002
        """Call the function for these seeds. Raises TypeError where it answers no arrays."""
        call = functools.partial(_function(self.name, self.path, self.source), **dict(self.settings_given))
        if self.all_at_once:
            return _arrays(call(seeds=tuple(seeds)), self)
        rows = [_arrays(call(seed=seed), self) for seed in seeds]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


@dataclass(frozen=True)
class Factory:
    """A decorated function: called with settings it answers a training; `function` is the plain one."""

    function: Callable[..., Mapping[str, Any]]
    fast: Mapping[str, Hashable]
    data: str
    looks: Looks

    def __call__(self, *values: Hashable, **named: Hashable) -> FunctionTraining:
        """The training with these settings. Raises TypeError for one that it has not, or that is unhashable."""
        name, signature = self.function.__name__, inspect.signature(self.function)
        seeds = {"seed", "seeds"} & signature.parameters.keys()
        if len(seeds) != 1 or seeds & named.keys():
            raise TypeError(f"{name} must take `seed` or `seeds`, and only the suite gives it")
        if unknown := self.fast.keys() - signature.parameters.keys():
            raise TypeError(f"{name} has no setting {', '.join(sorted(unknown))} that fast= could change")
        bound = signature.bind(*values, **named, **dict.fromkeys(seeds, None))
        bound.apply_defaults()
        whole = {key: value for key, value in bound.arguments.items() if key not in seeds}
        for key, value in (*whole.items(), *self.fast.items()):
            try:
                hash(value)
                json.dumps(value)
            except TypeError as error:
                raise TypeError(
                    f"setting {key} of {name} must be a number, text, a truth value, None or a tuple of these, "
                    f"not {value!r}"
                ) from error
        path = Path(self.function.__code__.co_filename)
        source = self.function.__globals__.get(_SOURCE) or path.read_text(encoding="utf-8")
        return FunctionTraining(
            self.function.__name__,
            str(path),
            source,
            _frozen(whole),
            _frozen(self.fast),
            self.data,
            self.looks,
            "seeds" in seeds,
        )


def training(
    function: Callable[..., Mapping[str, Any]] | None = None,
    *,
    fast: Mapping[str, Hashable] | None = None,
    data: str = "own",
    looks: Looks = IMAGES,
) -> Any:
    """Make a training of a function of settings and `seed` (one a call) or `seeds` (all at once).

    It answers a mapping of names to arrays or numbers: of one seed without an axis of seeds, of all seeds with it as
    the first. fast: settings of the fast tier; data: what a verdict on it is judged on.

    Raises TypeError for a lambda or a function within a function, which no other process can find.
    """
    if function is None:
        return functools.partial(training, fast=fast, data=data, looks=looks)
    if function.__name__ == "<lambda>" or function.__qualname__ != function.__name__ or function.__closure__:
        raise TypeError(
            f"@training on {function.__qualname__}: workers find a training by its module and name, "
            "so it must be a function of the module, no lambda and none within another"
        )
    return Factory(function, dict(fast or {}), data, looks)


@functools.cache
def _function(name: str, path: str, source: str) -> Callable[..., Mapping[str, Any]]:
    """The plain function, out of its module's source: the same in the session and in every worker."""
    module = types.ModuleType(f"ontrial_training_{abs(hash((path, source)))}")
    module.__file__, module.__package__ = path, sources.package_of(Path(path))
    setattr(module, _SOURCE, source)  # of another machine's file, maybe
    sys.modules[module.__name__] = module
    exec(compile(source, path, "exec"), module.__dict__)
    return getattr(module, name).function


def _arrays(answer: Any, asked: FunctionTraining) -> Arrays:
    if not isinstance(answer, Mapping) or not answer:
        raise TypeError(f"{asked} must answer a mapping of names to arrays, not {type(answer).__name__}")
    arrays: Arrays = {name: np.asarray(value) for name, value in answer.items()}
    if any(values.dtype == object for values in arrays.values()):
        raise TypeError(f"{asked} answered something that is no array of numbers")
    return arrays


def _frozen(settings: Mapping[str, Hashable]) -> Settings:
    return tuple(sorted(settings.items()))


def _plain(value: Hashable) -> Array | Any:
    return list(value) if isinstance(value, tuple) else value
