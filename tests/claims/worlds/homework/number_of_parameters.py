"""Worlds of Part 3, Task 2: ten networks of 1,645 to 952,410 parameters on MNIST, recorded at epochs 0, 5, … 50."""

import numpy as np

from models.experiment import Experiment
from tests.claims.worlds import decoy, false, true
from tests.claims.worlds.images import LEVEL, OTHER, in_turn, late, ranks, run, unlearned

SIZES = (1_645, 3_270, 8_280, 16_640, 40_785, 84_060, 178_110, 396_210, 654_310, 952_410)
HIDDEN = ((2, 5), (4, 8), (10, 20), (20, 30), (50, 25), (100, 50), (200, 100), (400, 200), (600, 300), (800, 400))
FROM_8K = SIZES[2:]
RECORDS, EPOCH = 11, np.arange(0, 51, 5)


def made(curves, others=None):
    """The runs of all ten sizes: some with these curves, and the others with those."""
    return {size: run(RECORDS, **curves.get(size, others or {})) for size in SIZES}


def last(value, before):
    """A curve that has a value at the end and another one before, (seed, record)."""
    return late(RECORDS, 1, value, before=before)


# P1
def declared(counts=SIZES, hidden=HIDDEN):
    nets = (Experiment("mnist", each, epochs=50, batch_size=50) for each in hidden)
    return lambda _: {"EXPERIMENTS": dict(enumerate(nets)), "SIZES": counts}


P1 = [
    true("P1", "the report's networks", declared()),
    true("P1", "1,000 to 900,000 parameters", declared((1_000, *SIZES[1:-1], 900_000))),
    true("P1", "10,000 to 1,100,000 parameters", declared((10_000, *SIZES[2:-1], 1_100_000))),
    false("P1", "the smallest has 999 parameters", declared((999, *SIZES[1:]))),
    false("P1", "the smallest has 10,001 parameters", declared((10_001, *SIZES[4:]))),
    false("P1", "the largest has 899,999 parameters", declared((*SIZES[:-1], 899_999))),
    false("P1", "the largest has 1,100,001 parameters", declared((*SIZES[:-1], 1_100_001))),
    false("P1", "one has one hidden layer", declared(hidden=(*HIDDEN[:-1], (900,)))),
    false("P1", "one has three hidden layers", declared(hidden=((2, 5, 5), *HIDDEN[1:]))),
    false("P1", "nine networks", declared(hidden=HIDDEN[1:])),
    false("P1", "eleven networks", declared(hidden=(*HIDDEN, (20, 20)))),
]


# P2, P3: of 45 pairs, 11 against the order make a tau of 23 / 45, and 12 make one of 21 / 45.
def ordered(quantity, rises, against, others):
    """The part of the case has so many pairs against the order at the end, and the other part so many."""

    def make(case):
        runs = {size: {} for size in SIZES}
        for part, falling in ((case["part"], against), (OTHER[case["part"]], others)):
            scale = 40 * (6 if part == "train" else 1) if quantity == "accuracy" else 0.1
            level = LEVEL[part] if quantity == "accuracy" else 1.5
            for size, rank in zip(SIZES, ranks(10, falling) - 4.5, strict=True):
                curve = level + scale * last(rank if rises else -rank, before=-rank if rises else rank)
                curve[:, 0] += 5 * (quantity == "loss")  # training lowers the loss
                runs[size] |= {f"{part}_{quantity}": curve}
        return made(runs)

    return make


