"""Registration: what decides a claim, locked before the seeds that judge it are drawn from the lock itself.

Source: Mazor, Mazor & Mukamel, "A novel tool for time-locking study plans to results" (2018): the plan seeds the
random numbers of the study, so no result can be older than the plan.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np

from ontrial.stats.verdicts import Evidence, Region

CODE_ALONE = "code alone"
_REGION = re.compile(r" [<>]=? \S+(, <=? \S+)?$")  # at the end of a condition
SCHEMA = 2  # schema 1 hashed less; what it lacks is beside its hash, under a digest of its own


@dataclass(frozen=True)
class Criterion:
    """What decides one case of a claim.

    conditions: statistic, measure and region of each, as `holds_if` got them; among: whether each speaks of some seeds
    only; alpha: of a first registration; looks: numbers of seeds; trainings: what was declared of each, JSON, by its
    name in the claim, in order; defaults: the other fields of each, JSON; code: digests of the functions that turn runs
    into numbers, by name.
    """

    claim: str
    case: str
    conditions: tuple[str, ...]
    alpha: float
    looks: tuple[int, ...]
    trainings: Mapping[str, str]
    statement: str = ""
    source: str = ""
    kind: str = ""
    among: tuple[bool, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Claim and case."""
        return f"{self.claim} {self.case}".strip()

    @property
    def sides(self) -> int:
        """On how many sides sampling can make its verdict wrong: those of its regions, none of a count."""
        found = [_REGION.search(each) for each in self.conditions if not each.startswith("count of ")]
        return sum(1 + bool(each[1]) for each in found if each)


@dataclass(frozen=True)
class Lock:
    """One registration of a task: of the claims that were new or changed then.

    number: from 1; on: its date; before: the hash of the task's registration before it, or ""; hash: SHA-256, in
    hexadecimal, of all that decides, of the number, the date and `before`; beside: of schema 1, a SHA-256 of what its
    hash does not cover.
    """

    task: str
    number: int
    on: str
    before: str
    hash: str
    criteria: tuple[Criterion, ...]
    schema: int = SCHEMA
    beside: str = ""

    def find(self, claim: str, case: str) -> Criterion | None:
        """The criterion of a claim's case, None where it is not registered here."""
        return next((each for each in self.criteria if (each.claim, each.case) == (claim, case)), None)

    def seeds(self, count: int) -> tuple[int, ...]:
        """The first so many seeds of the full tier: 32-bit integers, none twice."""
        return drawn(self.hash, count)

    def alpha(self, of: float) -> float:
        """The error allowed at a side: half of it for every registration before this one."""
        return of / 2 ** (self.number - 1)


Locks = tuple[Lock, ...]


def lock_of(locks: Locks, claim: str) -> Lock | None:
    """The last registration of a claim, None where there is none."""
    return next((each for each in reversed(locks) if any(one.claim == claim for one in each.criteria)), None)


def current(locks: Locks) -> list[Criterion]:
    """The criteria in force: of every claim those of its last registration."""
    return [one for lock in locks for one in lock.criteria if lock_of(locks, one.claim) is lock]


