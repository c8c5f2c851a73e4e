"""Intervals: what a handful of seeds says about all seeds, at a stated confidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from evidence.verdicts import Evidence, Region

Statistic = Literal["median", "share", "correlation", "count"]


class TooFewSeeds(Exception):
    """The seeds are too few for the confidence asked for; says how many are needed."""


@dataclass(frozen=True, eq=False)
class Interval:
    """A confidence interval, low to high, and the values it came from.

    measure: what was measured, with its unit in brackets where it has one; confidence: 1 for a plain
    count; statistic: what the estimate is, over seeds or over single runs. Compared with a number it
    answers Evidence: `interval < x`, `<= x`, `> x`, `>= x`, `.within(a, b)`.
    """

    measure: str
    estimate: float
    low: float
    high: float
    confidence: float
    values: tuple[float, ...]
    statistic: Statistic = "median"

    @property
    def n(self) -> int:
        """Number of seeds (or runs) behind the interval."""
        return len(self.values)

    def __lt__(self, limit: float) -> Evidence:
        return Evidence(self, Region(high=limit, high_included=False))

    def __le__(self, limit: float) -> Evidence:
        return Evidence(self, Region(high=limit))

    def __gt__(self, limit: float) -> Evidence:
        return Evidence(self, Region(low=limit, low_included=False))

    def __ge__(self, limit: float) -> Evidence:
        return Evidence(self, Region(low=limit))

    def within(self, low: float, high: float) -> Evidence:
        """Evidence that the true value lies in low to high, both included."""
        return Evidence(self, Region(low=low, high=high))

    def __eq__(self, other: object) -> bool:
        raise TypeError("an interval equals no number: compare it with <, <=, >, >= or .within(low, high)")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("an interval is neither true nor false: give `interval < x` to claim.holds_if")


def median_interval(values: ArrayLike, measure: str, confidence: float) -> Interval:
    """The exact, distribution-free confidence interval for the median over seeds.

    values: (seed,), one number a seed; `inf` stands for "never".

    Raises TooFewSeeds, and ValueError for a value that is not a number.
    Source: scipy.stats.quantile_test; Conover, Practical Nonparametric Statistics (1999), section 3.2.

    >>> median_interval(range(1, 12), "step", 0.99).within(1, 11).verdict.value
    'holds'
    """
    numbers = _numbers(values, measure)
    require_seeds(len(numbers), confidence)
    # scipy searches the order statistics with a tolerance that infinities do not survive; ranks do.
    ranked = np.sort(numbers)
    ranks = stats.quantile_test(np.arange(len(ranked)), p=0.5).confidence_interval(confidence)
    low, high = (float(ranked[int(rank)]) for rank in ranks)
    return Interval(measure, _median(ranked), low, high, confidence, tuple(numbers.tolist()))


def share_interval(successes: ArrayLike, measure: str, confidence: float) -> Interval:
    """The exact (Clopper-Pearson) confidence interval for the share of seeds that succeed.

    successes: (seed,), true or false.

    Source: Clopper & Pearson, Biometrika 26 (1934); scipy.stats.binomtest.
    """
    values = _numbers(np.asarray(successes, dtype=float), measure)
    if len(values) == 0:
        raise TooFewSeeds("no seeds cannot give an interval for a share: at least 1 is needed")
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"{measure}: each seed either succeeds or not, but the values are {values.tolist()}")
    result = stats.binomtest(int(values.sum()), len(values))
    low, high = result.proportion_ci(confidence, "exact")
    return Interval(measure, float(values.mean()), float(low), float(high), confidence, tuple(values.tolist()), "share")


def exactly(value: float, measure: str) -> Interval:
    """A plain count, which needs no seeds: an interval of no width."""
    return Interval(measure, float(value), float(value), float(value), 1.0, (float(value),), "count")


def seeds_needed(confidence: float) -> int:
    """The fewest seeds whose extremes enclose the median with this confidence: 1 - 2^(1 - n) must pass it."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    return math.ceil(1 - math.log2(1 - confidence) + 1e-9)


def require_seeds(found: int, confidence: float) -> None:
    """Raises TooFewSeeds where so many seeds cannot give an interval for a median at this confidence."""
    if found < (needed := seeds_needed(confidence)):
        raise TooFewSeeds(
            f"{found} seeds are too few for a {confidence:.1%} interval for a median: at least {needed} are needed"
        )


def _numbers(values: ArrayLike, measure: str) -> np.ndarray:
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1:
        raise ValueError(f"{measure}: one number a seed is needed, (seed,), not an array of shape {numbers.shape}")
    if np.isnan(numbers).any():
        seeds: Sequence[int] = np.flatnonzero(np.isnan(numbers)).tolist()
        raise ValueError(f"{measure}: not a number for seeds {seeds}; a verdict cannot rest on that")
    # A gain from 0.9787 to 0.9837 is 0.005, and no binary fraction beside it may decide at a region's border.
    return np.array([float(f"{value:.12g}") for value in numbers])


def _median(ranked: np.ndarray) -> float:
    """The median of ranked values; 0 where it falls between minus infinity and infinity."""
    middle = {float(ranked[(len(ranked) - 1) // 2]), float(ranked[len(ranked) // 2])}
    return 0.0 if middle == {-math.inf, math.inf} else sum(middle) / len(middle)
