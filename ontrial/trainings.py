"""What the trial asks of a training, and what it hands to a claim's test: runs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]


class Diverged(Exception):
    """A network broke: a loss that is not finite. It says nothing for or against a claim."""


@dataclass(frozen=True)
class Looks:
    """At which numbers of seeds a claim is looked at in full, until it is decided.

    at: ascending; in place of those that are too few to decide anything the first is the fewest that can;
    budget: the last of them, unless `--most-seeds N` allows N x weight.
    """

    at: tuple[int, ...]
    budget: int
    weight: int = 1

    def upto(self, most: int | None = None, fewest: int = 1) -> tuple[int, ...]:
        """The looks of one session, whose last is the budget. Raises ValueError for a budget below the first."""
        last = self.budget if most is None else most * self.weight
        enough = tuple(seeds for seeds in self.at if seeds >= fewest)
        first = enough[0] if enough == self.at else fewest
        if last < first:
            allowed = f"a budget of {last} seeds" if most is None else f"--most-seeds {most}"
            least = -(-first // self.weight)
            raise ValueError(f"{allowed}: the first look takes {first} seeds; give at least {least}")
        return (*(seeds for seeds in dict.fromkeys((first, *enough)) if seeds < last), last)


LOOKS = Looks((1, 24, 32, 48, 64, 96), budget=32)  # from the fewest that can decide
IMAGES = Looks((16, 24, 32, 48, 64, 96), budget=32)
FUNCTIONS = Looks((32, 48, 64, 96, 128, 192, 256, 320, 480, 640), budget=320, weight=10)


class TierLike(Protocol):
    """What a training is told of a tier (see ontrial.running.scale.Scale)."""

    @property
    def tier(self) -> str:
        """Fast or full."""

    @property
    def options(self) -> Mapping[str, str | None]:
        """The suite's own options, such as where its data lie."""


@runtime_checkable
class Training(Protocol):
    """Whatever is trained once a seed: hashable, picklable, and described by all that its result depends on.

    It may say that it is trained `one_by_one`, so that each seed is stored when it is done, and how to train a seed
    `again(seed, times)`, whose arrays must then be the same bits as before (see ontrial.functions.FunctionTraining).
    """

    @property
    def judged_on(self) -> str:
        """What a verdict on it is judged on, such as "mnist"."""

    @property
    def looks(self) -> Looks:
        """At which numbers of seeds it is looked at in full."""

    @property
    def shared(self) -> frozenset[str]:
        """Names of the arrays that all seeds share, such as "epoch"."""

    @property
    def needs(self) -> tuple[Training, ...]:
        """Trainings whose arrays it is handed, of the same seeds."""

    @property
    def place(self) -> str:
        """Where it is trained: "process", or a device, all of whose jobs run as threads of one process."""

    def at(self, scale: TierLike) -> Self:
        """The training as a tier has it."""

    def terms(self) -> dict[str, Any]:
        """What was declared of it, JSON: what a registration locks."""

    def defaults(self) -> dict[str, Any]:
        """The fields that `terms` leaves out, at their defaults, JSON, in the same nesting."""

    def code(self) -> dict[str, str]:
        """Digests of the code that turns a seed or a trained network into numbers, by function.

        Empty where an engine's own tests vouch for it.
        """

    def describe(self) -> dict[str, Any]:
        """All that its result depends on but the seed, JSON: its terms, data, source, and what decides rounding."""

    def estimate(self, seeds: int) -> float:
        """Seconds that so many seeds take, on one core or on the device; of none, those that it takes to begin."""

    def settings(self) -> dict[str, Any]:
        """Its settings as a reader wants them, JSON."""

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        """What training recorded: arrays whose first axis is the seed. needed: the arrays of each of `needs`."""


@dataclass(frozen=True)
class Run:
    """One training with its seeds.

    Every array that it recorded is an attribute, such as `train_loss`, (seed, record), and so is every array of the
    first training that it needs. seconds: that it took, on one core.
    """

    training: Training
    seeds: tuple[int, ...]
    arrays: Mapping[str, Array] = field(repr=False)
    seconds: float = 0.0

    def __getattr__(self, name: str) -> Array:
        arrays = self.__dict__.get("arrays", {})  # absent while pickle is making the object
        if name in arrays:
            return arrays[name]
        raise AttributeError(f"{name!r} was not recorded by {self.training}; recorded were {', '.join(arrays)}")

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.seeds)


@dataclass(frozen=True)
class Runs(Mapping[Hashable, Run]):
    """The runs of a claim, by the names that its module gave them.

    An attribute stacks what each recorded: `runs.test_accuracy` is (configuration, seed, …).
    """

    by_name: Mapping[Hashable, Run]

    def __getitem__(self, name: Hashable) -> Run:
        return self.by_name[name]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.by_name)

    def __len__(self) -> int:
        return len(self.by_name)

    def __getattr__(self, name: str) -> Array:
        if name.startswith("__"):
            raise AttributeError(name)
        return np.stack([getattr(run, name) for run in self.by_name.values()])


@dataclass(frozen=True, eq=False)
class Stacked(Mapping[str, Array]):
    """The arrays of several seeds, each stacked when it is first read.

    rows: what each seed left, without the axis of seeds; shared: names that all seeds share; below: what these
    arrays are added to.
    """

    rows: Sequence[Mapping[str, Array]]
    shared: frozenset[str]
    below: Mapping[str, Array] = field(default_factory=dict)
    _read: Arrays = field(default_factory=dict, init=False)

    def __getitem__(self, name: str) -> Array:
        if name not in self.rows[0]:
            return self.below[name]
        if name not in self._read:
            parts = [row[name] for row in self.rows]
            self._read[name] = parts[0] if name in self.shared else np.stack(parts)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self.rows[0], *self.below]))

    def __len__(self) -> int:
        return len(set(self.rows[0]) | set(self.below))


_RESERVED = frozenset({*dir(Run), *dir(Runs), *Run.__dataclass_fields__, *Runs.__dataclass_fields__})


def require_free(names: Iterable[str]) -> None:
    """Raises ValueError for names of arrays that mean something else of a run or of runs, or that begin with "_"."""
    taken = sorted(
        str(each) for each in names if each in _RESERVED or not isinstance(each, str) or each[:1] in ("", "_")
    )
    if taken:
        raise ValueError(
            f"an array may not be named {', '.join(taken)}: a run, or runs, have that themselves; rename it"
        )


def require_finite(run: Run) -> None:
    """Raises Diverged where a loss of a run is not finite at any record, naming the training and the seeds."""
    for name in run.arrays:  # others are not stacked before they are asked for
        if name.endswith("loss") and not np.isfinite(values := run.arrays[name]).all():
            broken = np.logical_not(np.isfinite(values.reshape(run.n, -1))).any(axis=1)  # (seed,)
            seeds = [run.seeds[row] for row in np.flatnonzero(broken)]
            shown = ", ".join(map(str, seeds[:5])) + (f" and {len(seeds) - 5} more" if len(seeds) > 5 else "")
            raise Diverged(f"{name} is not finite in {len(seeds)} of {run.n} seeds ({shown}) of {run.training}")
