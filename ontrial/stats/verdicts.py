"""Intervals and verdicts: what the seeds do not exclude, compared with the region that a claim names."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ontrial.stats.ranks import Array, log_evidence, rank


class Verdict(StrEnum):
    HOLDS = "holds"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"
    ERROR = "error"


@dataclass(frozen=True)
class Region:
    """The values for which a claim holds: from low to high, each included or not.

    Raises ValueError where there are no such values, or no others.
    """

    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    high_included: bool = True

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(f"no value lies between {self.low} and {self.high}")
        if not self.borders:
            raise ValueError(f"a region from {self.low} to {self.high} has no border: it excludes nothing")

    @property
    def borders(self) -> tuple[float, ...]:
        """Its finite ends, ascending; one where both are the same."""
        return tuple(dict.fromkeys(end for end in (self.low, self.high) if math.isfinite(end)))

    def __contains__(self, value: float) -> bool:
        above = value > self.low or (self.low_included and value == self.low)
        below = value < self.high or (self.high_included and value == self.high)
        return above and below

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"{'≤' if self.high_included else '<'} {number(self.high)}"
        if math.isinf(self.high):
            return f"{'≥' if self.low_included else '>'} {number(self.low)}"
        if self.low == self.high:
            return f"= {number(self.low)}"
        return f"{number(self.low)} … {number(self.high)}"


@dataclass(frozen=True, eq=False)
class Interval:
    """All points that the seeds do not exclude, low to high, and the values that they come from.

    measure: what was measured, with its unit in brackets where it has one; estimate: NaN without seeds; alpha: how
    often, at most, an end is wrong, 0 for a count; values: (seed,), of the seeds that the claim is about; left_out: how
    many seeds it is not about; among: whether it may leave some out.
    `interval < x`, `<= x`, `> x`, `>= x` and `.within(a, b)` return Evidence.
    """

    measure: str
    estimate: float
    low: float
    high: float
    alpha: float
    values: tuple[float, ...]
    statistic: Literal["median", "share", "count"] = "median"
    left_out: int = 0
    among: bool = False

    @property
    def n(self) -> int:
        return len(self.values)

    def __lt__(self, limit: float) -> "Evidence":
        return Evidence(self, Region(high=limit, high_included=False))

    def __le__(self, limit: float) -> "Evidence":
        return Evidence(self, Region(high=limit))

    def __gt__(self, limit: float) -> "Evidence":
        return Evidence(self, Region(low=limit, low_included=False))

    def __ge__(self, limit: float) -> "Evidence":
        return Evidence(self, Region(low=limit))

    def within(self, low: float, high: float) -> "Evidence":
        """Evidence that the true value lies in low to high, both included."""
        return Evidence(self, Region(low=low, high=high))

    def __eq__(self, other: object) -> bool:
        raise TypeError("an interval equals no number: compare it with <, <=, >, >= or .within(low, high)")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("an interval is neither true nor false: give `interval < x` to claim.holds_if")


@dataclass(frozen=True, eq=False)
class Evidence:
    """An interval and the region that it is compared with. It refuses to be a bool: only `judge` concludes from it."""

    interval: Interval
    region: Region

    @property
    def verdict(self) -> Verdict:
        """Holds where the interval lies inside the region, refuted where they are disjoint."""
        low_inside, high_inside = self.interval.low in self.region, self.interval.high in self.region
        if low_inside and high_inside:
            return Verdict.HOLDS
        # With neither end inside, the interval is beside the region unless it reaches across all of it.
        encloses = self.interval.low < self.region.low and self.interval.high > self.region.high
        return Verdict.INCONCLUSIVE if low_inside or high_inside or encloses else Verdict.REFUTED

    @property
    def sides(self) -> int:
        """On how many sides sampling can make this verdict wrong: the ends of its region, none for a count."""
        return 0 if self.interval.statistic == "count" else sum(map(math.isfinite, (self.region.low, self.region.high)))

    @property
    def margin(self) -> float:
        """How far the interval lies from the region's border, in widths of the interval.

        0 for an inconclusive or unbounded one; infinite for a count, or where all seeds agree.
        """
        if self.verdict is Verdict.INCONCLUSIVE:
            return 0.0
        found = self.interval
        distance = min(abs(end - border) for end in (found.low, found.high) for border in self.region.borders)
        width = found.high - found.low
        if found.statistic == "count" or (width == 0 and distance > 0):
            return math.inf
        return distance / width if math.isfinite(width) and width > 0 else 0.0

    def __bool__(self) -> bool:
        raise TypeError(
            "evidence is not a bool: give it to claim.holds_if(...). `assert interval < x` and "
            "`a < interval < b` would pass without a verdict; for the latter write interval.within(a, b)."
        )

    def __str__(self) -> str:
        found = self.interval
        if found.statistic == "count":
            return f"{found.measure}: {number(found.estimate)}, and the claim requires {self.region}"
        seeds = f"n = {found.n}" + (f", {found.left_out} left out" if found.left_out else "")
        return (
            f"{found.measure}: {number(found.estimate)}, interval {number(found.low)} to {number(found.high)} "
            f"({seeds}; an end errs at most once in {number(1 / found.alpha)}), and the claim requires {self.region}"
        )


def judge(*evidence: Evidence) -> Verdict:
    """The verdict on a claim with these conditions: all must hold, and one refuted refutes it.

    Raises TypeError where there is no evidence, or something that is none.
    """
    if not evidence or not all(isinstance(item, Evidence) for item in evidence):
        raise TypeError(f"a verdict needs at least one piece of evidence, such as interval < x, not {evidence}")
    return combined(item.verdict for item in evidence)


def combined(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of all these conditions, or cases, together: all must hold, and one refuted refutes it.

    A crash is an error unless another case is refuted. Where only some cases were run and none of them is refuted, it
    is inconclusive; with none run, not run.
    """
    found = set(verdicts) or {Verdict.NOT_RUN}
    for verdict in (Verdict.REFUTED, Verdict.ERROR):
        if verdict in found:
            return verdict
    return found.pop() if len(found) == 1 else Verdict.INCONCLUSIVE


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

    Too few are fewer than `rank(n, alpha)`, whose error rate it has. So it runs from one order statistic to another,
    ends included: `interval < x` holds where as many seeds as the rank lie below x, and is refuted where as many do
    not. Where so few seeds could not exclude anything the interval has no ends.

    values: (seed,), all seeds; among: (seed,), true for those that the claim is about; never: infinite values mean
    "never"; seeds: (seed,), their names in errors, 0, 1, … by default. Raises ValueError for a value that is not a
    number, whether among them or not, and for an infinite one among them without `never`.

    >>> found = median_interval(range(1, 17), "step", 1 / 4000)
    >>> found.low, found.high, found.within(1, 16).verdict.value
    (1.0, 16.0, 'holds')
    """
    numbers, counted = _checked(values, among, measure, seeds)
    if not never:
        _refuse(np.isinf(numbers) & counted, f"{measure}: infinite (where that means never, say never=True)", seeds)
    ranked = np.sort(numbers[counted])
    n, needed = len(ranked), rank(len(ranked), alpha)
    low, high = (float(ranked[-needed]), float(ranked[needed - 1])) if needed <= n else (-math.inf, math.inf)
    middle = {float(ranked[(n - 1) // 2]), float(ranked[n // 2])} if n else {math.nan}
    median = 0.0 if middle == {-math.inf, math.inf} else sum(middle) / len(middle)
    kept = tuple(numbers[counted].tolist())
    return Interval(measure, median, low, high, alpha, kept, "median", len(numbers) - n, among is not None)


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

    >>> (share_interval([True] * 128, "share", 1 / 4000) > 0.9).verdict.value
    'holds'
    """
    numbers, counted = _checked(successes, among, measure, seeds)
    if not np.isin(numbers, (0, 1)).all():
        raise ValueError(f"{measure}: each seed either succeeds or not, but the values are {numbers.tolist()}")
    kept = tuple(numbers[counted].tolist())
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


