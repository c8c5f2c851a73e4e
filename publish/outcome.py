"""The outcome of a session: one record a claim and case, kept in verdicts.json across sessions."""

import json
import math
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock

from evidence.trial import Expectation, Trial
from evidence.verdicts import Evidence, Verdict
from models.store import write_whole

SCHEMA = 1
_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "matplotlib", "pytest")


@dataclass(frozen=True)
class Record:
    """What one claim test left: its trial, the verdict found and expected, and what it took.

    dataset: what it was judged on (see Scale.dataset_of); problem: of a test that crashed.
    """

    trial: Trial
    tier: str
    dataset: str
    found: Verdict
    expected: Expectation | None
    figures: tuple[str, ...]
    seconds: float
    problem: str = ""

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What a later session replaces: claim, case, tier and dataset."""
        return (self.trial.sentence.id, self.trial.case, self.tier, self.dataset)


def as_json(record: Record) -> dict[str, Any]:
    """One record as verdicts.json keeps it."""
    sentence = record.trial.sentence
    return {
        "id": sentence.id,
        "case": record.trial.case,
        "statement": sentence.statement,
        "kind": sentence.kind,
        "source": sentence.source,
        "tier": record.tier,
        "dataset": record.dataset,
        "expected": str(record.expected.verdict if record.expected else Verdict.HOLDS),
        "found": str(record.found),
        "reason": record.expected.reason if record.expected else "",
        "problem": record.problem,
        "evidence": [_evidence(item) for item in record.trial.evidence],
        "figures": list(record.figures),
        "seconds_trained": round(record.seconds, 1),
    }


def environment(device: str) -> dict[str, Any]:
    """What a session ran on: versions, commit, device and time."""
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": _commit(),
        "device": device,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def merge(folder: Path, records: Iterable[Record], device: str) -> Path:
    """Put a session's records into verdicts.json, in place of earlier ones of the same name.

    Raises OSError where the folder cannot be written.
    """
    path = folder / "verdicts.json"
    session = environment(device)
    with filelock.FileLock(folder / ".verdicts.lock"):
        known = _read(path)
        kept = {_name(old): old for old in known["verdicts"]}
        sessions = {old["time"]: old for old in known["sessions"]} | {session["time"]: session}
        for record in records:
            kept[record.name] = as_json(record) | {"session": session["time"]}
        verdicts = [kept[name] for name in sorted(kept, key=_order)]
        used = {verdict["session"] for verdict in verdicts}
        whole = {
            "schema": SCHEMA,
            "sessions": [sessions[time] for time in sorted(used)],
            "verdicts": verdicts,
        }
        write_whole(path, (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
    return path


def _evidence(item: Evidence) -> dict[str, Any]:
    found = item.interval
    return {
        "measure": found.measure,
        "n": found.n,
        "estimate": _finite(found.estimate),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "confidence": found.confidence,
        "region": {
            "low": _finite(item.region.low),
            "high": _finite(item.region.high),
            "low_included": item.region.low_included,
            "high_included": item.region.high_included,
        },
        "verdict": str(item.verdict),
        "values": [_finite(float(f"{value:.7g}")) for value in found.values],
    }


def _finite(value: float) -> float | str:
    """JSON has no infinities: they become "inf" and "-inf"."""
    return value if math.isfinite(value) else str(value)


def _read(path: Path) -> dict[str, Any]:
    """The file as it stands; one of another schema, or unreadable, is moved aside, not overwritten."""
    if not path.exists():
        return {"sessions": [], "verdicts": []}
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
        if known["schema"] != SCHEMA:
            raise ValueError(f"schema {known['schema']}")
        return {"sessions": list(known["sessions"]), "verdicts": list(known["verdicts"])}
    except (ValueError, KeyError, TypeError):
        path.replace(path.with_suffix(".json.damaged"))
        return {"sessions": [], "verdicts": []}


def _name(verdict: dict[str, Any]) -> tuple[str, str, str, str]:
    return (verdict["id"], verdict["case"], verdict["tier"], verdict["dataset"])


_REPORT_ORDER = "FMWGZRPIB"


def _order(name: tuple[str, str, str, str]) -> tuple[object, ...]:
    """The order of the report: by part, then the claim's number; full before fast."""
    claim, case, tier, dataset = name
    part = _REPORT_ORDER.find(claim[:1])
    number = int(claim[1:]) if claim[1:].isdigit() else 0
    return (part if part >= 0 else len(_REPORT_ORDER), claim[:1], number, case, tier != "full", dataset)


def _commit() -> str:
    """The commit that was run, marked where more than the artifacts had changed; empty outside a repository."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!artifacts")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{head}-dirty" if changed else head


def _git(*arguments: str) -> str:
    """What git answers in this repository. Raises CalledProcessError outside one."""
    root = Path(__file__).parents[1]
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, cwd=root).stdout.strip()
