"""Trainings of milliseconds, and trials of them, for the tests of when and where something is trained."""

import os
import signal
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ontrial import training
from ontrial.claim import Claim
from ontrial.running.plan import Plan
from ontrial.running.trial import Trial
from ontrial.trainings import Arrays, Looks, Runs, Training

LOOKS = Looks((4, 6, 8), budget=8)


@training(looks=LOOKS)
def noise(shift: float = 0.0, *, seed: int) -> dict[str, Any]:
    """One number of a seed, and a curve."""
    return {"value": np.random.default_rng(seed).normal(shift), "train_loss": np.linspace(2, 1, 5)}


@training(looks=LOOKS)
def crashing(*, seed: int) -> dict[str, Any]:
    """A training that cannot be done."""
    raise ArithmeticError(f"seed {seed} does not work")


@training(looks=LOOKS)
def endless(*, seed: int) -> dict[str, Any]:
    """A training that does not end by itself."""
    import time

    while True:
        time.sleep(0.1)


@training(looks=LOOKS)
def deadly(folder: str, deaths: int = 99, *, seed: int) -> dict[str, Any]:
    """A training that kills its process, so many times."""
    count = len(list(Path(folder).glob("death*")))
    if count < deaths:
        Path(folder, f"death{count}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": np.float64(seed)}


@training(looks=LOOKS)
def counted(folder: str, *, seed: int) -> dict[str, Any]:
    """A training that leaves a file each time that it is done."""
    import tempfile
    import time

    time.sleep(0.2)
    tempfile.NamedTemporaryFile(dir=folder, prefix=f"{seed}-", delete=False).close()
    return {"value": np.float64(seed)}


class Odd(Exception):
    """An error that is not made of one text, as whoever unpickles it expects."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


@training(looks=LOOKS)
def failing(at: int, *, seed: int) -> dict[str, Any]:
    """A training that cannot be done for one seed."""
    if seed == at:
        raise Odd("no number", "of this seed")
    return {"value": np.float64(seed)}


@training(looks=LOOKS)
def growing(*, seed: int) -> dict[str, Any]:
    """A training whose arrays are as long as its seed is high."""
    return {"value": np.ones(seed + 1)}


@dataclass(frozen=True)
class Doubled(Training):
    """A training that needs another, and answers twice its value."""

    below: Training
    place: str = "process"
    judged_on: str = "own"
    looks: Looks = LOOKS
    shared: frozenset[str] = frozenset({"factor"})

    @property
    def needs(self) -> tuple[Training, ...]:
        """The other."""
        return (self.below,)

    def at(self, scale: Any) -> "Doubled":
        """The same in every tier."""
        return self

    def terms(self) -> dict[str, Any]:
        """Its name and what it needs."""
        return {"training": "doubled", "below": self.below.terms()}

    def defaults(self) -> dict[str, Any]:
        """Those of what it needs."""
        return {"below": self.below.defaults()}

    def describe(self) -> dict[str, Any]:
        """As terms."""
        return self.terms()

    def estimate(self, seeds: int) -> float:
        """A second a seed."""
        return float(seeds)

    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        """Twice the value of the same seeds."""
        return {"twice": 2 * needed[0]["value"], "factor": np.array([2.0, 1.0])}


def on_trial(
    trainings: Mapping[Hashable, Training],
    *looks: int,
    call: Callable[[Claim, Runs], object] = lambda claim, runs: None,
    draw: Callable[[int], tuple[int, ...]] = lambda count: tuple(range(count)),
    alpha: float = 1 / 4,
) -> Trial:
    """A trial of these trainings, at these numbers of seeds."""
    return Trial("planted/X1", trainings, looks, draw, lambda seeds, fixed: Claim("X1", alpha, seeds, fixed), call)


def complete(plan: Plan) -> int:
    """Train all that a plan lacks; answers the number of jobs that it began with."""
    first = plan.first_jobs()
    plan.complete(first, lambda progress: None)
    return len(first)