def _checked(
    values: ArrayLike, among: ArrayLike | None, measure: str, seeds: Sequence[int] | None
) -> tuple[Array, NDArray[np.bool_]]:
    """One number a seed, (seed,), and whether the claim is about that seed, (seed,)."""
    if np.ma.isMaskedArray(values) or np.ma.isMaskedArray(among):  # what lies under a mask would be judged
        raise ValueError(f"{measure}: a masked array; pass all seeds' numbers, and `among` for those that count")
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1:
        raise ValueError(f"{measure}: one number a seed is needed, (seed,), not an array of shape {numbers.shape}")
    n = len(numbers)
    if seeds is not None and len(seeds) != n:
        raise ValueError(f"{measure}: {n} numbers for {len(seeds)} seeds")
    _refuse(np.isnan(numbers), f"{measure}: not a number", seeds)
    counted = np.ones(n, dtype=bool) if among is None else np.asarray(among)
    if counted.dtype != bool or counted.shape != (n,):
        found = f"{counted.dtype} {counted.shape}"
        raise ValueError(f"{measure}: `among` is true or false for each of {n} seeds, not {found}")
    return numbers, counted


def _refuse(broken: NDArray[np.bool_], what: str, seeds: Sequence[int] | None) -> None:
    """Raises ValueError naming the seeds that are broken, (seed,), if there are any."""
    if places := np.flatnonzero(broken).tolist():
        raise ValueError(f"{what} for seeds {places if seeds is None else [seeds[place] for place in places]}")


def finite(values: ArrayLike, what: str, seed_axis: int = 0) -> Array:
    """The values as floats, same shape, if all are finite.

    A comparison, a rank or a maximum would turn a number that is not finite into one that is: a network that diverged
    would then speak for or against a claim.

    Raises ValueError naming what is broken and for which seeds, by their places along their axis.
    """
    numbers = np.asarray(values, dtype=float)
    broken = ~np.isfinite(numbers)
    if broken.any():
        seeds = np.unique(np.nonzero(broken)[seed_axis]).tolist() if numbers.ndim else []
        raise ValueError(f"{what}: not finite for seeds {seeds}; a network that broke says nothing for a claim")
    return numbers


def progress(*losses: ArrayLike) -> Array:
    """The final training loss over the first, of the network that learned least, (seed,).

    losses: (seed, record) each, one for each network. Below 1 every network has learned something: the precondition of
    a claim that untrained networks would meet as well.
    """
    curves = [finite(loss, "training loss") for loss in losses]
    return np.max([curve[:, -1] / curve[:, 0] for curve in curves], axis=0)


def number(value: float) -> str:
    """A number for a reader: four significant digits, whole above a thousand, thousands set apart; a dash for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = value == round(value) or abs(value) >= 1000
    return (f"{value:,.0f}" if whole else f"{value:.4g}").replace("-", "−")
