"""How the record's parts look as JSON, written and read back; infinities are the words "inf" and "-inf"."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ontrial.publish.entries import Declared, Judged, Last, Look, Registered, Report, Seen
from ontrial.report import Task
from ontrial.stats.comparisons import Comparison
from ontrial.stats.verdicts import Evidence, Interval, Region, Verdict

Json = dict[str, Any]


def report(each: Report) -> Json:
    """A report as the record keeps it."""
    return asdict(each) | {"tasks": [asdict(task) for task in each.tasks]}


def report_of(found: Mapping[str, Any]) -> Report:
    """A report, read back."""
    return Report(**{**found, "tasks": tuple(Task(**task) for task in found["tasks"])})


def declared(each: Declared) -> Json:
    """A declared claim as the record keeps it."""
    return asdict(each) | {"cases": list(each.cases)}


def declared_of(found: Mapping[str, Any]) -> Declared:
    """A declared claim, read back."""
    lock = found["registered"]
    return Declared(**{**found, "cases": tuple(found["cases"]), "registered": Registered(**lock) if lock else None})


def judged(each: Judged) -> Json:
    """A verdict as the record keeps it."""
    looks = (*each.decided_at, *[None] * len(each.evidence))
    return {
        "report": each.report,
        "id": each.id,
        "case": each.case,
        "tier": each.tier,
        "dataset": each.dataset,
        "registration": each.registration,
        "registered_on": each.registered_on,
        "first_trained": each.first_trained,
        "found": str(each.found),
        "known": str(each.known) if each.known else None,
        "problem": each.problem,
        "evidence": [_evidence(item) | {"look": look} for item, look in zip(each.evidence, looks, strict=False)],
        "looks": [{"seeds": look.seeds, "conditions": [_seen(one) for one in look.conditions]} for look in each.looks],
        "seeds_needed": each.seeds_needed,
        "asides": [_interval(item) for item in each.asides],
        "reported": [
            {name: _finite(value) if isinstance(value, float) else value for name, value in asdict(item).items()}
            for item in each.reported
        ],
        "by_its_own_numbers": each.by_its_own_numbers,
        "figures": list(each.figures),
        "settings": [dict(setting) for setting in each.settings],
        "seconds_trained": round(each.seconds, 1),
        "session": each.session,
        "runs": each.runs,
        **({} if each.planned else {"planned": False}),
        **({"last": asdict(each.last)} if each.last else {}),
        "rounding": each.rounding,
        "code": each.code,
    }


def judged_of(found: Mapping[str, Any]) -> Judged:
    """A verdict, read back."""
    return Judged(
        report=found["report"],
        id=found["id"],
        case=found["case"],
        tier=found["tier"],
        dataset=found["dataset"],
        registration=found["registration"],
        registered_on=found["registered_on"],
        first_trained=found["first_trained"],
        found=Verdict(found["found"]),
        known=Verdict(found["known"]) if found["known"] else None,
        problem=found["problem"],
        evidence=tuple(Evidence(_interval_of(each), _region_of(each["region"])) for each in found["evidence"]),
        decided_at=tuple(each["look"] for each in found["evidence"]),
        looks=tuple(Look(each["seeds"], tuple(map(_seen_of, each["conditions"]))) for each in found["looks"]),
        seeds_needed=found["seeds_needed"],
        asides=tuple(_interval_of(each) for each in found["asides"]),
        reported=tuple(_comparison_of(each) for each in found["reported"]),
        by_its_own_numbers=found["by_its_own_numbers"],
        figures=tuple(found["figures"]),
        settings=tuple(found["settings"]),
        seconds=float(found["seconds_trained"]),
        session=found["session"],
        runs=found.get("runs", ""),
        planned=found.get("planned", True),
        last=_last_of(found.get("last")),
        rounding=found.get("rounding", ""),
        code=found.get("code", ""),
    )


def _last_of(found: Mapping[str, Any] | None) -> Last | None:
    return None if found is None else Last(Verdict(found["found"]), found["n"], found["problem"], found["session"])


def _evidence(item: Evidence) -> Json:
    region = {
        "low": _finite(item.region.low),
        "high": _finite(item.region.high),
        "low_included": item.region.low_included,
        "high_included": item.region.high_included,
    }
    return _interval(item.interval) | {"region": region, "verdict": str(item.verdict)}


def _interval(found: Interval) -> Json:
    return {
        "measure": found.measure,
        "statistic": found.statistic,
        "n": found.n,
        "left_out": found.left_out,
        "estimate": _finite(found.estimate),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "alpha": found.alpha,
        "values": [_finite(float(f"{value:.7g}")) for value in found.values],
    }


def _interval_of(found: Mapping[str, Any]) -> Interval:
    return Interval(
        measure=found["measure"],
        estimate=float(found["estimate"]),
        low=float(found["low"]),
        high=float(found["high"]),
        alpha=float(found["alpha"]),
        values=tuple(float(value) for value in found["values"]),
        statistic=found["statistic"],
        left_out=int(found["left_out"]),
    )


def _region_of(found: Mapping[str, Any]) -> Region:
    return Region(float(found["low"]), float(found["high"]), found["low_included"], found["high_included"])


def _seen(one: Seen) -> Json:
    bounds = {"estimate": _finite(one.estimate), "low": _finite(one.low), "high": _finite(one.high)}
    return bounds | {"n": one.n, "verdict": str(one.verdict)}


def _seen_of(found: Mapping[str, Any]) -> Seen:
    bounds = {name: float(found[name]) for name in ("estimate", "low", "high")}
    return Seen(**bounds, n=int(found["n"]), verdict=Verdict(found["verdict"]))


def _comparison_of(found: Mapping[str, Any]) -> Comparison:
    numbers = {name: float(found[name]) for name in ("reported", "median", "low", "high")}
    return Comparison(of=found["of"], n=int(found["n"]), **numbers)


def _finite(value: float) -> float | str:
    """JSON has no infinities, nor NaN, the estimate of no seeds: they become words."""
    return value if math.isfinite(value) else str(value)
