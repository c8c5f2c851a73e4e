"""Registration: the criteria of a report, locked before the seeds that judge them are drawn from the lock itself.

Source: Mazor, Mazor & Mukamel, "A novel tool for time-locking study plans to results" (2018): the plan seeds the
random numbers of the study, so no result can be older than the plan.
"""

import hashlib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from ontrial.evidence.verdicts import Evidence, Region
from ontrial.files import write_whole

FILE = "registered.toml"


@dataclass(frozen=True)
class Criterion:
    """What decides one case of a claim, as it is locked, and the prose beside it, which is not.

    conditions: measure, statistic and region of each, as `holds_if` was given them; looks: numbers of seeds;
    trainings: what each is in full, JSON, by its name in the claim.
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

    @property
    def name(self) -> str:
        """Claim and case."""
        return f"{self.claim} {self.case}".strip()

    @property
    def decides(self) -> dict[str, Any]:
        """The part of it that the hash covers."""
        return {
            "claim": self.claim,
            "case": self.case,
            "conditions": list(self.conditions),
            "alpha": self.alpha,
            "looks": list(self.looks),
            "trainings": dict(sorted(self.trainings.items())),
        }


@dataclass(frozen=True)
class Lock:
    """The registration of one task: number, from 1; on: its date; before: the hash of the one before, or "".

    hash: SHA-256, in hexadecimal, of all that decides, of the number and of `before`.
    """

    task: str
    number: int
    on: str
    before: str
    hash: str
    criteria: tuple[Criterion, ...]

    def find(self, claim: str, case: str) -> Criterion | None:
        """The criterion of a claim's case, None where it is not registered."""
        return next((each for each in self.criteria if (each.claim, each.case) == (claim, case)), None)

    def seeds(self, count: int) -> tuple[int, ...]:
        """The first so many seeds of the full tier: 32-bit integers, none twice."""
        return drawn(self.hash, count)

    def alpha(self, of: float) -> float:
        """The error allowed at a side: half of it for every registration before this one."""
        return of / 2 ** (self.number - 1)


