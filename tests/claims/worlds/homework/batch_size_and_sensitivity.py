"""Worlds of Part 3, Task 3.2: one network, five batch sizes on MNIST, recorded at epochs 0, 5, … 50."""

from dataclasses import replace

import numpy as np

from models.experiment import Experiment
from models.probes import sensitivity
from models.probing import Probe
from tests.claims.worlds import decoy, false, true
from tests.claims.worlds.images import LEVEL, OTHER, N, in_turn, late, ranks, run, unlearned

BATCHES = (5, 25, 125, 500, 1500)
INSIDE, OUTSIDE, MIDDLE, ENDS = (125, 500), (5, 25, 1500), (25, 125, 500), (5, 1500)
RECORDS = 11


def made(*curves):
    """The runs of all batch sizes, with these curves, by name and batch size."""
    return lambda _: {
        b: run(RECORDS, **{name: each[b] for part in curves for name, each in part.items()}) for b in BATCHES
    }


# B1
def declared(batches=BATCHES, hidden=(20, 30), **changed):
    nets = {batch: Experiment("mnist", hidden, epochs=50, batch_size=batch, records=10) for batch in batches}
    nets[batches[1]] = replace(nets[batches[1]], **changed)
    return lambda _: {"EXPERIMENTS": {batch: Probe(sensitivity, net) for batch, net in nets.items()}}


B1 = [
    true("B1", "the report's networks", declared()),
    false("B1", "four batch sizes", declared((5, 25, 125, 1500))),
    false("B1", "six batch sizes", declared((*BATCHES[:-1], 1000, 1500))),
    false("B1", "the smallest batch has 4 images", declared((4, *BATCHES[1:]))),
    false("B1", "the largest batch has 1,499 images", declared((*BATCHES[:-1], 1499))),
    false("B1", "16,671 parameters", declared(hidden=(20, 31))),
    false("B1", "16,640 parameters in three hidden layers", declared(hidden=(18, 32, 44))),
    false("B1", "one has another activation", declared(activation="tanh")),
    false("B1", "one learns at another rate", declared(learning_rate=2e-3)),
]


# B2-B5: sums over epochs 40, 45 and 50, as differences from one level: in images, of all there are, or in 1/1000 nats.
def summed(name, extra, sign=0, up=INSIDE):
    """By batch size. sign: in every other window those that are up are below the others (1), or above them (-1)."""
    part, _, quantity = name.partition("_")
    level, unit = (LEVEL[part], 1) if quantity == "accuracy" else (2_000, 1 / 1000)
    curves = {}
    for batch, each in extra.items():
        swing = 400 * sign * (batch in up)
        curves[batch] = unit * late(RECORDS, 3, level, each, level - 2 * swing, swing)
    return {name: curves}


def of_part(quantity, extra, opposite, sign=0, up=INSIDE):
    """The part of the case is so, and the other part is the opposite."""
    return lambda case: made(
        summed(f"{case['part']}_{quantity}", extra, sign, up), summed(f"{OTHER[case['part']]}_{quantity}", opposite)
    )(case)


def groups(first, one, others, second, two, rest):
    """In each seed another one of the first has a value, and another one of the second."""
    return in_turn(first, one, others) | in_turn(second, two, rest)


def best(inside, outside):
    return groups(INSIDE, inside, -900, OUTSIDE, outside, -900)


def worst(middle, ends):
    return groups(MIDDLE, middle, 900, ENDS, ends, -900)


def lowest(inside, outside):
    return groups(INSIDE, inside, 900, OUTSIDE, outside, 900)


def rise(at_5, at_1500):
    """The loss at both ends less the lowest inside; at 25 it is the lowest of all."""
    return in_turn(INSIDE, 0, 900) | {5: at_5, 25: -900, 1500: at_1500}


