"""Worlds of Part 2, Task 2: the gradient norm, with spikes of 1.52, which just count, and of 1.48, which do not.

Of 1,000 steps those from 20 to 979 are judged: only there the window of 41 steps lies inside the curve.
"""

import numpy as np

from tests.claims.worlds import around, decoy, false, true

N = 24
SOME = np.arange(N) % 3 != 2  # 16 of 24 seeds: they decide alone, but not beside the others
MOST = np.arange(N) % 12 != 5  # 22 of 24, as many as decide
APART = around(1, N)[:, np.newaxis]


def norm(*spikes, low=(), top=(), steps=1000):
    """A norm of 1 with spikes, (seed, step). spikes: steps, or pairs of a first and a last one; low: steps that are too
    low for one; top: some that are higher still.
    """
    curve = np.ones(steps)
    for height, places in ((1.48, low), (1.52, spikes), (1.6, top)):
        for place in places:
            first, last = place if isinstance(place, tuple) else (place, place)
            curve[first : last + 1] = height
    return curve * APART


def bent(*bends):
    """A loss, (seed, step), that falls, at some steps faster or more slowly than before: (step, change of slope)."""
    step = np.arange(1000)
    log = -0.02 * step + sum(change * np.maximum(step - at, 0) for at, change in bends)
    return np.exp(log) * APART


STEP = np.arange(1000.0)
RISING = np.exp(-4e-3 * STEP + 1e-9 * STEP**3) * APART  # its slope changes more and more, and is less and less steep
SINKING = np.exp(-4e-3 * STEP - 1e-9 * (999 - STEP) ** 3) * APART  # changes less and less, and is steeper and steeper


def runs(gradient_norm, batch_loss=RISING, quarter=None, seeds=None, others=None):
    """Runs at the learning rate and at a quarter of it. seeds: that have this norm; the others have another."""
    if seeds is not None:
        gradient_norm = np.where(seeds[:, np.newaxis], gradient_norm, norm() if others is None else others)
    slow = norm(steps=4000) if quarter is None else quarter
    return lambda case: {
        "lr": {"gradient_norm": gradient_norm, "batch_loss": batch_loss},
        "lr / 4": {"gradient_norm": slow, "batch_loss": np.ones((N, 4000))},
    }


# The middle of the judged steps, and so of their changes of slope while they rise, is 499.5; their upper quarter
# begins at 740.
AT_501, AT_495 = norm(300, 311, 883, low=(600, 700, 800), top=(320,)), norm(100, 685, 700)
WHERE = [
    true("G1", "the mean is just above the middle, where there are spikes", runs(AT_501, seeds=SOME)),
    false("G1", "the mean is just below the middle", runs(AT_495, seeds=SOME)),
    decoy("G1", "spikes lie where the loss is steep", runs(norm(800, 900), SINKING)),
    decoy("G1", "spikes lie late", runs(norm(600, 700), SINKING)),
    decoy("G1", "what is not quite a spike does", runs(norm(100, low=(800, 900)))),
    decoy("G1", "one does that is not judged", runs(norm(100, 985))),
    decoy("G1", "spikes are seldom", runs(norm(900), seeds=~SOME), "inconclusive"),
    true("G6", "two of three lie in the upper quarter", runs(norm(100, 745, 800, low=(200, 300)), seeds=SOME)),
    false("G6", "one of three does", runs(norm(100, 735, 800, low=(900, 950)), seeds=SOME)),
    decoy("G6", "on the whole they lie above the middle", runs(norm(600, 650, 700))),
    decoy("G6", "they lie where the loss is steep", runs(norm(800, 900), SINKING)),
    decoy("G6", "one of two does", runs(norm(100, 900))),
    decoy("G6", "all large changes have a spike, most spikes none", runs(
        norm(60, 130, 250, 320, 400, 510, 600), bent((250, 0.03), (510, -0.025))
    )),
]  # fmt: skip

BENDS = (250, 0.03), (510, -0.025), (760, 0.02)
SMALLER = tuple((step, 0.005 * (-1) ** place) for place, step in enumerate((60, 130, 320, 400, 600, 680, 850)))
TWICE = bent((250, 0.03), (256, -0.02), (510, 0.005), (760, -0.005))  # one change of slope, in two steps
# Over 10 steps the mean slope changes by all of a bend that lasts 10 steps, and by nine tenths of one that lasts 9.
TEN = bent((200, 0.03), *((400, 0.02), (410, -0.02)), (600, 0.019), (800, -0.019))
NINE = bent((200, 0.03), *((400, 0.02), (409, -0.02)), *((500, 0.02), (509, -0.02)), (600, 0.019), (800, -0.019))
CHANGES = [
    true("G2", "at one of ten steps, larger than two that stay", runs(norm(200, 405), TEN)),
    true("G2", "at one that stays, larger than two of nine steps", runs(norm(200, 600), NINE)),
    true("G2", "ten steps from two of three", runs(norm(100, 200, 260, 500, 900, low=(760,)), bent(*BENDS, *SMALLER))),
    false("G2", "eleven steps from two of three", runs(norm(261, 499, 760, low=(255, 505)), bent(*BENDS))),
    decoy("G2", "every spike is at a change of slope", runs(norm(760), bent(*BENDS))),
    decoy("G2", "spikes are at the smaller changes", runs(norm(60, 130, 320, 400, 600), bent(*BENDS, *SMALLER))),
    decoy("G2", "at one that comes in two steps", runs(norm(250), TWICE)),
    decoy("G2", "where the slope itself is largest", runs(norm(300, 400, 900), bent(*BENDS))),
    decoy("G2", "what is not quite a spike does", runs(norm(760, low=(250, 510)), bent(*BENDS))),
]  # fmt: skip


