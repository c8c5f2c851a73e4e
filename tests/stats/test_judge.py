"""The whole judge, looking again and again at seeds whose truth is known, errs as often as exact counting says."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from ontrial.stats.verdicts import Verdict, judge, median_interval, share_interval
from tests.stats.walks import decided

LOOKS = (16, 24, 32, 48, 64, 96)
ALPHA = 0.1  # so large that errors are seen; the rule is the same at any
REPETITIONS = 2000

HOLDS, REFUTED, INCONCLUSIVE = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE


@dataclass
class World:
    """Seeds whose truth is known: how they are drawn, and how likely each lies inside and outside of the region.

    draw: (generator, n) to values, (seed,); condition: those to Evidence; p0: what a share is held against.
    """

    draw: Callable
    condition: Callable
    inside: float
    outside: float
    p0: float = 0.5


def heavy(random, n):
    """Cauchy, and a fifth of the seeds stuck for ever: half of all lie below the 0.625 quantile of the others."""
    return np.where(random.random(n) < 0.2, math.inf, random.standard_cauchy(n))


def some_stuck(random, n):
    """Seeds of which a claim may speak only where they converged, with a median of 0 there."""
    return np.where(random.random(n) < 0.4, math.inf, random.normal(size=n))


def median(values, **words):
    return median_interval(values, "planted", ALPHA, never=True, **words)


WORLDS = {
    "continuous": World(lambda random, n: random.normal(size=n), lambda x: median(x) < 0, 0.5, 0.5),
    "continuous, above": World(
        lambda random, n: random.exponential(size=n), lambda x: median(x) > math.log(2), 0.5, 0.5
    ),
    "continuous, true": World(lambda random, n: random.normal(size=n) - 0.2, lambda x: median(x) < 0, 0.579, 0.421),
    "discrete": World(lambda random, n: random.choice(4, n), lambda x: median(x) < 2, 0.5, 0.5),
    "discrete, tied at a strict border": World(
        lambda random, n: random.choice([-1, 0, 0, 1], n), lambda x: median(x) < 0, 0.25, 0.75
    ),
    "discrete, tied at an included border": World(
        lambda random, n: random.choice([-1, -1, 0, 1, 1], n), lambda x: median(x) <= 0, 0.6, 0.4
    ),
    "heavy tails, some never": World(heavy, lambda x: median(x) < math.tan(math.pi / 8), 0.5, 0.5),
    "between two borders": World(lambda random, n: random.normal(size=n), lambda x: median(x).within(-9, 0), 0.5, 0.5),
    "conditional": World(some_stuck, lambda x: median(x, among=np.isfinite(x)) < 0, 0.3, 0.3),
    "a share": World(
        lambda random, n: random.random(n) < 0.7, lambda x: share_interval(x, "planted", ALPHA) > 0.7, 0.7, 0.3, 0.7
    ),
}


def verdict(world, random):
    """The verdict of one claim that is looked at until it is decided or its seeds are spent."""
    values = world.draw(random, LOOKS[-1])
    verdicts = (judge(world.condition(values[:n])) for n in LOOKS)
    return next((found for found in verdicts if found is not INCONCLUSIVE), INCONCLUSIVE)


@pytest.mark.parametrize("name", WORLDS)
def test_the_judge_errs_as_often_as_exact_counting_says(name):
    world, random = WORLDS[name], np.random.default_rng(18)
    found = Counter(verdict(world, random) for _ in range(REPETITIONS))
    chances = decided(LOOKS, ALPHA, world.inside, world.outside, world.p0)
    for what, chance in zip((HOLDS, REFUTED), chances, strict=True):
        deviation = math.sqrt(REPETITIONS * chance * (1 - chance))
        assert found[what] == pytest.approx(REPETITIONS * chance, abs=4 * deviation + 1), what


AT_THE_BORDER = [name for name in WORLDS if "true" not in name and "tied" not in name]


@pytest.mark.parametrize("name", AT_THE_BORDER)
def test_a_side_errs_no_more_often_than_promised_and_a_doubling_would_be_seen(name):
    world = WORLDS[name]
    for chance in decided(LOOKS, ALPHA, world.inside, world.outside, world.p0):
        assert chance <= ALPHA
        assert REPETITIONS * chance > 4 * math.sqrt(REPETITIONS * chance) + 1  # what the test above lets pass


@pytest.mark.parametrize("value", [0.0, 0.3, -1e300])
def test_constant_values_are_decided_at_the_first_look_and_rightly(value):
    found = median(np.full(LOOKS[0], value))
    assert (found < value).verdict is (found > value).verdict is REFUTED
    assert (found <= value).verdict is (found >= value).verdict is found.within(value, value).verdict is HOLDS


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_seeds_that_are_all_stuck_are_decided_as_well(value):
    found = median(np.full(LOOKS[0], value))
    assert (found <= 300).verdict is (HOLDS if value < 0 else REFUTED)