B2 = [
    true("B2", "best inside by one image of all sums", of_part("accuracy", best(1, 0), best(0, 900), 1)),
    false("B2", "as good outside as inside", of_part("accuracy", best(0, 0), best(900, 0), -1)),
    *(
        false("B2", f"best at {batch}", of_part("accuracy", best(0, -300) | {batch: 300}, best(900, 0)))
        for batch in OUTSIDE
    ),
    decoy("B2", "the other part is best inside", of_part("accuracy", best(0, 600), best(600, 0))),
    decoy(
        "B2",
        "better inside on the mean",
        of_part("accuracy", dict.fromkeys(INSIDE, 0) | in_turn(OUTSIDE, 1, -900), {**best(900, 0)}),
    ),
]
B3 = [
    true(
        "B3", "worst at both ends by one image of all sums", of_part("accuracy", worst(1, 0), worst(0, 900), 1, MIDDLE)
    ),
    false("B3", "as good at one of the ends", of_part("accuracy", worst(0, 0), worst(900, 0), -1, MIDDLE)),
    *(
        false("B3", f"worst at {batch}", of_part("accuracy", worst(900, 0) | {batch: -1800}, worst(900, 0)))
        for batch in MIDDLE
    ),
    *(
        false(
            "B3",
            f"worst at one end alone, {batch} is the best",
            of_part("accuracy", worst(1, 0) | {batch: 900}, worst(1, 0)),
        )
        for batch in ENDS
    ),
    decoy("B3", "the other part is worst at the ends", of_part("accuracy", worst(0, 600), worst(600, 0))),
]
B4 = [
    true("B4", "lowest inside by a thousandth of a nat", of_part("loss", lowest(0, 1), lowest(900, 0), -1)),
    false("B4", "lower outside by a thousandth of a nat", of_part("loss", lowest(1, 0), lowest(0, 900), 1)),
    *(
        false("B4", f"lowest at {batch}", of_part("loss", lowest(0, 300) | {batch: -300}, lowest(0, 900)))
        for batch in OUTSIDE
    ),
    decoy("B4", "the other part is lowest inside", of_part("loss", lowest(600, 0), lowest(0, 600))),
    decoy(
        "B4",
        "lower inside on the mean",
        of_part("loss", dict.fromkeys(INSIDE, 0) | in_turn(OUTSIDE, -1, 900), lowest(0, 9)),
    ),
]
B5 = [
    true("B5", "higher at both ends by a thousandth of a nat", of_part("loss", rise(1, 1), rise(-600, -600), -1)),
    false("B5", "lower at 5 by a thousandth of a nat", of_part("loss", rise(-1, 600), rise(600, 600), 1)),
    false("B5", "lower at 1500 by a thousandth of a nat", of_part("loss", rise(600, -1), rise(600, 600), 1)),
    decoy("B5", "it rises in the other part", of_part("loss", rise(-600, -600), rise(600, 600))),
    decoy("B5", "it rises at 25 alone", of_part("loss", rise(-600, -600) | {25: 900}, rise(600, 600))),
]


# B6, B7, B12: of 10 pairs, 2 against the order make a tau of 0.6, and 3 make one of 0.4.
def gradients(order, last=False):
    """The mean of six tensors' norms has this order, (batch, seed), and the norm of all together the opposite one.

    last: the mean of five of them has the opposite one, and the last makes up for it.
    """
    order = order[..., np.newaxis]  # (batch, seed, 1)
    whole = 6 + 0.6 * order
    one = 3 + 0.9 * order if last else whole * (0.9 - 0.15 * order)
    norms = np.concatenate([one, *[(whole - one) / 5] * 5], axis=2)
    return {"last_gradient_norms": dict(zip(BATCHES, norms[..., ::-1] if last else norms, strict=True))}


def measured(name, order):
    return {f"{name}_sensitivity": dict(zip(BATCHES, 1 + 0.1 * order, strict=True))}


def falls(against):
    return 4 - ranks(5, against)


