"""Power: how many seeds an inconclusive claim would take, if all seeds were like those it has."""

import math
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ontrial.stats.ranks import ranks
from ontrial.stats.verdicts import Evidence

MOST_SEEDS = 10_000
_STRETCHES = (0, 500, 4_000, MOST_SEEDS)  # ranks take longest, and few claims need those of many seeds


def seeds_needed(evidence: Evidence, power: float = 0.8) -> int | None:
    """The fewest seeds, those it has included, that would decide with this power; None where not even 10,000 would.

    The share of seeds on the likelier side of a border of the region stays as it is now; the border that takes most
    counts. None also for a count, and without seeds.
    """
    found, region = evidence.interval, evidence.region
    if found.statistic == "count" or found.n == 0:
        return None
    if found.statistic == "share":
        shares = [(float(np.mean(found.values)), border) for border in region.borders]
    else:
        above = [replace(region, high=math.inf)] if math.isfinite(region.low) else []
        below = [replace(region, low=-math.inf)] if math.isfinite(region.high) else []
        shares = [(float(np.mean([value in side for value in found.values])), 0.5) for side in (*above, *below)]
    needed = [_fewest(share, p0, found.alpha, power) for share, p0 in shares]
    return None if None in needed else max(each for each in needed if each is not None)


def _fewest(share: float, p0: float, alpha: float, power: float) -> int | None:
    """The fewest seeds that distinguish a share from p0 with this power."""
    if share < p0:
        share, p0 = 1 - share, 1 - p0
    if share == p0 or not 0 < p0 < 1:
        return None
    for first, last in pairwise(_STRETCHES):
        seeds = np.arange(first + 1, last + 1)
        # The chance of at least so many successes; scipy.stats has the same, and takes longest of all to import.
        enough = special.bdtrc(_ranks(first, last, alpha, p0) - 1, seeds, share) >= power
        if enough.any():
            return int(seeds[enough.argmax()])
    return None


@lru_cache(maxsize=64)
def _ranks(first: int, last: int, alpha: float, p0: float) -> NDArray[np.int64]:
    return ranks(np.arange(first + 1, last + 1), alpha, p0)
