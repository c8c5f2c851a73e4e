"""Worlds of Part 3, Task 3.1: the line between nets of small and of large batches, 61 points from -1 to 2."""

import numpy as np

from tests.claims.worlds import around, decoy, false, true

N = 32
ALPHA = np.round(np.arange(-1, 2.01, 0.05), 2)
SMALL, LARGE = 20, 40  # where the ends are
EVEN = np.arange(N) % 2 == 0
SCALE = 10 ** np.random.default_rng(0).uniform(-1, 1, N)  # of a seed's losses, in both of its paths


def path(ends, height, beyond=9.0, middle=0.0, scale=1.0):
    """A loss along the line, (seed, alpha): two ends, which they exchange from seed to seed, and a peak beside one of
    them, so much above the larger; beyond: outside of the ends; middle: between, but at the peak.
    """
    curve = np.full((N, len(ALPHA)), float(beyond))
    curve[:, SMALL : LARGE + 1] = middle
    curve[EVEN, SMALL], curve[EVEN, LARGE] = ends
    curve[~EVEN, LARGE], curve[~EVEN, SMALL] = ends
    curve[EVEN, SMALL + 1] = curve[~EVEN, LARGE - 1] = max(ends)
    curve[EVEN, SMALL + 1] += around(height)[EVEN]
    curve[~EVEN, LARGE - 1] += around(height)[~EVEN]
    return curve * np.broadcast_to(scale, N)[:, np.newaxis]


def good(worse, better=0.99, beyond=0.1):
    """An accuracy along the line that is good at both ends: at one of them worse, another one from seed to seed."""
    return path((worse, better), 0.0, beyond, middle=0.1)


LOW, HIGH = path((0.05, 0.3), 0.05), path((0.05, 0.3), 0.5)
GOOD, BAD = good(0.96), good(0.5)


def losses(last):
    return np.stack([np.ones(N), around(last, N)], 1)


def line(train_loss=HIGH, test_loss=HIGH, train_accuracy=GOOD, test_accuracy=GOOD, fell=True):
    """What one line leaves, with the losses of training its small-batch net."""
    found = {"path_train_loss": train_loss, "path_test_loss": test_loss}
    found |= {"path_train_accuracy": train_accuracy, "path_test_accuracy": test_accuracy}
    return found | {"train_loss": losses(0.1 if fell else 1.01)}


def lines(shared=None, large=0.1, **independent):
    """Runs of both lines and of the net of large batches. shared: the line from one start; large: its last loss."""
    return lambda case: {
        "independent": line(**independent),
        "shared": line(**(shared or {})),
        "large": {"train_loss": losses(large)},
    }


BARRIERS = [
    true("I1", "just so", lines(
        dict(train_loss=LOW, train_accuracy=BAD),
        train_loss=path((0.05, 0.3), 0.102), train_accuracy=good(0.951), test_loss=LOW, test_accuracy=BAD,
    )),
    false("I1", "one end is just below 0.95", lines(train_accuracy=good(0.949, beyond=1.0))),
    false("I1", "the barrier is just below 0.1", lines(train_loss=path((0.05, 0.3), 0.098))),
    decoy("I1", "in test accuracy", lines(train_accuracy=BAD)),
    decoy("I1", "in test loss", lines(train_loss=LOW)),
    decoy("I1", "from a shared start", lines(train_loss=LOW)),
    decoy("I1", "a barrier beyond the ends", lines(train_loss=path((0.3, 0.3), 0.0, beyond=9))),
    decoy("I1", "a barrier above the better end", lines(train_loss=path((0.05, 1.0), 0.01))),
    decoy("I1", "the better end is good", lines(train_accuracy=good(0.9, 1.0))),
    true("I4", "just lower, in every seed", lines(
        dict(train_loss=path((0.0, 2.0), 1.0, scale=SCALE), test_loss=HIGH),
        train_loss=path((0.1, 0.2), 1.01, scale=SCALE), test_loss=LOW,
    )),
    false("I4", "just higher, in every seed", lines(
        dict(train_loss=path((0.1, 0.2), 1.01, scale=SCALE), test_loss=LOW),
        train_loss=path((0.0, 2.0), 1.0, scale=SCALE), test_loss=HIGH,
    )),
    decoy("I4", "in test loss", lines(dict(train_loss=HIGH, test_loss=LOW), train_loss=LOW, test_loss=HIGH)),
    decoy("I4", "losses between the ends, but not the barrier", lines(
        dict(train_loss=path((0.1, 0.2), 1.0)), train_loss=path((2.0, 3.0), 0.9, middle=2.0)
    )),
    decoy("I4", "beyond the ends", lines(
        dict(train_loss=path((0.1, 0.2), 1.0, beyond=1)), train_loss=path((0.1, 0.2), 0.9, beyond=9)
    )),
]  # fmt: skip


def ranked(*turned, beyond=1):
    """Training and test losses along the line, whose ranks differ where so many points after one another are turned.

    Of 21 points the squares of these differences add up to m (m² - 1) / 3 for m of them, and the correlation is
    1 - sum / 1540. beyond: whether both go together outside of the ends, 1, or against one another, -1.
    """
    test = np.arange(21.0)
    start = 1
    for count in turned:
        test[start : start + count] = test[start : start + count][::-1]
        start += count
    train = np.arange(61.0) - 20
    whole = beyond * train
    whole[SMALL : LARGE + 1] = test
    both = np.exp(train / 20), np.exp(whole)
    return {name: np.tile(each, (N, 1)) for name, each in zip(("train_loss", "test_loss"), both, strict=True)}


SHUFFLED = dict(train_loss=ranked()["train_loss"], test_loss=ranked()["train_loss"][:, ::-1])
ALIKE = [
    true("I2", "just above 0.9", lines(SHUFFLED, **ranked(7, 5, beyond=-1), test_accuracy=BAD)),
    false("I2", "just below 0.9", lines(ranked(), **ranked(7, 5, 2, 2))),
    false("I2", "the net of small batches learned nothing", lines(fell=False, **ranked())),
    false("I2", "the net of large batches learned nothing", lines(large=1.01, **ranked())),
    decoy("I2", "in accuracy", lines(**SHUFFLED)),
    decoy("I2", "beyond the ends", lines(**ranked(12))),
    decoy("I2", "from a shared start", lines(ranked(), **SHUFFLED)),
    decoy("I2", "test loss falls where training loss rises", lines(**ranked(19, beyond=-1))),
]


def sharp(ratio, others=1.0, settled=20):
    """Runs of the sharpness of both nets. ratio: of the large-batch one to the other, where both have settled, in so
    many seeds; others: where one has not, half of them the one and half the other.
    """
    seeds = np.arange(N)
    both, half = seeds < settled, seeds % 2 == 0
    values = np.where(both, around(ratio), others)
    return lambda case: {
        64: {"largest_eigenvalue": SCALE, "eigenvalue_settled": both | half, "train_loss": losses(0.1)},
        1024: {"largest_eigenvalue": SCALE * values, "eigenvalue_settled": both | ~half, "train_loss": losses(0.2)},
    }


SHARPNESS = [
    true("I3", "just sharper, where both have settled", sharp(1.01, others=0.5)),
    false("I3", "just flatter, where both have settled", sharp(0.99, others=2.0)),
    false("I3", "as sharp", lambda case: {64: (each := sharp(1)(case)[64]), 1024: each}),
    decoy("I3", "where one has not settled", sharp(0.99, others=2.0, settled=16)),
    decoy("I3", "few have settled", sharp(1.5, settled=12), "inconclusive"),
]

WORLDS = BARRIERS + ALIKE + SHARPNESS