def conditions(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """What a claim gave to `holds_if`, a text a condition."""
    return tuple(f"{each.interval.statistic} of {each.interval.measure} {_exactly(each.region)}" for each in evidence)


def among(evidence: Iterable[Evidence]) -> tuple[bool, ...]:
    """Whether each condition speaks of some seeds only."""
    return tuple(each.interval.among for each in evidence)


def _exactly(region: Region) -> str:
    """A region to the last digit of its borders."""
    low = f"{'>=' if region.low_included else '>'} {region.low!r}" if math.isfinite(region.low) else ""
    high = f"{'<=' if region.high_included else '<'} {region.high!r}" if math.isfinite(region.high) else ""
    return ", ".join(filter(None, (low, high)))


@lru_cache(64)
def drawn(digest: str, number: int) -> tuple[int, ...]:
    """So many 32-bit integers from a hash: number i from SeedSequence([hash, i]), drawn again where it is there."""
    found: dict[int, None] = {}
    for place in range(number):
        for again in count(1):
            seed = int(np.random.SeedSequence([int(digest, 16), place]).generate_state(again, np.uint32)[-1])
            if seed not in found:
                found[seed] = None
                break
    return tuple(found)


def reasons(locks: Locks, found: Sequence[Criterion]) -> dict[str, str]:
    """Claims that are not locked as they are found: "new", or what differs from the lock."""
    by_claim: dict[str, list[Criterion]] = {}
    for each in found:
        by_claim.setdefault(each.claim, []).append(each)
    why: dict[str, str] = {}
    for claim, cases in by_claim.items():
        if (lock := lock_of(locks, claim)) is None:
            why[claim] = "new"
            continue
        locked = {each.case: each for each in lock.criteria if each.claim == claim}
        found_in = [differences(locked[each.case], each) for each in cases if each.case in locked]
        parts = {part: None for differs in found_in if differs for part in differs.parts}
        if locked.keys() != {each.case for each in cases}:
            parts["cases"] = None
        if not parts and any(changed_code(locked[each.case], each) for each in cases):
            parts[CODE_ALONE] = None
        if parts:
            why[claim] = ", ".join(parts)
    return why


@dataclass(frozen=True)
class Differences:
    """What differs between a criterion and its lock, code aside: by part, as registered and as found."""

    found: Criterion
    parts: Mapping[str, tuple[object, object]]


def locked(locks: Locks, found: Criterion) -> Criterion | None:
    """What the last registration of a claim locked of this case, None for nothing."""
    lock = lock_of(locks, found.claim)
    return lock.find(found.claim, found.case) if lock else None


def differences(locked: Criterion, found: Criterion) -> Differences | None:
    """What differs from a lock, code aside; None for nothing."""
    parts: dict[str, tuple[object, object]] = {}
    for part in ("statement", "source", "kind", "conditions", "alpha", "looks"):
        was, now = getattr(locked, part), getattr(found, part)
        if was != now:
            parts[part] = (was, now)
    if locked.among and locked.among != found.among:
        parts["among"] = (list(locked.among), list(found.among))
    if list(locked.trainings) != list(found.trainings):
        parts["trainings"] = (list(locked.trainings), list(found.trainings))
    else:
        for name in locked.trainings:
            if other := _fields_that_differ(locked, found, name):
                parts[f"training {name}"] = other
    return Differences(found, parts) if parts else None


def changed_code(locked: Criterion, found: Criterion) -> list[str]:
    """The functions whose code is not what was locked, by name."""
    names = sorted(locked.code.keys() | found.code.keys())
    return [name for name in names if locked.code.get(name) != found.code.get(name)]


def explained(locks: Locks, differs: Differences) -> str:
    """What differs, both sides shown, and what registering the claim again costs."""
    found = differs.found
    lock = lock_of(locks, found.claim)
    assert lock is not None
    last = max(each.number for each in locks if each.task == lock.task)
    shown = [f"  {part}: registered {was}\n  {part}: now        {now}" for part, (was, now) in differs.parts.items()]
    now, then = lock.alpha(found.alpha), found.alpha / 2**last
    return "\n".join(
        [
            f"{found.name} is not as it was registered on {lock.on}:",
            *shown,
            f"Registering it again (pytest --register --yes --claim {found.claim}) gives it other seeds and a smaller "
            f"error, 1/{1 / then:.0f} a side in place of 1/{1 / now:.0f}.",
        ]
    )


def _fields_that_differ(locked: Criterion, found: Criterion, name: str) -> tuple[object, object] | None:
    """The fields of a training that differ; one that a single side knows counts only where it is declared."""
    was, now = _flat(locked.trainings[name]), _flat(found.trainings[name])
    all_was, all_now = _flat(locked.defaults.get(name, "{}")) | was, _flat(found.defaults.get(name, "{}")) | now
    missing = object()
    other = [
        each
        for each in sorted(all_was.keys() | all_now.keys())
        if all_was.get(each, missing) != all_now.get(each, missing)
        and (each in was.keys() | now.keys() or (each in all_was and each in all_now))
    ]
    if not other:
        return None
    return ({each: all_was.get(each) for each in other}, {each: all_now.get(each) for each in other})


def _flat(declared: str) -> dict[str, str]:
    """The fields of a JSON object by their path, each as JSON."""
    found: dict[str, str] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, each in value.items():
                walk(each, f"{path}.{key}".strip("."))
        elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
            for place, each in enumerate(value):
                walk(each, f"{path}.{place}".strip("."))
        else:
            found[path] = json.dumps(value)

    walk(json.loads(declared), "")
    return found


def sealed(lock: Lock) -> Lock:
    """A registration with the hashes of what it says."""
    hashed = replace(lock, hash=_hash(lock))
    return replace(hashed, beside=_beside(hashed)) if lock.schema == 1 else hashed


def _hash(lock: Lock) -> str:
    if lock.schema == 1:
        whole = {"criteria": [_of_schema_1(each) for each in lock.criteria], "registration": lock.number}
        return _digest(whole | {"before": lock.before})
    criteria = [_of_schema_1(each) | _added(each) for each in lock.criteria]
    return _digest({"criteria": criteria, "registration": lock.number, "before": lock.before, "on": lock.on})


def _beside(lock: Lock) -> str:
    return _digest({"hash": lock.hash, "on": lock.on, "criteria": [_added(each) for each in lock.criteria]})


def _of_schema_1(each: Criterion) -> dict[str, Any]:
    return {
        "claim": each.claim,
        "case": each.case,
        "conditions": list(each.conditions),
        "alpha": each.alpha,
        "looks": list(each.looks),
        "trainings": dict(sorted(each.trainings.items())),
    }


def _added(each: Criterion) -> dict[str, Any]:
    """What schema 2 covers besides."""
    return {
        "statement": each.statement,
        "source": each.source,
        "kind": each.kind,
        "among": list(each.among),
        "order": list(each.trainings),
        "defaults": dict(each.defaults),
        "code": dict(each.code),
    }


def _digest(whole: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
