"""Strips: an interval drawn against its region, with every seed's value as a dot, as an SVG of fluid width.

Places along the axis are in percent, so that a strip narrows on a phone while its text and dots keep their size.
"""

import math
from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from ontrial.publish.axes import Axis, axis
from ontrial.publish.frozen import is_count
from ontrial.stats.verdicts import Evidence, Interval, Region, Verdict, number

_HEIGHT, _BAR, _DOTS = 46, 13, 27  # pixels: of a strip, and down to its bar and to its first row of dots
_FEW = 64  # seeds, whose dots may be large
_ROOM = 17.0  # pixels that the rows of dots take
_CLOSE = 16  # percent of the width that two numbers need
_WORDS = {
    Verdict.HOLDS: "inside the region",
    Verdict.REFUTED: "outside the region",
    Verdict.INCONCLUSIVE: "across the border of the region",
}


def common_axis(evidence: Sequence[Evidence]) -> Axis:
    """One axis for several intervals that are held against the same region."""
    intervals = [each.interval for each in evidence]
    numbers = [value for each in intervals for value in (each.low, each.estimate, each.high, *dots(each))]
    return axis(numbers, evidence[0].region.borders)


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
        *region_of(evidence.region, on, _HEIGHT),
        *_dots(found, on),
    ]
    low, high = on.at(found.low), on.at(found.high)
    parts += [
        Markup('<rect class="bar" x="{}%" y="{}" width="{:.2f}%" height="6" rx="3"/>').format(
            low, _BAR - 3, high - low
        ),
        *(
            Markup('<line class="end" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(x, _BAR - 6, _BAR + 6)
            for x in (low, high)
        ),
    ]
    if not math.isnan(found.estimate):
        place = on.at(found.estimate)
        parts.append(
            Markup('<line class="tick" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(place, _BAR - 9, _BAR + 9)
        )
    return Markup("").join([*parts, Markup("</svg>")])


def ruler(region: Region, on: Axis) -> Markup:
    """The SVG of the axis below the strips: a line, its ticks, their numbers; the region's borders stand out."""
    parts = [Markup('<svg class="ruler" width="100%" height="24" aria-hidden="true">')]
    left, right = on.ends
    parts.append(Markup('<line class="axis" x1="{}%" x2="{}%" y1="0.5" y2="0.5"/>').format(left - 1, right + 1))
    ticks = on.ticks(region.borders)
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
    if is_count(found):
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


def region_of(region: Region, on: Axis, height: float) -> list[Markup]:
    """The shade of a region behind a drawing so many pixels high, and its borders."""
    low, high = on.at(region.low), on.at(region.high)
    if math.isinf(region.low):
        low = 0.0
    if math.isinf(region.high):
        high = 100.0
    parts = [Markup('<rect class="region" x="{}%" y="0" width="{:.2f}%" height="{}"/>').format(low, high - low, height)]
    for border in region.borders:
        parts.append(Markup('<line class="border" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>').format(on.at(border), height))
    return parts


def _dots(interval: Interval, on: Axis) -> list[Markup]:
    """Dots in rows, a further row where a place is taken; a pile higher than the rows overlaps itself.

    All are one path of lines without length, whose round ends are the dots: hundreds of seeds take little space, and
    `non-scaling-stroke` keeps them round while the drawing is stretched.
    """
    values = sorted(dots(interval))
    if not values:
        return []
    levels, slot, size = (4, 0.9, 4.2) if len(values) <= _FEW else (7, 0.45, 2.6)
    taken: Counter[int] = Counter()
    places = []
    for value in values:
        place = on.at(value)
        level = taken[round(place / slot)] % levels
        taken[round(place / slot)] += 1
        places.append(f"M{place * 10:.0f} {_DOTS + level * _ROOM / levels:.3g}h0")
    drawn = Markup('<svg viewBox="0 0 1000 {0}" width="100%" height="{0}" preserveAspectRatio="none">').format(_HEIGHT)
    path = Markup('<path class="dots" stroke-width="{}" d="{}"/></svg>').format(size, "".join(dict.fromkeys(places)))
    return [drawn + path]
