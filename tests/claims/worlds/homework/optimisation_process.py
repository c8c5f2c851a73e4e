"""Worlds of Part 2, Task 1: the optimisation process. 1-3-5-1 has 32 parameters, of which 23 are weights."""

from dataclasses import replace

import numpy as np

from models.experiment import Experiment
from models.networks import initial_parameters
from tests.claims.worlds import around, decoy, false, true

N, SERIES = 20, 8
LAYER = np.repeat([1, 0, 2, 0, 3, 0], [3, 3, 15, 5, 5, 1])  # (parameter,): whose weight it is, 0 for a bias
SHORT = Experiment("cos", (3, 5), epochs=30, series=SERIES, snapshots_every=3)
INITIAL = initial_parameters(SHORT, range(N)).numpy().reshape(N, SERIES, 32).astype(float)
STEPS, LONG_STEPS = np.arange(1, 30, 3), np.arange(1, 1000, 5)  # of snapshots
FIVE = np.arange(SERIES) < 5  # of eight series: they have the median, though not the mean


def losses(*of_one):
    """Losses of eight series, (seed, series, record), that fall, but for one that goes through these."""
    curve = np.tile(np.linspace(1, 0.1, 31), (N, SERIES, 1))
    if of_one:
        curve[:, 3] = np.interp(np.arange(31), np.linspace(0, 30, len(of_one)), of_one)
    return curve


def moved(layer_1=0.0, layer_2=0.0, biases=0.0):
    """Parameters, (seed, series, parameter), so far from the initial ones, each one number or one a series."""
    way = np.zeros((N, SERIES, 32))
    for layer, far in enumerate((biases, layer_1, layer_2)):
        which = layer == LAYER
        way[..., which] = around(1, N)[:, np.newaxis, np.newaxis] * np.broadcast_to(far, SERIES)[:, np.newaxis]
        way[..., which] /= np.sqrt(which.sum())
    return INITIAL + way


FALL, ENDS, FAR = losses(), moved(0.5), moved(0.8, 0.6)
# Snapshots of weights that stay where they are, elsewhere than they began.
STILL, LONG_STILL = (np.tile(moved(-0.3, -0.4)[:, :, np.newaxis], (len(steps), 1)) for steps in (STEPS, LONG_STEPS))


def runs(short=STILL, long=LONG_STILL, end=ENDS, end_of_long=FAR, loss=FALL, loss_of_long=FALL):
    """Runs of 30 steps and of 1,000, each its snapshots, its parameters in the end, and its losses."""
    return lambda case: {
        "series": {"snapshots": short, "parameters": end, "train_loss": loss, "snapshot_step": STEPS},
        "long": {"snapshots": long, "parameters": end_of_long, "train_loss": loss_of_long, "snapshot_step": LONG_STEPS},
    }


def trained(**changed):
    """What is declared, with these changes."""
    return lambda case: {"series": replace(SHORT, **changed)}


COUNTS = [
    true("W1", "as declared", lambda case: {}),
    false("W1", "seven series", trained(series=7)),
    false("W1", "31 steps", trained(epochs=31)),
    false("W1", "39 parameters", trained(hidden=(3, 6))),
    false("W1", "32 parameters, but 20 weights", trained(hidden=(6, 1, 4))),
]

TILTED = losses(1, 0.5, 1.001)
LOSSES = [
    true("W3", "hardly, in one", runs(loss=losses(1, 5, 0.999), loss_of_long=losses(1, 2))),
    false("W3", "it rises a little in one of the eight", runs(loss=TILTED)),
    false("W3", "it ends where it began in one of the eight", runs(loss=losses(1, 0.5, 1))),
    decoy("W3", "over 1,000 steps", runs(loss=losses(1, 2), loss_of_long=FALL)),
    decoy("W3", "the largest loss falls", runs(loss=losses(0.2, 0.1, 0.3))),
]

# W4: weights go 1 in 1,000 steps, 0.8 of it in layer 1 and 0.6 in layer 2


def early(five, three, biases=0.0):
    """Parameters after 30 steps: how far the weights of five of the series went, and of the others."""
    far = np.where(FIVE, five, three)
    return moved(0.6 * far, 0.8 * far, biases)