RISES = ranks(5, 0)
AUTHORS = [made(gradients(falls(2), last), measured("input", RISES), measured("jacobian", RISES)) for last in (0, 1)]
B6 = [
    true("B6", "2 of 10 pairs rise, and the norm of all tensors together", AUTHORS[0]),
    true("B6", "2 of 10 pairs rise, and all but the last tensor", AUTHORS[1]),
    false("B6", "3 of 10 pairs rise", made(gradients(falls(3)), measured("input", falls(0)))),
    *(false("B6", f"it falls, but batch {batch} did not learn", unlearned(AUTHORS[0], batch)) for batch in BATCHES),
    decoy("B6", "the gradient to the input falls", made(gradients(RISES), measured("input", falls(0)))),
    decoy("B6", "it rises", made(gradients(RISES))),
]
B7 = [
    true("B7", "2 of 10 pairs rise, all of the other measures", made(
        measured("input", falls(2)), measured("jacobian", RISES), gradients(RISES))),
    false("B7", "3 of 10 pairs rise, none of the other measures", made(
        measured("input", falls(3)), measured("jacobian", falls(0)), gradients(falls(0)))),
    decoy("B7", "the author's measure falls", made(measured("input", RISES), gradients(falls(0)))),
    decoy("B7", "the Jacobian falls", made(measured("input", RISES), measured("jacobian", falls(0)))),
]  # fmt: skip
ANY = np.random.default_rng(12).permuted(np.tile(np.arange(5), (N, 1)), axis=1).T  # (batch, seed)


def like(against):
    """An order of which so many pairs are not as in the other one."""
    return np.take_along_axis(ranks(5, against), ANY, axis=0)


ALIKE = made(gradients(ANY), measured("input", like(2)), measured("jacobian", 4 - ANY))
B12 = [
    true("B12", "2 of 10 pairs differ, by the mean of all tensors", ALIKE),
    true(
        "B12",
        "2 of 10 pairs differ, not without the last tensor",
        made(gradients(ANY, last=True), measured("input", like(2))),
    ),
    false("B12", "3 of 10 pairs differ", made(gradients(ANY), measured("input", like(3)), measured("jacobian", ANY))),
    *(false("B12", f"alike, but batch {batch} did not learn", unlearned(ALIKE, batch)) for batch in BATCHES),
    decoy("B12", "one falls where the other rises", made(gradients(ANY), measured("input", 4 - ANY))),
    decoy(
        "B12", "it goes with the Jacobian", made(gradients(ANY), measured("input", 4 - ANY), measured("jacobian", ANY))
    ),
]


# B8, B10: slopes of the line of least squares, of which the ends and most pairs of points say the opposite.
LOG = np.log(BATCHES)
_LINES = np.stack([np.ones(5), LOG], axis=1)
ODD = np.array([0.8, 0.3, 0.7, -0.6, 0.5])
ODD = ODD - _LINES @ np.linalg.lstsq(_LINES, ODD)[0]  # nothing of it is left on a line


def line(slope, odd):
    return np.exp(slope * LOG + odd * ODD) * (1 + np.arange(N) / 100)[:, np.newaxis]  # (seed, batch)


def jacobian(slope, odd):
    return {"jacobian_sensitivity": dict(zip(BATCHES, line(slope, odd).T, strict=True))}


B8 = [
    true("B8", "a slope of −0.01, from a point to the last up", made(jacobian(-0.01, 1), measured("input", RISES))),
    false(
        "B8", "a slope of 0.01, from a point to the last down", made(jacobian(0.01, -1), measured("input", falls(0)))
    ),
    decoy("B8", "the gradient to the input falls", made(jacobian(0.1, 0), measured("input", falls(0)))),
    decoy("B8", "the author's measure falls", made(jacobian(0.1, 0), gradients(falls(0)))),
]


# B9
def at_steps(equal_steps, equal_epochs, jacobian=1.0, others=1.0):
    """By how much the gradient to the input is larger at 1500 than at 5, and at 500 and 25 alike."""
    ratios = {5: 1.0, 25: 1.0, 125: 1.0, 500: others, 1500: 1.0}
    return lambda _: {
        (by, batch): run(RECORDS, input_sensitivity=(ratios | {1500: ratio})[batch],
            jacobian_sensitivity=jacobian if batch == 1500 else 1.0)
        for by, ratio in (("epochs", equal_epochs), ("steps", equal_steps)) for batch in BATCHES
    }  # fmt: skip


