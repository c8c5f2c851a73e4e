"""Intervals: what a handful of seeds says about all seeds, valid whenever one stops adding seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ontrial.stats.ranks import log_evidence, rank
from ontrial.stats.verdicts import Evidence, Region

Statistic = Literal["median", "share", "count"]


@dataclass(frozen=True, eq=False)
class Interval:
    """All points that the seeds do not exclude, low to high, and the values that they come from.

    measure: what was measured, with its unit in brackets where it has one; estimate: NaN where there are no seeds;
    alpha: how often, at most, an end is wrong, 0 for a plain count; values: (seed,), of the seeds that the claim speaks
    of; left_out: how many seeds it does not speak of; among: whether it may leave some out. Compared
    with a number it returns Evidence: `interval < x`, `<= x`, `> x`, `>= x`, `.within(a, b)`.
    """

    measure: str
    estimate: float
    low: float
    high: float
    alpha: float
    values: tuple[float, ...]
    statistic: Statistic = "median"
    left_out: int = 0
    among: bool = False

    @property
    def n(self) -> int:
        """Number of seeds behind the interval."""
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


def median_interval(
    values: ArrayLike,
    measure: str,
    alpha: float,
    *,
    among: ArrayLike | None = None,
    never: bool = False,
    seeds: Sequence[int] | None = None,
) -> Interval:
    """The interval for the median over seeds: every point that has too few seeds below it, and too few above.

    Too few are fewer than `rank(n, alpha)`. So it runs from one order statistic to another, ends included, and
    - `interval < x` holds where as many seeds as the rank lie below x, and is refuted where as many do not;
    - `interval <= x` holds where as many lie at or below x, and is refuted where as many lie above.
    Ties count as what they are. Where so few seeds could not exclude anything the interval has no ends.

    values: (seed,), one number a seed, all seeds; among: (seed,), true for the seeds that the claim speaks of;
    never: infinite values stand for "never"; seeds: (seed,), by which an error names them, 0, 1, … by default.

    Raises ValueError for a value that is not a number, whether among them or not, and for an infinite one among them
    without `never`.
    Source: `ontrial.stats.ranks.log_evidence`.

    >>> found = median_interval(range(1, 17), "step", 1 / 4000)
    >>> found.low, found.high, found.within(1, 16).verdict.value
    (1.0, 16.0, 'holds')
    """
    numbers = _numbers(values, measure, seeds)
    spoken_of = _spoken_of(among, len(numbers), measure)
    if not never:
        _refuse(np.isinf(numbers) & spoken_of, f"{measure}: infinite (where that means never, say never=True)", seeds)
    ranked = np.sort(numbers[spoken_of])
    needed = rank(len(ranked), alpha)
    low, high = (ranked[-needed], ranked[needed - 1]) if needed <= len(ranked) else (-math.inf, math.inf)
    kept = tuple(numbers[spoken_of].tolist())
    left_out, ends = len(numbers) - len(kept), (float(low), float(high))
    return Interval(measure, _median(ranked), *ends, alpha, kept, "median", left_out, among is not None)


def share_interval(
    successes: ArrayLike,
    measure: str,
    alpha: float,
    *,
    among: ArrayLike | None = None,
    seeds: Sequence[int] | None = None,
) -> Interval:
    """The interval for the share of seeds that succeed: every share that neither successes nor failures exclude.

    An end is where the evidence is 1 / alpha, so that `interval > x` holds exactly where
    `log_evidence(successes, n, x)` is at least log(1 / alpha).

    successes: (seed,), true or false, all seeds; among, seeds: as for `median_interval`.

    Raises ValueError for a value that is neither true nor false.
    Source: `ontrial.stats.ranks.log_evidence`.

    >>> (share_interval([True] * 128, "share", 1 / 4000) > 0.9).verdict.value
    'holds'
    """
    numbers = _numbers(successes, measure, seeds)
    if not np.isin(numbers, (0, 1)).all():
        raise ValueError(f"{measure}: each seed either succeeds or not, but the values are {numbers.tolist()}")
    kept = tuple(numbers[_spoken_of(among, len(numbers), measure)].tolist())
    right, n = round(sum(kept)), len(kept)
    low, high = _lowest_share(right, n, alpha), 1 - _lowest_share(n - right, n, alpha)
    share = right / n if n else math.nan
    return Interval(measure, share, low, high, alpha, kept, "share", len(numbers) - n, among is not None)


def exactly(value: float, measure: str) -> Interval:
    """A plain count, which needs no seeds: an interval of no width. Raises ValueError for one that is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{measure}: a count is a finite number, not {value}")
    return Interval(measure, float(value), float(value), float(value), 0.0, (float(value),), "count")


@lru_cache(maxsize=4096)
def _lowest_share(successes: int, n: int, alpha: float) -> float:
    """The share below which all are excluded by so many successes among n; 0 where there are none."""
    if successes == 0:
        return 0.0
    # Evidence falls as p0 grows. Near 0 it is without bound, and against the share that was found it is 1 at most.
    low, high = 0.0, min(successes / n, math.nextafter(1, 0))
    while low < (middle := (low + high) / 2) < high:  # until no number lies between
        is_excluded = log_evidence(successes, n, middle) >= -math.log(alpha)
        low, high = (middle, high) if is_excluded else (low, middle)
    return low


def _numbers(values: ArrayLike, measure: str, seeds: Sequence[int] | None) -> NDArray[np.floating]:
    _require_unmasked(values, measure)
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1:
        raise ValueError(f"{measure}: one number a seed is needed, (seed,), not an array of shape {numbers.shape}")
    if seeds is not None and len(seeds) != len(numbers):
        raise ValueError(f"{measure}: {len(numbers)} numbers for {len(seeds)} seeds")
    _refuse(np.isnan(numbers), f"{measure}: not a number", seeds)
    return numbers


def _spoken_of(among: ArrayLike | None, n: int, measure: str) -> NDArray[np.bool_]:
    _require_unmasked(among, measure)
    chosen = np.ones(n, dtype=bool) if among is None else np.asarray(among)
    if chosen.dtype != bool or chosen.shape != (n,):
        raise ValueError(
            f"{measure}: `among` is true or false for each of {n} seeds, not {chosen.dtype} {chosen.shape}"
        )
    return chosen


def _require_unmasked(values: object, measure: str) -> None:
    """Raises ValueError for a masked array, which would be judged on what lies under its mask."""
    if np.ma.isMaskedArray(values):
        raise ValueError(f"{measure}: a masked array; pass all seeds' numbers, and `among` for those that count")


def _refuse(broken: NDArray[np.bool_], what: str, seeds: Sequence[int] | None) -> None:
    """Raises ValueError naming the seeds that are broken, (seed,), if there are any."""
    places = np.flatnonzero(broken).tolist()
    if places:
        names = places if seeds is None else [seeds[place] for place in places]
        raise ValueError(f"{what} for seeds {names}; a verdict cannot rest on that")


def _median(ranked: NDArray[np.floating]) -> float:
    """The median of ranked values; 0 where it falls between minus infinity and infinity, NaN where there are none."""
    if len(ranked) == 0:
        return math.nan
    middle = {float(ranked[(len(ranked) - 1) // 2]), float(ranked[len(ranked) // 2])}
    return 0.0 if middle == {-math.inf, math.inf} else sum(middle) / len(middle)
