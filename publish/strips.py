"""Strips: an interval drawn against its region, with every seed's value as a dot, as an SVG of fluid width.

Places along the axis are in percent, so that a strip narrows on a phone while its text and dots keep their size.
"""

import math
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from evidence.intervals import Interval
from evidence.verdicts import Evidence, Region, Verdict, number
from publish.axes import Axis, axis

_HEIGHT, _BAR, _DOTS = 46, 13, 27  # pixels: of a strip, and down to its bar and to its first row of dots
_LEVELS, _LEVEL = 4, 4.4  # rows of dots, and pixels between them
_SLOT, _CLOSE = 0.9, 16  # percent of the width that a dot takes, and that two numbers need
_WORDS = {
    Verdict.HOLDS: "inside the region",
    Verdict.REFUTED: "outside the region",
    Verdict.INCONCLUSIVE: "across the border of the region",
}


def common_axis(evidence: Sequence[Evidence]) -> Axis:
    """One axis for several intervals that are held against the same region."""
    intervals = [each.interval for each in evidence]
    numbers = [value for each in intervals for value in (each.low, each.estimate, each.high, *dots(each))]
    return axis(numbers, borders(evidence[0].region))


def borders(region: Region) -> tuple[float, ...]:
    """The finite ends of a region."""
    return tuple(dict.fromkeys(end for end in (region.low, region.high) if math.isfinite(end)))


def dots(interval: Interval) -> tuple[float, ...]:
    """The values that lie on the interval's own axis: every seed's, but not the runs behind a correlation."""
    return interval.values if interval.statistic in ("median", "share") else ()


def strip(evidence: Evidence, on: Axis, name: str) -> Markup:
    """The SVG of one interval: region shaded, interval as a bar, estimate as a tick across it, seeds as dots.

    name: what the text alternative begins with.
    """
    found = evidence.interval
    parts = [
        Markup('<svg class="strip {verdict}" width="100%" height="{height}" role="img" aria-label="{label}">').format(
            verdict=evidence.verdict, height=_HEIGHT, label=f"{name}: {in_words(evidence)}"
        ),
        *_region(evidence.region, on),
        *_dots(found, on),
    ]
    low, high, estimate = (on.at(value) for value in (found.low, found.high, found.estimate))
    parts += [
        Markup('<rect class="bar" x="{}%" y="{}" width="{:.2f}%" height="6" rx="3"/>').format(
            low, _BAR - 3, high - low
        ),
        *(
            Markup('<line class="end" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(x, _BAR - 6, _BAR + 6)
            for x in (low, high)
        ),
        Markup('<line class="tick" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(estimate, _BAR - 9, _BAR + 9),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def ruler(region: Region, on: Axis) -> Markup:
    """The SVG of the axis below the strips: a line, its ticks, their numbers; the region's borders stand out."""
    parts = [Markup('<svg class="ruler" width="100%" height="24" aria-hidden="true">')]
    left, right = on.ends
    parts.append(Markup('<line class="axis" x1="{}%" x2="{}%" y1="0.5" y2="0.5"/>').format(left - 1, right + 1))
    ticks = on.ticks(borders(region))
    ends = [place for place, _, is_border in ticks if is_border]
    for place, label, is_border in ticks:
        parts += [
            Markup('<line x1="{0}%" x2="{0}%" y1="0" y2="5"/>').format(place),
            Markup('<text class="{}" x="{}%" y="18" text-anchor="{}">{}</text>').format(
                "border" if is_border else "", place, _anchor(place, ends if is_border else []), label
            ),
        ]
    return Markup("").join([*parts, Markup("</svg>")])


def in_words(evidence: Evidence) -> str:
    """A strip's text alternative."""
    found, where = evidence.interval, f"{_WORDS.get(evidence.verdict, '')} {evidence.region}"
    if found.confidence == 1:
        return f"{number(found.estimate)}, {where}"
    seeds = dots(found)
    spread = f"; seeds from {number(min(seeds))} to {number(max(seeds))}" if seeds else ""
    return f"estimate {number(found.estimate)}, interval {number(found.low)} to {number(found.high)}, {where}{spread}"


def _anchor(place: float, neighbours: Sequence[float]) -> str:
    """Which end of a tick's number stands at the tick: two borders close together have theirs outside."""
    for other in neighbours:
        if 0 < abs(other - place) < _CLOSE:
            return "end" if place < other else "start"
    return "start" if place < 4 else "end" if place > 96 else "middle"


def _region(region: Region, on: Axis) -> list[Markup]:
    low, high = on.at(region.low), on.at(region.high)
    if math.isinf(region.low):
        low = 0.0
    if math.isinf(region.high):
        high = 100.0
    parts = [
        Markup('<rect class="region" x="{}%" y="0" width="{:.2f}%" height="{}"/>').format(low, high - low, _HEIGHT)
    ]
    for border in borders(region):
        parts.append(
            Markup('<line class="border" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(on.at(border), _HEIGHT)
        )
    return parts


def _dots(interval: Interval, on: Axis) -> list[Markup]:
    """Dots in rows, a further row where a place is taken; a pile higher than the rows overlaps itself."""
    taken: Counter[int] = Counter()
    parts = []
    for value in sorted(dots(interval)):
        place = on.at(value)
        level = taken[round(place / _SLOT)] % _LEVELS
        taken[round(place / _SLOT)] += 1
        parts.append(Markup('<circle cx="{}%" cy="{:.1f}" r="2.1"/>').format(place, _DOTS + level * _LEVEL))
    return parts
