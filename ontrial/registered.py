"""registered.toml, the lock file: a report's registrations, read, written and added to."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomlkit

from ontrial.files import write_atomically
from ontrial.registration import Criterion, Lock, Locks, sealed

FILE = "registered.toml"


def read(folder: Path, known: Iterable[str] = ()) -> Locks:
    """The registrations of a report's tasks, in their order; none where it was never registered.

    known: hashes that must be there. Raises ValueError for a file that is no lock, whose content is not what its hashes
    say, or that lacks a registration.
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
        is_whole = (lock.hash, lock.beside) == (sealed(lock).hash, lock.beside and sealed(lock).beside)
        if not is_whole or (lock.number, lock.before) != chained:
            raise ValueError(
                f"{path}: registration {lock.number} of task {lock.task!r} is not what its hash says; the file is "
                "written by --register, never by hand. Take it from the last commit."
            )
        last[lock.task] = lock
    if missing := sorted(set(known) - {lock.hash for lock in locks}):
        names = ", ".join(each[:12] for each in missing)
        raise ValueError(
            f"{path} lacks what the record knows as registered ({names}): a lock is never deleted. Take the file from "
            "the last commit."
        )
    return locks


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


def _lock(task: Mapping[str, Any]) -> Lock:
    trainings, defaults, code = (task.get(part, {}) for part in ("training", "defaults", "code"))
    criteria = tuple(
        Criterion(
            each["id"],
            each["case"],
            tuple(each["conditions"]),
            each["alpha"],
            tuple(each["looks"]),
            {name: trainings[text] for name, text in each["trainings"].items()},
            each["statement"],
            each["source"],
            each["kind"],
            tuple(each.get("among", ())),
            {name: defaults[text] for name, text in each["trainings"].items() if text in defaults},
            code.get(each.get("code", ""), {}),
        )
        for each in task["claim"]
    )
    schema, beside = task.get("schema", 1), task.get("beside", "")
    return Lock(
        task["prefix"], task["registration"], task["on"], task["before"], task["hash"], criteria, schema, beside
    )


def text(locks: Locks) -> str:
    """The lock file of these registrations."""
    document = tomlkit.document()
    document.add(tomlkit.comment("What decides, locked before the seeds that judge it were drawn from these hashes."))
    document.add(tomlkit.comment("Written by pytest --register, never by hand."))
    tasks = tomlkit.aot()
    for lock in locks:
        table, claims = tomlkit.table(), tomlkit.aot()
        head = {"prefix": lock.task, "schema": lock.schema, "registration": lock.number, "on": lock.on}
        for key, value in (head | {"before": lock.before, "hash": lock.hash, "beside": lock.beside}).items():
            if value or key != "beside":
                table.add(key, value)
        trainings: dict[tuple[str, str], str] = {}
        code: dict[str, tuple[str, Mapping[str, str]]] = {}
        for each in lock.criteria:
            whole = {name: (text, each.defaults.get(name, "")) for name, text in each.trainings.items()}
            for pair in whole.values():
                trainings.setdefault(pair, f"t{len(trainings) + 1}")
            name, _ = code.setdefault(json.dumps(dict(each.code)), (f"c{len(code) + 1}", each.code))
            claim = tomlkit.table()
            for key, value in (
                ("id", each.claim), ("case", each.case), ("statement", each.statement), ("source", each.source),
                ("kind", each.kind), ("conditions", list(each.conditions)), ("among", list(each.among)),
                ("alpha", each.alpha), ("looks", list(each.looks)), ("code", name),
                ("trainings", {name: trainings[pair] for name, pair in whole.items()}),
            ):  # fmt: skip
                claim.add(key, value)
            claims.append(claim)
        table.add("training", {name: text for (text, _), name in trainings.items()})
        table.add("defaults", {name: text for (_, text), name in trainings.items() if text})
        codes = tomlkit.table()
        for name, digests in code.values():
            row = tomlkit.inline_table()
            row.update(digests)
            codes.add(name, row)
        table.add("code", codes)
        table.add("claim", claims)
        tasks.append(table)
    document.add("task", tasks)
    return tomlkit.dumps(document)
