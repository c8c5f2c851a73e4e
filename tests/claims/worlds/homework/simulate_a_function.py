"""Worlds of Part 1, Task 1: simulate a function.

Squared errors are made zone by zone of abs(x), with the mean of each zone exact, and lie in that part of a zone which
tells it from one that is wider, narrower, or on one side alone.
"""

import numpy as np

from models.experiment import Experiment
from tests.claims.worlds import around, decoy, false, points, targets, true

N = 32
MODELS, FUNCTIONS = ("shallow", "middle", "deep"), ("cos", "arcsinh")
NEVER = np.inf
SOME = np.arange(N) % 4 != 3  # 24 of 32 seeds: they decide alone, but not beside the others


def net(function, steps=1000, n=N, fell=True, train=0.1, test=None, outside=None):
    """What one network leaves. steps: to converge, one or (seed,); fell: whether its training loss did.

    train, test, outside: squared errors on the points of a stream, (seed, sample) or one for all.
    """
    goal = 0.05 * targets(function, "training data", n).var(1)  # (seed,)
    loss = np.full((n, 2000), 1.2) * goal[:, np.newaxis]
    for row, limit, step in zip(loss, goal, np.broadcast_to(steps, n), strict=True):
        row[-1] = limit  # which is not below it
        if step < NEVER:
            row[int(step) - 1], row[int(step)] = limit, 0.99 * limit
    made = {"batch_loss": loss, "train_loss": np.stack([np.ones(n), around(0.5 if fell else 1.01, n)], 1)}
    for stream, squares in {"training data": train, "test data": test, "outside data": outside}.items():
        if squares is not None:
            values = targets(function, stream, n)
            # Errors are towards the mean: the outputs vary less than the targets.
            made[f"outputs on {stream}"] = values - np.sqrt(squares) * np.sign(values - values.mean(1, keepdims=True))
    return made


def everywhere(x):
    return abs(x) < np.inf


def errors(stream, *zones):
    """Squared errors by zone, (seed, sample). zones: from and to which abs(x), their mean, one or (seed,), and
    where in the zone they all are.
    """
    x, found = points(stream, N), np.zeros((N, 1000))
    for low, high, mean, where in zones:
        zone = (abs(x) > low) & (abs(x) < high)
        place = zone & where(x)
        found += place * (np.broadcast_to(mean, N) * zone.sum(1) / place.sum(1))[:, np.newaxis]
    return found


def one(function, this, others):
    """Runs in which the network that a case is about is one thing, and the five others another."""

    def make(case):
        its = case.get("function", function)
        plain = {each: others(each) for each in FUNCTIONS}
        return {(model, each): plain[each] for model in MODELS for each in FUNCTIONS} | {
            (case["model"], its): this(its)
        }

    return make


# F1


def layers(*widths):
    """Declared for every network: these hidden layers."""
    return lambda case: {(case["model"], each): Experiment(each, widths, epochs=2000) for each in FUNCTIONS}


COUNTS = [
    true("F1", "as declared", lambda case: {}),
    true("F1", "757 parameters", layers(252), model="shallow"),
    true("F1", "743 parameters", layers(10, 22, 20), model="middle"),
    true("F1", "757 parameters", layers(4, 4, 10, 18, 24), model="deep"),
    false("F1", "760 parameters", layers(253), model="shallow"),
    false("F1", "742 parameters", layers(247), model="shallow"),
    false("F1", "758 parameters", layers(10, 21, 22), model="middle"),
    false("F1", "742 parameters", layers(4, 4, 5, 23, 22), model="deep"),
    false("F1", "two layers", layers(26, 25), model="shallow"),
    false("F1", "five layers", layers(4, 4, 12, 18, 21), model="middle"),
    false("F1", "three layers", layers(10, 22, 20), model="deep"),
]

# F2 to F5: steps to converge


def converging(seeds, n):
    """A network that converges at the last step in so many of n seeds, and not at all in the others."""
    return lambda function: net(function, np.where(np.arange(n) < seeds, 1999, NEVER), n)


def when(steps):
    return lambda function: net(function, steps)


