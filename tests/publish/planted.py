"""A planted record and its figures: every verdict, both tiers, looks, two registrations, infinities, hostile text."""

import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ontrial.publish.frozen import CaseResult, FrozenClaim, FrozenReport, Look, Registered, Seen
from ontrial.publish.record import encode, parse
from ontrial.publish.summary import Summary, summarize
from ontrial.report import Task
from ontrial.stats.verdicts import Evidence, Interval, Region, Verdict

HOSTILE = "<script>window.planted = 1</script> & <img src=x onerror='window.planted = 2'> stays text"
LONGEST = "the middle model's lead is not owed to depth alone " * 6 + "generalisation" * 12
FAST, FULL = "2026-03-01T10:00:00+00:00", "2026-03-02T10:00:00+00:00"
TASKS = (("F", "Part 1", "Task 1"), ("M", "Part 2", "Task 2"), ("I", "Part 3", "Task 3"), ("P", "Part 3", "Task 2"))
ALPHA = 1 / 4000


def report(name: str = "planted", title: str = "A planted report", **more: Any) -> dict[str, Any]:
    tasks = tuple(Task(prefix, part, number, f"on {prefix}") for prefix, part, number in TASKS)
    link, folder = "https://example.org/report", f"claims/{name}"
    return encode(FrozenReport(name, title, "by nobody", link, folder, tasks)) | more


def declared(name: str, *cases: str, **more: Any) -> dict[str, Any]:
    claim = FrozenClaim("planted", name, f"planted {name}", "said", "Part 3, Task 2", cases or ("",))
    return encode(claim) | more


def locked(number: int = 1) -> dict[str, Any]:
    return encode(Registered(number, "2026-02-28", "0" * 64))


def evidence(
    measure: str, values: list[Any], low: Any, high: Any, found: str, region: dict[str, Any], **more: Any
) -> dict[str, Any]:
    numbers = tuple(map(float, values))
    interval = Interval(measure, statistics.median(numbers), float(low), float(high), ALPHA, numbers)
    condition = encode(Evidence(interval, Region(**region)) if region else interval)  # an aside has none
    return condition | {"verdict": found, "look": None} | more


def look(seeds: int, *conditions: tuple[Any, Any, Any, str]) -> dict[str, Any]:
    """A look; conditions: estimate, low, high and verdict each."""
    seen = tuple(Seen(*map(float, numbers), seeds, Verdict(verdict)) for *numbers, verdict in conditions)
    return encode(Look(seeds, seen))


def record(name: str, found: str, *, case: str = "", tier: str = "fast", dataset: str = "digits", **more: Any) -> Any:
    """A result of a case."""
    region = {"holds": {"high": 20}, "refuted": {"low": 20}, "inconclusive": {"low": 3}}.get(found)
    sure = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    registration = more.get("registration", 1 if tier == "full" else None)
    place = f"{tier}-{dataset}" + ("" if registration is None else f"-{registration}")
    result = CaseResult(
        report="planted", id=name, case=case, tier=tier, dataset=dataset, registration=registration,
        registered_on="2026-02-28" if registration else "", first_trained="2026-03-02" if registration else "",
        found=Verdict(found), figures=(f"figures/planted/{place}/planted.png",), seconds_trained=3.0,
        session=FULL if tier == "full" else FAST, sources=(f"claims/planted/test_{name}.py:12", "claims/train.py:3"),
    )  # fmt: skip
    conditions = [evidence("steps", sure, 1.0, 8.0, found, region)] if region else []
    return encode(result) | {"evidence": conditions} | more


def whole(*verdicts: Any, claims: list[Any] | None = None, reports: list[Any] | None = None) -> dict[str, Any]:
    """All of a record; claims: declared besides what the verdicts are of, or in place of that."""
    sessions = [
        {"python": "3.11", "packages": {"numpy": "2.0"}, "commit": commit, "device": "cpu", "time": time}
        for commit, time in (("aaaaaaaaaaaa-dirty", FAST), ("bbbbbbbbbbbb-dirty", FULL))
    ]
    said: dict[tuple[str, str], Any] = {}
    for each in verdicts:
        claim = said.setdefault((each["report"], each["id"]), declared(each["id"], report=each["report"], cases=[]))
        claim["cases"] += [each["case"]] if each["case"] not in claim["cases"] else []
    said |= {(each["report"], each["id"]): each for each in claims or []}
    parts = {"reports": reports or [report()], "claims": list(said.values()), "verdicts": list(verdicts)}
    return {"schema": 4, "sessions": sessions, **parts}


