"""Ranks, intervals and verdicts once more, by other formulas than the judge's: what the audit compares with."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import count
from math import comb
from typing import Any

_UNDECIDED = "inconclusive"


@lru_cache(maxsize=4096)
def rank(n: int, alpha: float) -> int:
    """How many of n seeds must lie on one side of a point to exclude it as the median, exactly; n + 1 for never.

    E(k, n) = B(k+1, n-k+1) P(Beta(k+1, n-k+1) > 1/2) 2^(n+1), with P(Beta(k+1, n-k+1) > p) = P(Binomial(n+1, p) <= k).
    """
    total, error = 0, Fraction(alpha)
    for k in range(n + 1):
        total += comb(n + 1, k)
        if total * error >= (n + 1) * comb(n, k):
            return k
    return n + 1


def evidence(k: int, n: int, p: float) -> float:
    """E(k, n) against a share of at most p, by the same sum from its last term down; infinite where it is too large."""
    total = term = 1 / (n + 1 - k)
    for j in range(k, 0, -1):
        term *= (1 - p) / p * j / (n + 2 - j)
        total += term
    return total


@lru_cache(maxsize=4096)
def lowest_share(k: int, n: int, alpha: float) -> float:
    """The share below which k successes among n exclude all."""
    low, high = 0.0, k / n if n else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle and evidence(k, n, middle) >= 1 / alpha else (low, middle)
    return low


def interval(statistic: str, values: Sequence[float], alpha: float) -> tuple[float, float, float]:
    """Estimate, low and high of a median, share or count, (seed,)."""
    ranked, n = sorted(values), len(values)
    if statistic == "share":
        k = round(sum(values))
        return k / n if n else math.nan, lowest_share(k, n, alpha), 1 - lowest_share(n - k, n, alpha)
    if n == 0:
        return math.nan, -math.inf, math.inf
    middle = {ranked[(n - 1) // 2], ranked[n // 2]}
    estimate = 0.0 if middle == {-math.inf, math.inf} else sum(middle) / len(middle)
    if statistic == "count":
        return estimate, ranked[0], ranked[-1]
    needed = rank(n, alpha)
    return (estimate, ranked[-needed], ranked[needed - 1]) if needed <= n else (estimate, -math.inf, math.inf)


def verdict(low: float, high: float, region: Mapping[str, Any]) -> str:
    """What follows from an interval: holds inside the region, refuted beside it."""
    lowest, highest = float(region["low"]), float(region["high"])
    is_above = [end > lowest or (end == lowest and region["low_included"]) for end in (low, high)]
    is_below = [end < highest or (end == highest and region["high_included"]) for end in (low, high)]
    if is_above[0] and is_below[1]:
        return "holds"
    return _UNDECIDED if is_above[1] and is_below[0] else "refuted"


def together(verdicts: Sequence[str]) -> str:
    """The verdict on a claim with these cases, or on a case with these conditions."""
    alone = verdicts[0] if len(set(verdicts)) == 1 else _UNDECIDED
    return next((each for each in ("refuted", "error") if each in verdicts), alone)


def ladder(looks: Sequence[int], alpha: float) -> list[int]:
    """The looks that can decide; the fewest seeds that can are in place of those that are too few."""
    enough = [seeds for seeds in looks if rank(seeds, alpha) <= seeds]
    fewest = next(seeds for seeds in count(1) if rank(seeds, alpha) <= seeds)
    return enough if len(enough) == len(looks) else sorted({fewest, *enough})
