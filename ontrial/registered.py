"""Registrations: what decides a claim, locked before the seeds that judge it are drawn from the lock itself; and
registered.toml, the lock file beside a report's claims.

Source: Mazor, Mazor & Mukamel, "A novel tool for time-locking study plans to results" (2018): the plan seeds the
random numbers of the study, so no result can be older than the plan.
"""

import hashlib
import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ontrial.files import write_atomically
from ontrial.stats.verdicts import Evidence, Region

FILE = "registered.toml"
CODE_ALONE = "code alone"
_SCHEMA_1 = ("claim", "case", "conditions", "alpha", "looks", "trainings")  # what a hash of schema 1 covers
_FIELDS = ("case", "statement", "source", "kind", "conditions", "among", "alpha", "looks")
REGION = re.compile(r" [<>]=? \S+(, <=? \S+)?$")  # at the end of a condition


@dataclass(frozen=True)
class Criterion:
    """What decides one case of a claim.

    conditions: statistic, measure and region of each, as given to `holds_if`; among: whether each is about some seeds
    only; alpha: of a first registration; looks: numbers of seeds; trainings: what was declared of each, JSON, by its
    name in the claim, in order; defaults: the other fields of each, JSON; code: digests of the functions that turn runs
    into numbers, by name.
    """

    claim: str
    case: str
    statement: str
    source: str
    kind: str
    conditions: tuple[str, ...]
    among: tuple[bool, ...]
    alpha: float
    looks: tuple[int, ...]
    trainings: Mapping[str, str]
    defaults: Mapping[str, str]
    code: Mapping[str, str]

    @property
    def sides(self) -> int:
        """On how many sides sampling can make its verdict wrong: those of its regions, none of a count."""
        found = [REGION.search(each) for each in self.conditions if not each.startswith("count of ")]
        return sum(1 + bool(each[1]) for each in found if each)


@dataclass(frozen=True)
class Lock:
    """One registration of a task: of the claims that were new or changed then.

    number: from 1; on: its date; before: the hash of the task's registration before it, or ""; hash: SHA-256, in
    hexadecimal, of all that decides, of the number, the date and `before`; beside: with schema 1, whose hash covers
    less, a SHA-256 of the rest.
    """

    task: str
    number: int
    on: str
    before: str
    hash: str
    criteria: tuple[Criterion, ...]
    schema: int = 2
    beside: str = ""

    def seeds(self, count: int) -> tuple[int, ...]:
        """The first so many seeds of the full tier: 32-bit integers, none twice."""
        return drawn(self.hash, count)

    def alpha(self, of: float) -> float:
        """The error allowed at a side: half of it for every registration before this one."""
        return of / 2 ** (self.number - 1)


Locks = tuple[Lock, ...]
Parts = dict[str, tuple[object, object]]  # what differs, as registered and as found


@lru_cache(64)
def drawn(digest: str, number: int) -> tuple[int, ...]:
    """So many 32-bit integers from a hash: number i from SeedSequence([hash, i]), drawn again if it is a duplicate."""
    found: dict[int, None] = {}
    for place in range(number):
        sequence = np.random.SeedSequence([int(digest, 16), place])
        seeds = (int(sequence.generate_state(draw, np.uint32)[-1]) for draw in itertools.count(1))
        found[next(seed for seed in seeds if seed not in found)] = None
    return tuple(found)


def lock_of(locks: Locks, claim: str) -> Lock | None:
    """The last registration of a claim, None if there is none."""
    return next((each for each in reversed(locks) if any(one.claim == claim for one in each.criteria)), None)


def locked(locks: Locks, claim: str, case: str) -> Criterion | None:
    """The criterion of a case in its claim's last registration, None if there is none."""
    lock = lock_of(locks, claim)
    cases = [each for each in lock.criteria if (each.claim, each.case) == (claim, case)] if lock else []
    return next(iter(cases), None)


def current(locks: Locks) -> list[tuple[Lock, Criterion]]:
    """The criteria in force, each with its lock: of every claim those of its last registration."""
    return [(lock, one) for lock in locks for one in lock.criteria if lock_of(locks, one.claim) is lock]


def next_alpha(locks: Locks, task: str, of: float) -> float:
    """The error allowed at a side under the next registration of a task. of: that of a first one."""
    return of / 2 ** sum(each.task == task for each in locks)