def conditions(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """What a claim gave to `holds_if`, a text a condition."""
    return tuple(f"{each.interval.statistic} of {each.interval.measure} {_exactly(each.region)}" for each in evidence)


def _exactly(region: Region) -> str:
    """A region to the last digit of its borders."""
    low = f"{'>=' if region.low_included else '>'} {region.low!r}" if math.isfinite(region.low) else ""
    high = f"{'<=' if region.high_included else '<'} {region.high!r}" if math.isfinite(region.high) else ""
    return ", ".join(filter(None, (low, high)))


@lru_cache(64)
def drawn(digest: str, number: int) -> tuple[int, ...]:
    """So many 32-bit integers from a hash: number i from SeedSequence([hash, i]), drawn anew where it is there."""
    found: dict[int, None] = {}
    for place in range(number):
        for again in count(1):
            seed = int(np.random.SeedSequence([int(digest, 16), place]).generate_state(again, np.uint32)[-1])
            if seed not in found:
                found[seed] = None
                break
    return tuple(found)


def read(folder: Path) -> dict[str, Lock]:
    """The locks of a report, by the prefix of their task; none where it was never registered.

    Raises ValueError for a file that is no lock, or whose content is not what its hash says.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        tasks = tomllib.loads(path.read_text(encoding="utf-8"))["task"]
        locks = {each["prefix"]: _lock(each) for each in tasks}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} cannot be read: {error}. Take it from the last commit.") from error
    for lock in locks.values():
        if _hash(lock.criteria, lock.number, lock.before) != lock.hash:
            raise ValueError(
                f"{path}: task {lock.task!r} is not what its hash says; it is written by --register, never by hand"
            )
    return locks


def register(folder: Path, found: Mapping[str, Sequence[Criterion]], now: datetime | None = None) -> list[str]:
    """Lock the criteria of these tasks, where they differ from what is locked; answers what was done, a line a task.

    A task that was locked before gets the next number. With nothing changed nothing is written.
    """
    before, lines = read(folder), []
    locks = dict(before)
    for task, criteria in found.items():
        ordered = tuple(sorted(criteria, key=lambda each: (each.claim, each.case)))
        old = before.get(task)
        if old is not None and [each.decides for each in old.criteria] == [each.decides for each in ordered]:
            locks[task] = Lock(task, old.number, old.on, old.before, old.hash, ordered)  # prose may have changed
            continue
        number, chained = (old.number + 1, old.hash) if old else (1, "")
        on = (now or datetime.now(UTC)).date().isoformat()
        locks[task] = Lock(task, number, on, chained, _hash(ordered, number, chained), ordered)
        lines.append(f"task {task or 'without letters'}: {len(ordered)} criteria, registration {number}")
    if locks != before:
        write_whole(folder / FILE, _text(locks.values()).encode())
    return lines


def difference(lock: Lock | None, found: Criterion) -> str:
    """What differs between a criterion and its lock, both shown, with what registering anew costs; "" for nothing."""
    locked = lock.find(found.claim, found.case) if lock else None
    if locked is not None and locked.decides == found.decides:
        return ""
    cost = "Registering it anew (pytest --register) gives its whole task other seeds"
    if lock is None or locked is None:
        return f"{found.name} is not registered. {cost if lock else 'Lock it with pytest --register, then run full.'}"
    alpha = lock.alpha(found.alpha)
    shown = [
        f"  {part}: registered {locked.decides[part]}\n  {part}: now        {found.decides[part]}"
        for part in found.decides
        if locked.decides[part] != found.decides[part]
    ]
    return (
        f"{found.name} is not as it was registered on {lock.on}:\n"
        + "\n".join(shown)
        + f"\n{cost}, and half the error that it may make: 1/{2 / alpha:.0f} a side in place of 1/{1 / alpha:.0f}."
    )


def _hash(criteria: Iterable[Criterion], number: int, before: str) -> str:
    whole = {"criteria": [each.decides for each in criteria], "registration": number, "before": before}
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _lock(task: Mapping[str, Any]) -> Lock:
    trainings = task.get("training", {})
    criteria = tuple(
        Criterion(
            each["id"],
            each["case"],
            tuple(each["conditions"]),
            each["alpha"],
            tuple(each["looks"]),
            {name: trainings[digest] for name, digest in each["trainings"].items()},
            each["statement"],
            each["source"],
            each["kind"],
        )
        for each in task["claim"]
    )
    return Lock(task["prefix"], task["registration"], task["on"], task["before"], task["hash"], criteria)


def _text(locks: Iterable[Lock]) -> str:
    document = tomlkit.document()
    document.add(tomlkit.comment("Criteria, locked before the seeds that judge them were drawn from these hashes."))
    document.add(tomlkit.comment("Written by pytest --register, never by hand."))
    tasks = tomlkit.aot()
    for lock in locks:
        table, claims, trainings = tomlkit.table(), tomlkit.aot(), tomlkit.table()
        key: str
        value: object
        for key, value in (
            ("prefix", lock.task), ("registration", lock.number), ("on", lock.on), ("before", lock.before),
            ("hash", lock.hash),
        ):  # fmt: skip
            table.add(key, value)
        named: dict[str, str] = {}
        for each in lock.criteria:
            for text in each.trainings.values():
                named.setdefault(text, f"t{len(named) + 1}")
            claim = tomlkit.table()
            for key, value in (
                ("id", each.claim), ("case", each.case), ("statement", each.statement), ("source", each.source),
                ("kind", each.kind), ("conditions", list(each.conditions)), ("alpha", each.alpha),
                ("looks", list(each.looks)),
                ("trainings", {name: named[text] for name, text in each.trainings.items()}),
            ):  # fmt: skip
                claim.add(key, value)
            claims.append(claim)
        for text, name in named.items():
            trainings.add(name, text)
        table.add("training", trainings)
        table.add("claim", claims)
        tasks.append(table)
    document.add("task", tasks)
    return tomlkit.dumps(document)
