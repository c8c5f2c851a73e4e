"""Migration: a record of schema 3, which knew one report, fixed numbers of seeds and no registration."""

from collections.abc import Mapping
from typing import Any

from ontrial.publish.encoding import report as as_json
from ontrial.publish.entries import Report
from ontrial.publish.record import Whole, joined


def migrated(whole: Mapping[str, Any], report: Report) -> Whole:
    """A record of schema 3 as one of schema 4: full verdicts become those of registration 0, others leave.

    report: whose claims they are. Reasons leave too: they stand in known.toml.
    Raises ValueError where the record is of another schema.
    """
    if whole["schema"] != 3:
        raise ValueError(f"a record of schema {whole['schema']} cannot be migrated: it must be of schema 3")
    claims = [{"report": report.name, **claim, "registered": None} for claim in whole["claims"]]
    verdicts = [_verdict(each, report.name) for each in whole["verdicts"] if each["tier"] == "full"]
    rest = {"sessions": whole["sessions"], "reports": [as_json(report)]}
    return joined(rest | {"claims": claims, "verdicts": verdicts})


def _verdict(old: Mapping[str, Any], report: str) -> dict[str, Any]:
    kept = ("id", "case", "tier", "dataset", "found", "problem", "reported", "settings", "seconds_trained", "session")
    return {name: old[name] for name in kept} | {
        "report": report,
        "registration": 0,
        "registered_on": "",
        "first_trained": "",
        "known": old["expected"] if old["expected"] != "holds" else None,
        "evidence": [_interval(each) | {"look": None} for each in old["evidence"]],
        "looks": [],
        "seeds_needed": None,
        "asides": [_interval(each) for each in old["asides"]],
        "by_its_own_numbers": "not given",
        "figures": [figure for figure in old["figures"] if figure.endswith(".png")],
        "runs": "",
    }


def _interval(old: Mapping[str, Any]) -> dict[str, Any]:
    alpha = 0.0 if old["statistic"] == "count" else round((1 - old["confidence"]) / 2, 12)
    return {name: value for name, value in old.items() if name != "confidence"} | {"alpha": alpha, "left_out": 0}