def levels(first, last, between=1.0):
    """A norm that is at some levels over the first and over the last 100 steps, (seed, step): (how high, how often)."""
    ends = (np.concatenate([np.full(often, high) for high, often in end]) for end in (first, last))
    first, last = ends
    return np.concatenate([first, np.full(800, between), last]) * APART


# The median of 50 steps at one level and of 50 at another lies halfway: with one step more or less it is one of both.
HALVED = norm((0, 2000), steps=4000)
FALLS = [
    true("G3", "it falls by a twentieth", runs(levels([(0.5, 50), (1.5, 50)], [(0.5, 50), (1.4, 50)], between=0.5))),
    true("G3", "most steps, though not on average", runs(levels([(1, 51), (0.1, 49)], [(9, 49), (0.9, 51)]))),
    false("G3", "it rises by a twentieth", runs(levels([(0.5, 50), (1.5, 50)], [(0.6, 50), (1.5, 50)], between=0.6))),
    false("G3", "it stays", runs(levels([(1, 100)], [(1, 100)], between=0.5))),
    decoy("G3", "at a quarter of the learning rate", runs(levels([(1, 100)], [(2, 100)]), quarter=HALVED)),
    decoy("G3", "from its first step to its last", runs(levels([(9, 1), (1, 99)], [(2, 99), (0.1, 1)]))),
    decoy("G3", "before the last hundred", runs(levels([(1, 100)], [(2, 100)], between=0.1))),
    decoy("G3", "on average", runs(levels([(1, 51), (9, 49)], [(1.1, 51), (0.1, 49)]))),
    decoy("G3", "the loss falls", runs(levels([(1, 100)], [(2, 100)]))),
]  # fmt: skip

# At a quarter of the learning rate the window has 161 steps, and steps from 80 to 3919 are judged.
THREE, FOUR = norm(200, 400, 600), norm(20, 100, 500, 979)
TWO_SLOW = norm(79, 1000, 1040, 2000, 2040, low=(3000, 3500), steps=4000)
FOUR_SLOW = norm(80, (1000, 1030), (1071, 1101), (3000, 3030), steps=4000)
THREE_SLOW = norm(1000, 2000, 3000, steps=4000)
FEWER = [
    true("G4", "three, and two that last longer", runs(THREE, quarter=TWO_SLOW, seeds=SOME, others=norm(100, 500))),
    false("G4", "three, and four that last longer", runs(THREE, quarter=FOUR_SLOW, seeds=SOME, others=FOUR)),
    decoy("G4", "as many wherever one looks", runs(THREE, quarter=THREE_SLOW), "inconclusive"),
    decoy("G4", "fewer in as many steps", runs(THREE, quarter=norm(100, 1000, 2000, 3000, 3900, steps=4000))),
    decoy("G4", "fewer that are higher", runs(norm(top=(200, 300)), quarter=THREE_SLOW)),
]  # fmt: skip

FIVE = norm(300, 311, 322, 333, 344)
COUNTS = [
    true("G5", "four, eleven steps apart", runs(norm(300, 311, 322, 333, low=(500, 600)), seeds=MOST, others=FIVE)),
    true("G5", "two, of which one lasts 20 steps", runs(norm((300, 319), 600), seeds=MOST, others=FIVE)),
    true("G5", "two, of which one is of four parts ten steps apart", runs(norm(300, 310, 320, 330, 600))),
    true("G5", "two, on the first and the last step that is judged", runs(norm(20, 979))),
    false("G5", "five", runs(FIVE, seeds=MOST, others=THREE)),
    false("G5", "one, beside one of 21 steps, which is a level", runs(norm((300, 320), 600), seeds=MOST, others=THREE)),
    false("G5", "one, beside two at the rims", runs(norm(19, 500, 980), seeds=MOST, others=THREE)),
    false("G5", "one, beside two that are just too low", runs(norm(500, low=(200, 800)), seeds=MOST, others=THREE)),
    decoy("G5", "at a quarter of the learning rate", runs(norm(500), quarter=THREE_SLOW)),
    decoy("G5", "on average", runs(norm(500), seeds=np.arange(N) % 2 == 0, others=FIVE)),
    decoy("G5", "in two thirds of seeds", runs(THREE, seeds=SOME), "inconclusive"),
]  # fmt: skip

WORLDS = WHERE + CHANGES + FALLS + FEWER + COUNTS
