"""Worlds of Part 3, Task 1: random labels. 101 records, of epochs 0, 4, … 400; second half: after epoch 200."""

import numpy as np

from models.experiment import Experiment
from tests.claims.worlds import around, decoy, false, true

CHANCE = np.log(10)  # nats
TWO_BITS = 2 * 8_175 * np.log(2) / 60_000  # nats gained an image, with two bits stored in each parameter
EPOCH = np.arange(0, 401, 4)


def to(final, start=CHANCE, **ends):
    """A curve from one number to another, (seed, record), in the end a little apart between seeds."""
    curve = np.linspace(start, final, len(EPOCH)) * np.ones((32, 1))
    curve[:, -1] = around(final, **ends)
    return curve


def accuracy(final, images, start=0.1):
    """An accuracy that ends as a share of whole images, some of them apart between seeds, (seed, record)."""
    curve = np.full((32, len(EPOCH)), start)
    curve[:, -1] = final + (np.arange(32) % 3 - 1) / images
    return curve


def ups_and_downs(*parts):
    """A curve that climbs or falls, (seed, record). parts: each how far it goes, over how many records."""
    steps = np.concatenate([[0.0], *(np.full(records, far / records) for far, records in parts)])
    return 3 + steps.cumsum() + around(0.001)[:, np.newaxis]


def small(large=None, **arrays):
    """Runs in which the small network does as the report says, but for these arrays. large: its training accuracy."""
    plain = {
        "epoch": EPOCH,
        "train_loss": to(2.238),
        "test_loss": to(2.47),
        "train_accuracy": accuracy(0.16, 60_000),
        "test_accuracy": accuracy(0.1, 10_000),
        "test_accuracy_on_truth": accuracy(0.1, 10_000),
    }
    learned = plain | {
        "train_loss": to(0.01),
        "train_accuracy": accuracy(1998 / 2000, 2000) if large is None else large,
    }
    return lambda case: {"small": plain | arrays, "large": learned}


FLAT = to(CHANCE + 0.01)  # a training loss that did not fall
HALF = np.full((32, len(EPOCH)), 0.5)

