"""What the page says of one claim: its intervals by condition, how it was judged, where its evidence comes from."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence.comparisons import Comparison
from evidence.intervals import Interval
from evidence.verdicts import Evidence, Region, Verdict, number
from publish.axes import Axis
from publish.strips import common_axis
from publish.summary import Claim, Judged, Summary

_DATASETS = {"mnist": "MNIST", "digits": "8×8 digits"}
_NAMED = ("name", "widths", "parameters", "trained", "steps", "data", "epochs", "batch_size")
_TIMES = ("seconds", "asking_seconds")


@dataclass(frozen=True)
class Panel:
    """The intervals of one measure of a claim, a row a case, on a common axis."""

    measure: str
    region: Region
    axis: Axis
    rows: tuple[tuple[Judged, Evidence], ...]


def of(claim: Claim) -> list[Panel]:
    """The panels of a claim's strongest evidence, one for each measure and region."""
    rows: dict[tuple[str, Region], list[tuple[Judged, Evidence]]] = {}
    for judged in claim.shown:
        for evidence in judged.evidence:
            rows.setdefault((evidence.interval.measure, evidence.region), []).append((judged, evidence))
    return [
        Panel(measure, region, common_axis([evidence for _, evidence in group]), tuple(group))
        for (measure, region), group in rows.items()
    ]


def basis(panel: Panel) -> str:
    """What is held against the region: `the 99.9 % interval for the median over 80 seeds of` the measure."""
    intervals = [evidence.interval for _, evidence in panel.rows]
    first = intervals[0]
    if first.confidence == 1:
        return "the plain count of"
    n = _range(each.n for each in intervals)
    confidence = " and ".join(f"{level:.3%}".rstrip("%").rstrip("0").rstrip(".") for level in _levels(intervals))
    of_what = {"share": f"over {n} seeds for the", "median": f"for the median over {n} seeds of"}
    return f"the {confidence} % interval {of_what.get(first.statistic, f'over {n} runs for the')}"


def row_name(judged: Judged, found: Interval) -> str:
    """What a row of a panel is called: its case, or where there is one only, what is behind the interval."""
    return judged.case or {"count": "count", "correlation": "all runs"}.get(found.statistic, "all seeds")


def numbers(found: Interval) -> str:
    """An interval in numbers: `0.75 (0.57 to 0.89)`; of a share, how many seeds as well."""
    if found.confidence == 1:
        return number(found.estimate)
    text = f"{short(found.estimate)} ({short(found.low)} to {short(found.high)})"
    if found.statistic == "share":
        return f"{text}, {sum(found.values):.0f} of {found.n} seeds"
    return text


def margin(claim: Claim) -> str:
    """The margin as the table shows it."""
    if claim.verdict not in (Verdict.HOLDS, Verdict.REFUTED):
        return ""
    if math.isinf(claim.margin):
        return "exact" if all(each.n is None for each in claim.shown) else "all seeds agree"
    return f"margin {claim.margin:.2g}" if claim.margin < 100 else f"margin {claim.margin:,.0f}"


def strength(claim: Claim) -> str:
    """Tier, dataset and n of the evidence that a claim rests on."""
    if not claim.shown:
        return "no evidence"
    origins = dict.fromkeys(origin(each.tier, each.dataset) for each in claim.shown)
    seeds = [each.n for each in claim.shown if each.n is not None]
    return " and ".join(origins) + (f" · n\u00a0=\u00a0{_range(seeds)}" if seeds else "")


def is_mixed(claim: Claim) -> bool:
    """Whether its cases rest on different tiers or datasets."""
    return len({(judged.tier, judged.dataset) for judged in claim.shown}) > 1


def origin(tier: str, dataset: str) -> str:
    """A tier and a dataset in words; MNIST in the fast tier is a thirtieth of it, and counts need neither."""
    if dataset == "counts":
        return "counted"
    if tier == "fast" and dataset == "mnist":
        return "fast, MNIST in miniature"
    return f"{tier}, {_DATASETS.get(dataset, dataset)}"


@dataclass(frozen=True)
class Origin:
    """Where shown verdicts come from: how many claims rest on this tier and dataset, seeds, commits and dates."""

    name: str
    claims: int
    seeds: str
    commits: tuple[str, ...]
    dates: tuple[str, ...]