P2 = [
    true("P2", "11 of 45 pairs fall with size, all of the other part", ordered("accuracy", True, 11, 45)),
    false("P2", "12 of 45 pairs fall with size, none of the other part", ordered("accuracy", True, 12, 0)),
    decoy("P2", "the accuracy of the other part rises with size", ordered("accuracy", True, 45, 0)),
]
P3 = [
    true("P3", "11 of 45 pairs rise with size, all of the other part", ordered("loss", False, 11, 45)),
    false("P3", "12 of 45 pairs rise with size, none of the other part", ordered("loss", False, 12, 0)),
    decoy("P3", "the loss of the other part falls with size", ordered("loss", False, 45, 0)),
    *(
        false("P3", f"it falls, but {size:,} parameters did not learn", unlearned(ordered("loss", False, 5, 5), size))
        for size in SIZES
    ),
]


# P4, P5: images of 10,000 summed over epochs 40, 45 and 50, as differences from one level.
def summed(extra, sign=0, odd=(178_110,), part="test"):
    """By size. sign: in every other window the odd ones are below the others (1), or above them (-1)."""
    curves = {}
    for size, each in extra.items():
        swing = 400 * sign * (size in odd)
        curves[size] = {f"{part}_accuracy": late(RECORDS, 3, LEVEL[part], each, LEVEL[part] - 2 * swing, swing)}
    return curves


def beside(test, train):
    """The runs with these curves of test accuracy and with those of training accuracy."""
    return lambda _: made({size: test[size] | train[size] for size in SIZES})


def gain(largest, best, rise, sign=0, where=(396_210, 654_310), **part):
    """What the largest and the best of two others gain over 178,110 parameters, and what these gain over 16,640.

    Over the other small networks they gain nothing where this is much, and much where it is little.
    """
    extra = dict.fromkeys(SIZES, -900 if rise <= 150 else 0) | {178_110: 0, 16_640: -rise, 952_410: largest}
    return summed(extra | in_turn(where, best, -400), sign, **part)


STEADY, STEEP = gain(0, 0, 6_000, part="train"), gain(6_000, 6_000, 0, part="train")
P4 = [
    true("P4", "the largest has lost half a point", beside(gain(-150, 150, 151, 1), STEEP)),
    true("P4", "the largest has gained half a point", beside(gain(150, 150, 151, -1), STEEP)),
    false("P4", "the largest has lost an image more", beside(gain(-151, 0, 600), STEADY)),
    false("P4", "the largest has gained an image more", beside(gain(151, 0, 600), STEADY)),
    *(
        false("P4", f"{size:,} has gained an image more", beside(gain(0, 151, 600, where=(size,)), STEADY))
        for size in (396_210, 654_310)
    ),
    false("P4", "it gained half a point up to there", beside(gain(0, 0, 150), STEADY)),
    decoy("P4", "it hardly improves in training", beside(gain(600, 600, 600), STEADY)),
    decoy("P4", "it never improves", beside(gain(0, 0, 0), STEADY)),
]


def below(*images, **how):
    """How many images each is below the best, by size."""
    return summed(dict(zip(SIZES, (-each for each in images), strict=True)), **how)


TWO = (178_110, 396_210)
AT_178K = below(9000, 900, 900, 900, 100, 151, 150, 150, 100, 0, sign=1, odd=TWO)
AT_396K = below(9000, 900, 900, 900, 100, 100, 151, 150, 0, 150, sign=1, odd=TWO)
AT_84K = below(9000, 900, 900, 900, 151, 150, 100, 100, 0, 0)
IN_TRAINING = {at: below(*[900] * place, *[0] * (10 - place), part="train") for place, at in enumerate(SIZES)}
P5 = [
    true("P5", "all from 178,110 on are near the best", beside(AT_178K, IN_TRAINING[84_060])),
    true("P5", "all from 396,210 on are near the best", beside(AT_396K, IN_TRAINING[654_310])),
    false("P5", "all from 84,060 on are near the best", beside(AT_84K, IN_TRAINING[178_110])),
    false(
        "P5",
        "the best has 178,110, but 396,210 is an image too far below",
        beside(below(9000, 900, 900, 900, 900, 900, 0, 151, 150, 150), IN_TRAINING[178_110]),
    ),
    false(
        "P5",
        "the largest is an image too far below",
        beside(below(9000, 900, 900, 900, 900, 900, 0, 0, 0, 151), IN_TRAINING[178_110]),
    ),
    decoy("P5", "all from 178,110 on are near the largest alone", beside(
        below(9000, 900, 900, 900, 900, 900, 300, 0, 150, 290), IN_TRAINING[178_110])),
    decoy("P5", "it stops in training", beside(below(*range(3600, -400, -400)), IN_TRAINING[178_110])),
]  # fmt: skip


