"""The record: verdicts.json, what every session found, kept across sessions (schema 4)."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ontrial.files import write_whole
from ontrial.publish import encoding
from ontrial.publish.entries import Declared, Judged, Key, Report
from ontrial.running.locks import LIMIT, locked

SCHEMA = 4
NAME = "verdicts.json"
_PARTS = ("sessions", "reports", "claims", "verdicts")

Whole = dict[str, Any]
Say = Callable[[str], object]


def merge(
    folder: Path,
    judged: Iterable[Judged],
    session: Mapping[str, Any],
    reports: Iterable[Report] = (),
    declared: Iterable[Declared] = (),
    collected: Collection[str] = (),
    limit: float = LIMIT,
    say: Say = print,
) -> Path:
    """Put what a session found into the folder's record, in place of earlier verdicts of the same key.

    session: as `ontrial.publish.sessions.environment` tells it; declared: the claims that it collected, run or not,
    one a case or with all cases; collected: reports whose folder was collected whole, so that what they declare no
    longer (claims, and cases of claims) leaves the record, with the figures that nothing else names; limit: seconds
    to wait for another session that writes; say: told of what is waited for, or set aside. Answers the path of
    verdicts.json.
    Raises LockHeld at the limit, OSError where the folder cannot be written.
    """
    path = folder / NAME
    new = {
        "sessions": [dict(session)],
        "reports": [encoding.report(each) for each in reports],
        "claims": [encoding.declared(each) for each in _by_claim(declared)],
        "verdicts": [encoding.judged(each) | {"session": session["time"]} for each in judged],
    }
    with locked(folder / ".verdicts.lock", limit, say):
        known = read(path, say)
        kept = _kept(known, new["claims"], collected)
        whole = joined(kept, new | {"claims": _with_cases_of(kept, new["claims"], collected)})
        write(path, whole)
        for figure in _figures(known) - _figures(whole):
            (folder / figure).unlink(missing_ok=True)
    return path


def joined(*files: Mapping[str, Any]) -> Whole:
    """What several records say together, a later one in place of an earlier where both say something.

    A verdict under an earlier registration than another on the same case gives up its figures.
    """
    sessions = {each["time"]: each for file in files for each in file["sessions"]}
    reports = {each["name"]: each for file in files for each in file["reports"]}
    claims = {(each["report"], each["id"]): each for file in files for each in file["claims"]}
    verdicts = {key_of(each): each for file in files for each in file["verdicts"]}
    newest: dict[Key, int] = {}
    for key in verdicts:
        if key[-1] is not None:
            newest[(*key[:-1], None)] = max(key[-1], newest.get((*key[:-1], None), 0))
    for key, verdict in verdicts.items():
        if key[-1] is not None and key[-1] < newest[(*key[:-1], None)]:
            verdicts[key] = verdict | {"figures": []}
    used = {verdict["session"] for verdict in verdicts.values()}
    named = {each["report"] for each in (*claims.values(), *verdicts.values())}
    place = order(reports.values())
    return {
        "schema": SCHEMA,
        "sessions": [sessions[time] for time in sorted(used & sessions.keys())],
        "reports": [reports[name] for name in sorted(named & reports.keys())],
        "claims": [claims[name] for name in sorted(claims, key=lambda name: place(*name))],
        "verdicts": [verdicts[key] for key in sorted(verdicts, key=lambda key: (place(*key[:2]), *_rank(key)))],
    }


def write(path: Path, whole: Mapping[str, Any]) -> None:
    """Put a record there in one move. Raises OSError where it cannot be written."""
    write_whole(path, (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read(path: Path, say: Say = print) -> Whole:
    """The record as it stands, or an empty one; one that is damaged or of another schema is set aside, and told."""
    nothing: Whole = {part: [] for part in _PARTS}
    if not path.exists():
        return nothing
    try:
        known: Whole = json.loads(path.read_bytes())
        if known["schema"] != SCHEMA:
            raise ValueError(f"it is of schema {known['schema']}, not {SCHEMA}")
        whole = {part: list(known[part]) for part in _PARTS}
        keys = [key_of(each) for each in whole["verdicts"]]
        if len(set(keys)) < len(keys):
            raise ValueError("it has two verdicts of one name")
    except (ValueError, KeyError, TypeError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        say(f"set aside as {aside}, since it cannot be read: {error}")
        return nothing
    return whole


def key_of(verdict: Mapping[str, Any]) -> Key:
    """What a later session replaces, of a verdict as the record keeps it."""
    return (
        verdict["report"], verdict["id"], verdict["case"], verdict["tier"], verdict["dataset"], verdict["registration"],
    )  # fmt: skip


def order(reports: Iterable[Mapping[str, Any]]) -> Callable[[str, str], tuple[object, ...]]:
    """What claims are sorted by: the place of (report, id) by report, task and number.

    reports: as the record keeps them.
    """
    prefixes = {each["name"]: [task["prefix"] for task in each["tasks"]] for each in reports}

    def place(report: str, claim: str) -> tuple[object, ...]:
        known = prefixes.get(report, [])
        found = max((prefix for prefix in known if begins(claim, prefix)), key=len, default=None)
        task = len(known) if found is None else known.index(found)
        number = re.search(r"\d+", claim)
        return (report, task, claim[: number.start()] if number else claim, int(number[0]) if number else 0, claim)

    return place


def begins(claim: str, prefix: str) -> bool:
    """Whether a claim's id is this prefix and a number."""
    return re.match(rf"{re.escape(prefix)}\d", claim) is not None


