"""What an inconclusive claim would take, against simulated and exactly counted trials."""

import math

import numpy as np
import pytest
from scipy import stats

from ontrial.stats.power import MOST_SEEDS, seeds_needed
from ontrial.stats.ranks import fewest, ranks
from ontrial.stats.verdicts import exactly, median_interval, share_interval

ALPHA = 1 / 4000


def of(below, above, at=0):
    """Seeds below, above and at 0."""
    return median_interval([-1.0] * below + [1.0] * above + [0.0] * at, "planted", ALPHA)


def share_of(successes, n):
    return share_interval(np.arange(n) < successes, "share", ALPHA)


def power(n, share, p0=0.5):
    """The chance that n seeds decide for a side on which so large a share lies."""
    return stats.binom.sf(ranks(n, ALPHA, p0) - 1, n, share)


@pytest.mark.parametrize(
    ("evidence", "share", "p0"),
    [
        *((of(below, above) < 0, 20 / 32, 0.5) for below, above in ((20, 12), (12, 20), (60, 36), (200, 120))),
        (of(75, 25) < 0, 0.75, 0.5),
        (of(5, 0) < 0, 1.0, 0.5),
        (share_of(300, 320) > 0.9, 300 / 320, 0.9),
        (share_of(270, 320) > 0.9, 1 - 270 / 320, 0.1),
        (share_of(126, 128) > 0.9, 126 / 128, 0.9),
    ],
)
def test_it_is_the_first_number_of_seeds_with_the_power_at_the_present_share(evidence, share, p0):
    *before, last = power(np.arange(1, seeds_needed(evidence) + 1), share, p0)
    assert last >= 0.8 > max(before)


def test_more_power_takes_more_seeds_and_a_clearer_share_fewer():
    evidence = of(60, 36) < 0
    assert seeds_needed(evidence, 0.5) < seeds_needed(evidence, 0.8) < seeds_needed(evidence, 0.95)
    assert seeds_needed(of(70, 30) < 0) < seeds_needed(of(65, 35) < 0)
    assert seeds_needed(of(5, 0) < 0) == fewest(ALPHA)
    assert power(MOST_SEEDS, 0.505) < 0.8


def test_ties_lie_on_the_side_that_the_region_gives_them_and_of_two_borders_the_harder_counts():
    assert seeds_needed(of(16, 12, at=4) <= 0) == seeds_needed(of(20, 12) < 0)
    assert seeds_needed(of(12, 16, at=4) >= 0) == seeds_needed(of(12, 20) > 0)
    found = of(12, 20)
    assert seeds_needed(found.within(-0.5, 9)) == seeds_needed(found > -0.5)
    assert seeds_needed(found.within(-9, 0.5)) == seeds_needed(found < 0.5)
    assert seeds_needed(found.within(-0.5, 0.5)) == seeds_needed(found < 0.5)  # most lie above both


@pytest.mark.parametrize(
    "evidence",
    [
        of(16, 16) < 0,
        of(16, 12, at=4) < 0,  # half of them lie below
        of(5050, 4950) < 0,  # it would take more than 10,000
        of(0, 0) < 0,
        share_of(0, 0) > 0.9,
        share_of(9, 10) > 0.9,
        exactly(3, "spikes") < 2,
    ],
)
def test_at_the_border_without_seeds_and_of_counts_nothing_is_said(evidence):
    assert seeds_needed(evidence) is None


def test_so_many_seeds_decide_as_often_as_was_said():
    share, needed = 0.75, seeds_needed(of(75, 25) < 0)
    draws = np.random.default_rng(2).random((1000, needed)) < share
    decided = [(median_interval(np.where(row, -1.0, 1.0), "planted", ALPHA) < 0).verdict == "holds" for row in draws]
    assert np.mean(decided) == pytest.approx(power(needed, share), abs=4 * math.sqrt(0.16 / 1000))
