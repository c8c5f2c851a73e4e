"""What the worlds of claims about images share: curves over records, ranks, and the arrays of a run."""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array

N = 32  # seeds
SIZE = {"train": 60_000, "test": 10_000}  # images
LEVEL = {"train": 54_000, "test": 9_000}  # of them right, where nothing else is said
OTHER = {"train": "test", "test": "train"}
_APART = np.random.default_rng(31).permutation(N)[:, np.newaxis] - N // 2  # images of 10,000, by seed


def run(records: int, apart: bool = True, **given: ArrayLike) -> dict[str, Array]:
    """The arrays of a training that learns, with those that are given in place of its own.

    given: by name, (record,) or (seed, record); losses in nats, accuracies in images, of 60,000 for training and of
    10,000 for test, whose shares are in single precision. apart: let seeds differ, in every network of a seed by as
    many of its images.
    """
    shapes = {f"{part}_{name}": (N, records) for part in SIZE for name in ("loss", "accuracy")}
    shapes |= {"batch_loss": (N, records - 1), "last_gradient_norms": (N, 6)}
    shapes |= {"input_sensitivity": (N,), "jacobian_sensitivity": (N,)}
    usual = {name: np.ones(shape) for name, shape in shapes.items()} | {
        f"{part}_accuracy": LEVEL[part] for part in SIZE
    }
    usual |= {"train_loss": np.linspace(2.3, 0.1, records), "test_loss": np.linspace(2.3, 0.2, records)}
    made = {
        name: np.array(np.broadcast_to(each, shapes.get(name, np.shape(each))), dtype=float)
        for name, each in (usual | given).items()
    }
    for part, size in SIZE.items():
        images = made[f"{part}_accuracy"] + apart * _APART * (size // 10_000)
        made[f"{part}_accuracy"] = (images / size).astype(np.float32)
    return made


def late(records: int, last: int, mean: ArrayLike, extra: ArrayLike = 0, before: ArrayLike = 0, swing: float = 0):
    """Curves whose last records have a sum of last x mean + extra, (seed, record).

    The first of them is above the mean by two swings and the last two below it by one, so that other windows, and what
    is no mean, are the other way. before: the level of all records before them. mean, extra, before: one number, or one
    a seed.
    """
    curve = np.empty((N, records))
    curve.T[:-last], curve.T[-last:] = before, mean
    curve[:, -last] += 2 * swing
    curve[:, -2:] -= swing
    curve.T[-2] += extra
    return curve


def in_turn(names, one, others):
    """One of these has a value and all others another, in each seed another of them: by name, (seed,) each."""
    return {name: np.where(np.arange(N) % len(names) == place, one, others) for place, name in enumerate(names)}


def ranks(count: int, falling: int) -> Array:
    """An order of so many numbers in each seed, of whose pairs so many fall and all others rise, (number, seed)."""
    random, rows = np.random.default_rng(count), []
    for _ in range(N):
        before = np.zeros(count, dtype=int)  # how many smaller ones come after each
        while before.sum() < falling:
            place = random.integers(count)
            before[place] += before[place] < count - 1 - place
        left = list(range(count))
        rows.append([left.pop(place) for place in before])
    return np.array(rows).T


def unlearned(make, name):
    """The same runs, but the training of this name left its training loss as it was."""

    def made(case):
        runs = make(case)
        loss = runs[name]["train_loss"].copy()
        loss[:, 0] = loss[:, -1]
        return runs | {name: runs[name] | {"train_loss": loss}}

    return made


def with_training_of(make, other):
    """The runs of one world with the training accuracies of another."""
    return lambda case: {
        name: arrays | {"train_accuracy": other(case)[name]["train_accuracy"]} for name, arrays in make(case).items()
    }
