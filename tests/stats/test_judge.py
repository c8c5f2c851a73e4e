"""The whole judge, looking again and again at seeds whose truth is known, errs as often as exact counting says."""

import math
from collections import Counter

import numpy as np
import pytest

from ontrial.stats.ranks import ranks
from ontrial.stats.verdicts import Verdict, judge, median_interval, share_interval

LOOKS = (16, 24, 32, 48, 64, 96)
ALPHA = 0.1  # so large that errors are seen; the rule is the same at any
REPETITIONS = 2000
HOLDS, REFUTED, INCONCLUSIVE = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE


def decided(alpha, left, right, p0=0.5):
    """The chances that the left and that the right side are first to have the evidence, at one of the looks.

    Exactly, over the seeds on either side. left, right: the chances of a seed to lie there; p0: what the left is
    compared with.
    """
    most = LOOKS[-1] + 1
    alive = np.zeros((most, most))  # (on the left, on the right)
    alive[0, 0] = 1
    of, k = np.add.outer(np.arange(most), np.arange(most)), np.arange(most)
    won = (k[:, np.newaxis] >= ranks(of, alpha, p0), k >= ranks(of, alpha, 1 - p0))  # by side
    chances = [0.0, 0.0]
    for n in range(1, most):
        before = alive
        alive = (1 - left - right) * before
        alive[1:] += left * before[:-1]
        alive[:, 1:] += right * before[:, :-1]
        for side, crossed in enumerate(won if n in LOOKS else ()):
            chances[side] += float(alive[crossed].sum())
            alive = np.where(crossed, 0, alive)
    return tuple(chances)


def median(values, **words):
    return median_interval(values, "planted", ALPHA, never=True, **words)


# Seeds whose truth is known: how n are drawn, (seed,); the condition; the chances of a seed inside and outside of the
# region. Heavy tails: Cauchy, a fifth stuck for ever, so that half of all lie below the 0.625 quantile of the others.
WORLDS = {
    "continuous": (lambda random, n: random.normal(size=n), lambda x: median(x) < 0, 0.5, 0.5),
    "continuous, above": (lambda random, n: random.exponential(size=n), lambda x: median(x) > math.log(2), 0.5, 0.5),
    "continuous, true": (lambda random, n: random.normal(size=n) - 0.2, lambda x: median(x) < 0, 0.579, 0.421),
    "discrete": (lambda random, n: random.choice(4, n), lambda x: median(x) < 2, 0.5, 0.5),
    "tied at a strict border": (lambda random, n: random.choice([-1, 0, 0, 1], n), lambda x: median(x) < 0, 0.25, 0.75),
    "tied at an included border": (
        lambda random, n: random.choice([-1, -1, 0, 1, 1], n),
        lambda x: median(x) <= 0,
        0.6,
        0.4,
    ),
    "heavy tails, some never": (
        lambda random, n: np.where(random.random(n) < 0.2, math.inf, random.standard_cauchy(n)),
        lambda x: median(x) < math.tan(math.pi / 8),
        0.5,
        0.5,
    ),
    "between two borders": (lambda random, n: random.normal(size=n), lambda x: median(x).within(-9, 0), 0.5, 0.5),
    "conditional": (
        lambda random, n: np.where(random.random(n) < 0.4, math.inf, random.normal(size=n)),
        lambda x: median(x, among=np.isfinite(x)) < 0,
        0.3,
        0.3,
    ),
    "a share": (
        lambda random, n: random.random(n) < 0.7,
        lambda x: share_interval(x, "planted", ALPHA) > 0.7,
        0.7,
        0.3,
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_the_judge_errs_as_often_as_exact_counting_says(name):
    draw, condition, inside, outside = WORLDS[name]
    random, found = np.random.default_rng(18), Counter()
    for _ in range(REPETITIONS):
        values = draw(random, LOOKS[-1])
        verdicts = (judge(condition(values[:n])) for n in LOOKS)
        found[next((each for each in verdicts if each is not INCONCLUSIVE), INCONCLUSIVE)] += 1
    chances = decided(ALPHA, inside, outside, 0.7 if name == "a share" else 0.5)
    is_at_border = "true" not in name and "tied" not in name
    for verdict, chance in zip((HOLDS, REFUTED), chances, strict=True):
        deviation = math.sqrt(REPETITIONS * chance * (1 - chance))
        assert found[verdict] == pytest.approx(REPETITIONS * chance, abs=4 * deviation + 1), verdict
        assert not is_at_border or chance <= ALPHA
        assert not is_at_border or REPETITIONS * chance > 4 * deviation + 1  # a doubling would be seen


def test_the_chance_of_crossing_at_the_looks_of_images():
    left, right = decided(1 / 4000, 0.5, 0.5)
    assert left == right == pytest.approx(4.9e-5, abs=5e-7)


@pytest.mark.parametrize("value", [0.0, 0.3, -1e300])
def test_constant_values_are_decided_at_the_first_look_and_rightly(value):
    found = median(np.full(LOOKS[0], value))
    assert (found < value).verdict is (found > value).verdict is REFUTED
    assert (found <= value).verdict is (found >= value).verdict is found.within(value, value).verdict is HOLDS


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_seeds_that_are_all_stuck_are_decided_as_well(value):
    assert (median(np.full(LOOKS[0], value)) <= 300).verdict is (HOLDS if value < 0 else REFUTED)
