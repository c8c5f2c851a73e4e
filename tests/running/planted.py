"""Trainings of milliseconds, and trials and jobs of them."""

import os
import signal
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ontrial import training
from ontrial.claim import Claim
from ontrial.running.jobs import Job
from ontrial.running.plan import Plan, Trial
from ontrial.running.store import described, name_of
from ontrial.trainings import Arrays, Looks, Runs, Training

LOOKS = Looks((4, 6, 8), budget=8)


@training(looks=LOOKS)
def noise(shift: float = 0.0, *, seed: int) -> dict[str, Any]:
    """One number a seed, and a curve."""
    return {"value": np.random.default_rng(seed).normal(shift), "train_loss": np.linspace(2, 1, 5)}


@training(looks=LOOKS)
def crashing(*, seed: int) -> dict[str, Any]:
    raise ArithmeticError(f"seed {seed} does not work")


@training(looks=LOOKS)
def endless(*, seed: int) -> dict[str, Any]:
    import time

    while True:
        time.sleep(0.1)


@training(looks=LOOKS)
def deadly(folder: str, deaths: int = 99, *, seed: int) -> dict[str, Any]:
    """Kills its process so many times."""
    count = len(list(Path(folder).glob("death*")))
    if count < deaths:
        Path(folder, f"death{count}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": np.float64(seed)}


@training(looks=LOOKS)
def counted(folder: str, *, seed: int) -> dict[str, Any]:
    """Leaves a file, SEED-…, each time that it is trained."""
    import tempfile
    import time

    time.sleep(0.2)
    tempfile.NamedTemporaryFile(dir=folder, prefix=f"{seed}-", delete=False).close()
    return {"value": np.float64(seed)}


@training(looks=LOOKS)
def weighty(seconds: float = 0.0, size: int = 8, other: int = 0, *, seed: int) -> dict[str, Any]:
    """Takes about so many seconds, and so many bytes in each of two arrays."""
    import time

    time.sleep(seconds)
    return {name: np.full(size // 8, float(seed)) for name in ("one", "two")}


class Odd(Exception):
    """An error that cannot be unpickled: it is not made of one text."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


@training(looks=LOOKS)
def failing(at: int, folder: str, *, seed: int) -> dict[str, Any]:
    """Fails for one seed, and leaves a file each time."""
    import tempfile

    if seed == at:
        tempfile.NamedTemporaryFile(dir=folder, prefix="failed", delete=False).close()
        raise Odd("no number", "of this seed")
    return {"value": np.float64(seed)}


@training(looks=LOOKS)
def growing(*, seed: int) -> dict[str, Any]:
    """Arrays as long as the seed is high."""
    return {"value": np.ones(seed + 1)}


@dataclass(frozen=True)
class Doubled(Training):
    """Needs another training, and returns twice its value."""

    below: Training
    place: str = "process"
    judged_on: str = "own"
    looks: Looks = LOOKS
    shared: frozenset[str] = frozenset({"factor"})

    @property
    def needs(self) -> tuple[Training, ...]:
        return (self.below,)

    def at(self, scale: Any) -> "Doubled":
        return self

    def terms(self) -> dict[str, Any]:
        return {"training": "doubled", "below": self.below.terms()}

    def describe(self) -> dict[str, Any]:
        return self.terms()

    def estimate(self, seeds: int) -> float:
        return float(seeds)

    def settings(self) -> dict[str, Any]:
        return {}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        return {"twice": 2 * needed[0]["value"], "factor": np.array([2.0, 1.0])}


def on_trial(
    trainings: Mapping[Hashable, Training],
    *looks: int,
    call: Callable[[Claim, Runs], object] = lambda claim, runs: None,
) -> Trial:
    """A trial of these trainings at these numbers of seeds."""
    make = lambda seeds, fixed: Claim("X1", 1 / 4, seeds, fixed)  # noqa: E731
    return Trial("planted/X1", trainings, looks, lambda count: tuple(range(count)), make, call)


def complete(plan: Plan, *trials: Trial) -> Plan:
    """Add these trials to a plan, and train what it lacks."""
    for trial in trials:
        plan.add(trial)
    plan.complete(plan.first_jobs(), lambda progress: None)
    return plan


def job(of: Training, *seeds: int) -> Job:
    """The job of these seeds."""
    description = described(of)
    keys = tuple(name_of(description, seed) for seed in seeds)
    return Job(of, seeds, keys, description, tuple(job(need, *seeds) for need in of.needs))
