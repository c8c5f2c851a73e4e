"""What is trained (tiers, looks, the `Training` protocol) and what it leaves for a claim's test (runs)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]
Options = Mapping[str, str | None]  # of the suite, by name
Progress = Callable[[float, float], object]  # given the steps done, and those in all
Tier = Literal["fast", "full"]
_NUMBERS = itertools.count()
_MOST_BYTES = 2**26  # of stacked arrays that a claim has in memory, beside those that it holds
TIERS: tuple[Tier, ...] = ("fast", "full")
PLACES = ("process", "device")  # where trainings have processes of their own

FAST_SEEDS = 8
# Valid at any number of seeds; with 8 it is reached only where all agree, which at the border 1 in 256 do.
FAST_ALPHA = 1 / 50


class Diverged(Exception):
    """A loss of a network is not finite, which says nothing for or against a claim."""


@dataclass(frozen=True)
class Looks:
    """The numbers of seeds at which a claim is judged in full, until it is decided.

    at: ascending; those too few to decide anything are replaced by the fewest that can;
    budget: the last of them, unless `--ontrial-most-seeds N` allows N x weight.
    """

    at: tuple[int, ...]
    budget: int
    weight: int = 1

    def upto(self, most: int | None = None, fewest: int = 1) -> tuple[int, ...]:
        """The looks of one session, the last of which is the budget. Raises ValueError for one below the first."""
        last = self.budget if most is None else most * self.weight
        enough = tuple(seeds for seeds in self.at if seeds >= fewest)
        first = enough[0] if enough == self.at else fewest
        if last < first:
            allowed = f"a budget of {last} seeds" if most is None else f"--ontrial-most-seeds {most}"
            least = -(-first // self.weight)
            raise ValueError(f"{allowed}: the first look takes {first} seeds; give at least {least}")
        return (*(seeds for seeds in dict.fromkeys((first, *enough)) if seeds < last), last)


LOOKS = Looks((1, 24, 32, 48, 64, 96), budget=32)  # from the fewest that can decide
IMAGES = Looks((16, 24, 32, 48, 64, 96), budget=32)
FUNCTIONS = Looks((32, 48, 64, 96, 128, 192, 256, 320, 480, 640), budget=320, weight=10)


@dataclass(frozen=True)
class Scale:
    """All that differs between the tiers.

    options: the suite's own, such as its data folder; exactly: `--ontrial-seeds`, in place of looks; most:
    `--ontrial-most-seeds`.
    """

    tier: Tier
    options: Options = field(default_factory=dict, hash=False)
    exactly: int | None = None
    most: int | None = None

    def looks(self, of: Looks, fewest: int) -> tuple[int, ...]:
        """The numbers of seeds at which a claim is judged. Raises ValueError where they cannot decide anything."""
        if self.exactly is None:
            return (FAST_SEEDS,) if self.tier == "fast" else of.upto(self.most, fewest)
        if self.exactly < fewest:
            raise ValueError(
                f"{self.exactly} seeds cannot decide anything, even where all agree: at least {fewest} are needed"
            )
        return (self.exactly,)


@runtime_checkable
class Training(Protocol):
    """What is trained once a seed: hashable, picklable, and described by all that its result depends on.

    judged_on: what a verdict on it is about, such as "mnist"; looks: the numbers of seeds at which it is judged in
    full; needs: trainings whose arrays it is given, for the same seeds; shared: names of arrays that all seeds share,
    such as "epoch"; place: "process"; "device", whose jobs run one by one in a process of their own; or another name,
    whose jobs run as threads of the session's process.

    Derive from it for the defaults. More attributes are optional: `one_by_one`, true where it is called, and stored,
    one seed at a time; `again(seed, times, needed)`, which trains a seed again, and must return the same bits;
    `threads`, with how many it computes, by default 1; `takes`, which of `progress` and `checkpoint` are given to
    `train` by name; `losses`, names of the arrays that must be finite, by default all that end in "loss".
    """

    @property
    def judged_on(self) -> str: ...

    @property
    def looks(self) -> Looks: ...

    @property
    def needs(self) -> tuple[Training, ...]:
        return ()

    @property
    def shared(self) -> frozenset[str]:
        return frozenset()

    @property
    def place(self) -> str:
        return "process"

    def at(self, scale: Scale) -> Self:
        """The training as a tier trains it."""

    def terms(self) -> dict[str, Any]:
        """What was declared, JSON: what a registration locks."""

    def defaults(self) -> dict[str, Any]:
        """The fields that `terms` leaves out, JSON, in the same nesting."""
        return {}

    def code(self) -> dict[str, str]:
        """Digests, by function, of the code that turns a seed into numbers; none where an engine's own tests do."""
        return {}

    def describe(self) -> dict[str, Any]:
        """All that its result depends on but the seed, JSON: terms, data, source, and what decides rounding."""

    def estimate(self, seeds: int) -> float | None:  # noqa: ARG002
        """Seconds for so many seeds, on one core or on the device; for none, the seconds to start.

        None where only measuring tells: then a seed is trained first.
        """
        return None

    def settings(self) -> dict[str, Any]:
        """Its settings as a reader wants them, JSON."""

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        """The arrays that training recorded, first axis the seed. needed: the arrays of each of `needs`."""