def both(arcsinh, cos, others):
    """Runs in which a case's network takes so many steps on each function, and other networks take others."""
    return lambda case: {
        (model, each): net(each, taken)
        for model in MODELS
        for each, taken in zip(FUNCTIONS, (cos, arcsinh) if model == case["model"] else others, strict=True)
    }


def slowest(most, fewer=300, arcsinh=1300):
    """Runs in which one network is the slowest on cos in each seed, another from seed to seed."""
    turns = {model: np.where(np.arange(N) % 3 == turn, most, fewer) for turn, model in enumerate(MODELS)}
    return lambda case: {
        (model, each): net(each, turn if each == "cos" else arcsinh)
        for model, turn in turns.items()
        for each in FUNCTIONS
    }


MIXED = np.where(SOME, 299, NEVER)
STEPS = [
    true("F2", "158 of 160 converge, at the last step", one("", converging(158, 160), converging(80, 160))),
    false("F2", "123 of 160 do", one("", converging(123, 160), converging(160, 160))),
    decoy("F2", "157 of 160 do", one("", converging(157, 160), converging(160, 160)), "inconclusive"),
    true("F3", "it is one step sooner", both(299, 300, (299, 300))),
    true("F3", "where both converge, it is one step sooner", both(MIXED, np.where(SOME, 300, 100), (299, 300))),
    true("F3", "it never converges where cos never does", both(MIXED, np.where(SOME, 300, NEVER), (299, 300))),
    false("F3", "it is one step later", both(301, 300, (301, 300))),
    false("F3", "it is as soon", both(300, 300, (301, 300))),
    decoy("F3", "cos never converges in most seeds", both(300, np.where(SOME, NEVER, 301), (301, 300)), "inconclusive"),
    decoy("F3", "it converges where cos does not", both(300, NEVER, (301, 300)), "inconclusive"),
    true("F4", "at 300 steps, where it converges", one("arcsinh", when(np.where(SOME, 300, NEVER)), when(900))),
    true("F4", "most at 300 steps, some far later", one("arcsinh", when(around(290, astray=1999).round()), when(900))),
    false("F4", "at 301 steps", one("arcsinh", when(301), when(250))),
    decoy("F4", "it seldom converges", one("arcsinh", when(np.where(SOME, NEVER, 250)), when(250)), "inconclusive"),
    decoy("F4", "on average", one("arcsinh", when(np.where(SOME, 310, 1)), when(9)), "inconclusive"),
    true("F5", "just above 910, another model from seed to seed", slowest(912)),
    true("F5", "just below 1690", slowest(1688, 1500, 300)),
    false("F5", "just below 910", slowest(908)),
    false("F5", "just above 1690", slowest(1692, 1300)),
    decoy("F5", "one model never does", slowest(NEVER, 1300)),
    decoy("F5", "arcsinh does", slowest(500)),
]  # fmt: skip

# F6, F10, F11: errors as shares of the variance

STREAMS = {"train": "training data", "test": "test data", "outside": "outside data"}


def erring(fell=True, unless=None, converges=SOME, **shares):
    """A network whose mean squared error is a share of the variance of the targets of a stream, by stream.

    unless: the share in seeds that do not converge, None where all do; converges: (seed,), which then do; shares: or
    with where all errors are.
    """

    def made(function):
        found = {}
        for name, given in shares.items():
            share, where = given if isinstance(given, tuple) else (given, everywhere)
            each = around(share) if unless is None else np.where(converges, around(share), unless)
            variance = targets(function, STREAMS[name], N).var(1)
            found[name] = errors(STREAMS[name], (0, 20, each * variance, where))
        return net(function, 1000 if unless is None else np.where(converges, 1000, NEVER), fell=fell, **found)

    return made


def far(x):
    return abs(x) > 15


def near(x):
    return abs(x) < 15


