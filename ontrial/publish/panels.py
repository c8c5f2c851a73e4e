"""The evidence of one claim as the page draws it: intervals and their region on one axis, by case and look by look."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ontrial.publish.frozen import CaseResult, FrozenClaim, Seen, is_count, n_in_words
from ontrial.registered import drawn
from ontrial.stats.verdicts import Evidence, Interval, Region, Verdict, number

COUNTED = "counts"  # the dataset of a claim that trains nothing
_LEFT, _RIGHT = 3.0, 97.0  # percent of a drawing's width
_FOR_INFINITY = 8.0  # percent
_LOG_SPAN, _ASINH_SPAN = 50, 40  # from what ratio of the largest to the smallest, or to the typical
_FEW_DECADES = 200  # below this ratio of high to low, twos and fives have ticks too
_CHARACTER, _GAP = 2.2, 3.0  # percent that a character of a tick's label takes on a phone, and between two labels
_ROOM = 16.0  # percent between two borders with their labels between them
_FEW_SEEDS = 64  # whose dots may be large
_TOP, _HEIGHT = 27, 17.0  # pixels of the rows of dots
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Axis:
    """An axis from low to high, drawn between left and right in percent; infinity is beyond these where it has room.

    scale: "linear", "log" (all positive) or "asinh" (decades on both sides of zero, linear below about linear_width).
    """

    low: float
    high: float
    scale: Literal["linear", "log", "asinh"] = "linear"
    linear_width: float = 1.0
    left: float = _LEFT
    right: float = _RIGHT

    def at(self, value: float) -> float:
        """Where a number is drawn, in percent; infinity without room of its own is at the drawing's edge."""
        if math.isinf(value) and value > 0:
            return _RIGHT if self.right < _RIGHT else 100.0
        if math.isinf(value):
            return _LEFT if self.left > _LEFT else 0.0
        low, high, here = map(self._scaled, (self.low, self.high, value))
        place = self.left + (self.right - self.left) * (here - low) / (high - low)
        return round(min(max(place, 0.0), 100.0), 2)

    def span(self, region: Region) -> tuple[float, float]:
        """Where a region begins and ends, in percent: an infinite end is the drawing's edge."""
        low = 0.0 if math.isinf(region.low) else self.at(region.low)
        return low, 100.0 if math.isinf(region.high) else self.at(region.high)

    def ticks(self, region: Region) -> list[tuple[float, str, str, bool]]:
        """(percent, label, text-anchor, whether it is a border): every border, and others where there is room."""
        places = {border: self.at(border) for border in region.borders}
        ticks = [(at, _label(border), _anchor(at, places.values()), True) for border, at in places.items()]
        infinite = [-math.inf] * (self.left > _LEFT) + [math.inf] * (self.right < _RIGHT)
        for value in (*infinite, *self._round_numbers()):
            at, label = self.at(value), _label(value)
            if all(abs(at - x) >= _GAP + _CHARACTER * (len(label) + len(other)) / 2 for x, other, *_ in ticks):
                ticks.append((at, label, _anchor(at), False))
        return sorted(ticks)

    def _scaled(self, value: float) -> float:
        if self.scale == "log":
            return math.log10(value)
        return math.asinh(value / self.linear_width) if self.scale == "asinh" else value

    def _round_numbers(self) -> list[float]:
        from matplotlib.ticker import AsinhLocator, Locator, LogLocator, MaxNLocator  # slow to import

        locator: Locator = MaxNLocator(5, steps=[1, 2, 5, 10])
        if self.scale == "log":
            locator = LogLocator(subs=(1, 2, 5) if self.high / self.low < _FEW_DECADES else (1,), numticks=5)
        elif self.scale == "asinh":
            locator = AsinhLocator(self.linear_width, numticks=7)
        inside = [float(each) for each in locator.tick_values(self.low, self.high) if self.low <= each <= self.high]
        return sorted(inside, key=lambda value: (value != 0, value))  # zero is never left out for another


