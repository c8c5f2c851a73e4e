"""What an undecided claim would take, against simulated and exactly counted trials."""

import math

import numpy as np
import pytest
from scipy import stats

from ontrial.stats.power import MOST_SEEDS, _fewest, seeds_needed
from ontrial.stats.ranks import fewest, rank
from ontrial.stats.verdicts import exactly, median_interval, share_interval

ALPHA = 1 / 4000


def of(below, above, at=0, alpha=ALPHA):
    """Seeds below, above and at 0."""
    return median_interval([-1.0] * below + [1.0] * above + [0.0] * at, "planted", alpha)


def power(n, share, p0=0.5):
    """The chance that n seeds decide for a side on which so large a share lies."""
    return stats.binom.sf(rank(n, ALPHA, p0) - 1, n, share)


@pytest.mark.parametrize(("below", "above"), [(20, 12), (12, 20), (60, 36), (200, 120)])
def test_it_is_the_first_number_of_seeds_with_the_power_at_the_present_share(below, above):
    needed = seeds_needed(of(below, above) < 0)
    assert needed == 458
    assert power(needed, 20 / 32) >= 0.8
    assert max(power(n, 20 / 32) for n in range(1, needed)) < 0.8


def test_more_power_takes_more_seeds_and_a_clearer_share_fewer():
    evidence = of(60, 36) < 0
    assert seeds_needed(evidence, 0.5) < seeds_needed(evidence, 0.8) < seeds_needed(evidence, 0.95)
    assert seeds_needed(of(70, 30) < 0) < seeds_needed(of(65, 35) < 0)
    assert seeds_needed(of(5, 0) < 0) == fewest(ALPHA)


def test_at_the_border_nothing_is_said():
    assert seeds_needed(of(16, 16) < 0) is None
    assert seeds_needed(of(5050, 4950) < 0) is None  # it would take more than 10,000
    assert power(MOST_SEEDS, 0.505) < 0.8


def test_ties_lie_on_the_side_that_the_region_gives_them():
    assert seeds_needed(of(16, 12, at=4) < 0) is None  # half of them lie below
    assert seeds_needed(of(16, 12, at=4) <= 0) == seeds_needed(of(20, 12) < 0)


def test_of_two_borders_the_one_that_takes_most_counts():
    found = of(12, 20)
    assert seeds_needed(found.within(-0.5, 9)) == seeds_needed(found > -0.5)
    assert seeds_needed(found.within(-9, 0.5)) == seeds_needed(found < 0.5)
    assert seeds_needed(found.within(-0.5, 0.5)) == seeds_needed(found < 0.5)  # most lie above both


@pytest.mark.parametrize(("successes", "n"), [(300, 320), (270, 320), (126, 128)])
def test_a_share_is_told_from_its_limit(successes, n):
    needed, share = seeds_needed(share_interval(np.arange(n) < successes, "share", ALPHA) > 0.9), successes / n
    side, p0 = (share, 0.9) if share > 0.9 else (1 - share, 0.1)
    assert power(needed, side, p0) >= 0.8 > power(needed - 1, side, p0)


def test_nothing_is_known_of_no_seeds_and_nothing_asked_of_counts():
    assert seeds_needed(of(0, 0) < 0) is None
    assert seeds_needed(share_interval([], "share", ALPHA) > 0.9) is None
    assert seeds_needed(exactly(3, "spikes") < 2) is None
    assert seeds_needed(share_interval([True] * 9 + [False], "share", ALPHA) > 0.9) is None


def test_so_many_seeds_decide_as_often_as_was_said():
    share = 0.75
    needed = seeds_needed(of(75, 25) < 0)
    draws = np.random.default_rng(2).random((1000, needed)) < share
    decided = [(median_interval(np.where(row, -1.0, 1.0), "planted", ALPHA) < 0).verdict == "holds" for row in draws]
    assert np.mean(decided) == pytest.approx(power(needed, share), abs=4 * math.sqrt(0.16 / 1000))


def test_the_chance_to_decide_is_that_of_the_binomial_distribution():
    for share, p0 in ((0.51, 0.5), (0.7, 0.5), (0.999, 0.9), (1.0, 0.5)):
        enough = [n for n in range(1, 600) if power(n, share, p0) >= 0.8]
        found = _fewest(share, p0, ALPHA, 0.8)
        assert enough[:1] == [found] if found is not None and found < 600 else enough == []
