"""Power: how many seeds an undecided claim would take, if all seeds were like those it has."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ontrial.stats.ranks import ranks
from ontrial.stats.verdicts import Evidence, Region

MOST_SEEDS = 10_000
_STRETCHES = (0, 500, 4_000, MOST_SEEDS)  # ranks take longest, and few claims need those of many seeds


def seeds_needed(evidence: Evidence, power: float = 0.8) -> int | None:
    """The fewest seeds, those it has included, that would decide with this power; None where not even 10,000 would.

    The share of seeds on the likelier side of the region's nearest border, the one that takes most, stays as it is now.
    None also for a plain count, and where there are no seeds, of which nothing is known.
    """
    found, region = evidence.interval, evidence.region
    if found.statistic == "count" or found.n == 0:
        return None
    values = np.array(found.values)  # (seed,)
    if found.statistic == "share":
        needed = [_for_share(float(values.mean()), border, found.alpha, power) for border in region.borders]
    else:
        inside = [float(np.mean([value in side for value in values])) for side in _insides(region)]
        needed = [_fewest(max(share, 1 - share), 0.5, found.alpha, power) for share in inside]
    return None if None in needed else max(each for each in needed if each is not None)


def _insides(region: Region) -> list[Region]:
    """What lies on the region's side of each of its borders."""
    low = Region(low=region.low, low_included=region.low_included) if np.isfinite(region.low) else None
    high = Region(high=region.high, high_included=region.high_included) if np.isfinite(region.high) else None
    return [side for side in (low, high) if side is not None]


def _for_share(share: float, border: float, alpha: float, power: float) -> int | None:
    """Seeds to tell a share of seeds from a border, on whichever side of it the share lies."""
    if not 0 < border < 1:
        return None
    return _fewest(share, border, alpha, power) if share > border else _fewest(1 - share, 1 - border, alpha, power)


def _fewest(share: float, p0: float, alpha: float, power: float) -> int | None:
    """The fewest seeds of which so large a share has the evidence against p0 with so much probability."""
    if share <= p0:
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
    """The ranks of all numbers of seeds beyond the first of these, up to the last, (number of seeds,)."""
    return ranks(np.arange(first + 1, last + 1), alpha, p0)