# P6, P7, P9, P10: 1 of 60,000 images is the smallest gap; nats.
def gap(images, before=0):
    """By how many of 60,000 images training is ahead of test at the end, and before."""
    return dict(test_accuracy=np.full(RECORDS, 9_000), train_accuracy=54_000 + last(images, before))


def loss_gap(nats, before=0.0):
    train = np.linspace(2.3, 0.5, RECORDS)
    return dict(train_loss=train, test_loss=train + last(nats, before))


def ahead(images, nats):
    return gap(images, -600 if images > 0 else 600) | loss_gap(nats, -0.4 if nats > 0 else 0.4)


def of_case(curves, others):
    return lambda case: made({case["size"]: curves}, others)


P6 = [
    true("P6", "it alone is ahead in both", of_case(ahead(1, 0.001), ahead(0, 0))),
    false("P6", "it alone is not ahead in accuracy", of_case(ahead(0, 0.4), ahead(600, 0.4))),
    false("P6", "it alone is not ahead in loss", of_case(ahead(600, 0), ahead(600, 0.4))),
    decoy("P6", "test is ahead of training", of_case(ahead(-60, -0.1), ahead(-60, -0.1))),
    decoy("P6", "all others are ahead", of_case(ahead(-60, -0.1), ahead(60, 0.1))),
]


def smallest(curves, least, others, sizes=FROM_8K):
    """From 8,280 parameters on, the least is that of each size in turn; the two smaller networks have none."""
    gaps = dict.fromkeys(SIZES, others) | dict.fromkeys(SIZES[:2], -others) | in_turn(sizes, least, others)
    return lambda _: made({size: curves(each, -least * 500 + others / 2) for size, each in gaps.items()})


P7 = [
    true("P7", "the smallest gap is of one image", smallest(gap, 1, 600)),
    false("P7", "one size has no gap, another in each seed", smallest(gap, 0, 600)),
    *(false("P7", f"{size:,} has no gap", smallest(gap, 0, 600, (size,))) for size in FROM_8K),
    decoy("P7", "there is a gap in loss", lambda _: made({}, gap(-1) | loss_gap(1.0))),
    decoy("P7", "the gap has closed at the last record", lambda _: made({}, gap(0, 600))),
    decoy("P7", "test is ahead", lambda _: made({}, gap(-600, -600))),
]
P10 = [
    true("P10", "the smallest gap is of a thousandth", smallest(loss_gap, 0.001, 0.5)),
    false("P10", "one size has no gap, another in each seed", smallest(loss_gap, 0.0, 0.5)),
    *(false("P10", f"{size:,} has no gap", smallest(loss_gap, 0.0, 0.5, (size,))) for size in FROM_8K),
    decoy("P10", "there is a gap in accuracy", lambda _: made({}, gap(6_000) | loss_gap(-0.1))),
    decoy("P10", "the gap has closed at the last record", lambda _: made({}, loss_gap(0.0, 1.0))),
    decoy("P10", "test is ahead", lambda _: made({}, loss_gap(-1.0, -1.0))),
]