def conditions(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """The conditions that a claim gave to `holds_if`, a text each."""
    return tuple(f"{each.interval.statistic} of {each.interval.measure} {_exactly(each.region)}" for each in evidence)


def _exactly(region: Region) -> str:
    """A region to the last digit of its borders."""
    low = f"{'>=' if region.low_included else '>'} {region.low!r}" if math.isfinite(region.low) else ""
    high = f"{'<=' if region.high_included else '<'} {region.high!r}" if math.isfinite(region.high) else ""
    return ", ".join(filter(None, (low, high)))


def reasons(locks: Locks, found: Sequence[Criterion]) -> dict[str, str]:
    """Claims that are not locked as they are found: "new", or what differs from the lock."""
    why: dict[str, str] = {}
    for claim in dict.fromkeys(each.claim for each in found):
        lock = lock_of(locks, claim)
        were = {each.case: each for each in lock.criteria if each.claim == claim} if lock else {}
        are = {each.case: each for each in found if each.claim == claim}
        both = [(were[case], each) for case, each in are.items() if case in were]
        parts = {part: None for was, now in both for part in differences(was, now)}
        if were.keys() != are.keys():
            parts["cases" if lock else "new"] = None
        if not parts and any(changed_code(was, now) for was, now in both):
            parts[CODE_ALONE] = None
        if parts:
            why[claim] = ", ".join(parts)
    return why


def changed_code(locked: Criterion, found: Criterion) -> list[str]:
    """The functions whose code is not what was locked, by name."""
    names = sorted(locked.code.keys() | found.code.keys())
    return [name for name in names if locked.code.get(name) != found.code.get(name)]


def differences(locked: Criterion, found: Criterion) -> Parts:
    """What differs from a lock, code aside: by part, as registered and as found."""
    was, now = ({**vars(each), "trainings": list(each.trainings)} for each in (locked, found))
    names = (
        ["statement", "source", "kind", "conditions", "alpha", "looks"] + ["among"] * bool(locked.among) + ["trainings"]
    )
    parts: Parts = {name: (was[name], now[name]) for name in names if was[name] != now[name]}
    for name in locked.trainings if "trainings" not in parts else ():
        if other := _fields_that_differ(locked, found, name):
            parts[f"training {name}"] = other
    return parts


def _fields_that_differ(locked: Criterion, found: Criterion, name: str) -> tuple[object, object] | None:
    """The fields of a training that differ; one that exists on one side alone counts only if it is declared."""
    declared = [flat(json.loads(each.trainings[name])) for each in (locked, found)]
    was, now = (
        flat(json.loads(each.defaults.get(name, "{}"))) | own
        for each, own in zip((locked, found), declared, strict=True)
    )
    comparable = declared[0].keys() | declared[1].keys() | (was.keys() & now.keys())
    other = sorted(each for each in comparable if was.get(each) != now.get(each))
    return ({each: was.get(each) for each in other}, {each: now.get(each) for each in other}) if other else None


def flat(value: Any, path: str = "") -> dict[str, str]:
    """The fields of a JSON value by their path, each as JSON."""
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {path: json.dumps(value)}
    below = [flat(each, f"{path}.{key}".strip(".")) for key, each in value.items()]
    return {name: text for fields in below for name, text in fields.items()}


def explained(locks: Locks, found: Criterion, parts: Parts) -> str:
    """What differs from the lock, both sides shown, and what registering the claim again costs."""
    lock = lock_of(locks, found.claim)
    assert lock is not None
    shown = [f"  {part}: registered {was}\n  {part}: now        {now}" for part, (was, now) in parts.items()]
    then = next_alpha(locks, lock.task, found.alpha)
    return "\n".join(
        [
            f"{found.claim} {found.case}".strip() + f" is not as it was registered on {lock.on}:",
            *shown,
            f"`pytest --ontrial-register --ontrial-yes --ontrial-claim {found.claim}` gives it other seeds and a "
            f"smaller error, 1/{1 / then:.0f} a side in place of 1/{1 / lock.alpha(found.alpha):.0f}.",
        ]
    )


def sealed(lock: Lock) -> Lock:
    """A registration with the hashes of its content."""
    criteria = [vars(each) | {"order": list(each.trainings)} for each in lock.criteria]
    first = [{name: each[name] for name in _SCHEMA_1} for each in criteria]
    rest = [{name: value for name, value in each.items() if name not in _SCHEMA_1} for each in criteria]
    chain = {"registration": lock.number, "before": lock.before}
    covered = {"criteria": first} if lock.schema == 1 else {"criteria": criteria, "on": lock.on}
    hashed = replace(lock, hash=_digest(covered | chain))
    beside = _digest({"hash": hashed.hash, "on": lock.on, "criteria": rest}) if lock.beside else ""
    return replace(hashed, beside=beside)


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read(folder: Path, known: Iterable[str] = ()) -> Locks:
    """The registrations of a report's tasks, in their order; none if it was never registered.

    known: hashes that must be there. Raises ValueError for a file that is no lock, whose content does not match its
    hashes, or that lacks a registration.
    """
    path = folder / FILE
    locks: Locks = ()
    if path.is_file():
        try:
            locks = tuple(map(_lock, tomllib.loads(path.read_text(encoding="utf-8"))["task"]))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} cannot be read: {error}. Take it from the last commit.") from error
    last: dict[str, Lock] = {}
    for lock in locks:
        before = last.get(lock.task)
        chained = (before.number + 1, before.hash) if before else (1, "")
        if sealed(lock) != lock or (lock.number, lock.before) != chained:
            raise ValueError(
                f"{path}: registration {lock.number} of task {lock.task!r} is not what its hash says; the file is "
                "written by --ontrial-register, never by hand. Take it from the last commit."
            )
        last[lock.task] = lock
    if missing := sorted(set(known) - {lock.hash for lock in locks}):
        names = ", ".join(each[:12] for each in missing)
        raise ValueError(
            f"{path} lacks what the record knows as registered ({names}): a lock is never deleted. Take the file from "
            "the last commit."
        )
    return locks