def origins(summary: Summary) -> list[Origin]:
    """The origins of all the evidence that is shown, strongest first."""
    groups: dict[str, list[tuple[str, Judged]]] = {}
    shown = [(claim.id, each) for claim in summary.claims for each in claim.shown]
    for name, each in sorted(shown, key=lambda item: item[1].strength):
        groups.setdefault(origin(each.tier, each.dataset), []).append((name, each))
    found = []
    for name, group in groups.items():
        times = sorted({each.session for _, each in group})
        intervals = [evidence.interval for _, each in group for evidence in each.evidence]
        seeds = [found.n for found in intervals if found.confidence < 1]
        found.append(
            Origin(
                name,
                len({claim for claim, _ in group}),
                _range(seeds) if seeds else "–",
                tuple(dict.fromkeys(summary.sessions[time]["commit"] or "unknown" for time in times)),
                tuple(dict.fromkeys(day(time) for time in times)),
            )
        )
    return found


def why(judged: Judged) -> str:
    """The reason of a verdict other than holds; of an error, what went wrong."""
    if judged.verdict is Verdict.ERROR:
        return judged.problem
    if judged.verdict is Verdict.HOLDS:
        return ""
    if judged.reason and judged.expected is judged.verdict:
        return judged.reason
    undecided = "the seeds cannot decide: the interval reaches across the border of the region"
    return undecided if judged.verdict is Verdict.INCONCLUSIVE else "not looked into yet"


def reasons(claim: Claim) -> list[tuple[Verdict, str, str]]:
    """(verdict, cases, reason) of the cases that do not hold, those with the same reason together."""
    groups: dict[tuple[Verdict, str], list[str]] = {}
    for judged in claim.shown:
        if judged.verdict is not Verdict.HOLDS:
            groups.setdefault((judged.verdict, why(judged)), []).append(judged.case)
    return [(verdict, ", ".join(filter(None, cases)), reason) for (verdict, reason), cases in groups.items()]


def other_origins(claim: Claim) -> list[tuple[str, str]]:
    """Where a claim was judged besides, and the verdict there, strongest first."""
    shown = {(judged.tier, judged.dataset) for judged in claim.others if judged.dataset != "counts"}
    return [(origin(*name), str(verdict)) for name, (verdict, _) in claim.by_evidence().items() if name in shown]


def settings(claim: Claim) -> list[Mapping[str, Any]]:
    """What was trained for a claim, each configuration once."""
    found: list[Mapping[str, Any]] = []
    for judged in claim.shown:
        found += [each for each in judged.settings if each not in found]
    return found


def other_settings(setting: Mapping[str, Any]) -> str:
    """The fields of a setting that have no column of their own: `learning rate 0.0005, labels random`."""
    rest = {key: value for key, value in setting.items() if key not in _NAMED + _TIMES}
    return ", ".join(f"{key.replace('_', ' ')} {'yes' if value is True else value}" for key, value in rest.items())


def differing(claim: Claim) -> list[Comparison]:
    """The report's numbers that lie outside the range of our seeds; only a full tier on its data can say so."""
    return [each for each in compared(claim) if each.differs]


def compared(claim: Claim) -> list[Comparison]:
    """The report's numbers beside ours, each once, where the claim rests on the report's own settings."""
    at_its_settings = [judged for judged in claim.shown if judged.tier == "full" and judged.dataset != "digits"]
    return list(dict.fromkeys(each for judged in at_its_settings for each in judged.reported))


def beside_report(claim: Claim) -> str:
    """How many of the report's numbers lie outside the range of our seeds."""
    differ, all_of_them = len(differing(claim)), len(compared(claim))
    if differ == 0:
        whose = "The report's number lies" if all_of_them == 1 else f"All {all_of_them} numbers of the report lie"
        return f"{whose} within the range of our seeds."
    whose = "The report's number lies" if all_of_them == 1 else f"Of {all_of_them} numbers of the report, {differ} lie"
    return f"{whose} outside the range of all our seeds:".replace(", 1 lie ", ", 1 lies ")


def asides(claim: Claim) -> list[Interval]:
    """What was measured besides, in the claim's strongest evidence."""
    return [each for judged in claim.shown for each in judged.asides]


def trained_for(claim: Claim) -> str:
    """How long the networks of a claim's strongest evidence took to train; its cases may share them."""
    seconds = max((each.seconds for each in claim.shown), default=0.0)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def day(time: str) -> str:
    """A session's time as a date: `23 Nov 2026`."""
    moment = datetime.fromisoformat(time)
    return f"{moment.day} {moment:%b %Y}"


def _levels(intervals: Iterable[Interval]) -> list[float]:
    return sorted({each.confidence for each in intervals}, reverse=True)


def _range(numbers: Iterable[int]) -> str:
    found = sorted(set(numbers))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def short(value: float) -> str:
    """A number with three digits, small ones as a power of ten."""
    if value == 0 or math.isinf(value) or abs(value) >= 1e-4:
        return number(float(f"{value:.3g}")) if abs(value) < 1000 else number(value)
    digits, power = f"{value:.2g}".split("e")
    return f"{digits} × 10{str(int(power)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}".replace("-", "−")