P9 = [
    true("P9", "it is larger by one image of 60,000", lambda _: made(
        {1_645: gap(300, 900), 16_640: gap(301), 3_270: gap(900), 8_280: gap(0)}, gap(0))),
    false("P9", "it is as large", lambda _: made(
        {1_645: gap(300), 16_640: gap(300, 900), 3_270: gap(0), 8_280: gap(900)}, gap(900))),
    decoy("P9", "the gap in loss is larger", lambda _: made(
        {1_645: gap(301) | loss_gap(0.1), 16_640: gap(300) | loss_gap(0.9)}, gap(0))),
    decoy("P9", "it is smaller", lambda _: made({1_645: gap(900), 16_640: gap(300)}, gap(300))),
]  # fmt: skip


# P8
def bent(*at, slopes=(800, 50), smallest=0, part="test"):
    """A line with its knee at so many parameters, at the end and before; the smallest network so many images off it."""
    found = {}
    for size in SIZES:
        now, then = (
            np.rint(level + slopes[0] * min(0, np.log(size / knee)) + slopes[1] * max(0, np.log(size / knee)))
            for level, knee in zip((9_000, 9_000), at, strict=True)
        )
        scale = LEVEL[part] // 9_000
        found[size] = {f"{part}_accuracy": scale * last(now + smallest * (size == SIZES[0]), before=then)}
    return found


P8 = [
    true("P8", "the knee is at 48,000", beside(bent(48_000, 90_000), bent(90_000, 90_000, part="train"))),
    false("P8", "the knee is at 52,000", beside(bent(52_000, 9_000), bent(9_000, 9_000, part="train"))),
    true("P8", "the smallest network is far below a line that bends late", lambda _: made(
        bent(200_000, 200_000, slopes=(300, 200), smallest=-5_000)), nets="all ten"),
    false("P8", "all but the smallest bend late", lambda _: made(
        bent(200_000, 200_000, slopes=(300, 200), smallest=-5_000)), nets="without the smallest"),
    false("P8", "the smallest is the best, from where accuracy falls", lambda _: made(
        bent(48_000, 48_000, smallest=4_000)), nets="all ten"),
    true("P8", "the smallest is the best, all others bend early", lambda _: made(
        bent(48_000, 48_000, smallest=4_000)), nets="without the smallest"),
    false("P8", "accuracy rises along a straight line", lambda _: made(bent(48_000, 48_000, slopes=(300, 300)))),
    decoy("P8", "it rises faster past the knee", lambda _: made(bent(20_000, 20_000, slopes=(50, 300)))),
    decoy("P8", "training accuracy bends early", beside(bent(90_000, 9_000), bent(9_000, 9_000, part="train"))),
]  # fmt: skip


# P11: what is gained from epochs 25 and 30 to 45 and 50, in images of 10,000, by sums of two.
def gained(images, other=0, uneven=0, scale=1):
    """other: the gain between other epochs; uneven: how much more of it is gained by epoch 50 than by 45."""
    curve = np.full(RECORDS, 9_000) - other * ((EPOCH < 25) | (EPOCH == 35)) + other * (EPOCH == 40)
    curve[-2:] += [-uneven, images + uneven]
    return scale * curve


def at_178k(test, train):
    return lambda _: {178_110: run(RECORDS, test_accuracy=test, train_accuracy=train)}


P11 = [
    true("P11", "10 images, and more by epoch 50 than by 45", at_178k(gained(20, 400, 400), gained(600, scale=6))),
    true("P11", "10 images, and more by epoch 45 than by 50", at_178k(gained(20, 400, -400), gained(600, scale=6))),
    false("P11", "an image more, of two records", at_178k(gained(21, -400), gained(0, scale=6))),
    false("P11", "nothing is gained, nor learned", unlearned(at_178k(gained(0), gained(0, scale=6)), 178_110)),
    decoy("P11", "nothing is gained in training", at_178k(gained(60), gained(0, scale=6))),
    decoy("P11", "nothing is gained from 40 to 50", at_178k(gained(300, 150), gained(300, scale=6))),
]

WORLDS = [*P1, *P2, *P3, *P4, *P5, *P6, *P7, *P8, *P9, *P10, *P11]
