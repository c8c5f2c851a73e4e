"""What the page says of one claim's evidence: its intervals by condition, in drawings and in words."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ontrial.publish.axes import Axis
from ontrial.publish.frozen import CaseResult, FrozenClaim, is_count
from ontrial.publish.strips import common_axis
from ontrial.stats.verdicts import Evidence, Interval, Region, Verdict, number

COUNTED = "counts"  # what a claim is judged on that trains nothing


@dataclass(frozen=True)
class Panel:
    """The intervals of one measure of a claim, a row a case, on a common axis."""

    measure: str
    region: Region
    axis: Axis
    rows: tuple[tuple[CaseResult, Evidence], ...]


def of(claim: FrozenClaim) -> list[Panel]:
    """The panels of a claim's strongest evidence, one for each measure and region."""
    rows: dict[tuple[str, Region], list[tuple[CaseResult, Evidence]]] = {}
    for judged in claim.shown:
        for evidence in judged.evidence:
            rows.setdefault((evidence.interval.measure, evidence.region), []).append((judged, evidence))
    return [
        Panel(measure, region, common_axis([evidence for _, evidence in group]), tuple(group))
        for (measure, region), group in rows.items()
    ]


def basis(panel: Panel) -> str:
    """What is held against the region: `the interval for the median over 80 seeds of` the measure."""
    intervals = [evidence.interval for _, evidence in panel.rows]
    if is_count(intervals[0]):
        return "the plain count of"
    n = as_range(each.n for each in intervals)
    of_what = {"share": f"over {n} seeds for the", "median": f"for the median over {n} seeds of"}
    return f"the interval {of_what.get(intervals[0].statistic, f'over {n} runs for the')}"


def row_name(judged: CaseResult, found: Interval) -> str:
    """What a row of a panel is called: its case, or where there is one only, what is behind the interval."""
    return judged.case or {"count": "count", "median": "all seeds", "share": "all seeds"}.get(
        found.statistic, "all runs"
    )


def numbers(found: Interval) -> str:
    """An interval in numbers: `0.75 (0.57 to 0.89)`."""
    if is_count(found):
        return number(found.estimate)
    return f"{short(found.estimate)} ({short(found.low)} to {short(found.high)})"


def seeds(found: Interval) -> str:
    """The seeds behind an interval: `n = 24`, `n = 214 of 320 seeds`; of a share `156 of 160 seeds`; "" for a count."""
    if is_count(found):
        return ""
    if found.statistic == "share":
        left_out = f", {found.left_out} left out" if found.left_out else ""
        return f"{sum(found.values):.0f} of {found.n} seeds{left_out}"
    return f"n = {found.n}" + (f" of {found.n + found.left_out} seeds" if found.left_out else "")


def with_seeds(found: Interval) -> str:
    """An interval and the seeds behind it: `0.75 (0.57 to 0.89), n = 24`."""
    return ", ".join(filter(None, (numbers(found), seeds(found))))


def margin(claim: FrozenClaim) -> str:
    """The margin as the table shows it."""
    if claim.verdict not in (Verdict.HOLDS, Verdict.REFUTED):
        return ""
    if math.isinf(claim.margin):
        return "exact" if all(each.n is None for each in claim.shown) else "all seeds agree"
    return f"margin {claim.margin:.2g}" if claim.margin < 100 else f"margin {claim.margin:,.0f}"


def strength(claim: FrozenClaim) -> str:
    """Tier, dataset and n of the evidence that a claim rests on."""
    if not claim.shown:
        return "no evidence"
    origins = dict.fromkeys(origin(each.tier, each.dataset) for each in claim.shown)
    found = [each.n for each in claim.shown if each.n is not None]
    return " and ".join(origins) + (f" · n\u00a0=\u00a0{as_range(found)}" if found else "")


def is_mixed(claim: FrozenClaim) -> bool:
    """Whether its cases rest on different tiers or datasets."""
    return len({(judged.tier, judged.dataset) for judged in claim.shown}) > 1


def origin(tier: str, dataset: str) -> str:
    """A tier and a dataset in words; counts need neither."""
    return "counted" if dataset == COUNTED else f"{tier}, {dataset}"


def other_origins(claim: FrozenClaim) -> list[tuple[str, str]]:
    """Where a claim was judged besides, and the verdict there, strongest first."""
    shown = {(judged.tier, judged.dataset) for judged in claim.others if judged.dataset != COUNTED}
    return [(origin(*name), str(verdict)) for name, verdict in claim.by_origin().items() if name in shown]


def asides(claim: FrozenClaim) -> list[Interval]:
    """What was measured besides, in the claim's strongest evidence."""
    return [each for judged in claim.shown for each in judged.asides]


def as_range(found: Iterable[int]) -> str:
    """Whole numbers as `12`, or `12 to 24`."""
    least, *others = sorted(set(found))
    return f"{least} to {others[-1]}" if others else str(least)


def short(value: float) -> str:
    """A number with three digits, small ones as a power of ten; a dash for the estimate of no seeds."""
    if math.isnan(value):
        return number(value)
    if value == 0 or math.isinf(value) or abs(value) >= 1e-4:
        return number(float(f"{value:.3g}")) if abs(value) < 1000 else number(value)
    digits, power = f"{value:.1e}".replace(".0e", "e").split("e")
    return f"{digits} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}".replace("-", "−")
