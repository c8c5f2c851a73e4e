"""Verdicts: an interval held against the region that a claim names."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"
    ERROR = "error"


class Estimated(Protocol):
    """What a verdict needs to know of an interval; `ontrial.stats.intervals.Interval` is one."""

    @property
    def measure(self) -> str:
        """What was measured."""

    @property
    def estimate(self) -> float:
        """The median, share or count."""

    @property
    def low(self) -> float:
        """The lower end."""

    @property
    def high(self) -> float:
        """The upper end."""

    @property
    def alpha(self) -> float:
        """How often, at most, an end is wrong."""

    @property
    def values(self) -> tuple[float, ...]:
        """One number a seed, (seed,)."""

    @property
    def statistic(self) -> str:
        """What the estimate is: "median", "share" or "count"."""

    @property
    def left_out(self) -> int:
        """How many seeds the claim does not speak of."""

    @property
    def among(self) -> bool:
        """Whether it was asked to leave seeds out."""

    @property
    def n(self) -> int:
        """How many seeds it does."""


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
class Evidence:
    """An interval held against a region. It is no bool: only `judge` may draw a conclusion from it."""

    interval: Estimated
    region: Region

    @property
    def verdict(self) -> Verdict:
        """Holds where the interval lies inside the region, refuted where they are disjoint."""
        low_inside, high_inside = self.interval.low in self.region, self.interval.high in self.region
        if low_inside and high_inside:
            return Verdict.HOLDS
        # With neither end inside, the interval is beside the region unless it reaches across all of it.
        encloses = self.interval.low < self.region.low and self.interval.high > self.region.high
        touches = low_inside or high_inside or encloses
        return Verdict.INCONCLUSIVE if touches else Verdict.REFUTED

    @property
    def sides(self) -> int:
        """On how many sides sampling can make this verdict wrong: those that its region has, none for a count."""
        ends = () if self.interval.statistic == "count" else (self.region.low, self.region.high)
        return sum(math.isfinite(end) for end in ends)

    @property
    def margin(self) -> float:
        """How far the interval lies from the region's border, in widths of the interval.

        0 for an inconclusive one, or one without end; infinite for a plain count, or where all seeds agree.
        """
        found, region = self.interval, self.region
        inside = min(_distance(found.low, region.low), _distance(found.high, region.high))
        beside = min(_distance(found.low, region.high), _distance(found.high, region.low))
        distance = {Verdict.HOLDS: inside, Verdict.REFUTED: beside}.get(self.verdict, 0.0)
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
            return f"{found.measure}: {number(found.estimate)}, and the claim asks for {self.region}"
        seeds = f"n = {found.n}" + (f", {found.left_out} left out" if found.left_out else "")
        return (
            f"{found.measure}: {number(found.estimate)}, interval {number(found.low)} to {number(found.high)} "
            f"({seeds}; an end errs at most once in {number(1 / found.alpha)}), and the claim asks for {self.region}"
        )


def judge(*evidence: Evidence) -> Verdict:
    """The verdict on a claim with these conditions: all must hold, and one refuted refutes it.

    Raises TypeError where there is no evidence, or something that is none.
    """
    if not evidence or not all(isinstance(item, Evidence) for item in evidence):
        raise TypeError(f"a verdict rests on at least one piece of evidence, such as interval < x, not on {evidence}")
    return together({item.verdict for item in evidence})


def together(verdicts: Collection[str]) -> Verdict:
    """The verdict on a claim whose conditions have these, of which there is one at least."""
    return next((each for each in (Verdict.REFUTED, Verdict.INCONCLUSIVE) if each in verdicts), Verdict.HOLDS)


def _distance(end: float, border: float) -> float:
    return math.inf if math.isinf(border) else abs(end - border)


def number(value: float) -> str:
    """A number as a reader wants it: four significant digits, whole above a thousand, thousands set apart.

    A dash for the estimate of no seeds at all, which is not a number.
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    whole = value == round(value) or abs(value) >= 1000
    return (f"{value:,.0f}" if whole else f"{value:.4g}").replace("-", "−")