def axis(numbers: Sequence[float], region: Region) -> Axis:
    """An axis that shows these numbers and the region's borders. NaN, the estimate of no seeds, has no place on it."""
    left, right = _LEFT + _FOR_INFINITY * (-math.inf in numbers), _RIGHT - _FOR_INFINITY * (math.inf in numbers)
    finite = [value for value in numbers if math.isfinite(value)]
    shown = [*finite, *region.borders]
    low, high = min(shown), max(shown)
    if low > 0 and high / low > _LOG_SPAN:
        padding = (high / low) ** 0.04
        return Axis(low / padding, high * padding, "log", left=left, right=right)
    padding = 0.04 * (high - low) or 0.1 * abs(high) or 1.0
    typical = statistics.median(abs(value) for value in finite if value) if any(finite) else 1.0
    if low <= 0 and max(abs(low), abs(high)) > _ASINH_SPAN * typical:
        return Axis(low - padding, high + padding, "asinh", typical, left, right)
    return Axis(low - padding, high + padding, left=left, right=right)


@dataclass(frozen=True)
class Row:
    """An interval in a panel and what is written beside it.

    origin: its tier and dataset in words; unit: what its n counts, "seeds" or "pairs"; drawn: the hash that the seeds
    of its values are drawn from, "numbered" where they are 0, 1, …, "" where it is not known which have these values.
    """

    name: str
    interval: Interval | Seen
    verdict: Verdict
    origin: str = ""
    unit: str = "seeds"
    drawn: str = ""


@dataclass(frozen=True)
class Panel:
    """Intervals of one measure against one region: a row a case, or a row a look at one case."""

    measure: str
    region: Region
    axis: Axis
    rows: tuple[Row, ...]
    case: str = ""
    ended: str = ""


def by_case(claim: FrozenClaim) -> list[Panel]:
    """The strongest evidence for a claim, a panel for each measure and region."""
    groups: dict[tuple[str, Region], list[tuple[CaseResult, int, Evidence]]] = {}
    for judged in claim.shown:
        for place, each in enumerate(judged.evidence):
            groups.setdefault((each.interval.measure, each.region), []).append((judged, place, each))
    panels = []
    for (measure, region), group in groups.items():
        intervals = [each.interval for *_, each in group]
        numbers = [value for each in intervals for value in (each.low, each.estimate, each.high, *seed_values(each))]
        rows = tuple(
            Row(
                of.case,
                one.interval,
                one.verdict,
                origin(of.tier, of.dataset),
                of.unit_of(place),
                _drawn(claim, of, place),
            )
            for of, place, one in group
        )
        panels.append(Panel(measure, region, axis(numbers, region), rows))
    return panels


def _drawn(claim: FrozenClaim, judged: CaseResult, place: int) -> str:
    if judged.evidence[place].interval.left_out or judged.unit_of(place) == "pairs":
        return ""
    if judged.registration is None:
        return "numbered"
    lock = claim.registered
    return lock.hash if lock is not None and lock.registration == judged.registration else ""


def drawn_seeds(claims: Iterable[FrozenClaim]) -> dict[str, tuple[int, ...]]:
    """The seeds that the values of these claims are of, in their order, by the hash that they are drawn from."""
    rows = [
        row for claim in claims for panel in by_case(claim) for row in panel.rows if row.drawn not in ("", "numbered")
    ]
    numbers = {row.drawn: max(each.interval.n for each in rows if each.drawn == row.drawn) for row in rows}
    return {digest: drawn(digest, number) for digest, number in numbers.items()}


def by_look(claim: FrozenClaim) -> list[Panel]:
    """The conditions that took several looks or are still open, a panel each, up to the look that decided it."""
    panels = []
    for judged in claim.shown:
        for place, each in enumerate(judged.evidence):
            decided = judged.decided_at(place)
            looks = judged.looks if decided is None else judged.looks[: decided + 1]
            seen = [look.conditions[place] for look in looks if place < len(look.conditions)]
            if is_count(each.interval) or len(seen) < 2:
                continue
            ends = [end for one in seen for end in (one.low, one.high) if math.isfinite(end)]  # others run out of it
            on = axis([*ends, *(one.estimate for one in seen)], each.region)
            ended = f"{'open' if seen[-1].verdict is Verdict.INCONCLUSIVE else 'decided'} at {looks[-1].seeds} seeds"
            unit = judged.unit_of(place)
            names = [f"n = {one.n}" if unit == "seeds" else n_in_words(one.n, unit) for one in seen]
            rows = tuple(Row(name, one, one.verdict, unit=unit) for name, one in zip(names, seen, strict=True))
            panels.append(Panel(each.interval.measure, each.region, on, rows, judged.case, ended))
    return panels