def _by_claim(declared: Iterable[Declared]) -> list[Declared]:
    """One entry a claim, with the cases of all its entries in their order."""
    found: dict[tuple[str, str], Declared] = {}
    for each in declared:
        known = found.get((each.report, each.id), each)
        cases = tuple(dict.fromkeys((*known.cases, *each.cases)))
        found[each.report, each.id] = Declared(
            each.report, each.id, each.statement, each.kind, each.source, cases, each.registered or known.registered
        )
    return list(found.values())


def _kept(known: Whole, declared: Iterable[Mapping[str, Any]], collected: Collection[str]) -> Whole:
    """A record without what reports that were collected whole no longer declare: claims, and cases but for history."""
    cases = {(each["report"], each["id"]): each["cases"] for each in declared}
    registered = {(each["report"], each["id"]): each["registered"] for each in declared}

    def stays(each: Mapping[str, Any]) -> bool:
        name = (each["report"], each["id"])
        if each["report"] not in collected:
            return True
        if name not in cases or "case" not in each or each["case"] in cases[name]:
            return name in cases
        lock = registered[name]
        return lock is not None and each["registration"] is not None and each["registration"] < lock["registration"]

    return known | {part: [each for each in known[part] if stays(each)] for part in ("claims", "verdicts")}


def _with_cases_of(known: Whole, declared: list[Whole], collected: Collection[str]) -> list[Whole]:
    """What is declared now, with the cases that were known before where not all of a report was collected."""
    before = {(each["report"], each["id"]): each for each in known["claims"] if each["report"] not in collected}
    found = []
    for each in declared:
        was = before.get((each["report"], each["id"]))
        # Under another registration a claim may have had other cases.
        cases = was["cases"] if was is not None and was["registered"] == each["registered"] else []
        found.append(each | {"cases": list(dict.fromkeys([*cases, *each["cases"]]))})
    return found


def _figures(whole: Mapping[str, Any]) -> set[str]:
    return {figure for verdict in whole["verdicts"] for figure in verdict["figures"]}


def _rank(key: Key) -> tuple[object, ...]:
    """Within a claim: the order of the cases' names; full before fast, the latest registration first."""
    _, _, case, tier, dataset, registration = key
    return (case, tier != "full", -(registration or 0), dataset)