SHARES = [
    true("F6", "just below a hundredth", one("arcsinh", erring(test=0.0099, train=0.5), erring(test=0.02))),
    true("F6", "so where it converged", one("arcsinh", erring(test=0.0099, unless=0.5), erring(test=0.02))),
    false("F6", "just above a hundredth", one("arcsinh", erring(test=0.0101), erring(test=0.001))),
    decoy("F6", "on training points", one("arcsinh", erring(test=0.02, train=0.001), erring(test=0.001))),
    decoy("F6", "further out", one("arcsinh", erring(test=0.02, outside=0.001), erring(test=0.001))),
    decoy("F6", "where it did not converge", one("arcsinh", erring(test=0.02, unless=0.001), erring(test=0.001))),
    true("F10", "just worse", one("cos", erring(outside=(1.01, far), test=0.1), erring(outside=0.9))),
    true("F10", "just worse, close by", one("cos", erring(outside=(1.01, near), test=0.1), erring(outside=0.9))),
    true("F10", "worse, though it seldom converged", one(
        "cos", erring(outside=1.01, unless=1.01, converges=~SOME), erring(outside=0.9)
    )),
    false("F10", "just better", one("cos", erring(outside=(0.99, far), test=0.1), erring(outside=1.1))),
    false("F10", "training loss did not fall", one("cos", erring(outside=2.0, fell=False), erring(outside=2.0))),
    decoy("F10", "between -10 and 10", one("cos", erring(outside=0.99, test=2.0, train=2.0), erring(outside=1.1))),
    true("F11", "just below a fifth", one("arcsinh", erring(outside=(0.198, far), test=0.5), erring(outside=0.3))),
    true("F11", "so where it converged", one("arcsinh", erring(outside=0.198, unless=0.5), erring(outside=0.3))),
    false("F11", "just above a fifth", one("arcsinh", erring(outside=(0.202, near)), erring(outside=0.1))),
    false("F11", "training loss did not fall", one("arcsinh", erring(outside=0.1, fell=False), erring(outside=0.1))),
    decoy("F11", "between -10 and 10", one("arcsinh", erring(outside=0.3, test=0.01, train=0.01), erring(outside=0.1))),
    decoy("F11", "where it did not converge", one("arcsinh", erring(outside=0.3, unless=0.1), erring(outside=0.1))),
]  # fmt: skip

# F7, F8, F9: errors at the centre and at the ends of cos


def between(low, high):
    return lambda x: (low < x) & (x < high)


def ends_of(centre, ends, beside=(1, 0), train=None, fell=True, converges=SOME):
    """A network with errors on test points: (mean, where) for abs(x) < 5 and abs(x) > 9.

    beside: means from 5 to 7 and from 7 to 9; train: centre and ends on training points; converges: (seed,).
    """

    def zones(stream, centre, ends, beside):
        middle = (5, 7, beside[0], everywhere), (7, 9, beside[1], everywhere)
        return errors(stream, (0, 5, *centre), *middle, (9, 10, *ends))

    def made(function):
        on_training = 0.1 if train is None else zones("training data", *train, (1, 0))
        test = zones("test data", centre, ends, beside)
        return net(function, np.where(converges, 1000, NEVER), fell=fell, train=on_training, test=test)

    return made


RIGHT, NOT_RIGHT = (around(0.0245), between(-4.5, 0)), (around(0.0255), between(-5, -4.5))  # at the centre
WRONG, NOT_WRONG = (around(0.0255), between(-9.5, -9)), (around(0.0245), between(9.5, 10))  # at the ends
AS_SAID = RIGHT, WRONG

APART = 10 ** np.random.default_rng(0).uniform(-1, 1, N)  # how large the errors of a seed are, of all its networks


def at_ends(share, where=everywhere, beside=0.5, centre=0.01, **words):
    """A network whose error on abs(x) > 9 is a share of what is usual for the seed; beside: from 7 to 9, likewise."""
    ends = share * APART, where
    return ends_of((centre * APART, everywhere), ends, (0, beside * APART), **words)


def shallow(share, **words):
    """Its errors are close to 9, and none below."""
    return at_ends(share, between(-9.5, -9), beside=0, **words)


def deep(share, **words):
    """Its errors are close to 10, and large below 9."""
    return at_ends(share, between(-10, -9.5), beside=1, **words)


def by_depth(*cos, arcsinh=None):
    """Runs of the shallow, middle and deep network on both functions."""
    return lambda case: {
        (model, each): made(each)
        for each, nets in zip(FUNCTIONS, (cos, arcsinh or cos[::-1]), strict=True)
        for model, made in zip(MODELS, nets, strict=True)
    }