def _lock(task: Mapping[str, Any]) -> Lock:
    trainings, defaults, code = (task.get(part, {}) for part in ("training", "defaults", "code"))
    criteria = tuple(
        Criterion(
            each["id"],
            each["case"],
            each["statement"],
            each["source"],
            each["kind"],
            tuple(each["conditions"]),
            tuple(each.get("among", ())),
            each["alpha"],
            tuple(each["looks"]),
            {name: trainings[key] for name, key in each["trainings"].items()},
            {name: defaults[key] for name, key in each["trainings"].items() if key in defaults},
            code.get(each.get("code", ""), {}),
        )
        for each in task["claim"]
    )
    number, schema, beside = task["registration"], task.get("schema", 1), task.get("beside", "")
    return Lock(task["prefix"], number, task["on"], task["before"], task["hash"], criteria, schema, beside)


def register(folder: Path, found: Mapping[str, Sequence[Criterion]], now: datetime | None = None) -> list[str]:
    """Lock these criteria, by task: each task gets its next registration. Returns a line a task."""
    locks, lines = read(folder), []
    on = (now or datetime.now(UTC)).date().isoformat()
    for task, criteria in found.items():
        ordered = tuple(sorted(criteria, key=lambda each: (each.claim, each.case)))
        before = [each for each in locks if each.task == task]
        lock = Lock(task, len(before) + 1, on, before[-1].hash if before else "", "", ordered)
        locks = (*locks, sealed(lock))
        lines.append(f"task {task or 'without letters'}: {len(ordered)} criteria, registration {lock.number}")
    if found:
        write_atomically(folder / FILE, text(locks).encode())
    return lines


def text(locks: Locks) -> str:
    """The lock file of these registrations, in which equal trainings and equal code of a task are written once."""
    blocks = [
        "# What decides, locked before the seeds that judge it were drawn from these hashes.\n"
        "# Written by pytest --ontrial-register, never by hand.\n"
    ]
    for lock in locks:
        training: dict[tuple[str, str], str] = {}  # by declared fields and defaults
        code: dict[str, str] = {}
        claims: list[str] = []
        for each in lock.criteria:
            pairs = {name: (declared, each.defaults.get(name, "")) for name, declared in each.trainings.items()}
            named = {name: training.setdefault(pair, f"t{len(training) + 1}") for name, pair in pairs.items()}
            fields = {"id": each.claim} | {name: vars(each)[name] for name in _FIELDS}
            fields["code"] = code.setdefault(_toml(each.code), f"c{len(code) + 1}")
            claims += [_block("[[task.claim]]", fields), _block("[task.claim.trainings]", named)]
        head = {"prefix": lock.task, "schema": lock.schema, "registration": lock.number, "on": lock.on}
        head |= {"before": lock.before, "hash": lock.hash} | ({"beside": lock.beside} if lock.beside else {})
        blocks += [
            _block("[[task]]", head),
            _block("[task.training]", {name: declared for (declared, _), name in training.items()}),
            _block("[task.defaults]", {name: defaults for (_, defaults), name in training.items() if defaults}),
            "\n".join(["[task.code]", *(f"{name} = {digests}" for digests, name in code.items()), ""]),
            *claims,
        ]
    return "\n".join(blocks)


def _block(header: str, values: Mapping[str, object]) -> str:
    return "\n".join([header, *(f"{_key(name)} = {_toml(value)}" for name, value in values.items()), ""])


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(name)} = {_toml(each)}' for name, each in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name, ensure_ascii=False)