WORLDS = [
    true("R1", "training ends just below half the loss of guessing", small(train_loss=to(0.495 * CHANCE))),
    true("R1", "most of training is above it", small(train_loss=np.where(EPOCH < 397, 2.3, to(0.49 * CHANCE)))),
    false("R1", "training ends just above half the loss of guessing", small(train_loss=to(0.505 * CHANCE))),
    false("R1", "a few seeds end low", small(train_loss=to(0.505 * CHANCE, astray=0.0))),
    decoy("R1", "the test loss is low", small(test_loss=to(0.1))),
    decoy("R1", "it was low before the end", small(train_loss=np.where(EPOCH < 400, 0.4, to(0.51 * CHANCE)))),
    decoy("R1", "it is less than half of where it started", small(train_loss=to(1.2, 2.6))),
    true(
        "R2",
        "test loss is just above guessing, and 203 more of 10,000 are right in training",
        small(test_loss=to(CHANCE + 0.055), train_accuracy=accuracy(0.1203, 60_000)),
    ),
    false("R2", "test loss ends too near to guessing", small(test_loss=to(CHANCE + 0.045))),
    false("R2", "197 more of 10,000 are right in training", small(train_accuracy=accuracy(0.1197, 60_000))),
    false("R2", "training loss did not fall", small(train_loss=FLAT)),
    decoy("R2", "test accuracy is the higher", small(test_accuracy=accuracy(0.2, 10_000))),
    decoy(
        "R2",
        "the gap is to the true labels",
        small(train_accuracy=accuracy(0.11, 60_000), test_accuracy_on_truth=accuracy(0.05, 10_000)),
    ),
    decoy(
        "R2",
        "the gap was there before the end",
        small(train_accuracy=np.where(EPOCH < 400, 0.2, accuracy(0.11, 60_000))),
    ),
    decoy(
        "R2",
        "test loss was above guessing before the end",
        small(test_loss=np.where(EPOCH < 400, 3.0, to(CHANCE + 0.01))),
    ),
    decoy("R2", "test loss rose from a start below guessing", small(test_loss=to(CHANCE + 0.01, 2.0))),
    # Of the 100 records after the start, a fall of m makes m (m − 1) / 2 of 4,950 pairs discordant.
    true(
        "R3",
        "it falls in the first half, from a high start",
        small(test_loss=ups_and_downs((9, 1), (-2, 49), (3, 1), (6, 49)) + 9 * (EPOCH < 1)),
    ),
    true(
        "R3",
        "it falls over the last 25 of 50 records, from a peak before",
        small(test_loss=ups_and_downs((2, 49), (8, 1), (-5, 1), (2, 24), (3, 1), (-1, 24))),
    ),
    false(
        "R3",
        "it falls for one record more than the first half",
        small(test_loss=ups_and_downs((9, 1), (-2, 50), (3, 1), (6, 48))),
    ),
    false(
        "R3",
        "it falls over the last 26 of 50 records",
        small(test_loss=ups_and_downs((2, 50), (2, 24), (3, 1), (-1, 25))),
    ),
    decoy("R3", "training loss climbs", small(train_loss=to(2.47), test_loss=to(2.238))),
    decoy("R3", "it climbs in the first half alone", small(test_loss=ups_and_downs((5, 50), (-1, 50)))),
    decoy("R3", "it climbs in the second half alone", small(test_loss=ups_and_downs((-5, 60), (4, 40)))),
    decoy("R3", "it falls, and ends above its start", small(test_loss=ups_and_downs((9, 1), (-5, 99)))),
    true("R4", "training accuracy ends just below a half", small(train_accuracy=accuracy(0.495, 60_000))),
    true("R4", "it was above before the end", small(train_accuracy=accuracy(0.4, 60_000, start=0.9))),
    false("R4", "training accuracy ends just above a half", small(train_accuracy=accuracy(0.505, 60_000))),
    false("R4", "training accuracy is a half", small(train_accuracy=HALF)),
    false("R4", "training loss did not fall", small(train_loss=FLAT)),
    decoy("R4", "test accuracy is low", small(train_accuracy=accuracy(0.9, 60_000))),
    true("R5", "19 of 2,000 are wrong", small(accuracy(1981.5 / 2000, 4000))),
    false("R5", "21 of 2,000 are wrong", small(accuracy(1978.5 / 2000, 4000))),
    false("R5", "20 of 2,000 are wrong", small(np.full((32, 101), 1980 / 2000))),
    decoy("R5", "the small network fits", small(accuracy(0.9, 2000), train_accuracy=accuracy(0.999, 60_000))),
    decoy("R5", "it fitted before the end", small(accuracy(0.9, 2000, start=1.0))),
    true("R6", "a hundredth above the lower border", small(test_accuracy_on_truth=accuracy(0.06, 10_000, start=0.5))),
    true(
        "R6",
        "a hundredth below the upper border",
        small(test_accuracy_on_truth=accuracy(0.14, 10_000), test_accuracy=accuracy(0.9, 10_000)),
    ),
    false("R6", "a hundredth below the lower border", small(test_accuracy_on_truth=accuracy(0.04, 10_000))),
    false("R6", "a hundredth above the upper border", small(test_accuracy_on_truth=accuracy(0.16, 10_000))),
    false("R6", "training loss did not fall", small(train_loss=FLAT)),
    decoy("R6", "it is at chance on random test labels", small(test_accuracy_on_truth=accuracy(0.3, 10_000))),
    true("R7", "a twentieth below two bits, from a high start", small(train_loss=to(CHANCE - 0.95 * TWO_BITS, 2.6))),
    false("R7", "a twentieth above two bits", small(train_loss=to(CHANCE - 1.05 * TWO_BITS))),
    false("R7", "training loss did not fall", small(train_loss=FLAT)),
    decoy("R7", "the large network stores little", small(train_loss=to(1.0))),
    decoy("R7", "what it stores by its test loss is little", small(train_loss=to(1.0), test_loss=to(2.3))),
    true("R8", "784-10-15-10, as declared", lambda case: {}),
    false("R8", "16 units", lambda case: {"small": Experiment("mnist", (10, 16), epochs=400)}),
    false("R8", "three layers of as many", lambda case: {"small": Experiment("mnist", (9, 11, 45), epochs=400)}),
]
