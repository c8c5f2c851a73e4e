"""The outcome of a session: one record a claim and case, kept in verdicts.json across sessions."""

import json
import math
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock

from evidence.comparisons import Comparison
from evidence.intervals import Interval
from evidence.trial import Expectation, Trial
from evidence.verdicts import Evidence, Verdict
from models import machine
from models.store import write_whole
from publish.catalogue import Entry
from publish.tasks import order

SCHEMA = 3
_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "matplotlib", "pytest")


@dataclass(frozen=True)
class Record:
    """What one claim test left: its trial, the verdict found and expected, and what it took.

    dataset: what it was judged on (see Scale.dataset_of); problem: of a test that crashed; settings: what
    was trained, as `publish.catalogue.settings` tells it.
    """

    trial: Trial
    tier: str
    dataset: str
    found: Verdict
    expected: Expectation | None
    figures: tuple[str, ...]
    seconds: float
    problem: str = ""
    settings: tuple[Mapping[str, Any], ...] = ()

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
        "asides": [_interval(item) for item in record.trial.asides],
        "reported": [_comparison(item) for item in record.trial.reported],
        "figures": list(record.figures),
        "settings": [dict(each) for each in record.settings],
        "seconds_trained": round(record.seconds, 1),
    }


def environment(device: str) -> dict[str, Any]:
    """What a session ran on: versions, commit, device, machine (matrix products on one thread in GFLOP/s) and time."""
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": _commit(),
        "device": device,
        "cpu": machine.cpu(),
        "matrix_product_rate": float(f"{machine.matrix_product_rate() / 1e9:.3g}"),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def merge(folder: Path, records: Iterable[Record], device: str, declared: Iterable[Entry] = ()) -> Path:
    """Put a session's records into verdicts.json, in place of earlier ones of the same name.

    declared: the claims that the session knows of, with all their cases, run or not. They replace earlier
    declarations of the same claims.

    Raises OSError where the folder cannot be written.
    """
    path = folder / "verdicts.json"
    session = environment(device)
    with filelock.FileLock(folder / ".verdicts.lock"):
        known = read(path)
        judged = [as_json(record) | {"session": session["time"]} for record in records]
        write(path, joined(known, {"sessions": [session], "claims": list(declared), "verdicts": judged}))
    return path


def joined(*files: Mapping[str, Any]) -> dict[str, Any]:
    """What several verdicts.json say together, a later one in place of an earlier where both say something."""
    sessions = {each["time"]: each for file in files for each in file["sessions"]}
    claims = {each["id"]: each for file in files for each in file["claims"]}
    verdicts = {name_of(each): each for file in files for each in file["verdicts"]}
    used = {verdict["session"] for verdict in verdicts.values()}
    return {
        "schema": SCHEMA,
        "sessions": [sessions[time] for time in sorted(used)],
        "claims": [claims[name] for name in sorted(claims, key=order)],
        "verdicts": [verdicts[name] for name in sorted(verdicts, key=_order)],
    }


def write(path: Path, whole: Mapping[str, Any]) -> None:
    """Put a verdicts.json there in one move. Raises OSError where it cannot be written."""
    write_whole(path, (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read(path: Path) -> dict[str, Any]:
    """The file as it stands; one of a schema not known here, or unreadable, is moved aside, not overwritten."""
    nothing: dict[str, Any] = {"sessions": [], "claims": [], "verdicts": []}
    if not path.exists():
        return nothing
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
        if known["schema"] != SCHEMA:
            raise ValueError(f"schema {known['schema']}")
        return nothing | {part: list(known[part]) for part in nothing}
    except (ValueError, KeyError, TypeError):
        path.replace(path.with_suffix(".json.damaged"))
        return nothing


def _evidence(item: Evidence) -> dict[str, Any]:
    region = {
        "low": _finite(item.region.low),
        "high": _finite(item.region.high),
        "low_included": item.region.low_included,
        "high_included": item.region.high_included,
    }
    return _interval(item.interval) | {"region": region, "verdict": str(item.verdict)}


def _interval(found: Interval) -> dict[str, Any]:
    return {
        "measure": found.measure,
        "statistic": found.statistic,
        "n": found.n,
        "estimate": _finite(found.estimate),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "confidence": found.confidence,
        "values": [_finite(float(f"{value:.7g}")) for value in found.values],
    }


def _comparison(found: Comparison) -> dict[str, Any]:
    return {name: _finite(value) if isinstance(value, float) else value for name, value in asdict(found).items()}


def _finite(value: float) -> float | str:
    """JSON has no infinities: they become "inf" and "-inf"."""
    return value if math.isfinite(value) else str(value)


def name_of(verdict: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """What a later session replaces, of a verdict as verdicts.json keeps it."""
    return (verdict["id"], verdict["case"], verdict["tier"], verdict["dataset"])


def _order(name: tuple[str, str, str, str]) -> tuple[object, ...]:
    """The order of the report, then of the cases; full before fast."""
    claim, case, tier, dataset = name
    return (*order(claim), case, tier != "full", dataset)


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
