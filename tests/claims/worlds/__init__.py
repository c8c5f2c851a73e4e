"""Worlds: made runs in which a claim's sentence is true, false in just its own way, or replaced by a neighbouring one.

Nothing is trained. A world is written from the sentence and its criterion, and never calls the measures that it checks.
"""

import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Literal

import numpy as np
import pytest

from models import data, runs
from ontrial import Array, Claim, Run, Runs
from ontrial.report import folder_of
from ontrial.trainings import Scale, Training

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
STREAMS: tuple[data.Stream, ...] = ("training data", "test data", "outside data")

Case = Mapping[str, Any]
Made = Mapping[Hashable, Any]


@dataclass(frozen=True)
class World:
    """A world of one claim, in all its cases or in some; made by `true`, `false` and `decoy`.

    claim: its id; says: what is so in this world; make: from the parameters of a case to the arrays of every training
    that the claim names, by its name, each (seed, …); for a claim that trains nothing, to what is put in place of the
    module's own, by names in the module or in its EXPERIMENTS. What networks return on the points of a stream is made
    too: an array "outputs on test data", (seed, sample), for each stream that the claim reads. case: parameters of the
    cases that it is a world of.
    """

    kind: Literal["true", "false", "decoy"]
    claim: str
    says: str
    make: Callable[[Case], Made]
    verdict: Literal["holds", "refuted", "inconclusive"]
    case: Case

    def is_of(self, case: "Declared") -> bool:
        return self.claim == case.id and self.case.items() <= case.parameters.items()


def true(claim: str, says: str, make: Callable[[Case], Made], **case: Any) -> World:
    """A world in which the sentence is true: the claim holds."""
    return World("true", claim, says, make, "holds", case)


def false(claim: str, says: str, make: Callable[[Case], Made], **case: Any) -> World:
    """A world in which the sentence is false in just its own way, all else alike: the claim is refuted."""
    return World("false", claim, says, make, "refuted", case)


def decoy(
    claim: str,
    says: str,
    make: Callable[[Case], Made],
    verdict: Literal["refuted", "inconclusive"] = "refuted",
    **case: Any,
) -> World:
    """A world in which a neighbouring sentence is true instead: the claim does not hold."""
    return World("decoy", claim, says, make, verdict, case)


@dataclass(frozen=True)
class Declared:
    """One case of a claim as its test declares it. trainings: what it names, by name; None where it trains nothing."""

    module: ModuleType
    test: FunctionType
    id: str
    parameters: Case
    trainings: Made | None

    @property
    def report(self) -> str:
        return self.module.__name__.split(".")[1]

    def __str__(self) -> str:
        return " ".join([self.id, *map(str, self.parameters.values())])


@cache
def declared() -> tuple[Declared, ...]:
    """Every case of every claim of every report, by the markers of their tests."""
    paths = sorted((ROOT / "claims").rglob("test_*.py"))
    return tuple(case for path in paths for case in _declared(path))


def _declared(path: Path) -> Iterator[Declared]:
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for test in vars(module).values():
        marks = getattr(test, "pytestmark", [])
        for claim in (mark for mark in marks if mark.name == "claim"):
            given = [_values(*mark.args) for mark in marks if mark.name == "parametrize"]
            named = claim.kwargs.get("trains", vars(module).get("EXPERIMENTS"))
            trainings = named if "runs" in test.__code__.co_varnames[: test.__code__.co_argcount] else None
            for parts in itertools.product(*given):
                yield Declared(module, test, claim.args[0], dict(itertools.chain(*parts)), trainings)


def _values(names: str | list[str], values: Any) -> list[list[tuple[str, Any]]]:
    """The parameters, as pairs of name and value, of every case of a parametrize."""
    names = names.split(",") if isinstance(names, str) else names
    rows = [[value] if len(names) == 1 else list(value) for value in values]
    return [[(name.strip(), value) for name, value in zip(names, row, strict=True)] for row in rows]


@cache
def worlds(report: str) -> tuple[World, ...]:
    """The worlds of a report: WORLDS of every module in its folder here; none where it has no folder."""
    paths = sorted((HERE / report).glob("[a-z]*.py"))
    modules = [import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in paths]
    return tuple(world for module in modules for world in module.WORLDS)


def judged(world: World, case: Declared, config: pytest.Config) -> str:
    """The verdict that a claim's test gives in a world, at the error of the full tier; no figure is drawn.

    Raises AssertionError for a world that does not have every training of the claim, and whatever the test raises.
    """
    made = world.make(case.parameters)
    alpha = folder_of(Path(str(case.module.__file__))).report.alpha
    with pytest.MonkeyPatch.context() as patch:
        for name, each in vars(case.module).items():
            if ".figures." in getattr(each, "__module__", ""):
                patch.setattr(case.module, name, lambda *_, **__: None)
        patch.setattr(runs.Samples, "outputs", property(_made_outputs))
        patch.setattr(runs, "function_inputs", _inputs)
        if case.trainings is None:
            for name, each in made.items():
                own = vars(case.module) if name in vars(case.module) else case.module.EXPERIMENTS
                patch.setitem(own, name, each)
            claim = Claim(case.id, alpha)
            case.test(claim, **case.parameters)
        else:
            assert made.keys() >= case.trainings.keys(), f"{world.claim} trains {list(case.trainings)}"
            given = {name: _run(each, made[name], config) for name, each in case.trainings.items()}
            claim = Claim(case.id, alpha, next(iter(given.values())).seeds)
            case.test(claim, Runs(given), **case.parameters)
    return str(claim.verdict)


def _run(each: object, arrays: Mapping[str, Array], config: pytest.Config) -> Run:
    training: Training = config.hook.pytest_ontrial_training(declared=each) or each
    training = training.at(Scale("full"))
    [n] = {len(array) for name, array in arrays.items() if name not in training.shared}
    return Run(training, tuple(range(n)), arrays)


_inputs = cache(data.function_inputs)


def _made_outputs(samples: runs.Samples) -> Array:
    first = samples.run.seeds[0]
    found = [each for each in STREAMS if np.array_equal(_inputs(first, each), samples.points[0])]
    assert found, "a world has outputs on the points of a stream alone"
    return samples.run.arrays[f"outputs on {found[0]}"]


@cache
def points(stream: data.Stream, n: int) -> Array:
    """The points of one stream of seeds 0 to n - 1, (seed, sample)."""
    return np.stack([_inputs(seed, stream).numpy().ravel() for seed in range(n)])


@cache
def targets(function: str, stream: data.Stream, n: int) -> Array:
    """The values of a function there, (seed, sample)."""
    return np.stack([data.FUNCTIONS[function](_inputs(seed, stream)).double().numpy().ravel() for seed in range(n)])


def around(value: float, n: int = 32, spread: float = 1e-3, astray: float | None = None) -> Array:
    """One number a seed, (seed,): a little apart on both sides of a value, within `spread` times its size.

    astray: what every tenth seed has instead, which a mean would follow and a median does not.
    """
    found = value + spread * max(abs(value), 1e-9) * np.linspace(-1, 1, n)
    found = np.random.default_rng(n).permutation(found)
    return found if astray is None else np.where(np.arange(n) % 10 == 5, astray, found)
