"""A planted verdicts.json and its figures: every verdict, both tiers, infinities, hostile and endless text."""

import json
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np

HOSTILE = "<script>window.planted = 1</script> & <img src=x onerror='window.planted = 2'> stays text"
LONGEST = "the middle model's lead is not owed to depth alone " * 6 + "generalisation" * 12
FAST, FULL = "2026-03-01T10:00:00+00:00", "2026-03-02T10:00:00+00:00"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 36"><rect width="72" height="36"/></svg>'


def evidence(
    measure: str, values: list[Any], low: Any, high: Any, found: str, region: dict[str, Any]
) -> dict[str, Any]:
    numbers = sorted(float(value) for value in values)
    bounds = {"low": "-inf", "high": "inf", "low_included": True, "high_included": True} | region
    return {
        "measure": measure,
        "statistic": "median",
        "n": len(values),
        "estimate": (numbers[(len(numbers) - 1) // 2] + numbers[len(numbers) // 2]) / 2,
        "low": low,
        "high": high,
        "confidence": 0.99,
        "region": bounds,
        "verdict": found,
        "values": values,
    }


def record(name: str, found: str, *, case: str = "", tier: str = "fast", dataset: str = "digits", **more: Any) -> Any:
    sure = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    region = {"holds": {"high": 20}, "refuted": {"low": 20}, "inconclusive": {"low": 3}}.get(found)
    return {
        "id": name,
        "case": case,
        "statement": f"planted {name}",
        "kind": "said",
        "source": "Part 1, Task 1",
        "tier": tier,
        "dataset": dataset,
        "expected": "holds",
        "found": found,
        "reason": "",
        "problem": "",
        "evidence": [evidence("steps", sure, 1.0, 8.0, found, region)] if region else [],
        "asides": [],
        "reported": [],
        "figures": [f"figures/{tier}-{dataset}/planted.svg", f"figures/{tier}-{dataset}/planted.png"],
        "settings": [],
        "seconds_trained": 3.0,
        "session": FULL if tier == "full" else FAST,
    } | more


def whole(*verdicts: Any, claims: list[Any] | None = None) -> dict[str, Any]:
    packages = {"torch": "2.0"}
    sessions = [
        {"python": "3.11", "packages": packages, "commit": commit, "device": "cpu", "time": time}
        for commit, time in (("aaaaaaaaaaaa-dirty", FAST), ("bbbbbbbbbbbb-dirty", FULL))
    ]
    return {"schema": 3, "sessions": sessions, "claims": claims or [], "verdicts": list(verdicts)}


def declared(name: str, *cases: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "statement": f"planted {name}",
        "kind": "said",
        "source": "Part 3, Task 2",
        "cases": list(cases or [""]),
    } | more


def everything() -> dict[str, Any]:
    """Every verdict once, and all that is hard to show."""
    endless = evidence("steps to converge", [100.0, 2000.0, *["inf"] * 6], 100.0, "inf", "inconclusive", {"high": 300})
    decades = evidence("error", [1e-6, 1e-4, 1e-2, 1.0, 3.0, 1e2, 1e3, 1e4], 1e-6, 1e4, "refuted", {"low": 1e5})
    signed = evidence("difference", [-300.0, -0.5, -0.1, 0.0, 0.1, 0.2, 0.4, 0.6], -300.0, 0.6, "holds", {"high": 1})
    count = evidence("parameters", [747.0], 747.0, 747.0, "holds", {"low": 742.5, "high": 757.5})
    count |= {"confidence": 1.0, "statistic": "count"}
    training = {"name": "deep", "widths": [784, 20, 10], "parameters": 15_910, "trained": 12, "steps": 9_000}
    settings = [training | {"data": "mnist", "epochs": 5, "batch_size": 50, "labels": "random"}]
    return whole(
        record("F1", "holds", dataset="counts", evidence=[count], figures=[], seconds_trained=0),
        record("F2", "refuted", case="deep", tier="full", dataset="functions", reason="it is so", expected="refuted"),
        record("F2", "holds", case="shallow", tier="full", dataset="functions"),
        record("F2", "inconclusive", case="deep", dataset="functions"),
        record("F4", "inconclusive", evidence=[endless, decades, signed], statement=LONGEST),
        record("M10", "holds", tier="full", dataset="mnist", settings=settings, kind="beyond", source="Part 2, Task 2"),
        record("M2", "error", problem="ZeroDivisionError: division by zero", source="Part 2, Task 2"),
        record("M5", "holds", statement=HOSTILE, source="Part 2, Task 2"),
        claims=[declared("P1"), declared("F2", "shallow", "deep", statement="planted F2", source="Part 1, Task 1")],
    )


def plant(folder: Path, content: dict[str, Any]) -> Path:
    """Write a verdicts.json, and a figure for every verdict that names one; answers the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdicts.json").write_text(json.dumps(content))
    for figure in {figure for verdict in content["verdicts"] for figure in verdict["figures"]}:
        path = folder / figure
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".svg":
            path.write_text(_SVG)
        else:
            matplotlib.image.imsave(path, np.zeros((60, 120, 3)), dpi=130)
    return folder