WAYS = [
    true("W4", "just less, in most series", runs(end=early(0.099, 0.5, biases=9))),
    false("W4", "just more, in most series", runs(end=early(0.101, 0.001), end_of_long=moved(0.8, 0.6, biases=99))),
    false("W4", "training loss rose in 30 steps, in one series", runs(end=early(0.05, 0.05), loss=TILTED)),
    false("W4", "training loss rose in 1,000, in one series", runs(end=early(0.05, 0.05), loss_of_long=TILTED)),
    decoy("W4", "in layer 1", runs(end=moved(0.07, 0.09))),
    decoy("W4", "less than a tenth of the initial weights", runs(end=early(0.2, 0.2), end_of_long=moved(0.2))),
    decoy("W4", "from the first snapshot to the last", runs(end=early(0.2, 0.2))),
]

# W2: series start on a line, and one of them, in its middle, goes to and fro across it

LINES = {"layer 2": (7, 11), "rest": (1, 28), "biases": (4, 22)}  # parameters along the line and across it
PLACES = np.array([-1, -0.6, 0.6, 0, 1, 0.3, -0.3, 0])


def picture(part, length, others):
    """Snapshots of 30 steps: the longest path over the larger side, of a part of the weights, and of all others."""
    sizes = {"layer 2": (1, 100, 10), "whole": (1e-4, 1, 10)}[part]
    found = np.full((N, SERIES, 10, 32), 0.5)
    for size, (name, (along, across)) in zip(sizes, LINES.items(), strict=True):
        found[..., along] += size * PLACES[:, np.newaxis]
        its = length if name == {"layer 2": "layer 2", "whole": "rest"}[part] else others
        step = size * 2 * around(its, N)[:, np.newaxis] / 9
        found[:, 3, :, across] += step * (np.arange(10) % 2)
    return found


def pictures(length, others):
    return lambda case: runs(picture(case["part"], length, others))(case)


def hidden(case):
    """The longest path is along a third direction, which no plane shows."""
    snapshots = picture(case["part"], 0.0, 0.0)
    for _, across in LINES.values():
        snapshots[..., across] += 30 * np.where(np.arange(SERIES) % 2, 1, -1)[:, np.newaxis]
    for parameter in (9, 2):
        snapshots[:, 3, :, parameter] += 0.05 * (np.arange(10) % 2)
    return runs(snapshots)(case)


def of_long(case):
    """The longest path, over 1,000 steps, is as long as the picture is wide."""
    return runs(picture(case["part"], 0.03, 0.03), long=np.tile(picture(case["part"], 2, 2), (1, 1, 20, 1)))(case)


PICTURES = [
    true("W2", "just, by one series, and only there", pictures(0.0505, 0.0495)),
    false("W2", "not quite, but elsewhere", pictures(0.0495, 0.0505)),
    decoy("W2", "over 1,000 steps", of_long),
    decoy("W2", "across the plane that the figure shows", hidden),
]

# W5: each series goes round, with a share of its variance along one direction and the rest across it


def round_trip(share, three, biases, apart, steps=LONG_STEPS):
    """Snapshots, (seed, series, snapshot, parameter). share: of five series, on an axis of the weights; three: of the
    others; biases: how large their own way is; apart: how far the series are from each other, along a line.
    """
    turn = 2 * np.pi * np.arange(len(steps)) / len(steps)
    found = np.zeros((N, SERIES, len(steps), 32))
    first = np.where(FIVE, around(share, N)[:, np.newaxis], three)[..., np.newaxis]  # (seed, series, 1)
    for parameter, (part, wave) in {
        8: (first, np.cos(turn)),
        2: (0.6 * (1 - first), np.sin(turn)),
        28: (0.4 * (1 - first), np.cos(2 * turn)),
    }.items():
        found[..., parameter] = np.sqrt(part) * wave
    found[..., 4] = biases * np.sin(3 * turn)
    found[..., 12] = apart * np.arange(SERIES)[:, np.newaxis]
    return found


def trips(*long, short=(0.9, 0.9, 0, 0)):
    return lambda case: runs(round_trip(*short, steps=STEPS), round_trip(*long))(case)


TRIPS = [
    true("W5", "a tenth more, in most series", trips(0.68, 0.45, 2, 0, short=(0.5, 0.5, 0, 0))),
    false("W5", "just less, in most series", trips(0.6, 0.95, 9, 0)),
    decoy("W5", "just more, but no more than walks of as many steps", trips(0.615, 0.615, 0, 0), "inconclusive"),
    decoy("W5", "about the mean of all series", trips(0.5, 0.5, 0, 9)),
    decoy("W5", "with biases", trips(0.5, 0.5, 9, 0)),
    decoy("W5", "over 30 steps", trips(0.5, 0.5, 0, 0)),
    decoy("W5", "in three of the eight series", trips(0.5, 0.9, 0, 0)),
]

WORLDS = COUNTS + LOSSES + WAYS + PICTURES + TRIPS