def seed_values(interval: Interval) -> tuple[float, ...]:
    """The values on the interval's own axis: every seed's, but not the runs behind a correlation."""
    return interval.values if interval.statistic in ("median", "share") else ()


def dots(interval: Interval, on: Axis) -> tuple[float, str] | None:
    """Stroke width and SVG path of a dot a seed, in rows, a further row where a place is taken; None without seeds.

    The dots are the round ends of lines without length, in a view box 1000 wide: hundreds of seeds take little space,
    and `non-scaling-stroke` keeps them round while the drawing is stretched. A pile higher than the rows overlaps.
    """
    places = [on.at(value) for value in sorted(seed_values(interval))]
    rows, slot, size = (4, 0.9, 4.2) if len(places) <= _FEW_SEEDS else (7, 0.45, 2.6)
    taken: Counter[int] = Counter()
    path: dict[str, None] = {}
    for place in places:
        row = taken[round(place / slot)] % rows
        taken[round(place / slot)] += 1
        path[f"M{place * 10:.0f} {_TOP + row * _HEIGHT / rows:.3g}h0"] = None
    return (size, "".join(path)) if path else None


def numbers(found: Interval) -> str:
    """An interval in numbers: `0.75 (0.57 to 0.89)`."""
    if is_count(found):
        return number(found.estimate)
    return f"{short(found.estimate)} ({short(found.low)} to {short(found.high)})"


def seeds(found: Interval, unit: str = "seeds") -> str:
    """The seeds behind an interval: `n = 24`, `n = 214 of 320 seeds`; of a share `156 of 160 seeds`; "" for a count.

    unit: "pairs" where n counts these: `n = 24 pairs`.
    """
    if is_count(found):
        return ""
    if found.statistic == "share":
        left_out = f", {found.left_out} left out" if found.left_out else ""
        return f"{sum(found.values):.0f} of {found.n} {unit}{left_out}"
    if found.left_out:
        return f"n = {found.n} of {found.n + found.left_out} {unit}"
    return n_in_words(f"n = {found.n}", unit)


def with_seeds(found: Interval, unit: str = "seeds") -> str:
    """An interval and the seeds behind it: `0.75 (0.57 to 0.89), n = 24`. unit: as for `seeds`."""
    return ", ".join(filter(None, (numbers(found), seeds(found, unit))))


def strength(claim: FrozenClaim) -> str:
    """Tier, dataset and n of the evidence that a claim rests on."""
    if not claim.shown:
        return "no evidence"
    origins = dict.fromkeys(origin(each.tier, each.dataset) for each in claim.shown)
    found = [each.n for each in claim.shown if each.n is not None]
    n = n_in_words(as_range(found), claim.unit).replace(" ", "\u00a0") if found else ""
    return " and ".join(origins) + (f" · n\u00a0=\u00a0{n}" if found else "")


def origin(tier: str, dataset: str) -> str:
    """A tier and a dataset in words; counts need neither."""
    return "counted" if dataset == COUNTED else f"{tier}, {dataset}"


def as_range(found: Iterable[int]) -> str:
    """Whole numbers as `12`, or `12 to 24`."""
    least, *others = sorted(set(found))
    return f"{least} to {others[-1]}" if others else str(least)


def short(value: float) -> str:
    """A number with three digits, small ones as a power of ten; a dash for the estimate of no seeds."""
    if not 0 < abs(value) < 1e-4:
        return number(float(f"{value:.3g}") if abs(value) < 1000 else value)
    digits, power = f"{value:.1e}".replace(".0e", "e").split("e")
    return f"{digits} × {_power_of_ten(int(power))}".replace("-", "−")


def _label(value: float) -> str:
    power = math.log10(abs(value)) if value and math.isfinite(value) else 0.0
    if power != round(power) or -4 < power < 5:
        return number(value)
    return f"{'−' if value < 0 else ''}{_power_of_ten(round(power))}"


def _power_of_ten(power: int) -> str:
    return f"10{str(power).translate(_SUPERSCRIPT)}"


def _anchor(place: float, borders: Iterable[float] = ()) -> str:
    """The text-anchor of a tick's label: outside for two borders close together, inside at an end of the axis."""
    for other in borders:
        if 0 < abs(other - place) < _ROOM:
            return "end" if place < other else "start"
    return "start" if place < 4 else "end" if place > 96 else "middle"
