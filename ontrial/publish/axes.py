"""The axis below an interval's drawing: where a number lies on it, in percent of its width, and its ticks."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ontrial.stats.verdicts import number

_LEFT, _RIGHT = 3.0, 97.0  # percent
_LANE = 8.0  # percent kept at an end for what is infinite
_LOG_SPAN, _ASINH_SPAN = 50, 40  # how many times the smallest, or the typical, the largest must be
_CLOSEST = 13.0  # percent between the labels of two ticks


@dataclass(frozen=True)
class Axis:
    """An axis from low to high, with a lane of its own at an end where something is infinite.

    kind: "linear", "log" (all positive, over decades) or "asinh" (over decades on both sides of zero, linear up to
    about `scale`).
    """

    kind: Literal["linear", "log", "asinh"]
    low: float
    high: float
    scale: float = 1.0
    has_minus_infinity: bool = False
    has_infinity: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """Where the finite numbers begin and end, in percent."""
        return _LEFT + _LANE * self.has_minus_infinity, _RIGHT - _LANE * self.has_infinity

    def at(self, value: float) -> float:
        """The place of a number, in percent; an infinite one lies in its lane, or at the drawing's edge."""
        left, right = self.ends
        if math.isinf(value):
            if value > 0:
                return _RIGHT if self.has_infinity else 100.0
            return _LEFT if self.has_minus_infinity else 0.0
        low, high = self._stretched(self.low), self._stretched(self.high)
        place = left + (right - left) * (self._stretched(value) - low) / (high - low)
        return round(min(max(place, 0.0), 100.0), 2)

    def ticks(self, borders: Iterable[float] = ()) -> list[tuple[float, str, bool]]:
        """(percent, label, whether it is a border) of each tick: the region's borders first, others where room is."""
        wanted = [(value, True) for value in borders if math.isfinite(value)]
        wanted += [
            (value, False) for value in ((-math.inf,) * self.has_minus_infinity + (math.inf,) * self.has_infinity)
        ]
        wanted += [(value, False) for value in self._round_numbers()]
        ticks: list[tuple[float, str, bool]] = []
        for value, is_border in wanted:
            place = self.at(value)
            if is_border or all(abs(place - other) >= _CLOSEST for other, _, _ in ticks):
                ticks.append((place, _label(value), is_border))
        return sorted(ticks)

    def _stretched(self, value: float) -> float:
        if self.kind == "log":
            return math.log10(value)
        return math.asinh(value / self.scale) if self.kind == "asinh" else value

    def _round_numbers(self) -> list[float]:
        if self.kind == "linear":
            step = _round_step((self.high - self.low) / 4)
            first, last = math.ceil(self.low / step), math.floor(self.high / step)
            return [round(step * count, 12) for count in range(first, last + 1)]
        if self.kind == "log":
            return _powers_of_ten(self.low, self.high)
        furthest = math.floor(math.log10(max(abs(self.low), abs(self.high))))
        powers = [10.0**power for power in range(furthest, furthest - 3, -1)]
        return [0.0, *(sign * power for power in powers for sign in (1, -1) if self.low <= sign * power <= self.high)]


def axis(numbers: Iterable[float], borders: Iterable[float] = ()) -> Axis:
    """An axis that shows all these numbers, and the borders of the region.

    Raises ValueError where there is none at all.
    """
    numbers = [value for value in numbers if not math.isnan(value)]  # the estimate of no seeds is none
    borders = [border for border in borders if math.isfinite(border)]
    shown = [value for value in numbers if math.isfinite(value)]
    lanes = {"has_minus_infinity": -math.inf in numbers, "has_infinity": math.inf in numbers}
    everything = shown + borders
    if not everything:
        if not numbers:
            raise ValueError("an axis needs at least one number")
        return Axis("linear", -1.0, 1.0, **lanes)
    low, high = min(everything), max(everything)
    positive = low > 0
    if positive and high / low > _LOG_SPAN:
        padding = (high / low) ** 0.04
        return Axis("log", low / padding, high * padding, **lanes)
    typical = statistics.median(abs(value) for value in shown if value) if any(shown) else 1.0
    padding = 0.04 * (high - low) or 0.1 * abs(high) or 1.0
    if not positive and max(abs(low), abs(high)) > _ASINH_SPAN * typical:
        return Axis("asinh", low - padding, high + padding, scale=typical, **lanes)
    return Axis("linear", low - padding, high + padding, **lanes)


def _powers_of_ten(low: float, high: float) -> list[float]:
    """At most five powers of ten between two positive numbers; with few of them, their double and fivefold too."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = max(1, math.ceil((last - first + 1) / 5))
    powers = [10.0**power for power in range(first, last + 1, every)]
    if len(powers) > 2:
        return powers
    between = [part * power for power in (*powers, 10.0 ** (first - 1)) for part in (2, 5)]
    return [*powers, *(value for value in between if low <= value <= high)]


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, … that is at least so large."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(part * power for part in (1, 2, 5, 10) if part * power >= least * (1 - 1e-9))


def _label(value: float) -> str:
    if value and math.isfinite(value):
        power = math.log10(abs(value))
        if power == round(power) and not -4 < power < 5:
            exponent = str(round(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
            return f"{'−' if value < 0 else ''}10{exponent}"
    return number(value)
