"""Reading verdicts.json back: what the page, the badges and the README are made from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evidence.comparisons import Comparison
from evidence.intervals import Interval
from evidence.verdicts import Evidence, Region, Verdict
from publish.outcome import SCHEMA
from publish.summary import Claim, Judged, Summary
from publish.tasks import order


def read(path: Path) -> Summary:
    """What a verdicts.json says.

    Raises FileNotFoundError where there is none, ValueError where it is of another schema.
    """
    whole = json.loads(path.read_bytes())
    if not isinstance(whole, dict) or whole.get("schema") != SCHEMA:
        raise ValueError(f"{path} is no verdicts.json of schema {SCHEMA}")
    return summary(whole)


def summary(whole: Mapping[str, Any]) -> Summary:
    """The summary of what a verdicts.json holds.

    A claim that is declared counts with its declared cases, so that a case of an earlier wording is left out;
    one that is not (by a session that collected no whole module) with the cases that were judged.
    """
    declared = {each["id"]: each for each in whole["claims"]}
    judged: dict[str, list[Mapping[str, Any]]] = {}
    for each in whole["verdicts"]:
        judged.setdefault(each["id"], []).append(each)
    claims = []
    for name in sorted({*declared, *judged}, key=order):
        known = declared.get(name) or judged[name][-1]
        cases = tuple(known["cases"] if name in declared else dict.fromkeys(each["case"] for each in judged[name]))
        found = [_judged(each) for each in judged.get(name, ()) if each["case"] in cases]
        evidence = tuple(sorted((each for each in found if each.verdict is not Verdict.NOT_RUN), key=_row(cases)))
        claims.append(Claim(name, known["statement"], known["source"], known["kind"], cases, evidence))
    return Summary(tuple(claims), {each["time"]: each for each in whole["sessions"]})


def _row(cases: tuple[str, ...]) -> Any:
    return lambda each: (*each.strength, cases.index(each.case))


def _judged(record: Mapping[str, Any]) -> Judged:
    return Judged(
        case=record["case"],
        tier=record["tier"],
        dataset=record["dataset"],
        verdict=Verdict(record["found"]),
        expected=Verdict(record["expected"]),
        reason=record["reason"],
        problem=record["problem"],
        evidence=tuple(Evidence(_interval(each), _region(each["region"])) for each in record["evidence"]),
        asides=tuple(_interval(each) for each in record["asides"]),
        reported=tuple(_comparison(each) for each in record["reported"]),
        figures=tuple(record["figures"]),
        settings=tuple(record["settings"]),
        seconds=float(record["seconds_trained"]),
        session=record["session"],
    )


def _interval(found: Mapping[str, Any]) -> Interval:
    return Interval(
        measure=found["measure"],
        estimate=float(found["estimate"]),
        low=float(found["low"]),
        high=float(found["high"]),
        confidence=float(found["confidence"]),
        values=tuple(float(value) for value in found["values"]),
        statistic=found["statistic"],
    )


def _region(found: Mapping[str, Any]) -> Region:
    return Region(float(found["low"]), float(found["high"]), found["low_included"], found["high_included"])


def _comparison(found: Mapping[str, Any]) -> Comparison:
    numbers = {name: float(found[name]) for name in ("reported", "median", "low", "high")}
    return Comparison(of=found["of"], n=int(found["n"]), **numbers)