def everything() -> dict[str, Any]:
    """Every verdict once, and all that is hard to show."""
    endless = evidence("steps to converge", [100.0, 2000.0, *["inf"] * 6], 100.0, "inf", "inconclusive", {"high": 300})
    decades = evidence("error", [1e-6, 1e-4, 1e-2, 1.0, 3.0, 1e2, 1e3, 1e4], 1e-6, 1e4, "refuted", {"low": 1e5})
    signed = evidence("difference", [-300.0, -0.5, -0.1, 0.0, 0.1, 0.2, 0.4, 0.6], -300.0, 0.6, "holds", {"high": 1})
    nobody = evidence("of those that converged", [1.0], "-inf", "inf", "inconclusive", {"high": 1})
    nobody |= {"values": [], "n": 0, "left_out": 8, "estimate": "nan"}
    count = evidence("parameters", [747.0], 747.0, 747.0, "holds", {"low": 742.5, "high": 757.5})
    count |= {"alpha": 0.0, "statistic": "count"}
    training = {"name": "deep", "widths": [784, 20, 10], "parameters": 15_910, "seeds": 12, "steps": 9_000}
    settings = [training | {"data": "mnist", "epochs": 5, "batch_size": 50}, training | {"labels": "random"}]
    settings.append(training | {"data": "mnist"})
    closing = [
        look(16, (5.0, "-inf", 30.0, "inconclusive"), (3.0, 2.0, 9.0, "holds")),
        look(24, (4.0, 1.5, 21.0, "inconclusive"), (3.0, 2.0, 9.0, "holds")),
        look(32, (4.5, 1.0, 8.0, "holds"), (3.0, 2.0, 9.0, "holds")),
    ]
    many = [float(value) / 10 for value in range(214)]
    two = [
        evidence("gain", many[:32], 1.0, 8.0, "holds", {"high": 20}, look=2),
        evidence("loss of those that converged", many, 2.0, 9.0, "holds", {"high": 20}, look=0, left_out=106),
    ]
    open_looks = [look(8, (4.5, 0.5, 9.0, "inconclusive")), look(15, (4.5, 1.0, 8.0, "inconclusive"))]
    return whole(
        record("F1", "holds", dataset="counts", evidence=[count], figures=[], seconds_trained=0),
        record("F2", "refuted", case="deep", tier="full", dataset="functions", known="refuted"),
        record("F2", "holds", case="shallow", tier="full", dataset="functions", by_its_own_numbers="no"),
        record("F2", "inconclusive", case="deep", dataset="functions"),
        record("F2", "holds", case="deep", tier="full", dataset="functions", registration=0, figures=[]),
        record("F4", "inconclusive", evidence=[endless, decades, signed, nobody]),
        record("M10", "holds", tier="full", dataset="mnist", settings=settings, looks=closing, evidence=two),
        record("M2", "error", problem="ZeroDivisionError: division by zero"),
        record("M5", "holds"),
        record("I1", "inconclusive", tier="full", dataset="mnist", looks=open_looks, seeds_needed=1234),
        record("P2", "refuted", tier="full", dataset="mnist", registration=0),
        claims=[
            declared("P1"),
            declared("P2", registered=locked()),
            declared("F1", source="Part 1, Task 1"),
            declared("F2", "shallow", "deep", source="Part 1, Task 1", registered=locked()),
            declared("F4", statement=LONGEST, source="Part 1, Task 1"),
            declared("M10", kind="beyond", source="Part 2, Task 2"),
            declared("M5", statement=HOSTILE, source="Part 2, Task 2"),
        ],
    )


def summary(content: dict[str, Any]) -> Summary:
    found, problems = parse(json.dumps(content))
    assert problems == []
    return summarize(found)


def beside(root: Path, word: str = "", reports: tuple[str, ...] = ("planted",)) -> Path:
    """Write what a project says beside a record: findings, what holds by construction, an address; returns the root."""
    found = "- **[It {0} is](docs/more.md)**, see F1{0}, F2{0} ({{{{ verdict('F2{0}', 'refuted') }}}}).\n\n*No* <b>."
    texts = {"pyproject.toml": '[project.urls]\nRepository = "https://example.org/code{0}"\n'}
    for name in reports:
        texts[f"claims/{name}/findings-in-short.md"] = found
        texts[f"claims/{name}/mutations.toml"] = '[M5{0}]\nby_construction = "it is so {0}"\n[F2]\nchange = "another"\n'
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.format(word), encoding="utf-8")
    return root


def plant(folder: Path, content: dict[str, Any]) -> Path:
    """Write a record, and a figure for every verdict that names one; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdicts.json").write_text(json.dumps(content), encoding="utf-8")
    for figure in {figure for verdict in content["verdicts"] for figure in verdict["figures"]}:
        path = folder / figure
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((60, 120, 3), dtype=np.uint8)).save(path, dpi=(130, 130))
    return folder


WORD = "_a_name_without_any_break" * 6
NAMING = {
    *("title", "source", "part", "number", "subject", "id", "statement", "kind", "case", "cases", "dataset", "measure"),
    *("problem", "of", "name", "data", "device", "cpu", "commit", "packages", "sources"),
}  # fields of a record whose words are somebody else's


def stretched(content: Any, *, naming: bool = False) -> Any:
    """A record with a long word that cannot be broken at the end of whatever somebody else named."""
    if isinstance(content, dict):
        return {
            key if not naming else key + WORD: stretched(value, naming=key in NAMING) for key, value in content.items()
        }
    if isinstance(content, list):
        return [stretched(value, naming=naming) for value in content]
    return content + WORD if naming and isinstance(content, str) and content else content