REVERSED = at_ends(1.0, centre=3), at_ends(1.01, centre=2), at_ends(1.02, centre=1)


def kinks(deep, even, shallow=1.02):
    """Runs of the deep network, and of the shallow one with even kinks, and without, whose error is named."""
    without = at_ends(shallow, converges=~SOME)
    return lambda case: {"deep": deep("cos"), "even": even("cos"), "shallow": without("cos")}


def where_it_converged(share, other, **words):
    """The deep network's error where it converged, and where it did not."""
    return at_ends(np.where(SOME, share, other), **words)


EVEN = at_ends(1, converges=~SOME)
ENDS = [
    true("F7", "just so", one("cos", ends_of(*AS_SAID), ends_of(NOT_RIGHT, NOT_WRONG))),
    false("F7", "the centre is just wrong", one("cos", ends_of(NOT_RIGHT, WRONG, (0, 0)), ends_of(*AS_SAID))),
    false("F7", "the ends are just right", one("cos", ends_of(RIGHT, NOT_WRONG, (1, 1)), ends_of(*AS_SAID))),
    decoy("F7", "on training points", one("cos", ends_of(NOT_RIGHT, WRONG, train=AS_SAID), ends_of(*AS_SAID))),
    decoy("F7", "the other way round", one("cos", ends_of((0.1, everywhere), (0.01, everywhere)), ends_of(*AS_SAID))),
    true("F8", "a little, by one step", by_depth(shallow(1.02), at_ends(1.01), deep(1))),
    true("F8", "though they seldom converged", by_depth(
        *(net(share, converges=~SOME) for net, share in ((shallow, 1.02), (at_ends, 1.01), (deep, 1)))
    )),
    true("F8", "in most", by_depth(shallow(1.2), at_ends(around(1.1, astray=1e-3)), deep(around(1, astray=1e-4)))),
    false("F8", "shallow fails less than middle", by_depth(shallow(1.01), at_ends(1.02), deep(1))),
    false("F8", "middle fails less than deep", by_depth(shallow(1.02), at_ends(1), deep(1.01))),
    false("F8", "middle fails as much as deep", by_depth(at_ends(1.02), at_ends(1), at_ends(1))),
    false("F8", "shallow learned nothing", by_depth(shallow(1.02, fell=False), at_ends(1.01), deep(1))),
    false("F8", "middle learned nothing", by_depth(shallow(1.02), at_ends(1.01, fell=False), deep(1))),
    false("F8", "deep learned nothing", by_depth(shallow(1.02), at_ends(1.01), deep(1, fell=False))),
    decoy("F8", "at the centre, and on the whole", by_depth(*REVERSED)),
    decoy("F8", "the shallower, the smaller", by_depth(deep(1), at_ends(1.01), shallow(1.02))),
    decoy("F8", "on arcsinh", by_depth(*REVERSED, arcsinh=(shallow(1.02), at_ends(1.01), deep(1)))),
    true("F9", "just better than the deep net", kinks(deep(1.01), EVEN)),
    true("F9", "where the deep net converged", kinks(where_it_converged(1.01, 0.9), EVEN)),
    false("F9", "just worse than the deep net", kinks(where_it_converged(0.99, 1.1), EVEN)),
    false("F9", "the deep net learned nothing", kinks(deep(1.01, fell=False), EVEN)),
    false("F9", "the even net learned nothing", kinks(deep(1.01), at_ends(1, fell=False))),
    decoy("F9", "better than the shallow net", kinks(at_ends(0.99), EVEN)),
    decoy("F9", "the shallow net as it is beats the deep one", kinks(at_ends(0.99), EVEN, shallow=0.98)),
    decoy("F9", "better at the centre", kinks(at_ends(0.99, centre=9), EVEN)),
    decoy("F9", "the deep net seldom converged", kinks(deep(1.01, converges=~SOME), EVEN), "inconclusive"),
]  # fmt: skip

WORLDS = COUNTS + STEPS + SHARES + ENDS