B9 = [
    true("B9", "as large at both ends", at_steps(1.0, 0.5, 0.5, 0.5)),
    false("B9", "it falls by a hundredth", at_steps(0.99, 2.0, 2.0, 2.0)),
    decoy("B9", "it does not fall with equal epochs", at_steps(0.5, 2.0)),
    *(
        false("B9", f"as large, but batch {batch} did not learn", unlearned(at_steps(1.5, 0.5), ("steps", batch)))
        for batch in ENDS
    ),
]


# B10
def frozen(slope, odd):
    """The author's measure at frozen weights, and the opposite in training."""
    sizes = np.tile(BATCHES, (N, 1))
    return lambda _: {125: run(RECORDS, frozen_batch_size=sizes, frozen_gradient_norm=line(slope, odd))}


B10 = [
    true("B10", "a slope of −0.21, less by the ends", frozen(-0.21, 0.5)),
    false("B10", "a slope of −0.19, more by the ends", frozen(-0.19, -0.5)),
    false("B10", "it falls, but nothing was learned", unlearned(frozen(-0.5, 0), 125)),
    decoy("B10", "it grows as fast", frozen(0.21, 0)),
]


# B13: shares of the sum of squares.
def carried(share, images, norms=False):
    """A hundred images carry a share, as many more of them as large, and all others the rest, in any order."""
    squares = np.full(10_000, share / 100)
    squares[images:] = (1 - share / 100 * images) / (10_000 - images)
    terms = squares**2 if norms else squares
    order = np.random.default_rng(13).permuted(np.tile(np.sqrt(terms), (N, 1)), axis=1)
    return lambda _: {125: run(RECORDS, image_gradient_norm=order)}


B13 = [
    true("B13", "a hundred of 10,000 images carry half", carried(0.5001, 100)),
    false("B13", "a hundred and one of 10,000 images carry half", carried(0.4999, 180)),
    decoy("B13", "all images carry as much", carried(0.01, 100)),
]


# B11: images between the best and the worst batch size, five sizes in turn.
def spreads(tuned, one_rate, before, part="test"):
    found = {}
    for by, images in (("tuned", tuned), ("one rate", one_rate)):
        seeds = np.stack([np.roll(images, seed) for seed in range(N)], axis=1)  # (batch, seed)
        wider = np.arange(5)[:, np.newaxis] * np.full(N, before[by])
        for batch, now, then in zip(BATCHES, seeds, wider, strict=True):
            found[by, batch] = {f"{part}_accuracy": late(RECORDS, 1, LEVEL[part] + now, before=LEVEL[part] + then)}
    return found


def rates(test, train):
    return lambda _: {name: run(RECORDS, **test[name], **train[name]) for name in test}


WIDE_ENDS, ONE_APART = np.array([0, 0, 99, 99, 99]), np.array([0, 50, 50, 50, 100])
NARROWER = spreads(WIDE_ENDS, ONE_APART, {"tuned": 90, "one rate": 10})
AS_WIDE = spreads(ONE_APART, WIDE_ENDS + (WIDE_ENDS > 0), {"tuned": 10, "one rate": 90})
NONE, MUCH = 0 * ONE_APART, 60 * ONE_APART
IN_TRAINING = [spreads(*each, {"tuned": 0, "one rate": 0}, "train") for each in ((NONE, MUCH), (MUCH, NONE))]
B11 = [
    true("B11", "from best to worst an image less", rates(NARROWER, IN_TRAINING[1])),
    false("B11", "from best to worst as many images", rates(AS_WIDE, IN_TRAINING[0])),
    decoy("B11", "they differ less in training", rates(
        spreads(ONE_APART, ONE_APART // 100, {"tuned": 0, "one rate": 90}), IN_TRAINING[0])),
    *(
        false("B11", f"less, but {name} did not learn", unlearned(rates(NARROWER, IN_TRAINING[1]), name))
        for name in NARROWER
    ),
]  # fmt: skip

WORLDS = [*B1, *B2, *B3, *B4, *B5, *B6, *B7, *B8, *B9, *B10, *B11, *B12, *B13]
