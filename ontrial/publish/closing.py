"""How an interval closed in: a small drawing with a row a look, as an SVG of fluid width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ontrial.publish.axes import Axis, axis
from ontrial.publish.frozen import CaseResult, FrozenClaim, Seen, is_count
from ontrial.publish.strips import region_of
from ontrial.stats.verdicts import Region, Verdict, number

_ROW = 17  # pixels
_WORDS = {Verdict.HOLDS: "inside the region", Verdict.REFUTED: "outside", Verdict.INCONCLUSIVE: "across the border"}


@dataclass(frozen=True)
class Closing:
    """What the looks of a session saw of one condition of one case, up to the look that decided it.

    seen: (number of seeds of the look, what it saw), in the order of the looks.
    """

    case: str
    measure: str
    region: Region
    axis: Axis
    seen: tuple[tuple[int, Seen], ...]

    @property
    def end(self) -> str:
        """How it ended: `decided at 24 seeds`, `open at 32 seeds`."""
        seeds, last = self.seen[-1]
        return f"{'open' if last.verdict is Verdict.INCONCLUSIVE else 'decided'} at {seeds} seeds"


def closings(claim: FrozenClaim) -> list[Closing]:
    """The conditions of a claim's strongest evidence that took more than one look, or are still open."""
    return [found for judged in claim.shown for place in range(len(judged.evidence)) if (found := _of(judged, place))]


def drawing(closing: Closing) -> Markup:
    """The SVG: region shaded, its border marked, below one another the interval of each look, named by its seeds."""
    height = _ROW * len(closing.seen)
    parts = [
        Markup('<svg class="closing" width="100%" height="{}" role="img" aria-label="{}">').format(
            height, in_words(closing)
        ),
        *region_of(closing.region, closing.axis, height),
    ]
    for row, (_, seen) in enumerate(closing.seen):
        middle = _ROW * row + _ROW / 2
        low, high = closing.axis.at(seen.low), closing.axis.at(seen.high)
        bar = Markup('<g class="{}"><rect class="bar" x="{}%" y="{}" width="{:.2f}%" height="5" rx="2.5"/>')
        parts.append(bar.format(seen.verdict, low, middle - 2.5, max(high - low, 0.4)))
        if not math.isnan(seen.estimate):
            tick = Markup('<line class="tick" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>')
            parts.append(tick.format(closing.axis.at(seen.estimate), middle - 6, middle + 6))
        parts.append(Markup("</g>"))
    return Markup("").join([*parts, Markup("</svg>")])


def in_words(closing: Closing) -> str:
    """The drawing's text alternative: every look with its interval."""
    rows = (
        f"{seen.n} seeds: {number(seen.low)} to {number(seen.high)}, {_WORDS.get(seen.verdict, seen.verdict)}"
        for _, seen in closing.seen
    )
    return f"{closing.measure}, holds if {closing.region}. {'; '.join(rows)}"


def _of(judged: CaseResult, place: int) -> Closing | None:
    evidence = judged.evidence[place]
    if is_count(evidence.interval) or not judged.looks:
        return None
    decided = judged.decided_at(place)
    looks = judged.looks if decided is None else judged.looks[: decided + 1]
    seen = tuple((look.seeds, look.conditions[place]) for look in looks if place < len(look.conditions))
    if len(seen) < 2:
        return None
    on = _axis([one for _, one in seen], evidence.region)
    return Closing(judged.case, evidence.interval.measure, evidence.region, on, seen)


def _axis(seen: Sequence[Seen], region: Region) -> Axis:
    """An axis of all ends; an infinite one runs out of the drawing, unless it is an estimate."""
    ends = [value for one in seen for value in (one.low, one.high) if math.isfinite(value)]
    return axis([*ends, *(one.estimate for one in seen)], region.borders)