@dataclass(frozen=True)
class Run:
    """One training with its seeds.

    Every array that it recorded is an attribute, such as `train_loss`, (seed, record), and so is every array of the
    first training that it needs. seconds: what it took, on one core.
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
    """The arrays of several seeds, each stacked when it is read.

    rows: each seed's, without the axis of seeds; shared: names of arrays that all seeds share; recent: those that were
    read last, of all runs of a claim, as far as they are small enough together: others are read again.
    """

    rows: Sequence[Mapping[str, Array]]
    shared: frozenset[str]
    recent: dict[tuple[int, str], Array] = field(default_factory=dict)
    _number: int = field(default_factory=_NUMBERS.__next__, init=False)  # not its id, which another may get after it

    def __getitem__(self, name: str) -> Array:
        if (self._number, name) not in self.recent:
            first = self.rows[0][name]
            size = first.nbytes * (1 if name in self.shared else len(self.rows))
            while self.recent and size + sum(each.nbytes for each in self.recent.values()) > _MOST_BYTES:
                del self.recent[next(iter(self.recent))]
            self.recent[self._number, name] = first if name in self.shared else self._stack(name, first)
        return self.recent[self._number, name]

    def _stack(self, name: str, first: Array) -> Array:
        """All rows of an array, where they are alike with no more than one in memory beside the result."""
        stacked = np.empty((len(self.rows), *first.shape), first.dtype)
        for place, row in enumerate(self.rows):
            values = row[name] if place else first
            if (values.shape, values.dtype) != (first.shape, first.dtype):
                return np.stack([each[name] for each in self.rows])
            stacked[place] = values
        return stacked

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows[0])

    def __len__(self) -> int:
        return len(self.rows[0])


_RESERVED = frozenset({*dir(Run), *dir(Runs), *Run.__dataclass_fields__, *Runs.__dataclass_fields__})


def require_free(names: Iterable[str]) -> None:
    """Raises ValueError for names of arrays that are attributes of a run or of runs, or begin with "_"."""
    if taken := sorted(
        str(each) for each in names if not isinstance(each, str) or each in _RESERVED or each[:1] in "_"
    ):
        raise ValueError(
            f"an array may not be named {', '.join(taken)}: a run, or runs, have that themselves; rename it"
        )


def require_finite(run: Run, names: Iterable[str] | None = None) -> None:
    """Raises Diverged where an array of a run is not finite at any record, naming the training and the seeds.

    names: of the arrays, by default the losses of its training.
    """
    if names is None and (names := getattr(run.training, "losses", None)) is None:
        names = [name for name in run.arrays if name.endswith("loss")]
    for name in names:  # others are not read before they are needed
        if not np.isfinite(values := getattr(run, name)).all():
            broken = np.logical_not(np.isfinite(values.reshape(run.n, -1))).any(axis=1)  # (seed,)
            seeds = [run.seeds[row] for row in np.flatnonzero(broken)]
            shown = ", ".join(map(str, seeds[:5])) + (f" and {len(seeds) - 5} more" if len(seeds) > 5 else "")
            raise Diverged(f"{name} is not finite in {len(seeds)} of {run.n} seeds ({shown}) of {run.training}")
