"""The record: verdicts.json, what every session found, kept across sessions (schema 4)."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from ontrial.files import LOCK_LIMIT, inside, locked, write_atomically
from ontrial.publish import encoding
from ontrial.publish.entries import Declared, Judged, Key, Report
from ontrial.stats.verdicts import Verdict

SCHEMA = 4
NAME = "verdicts.json"
_PARTS = ("sessions", "reports", "claims", "verdicts")
_DECIDED = (Verdict.HOLDS, Verdict.REFUTED)
_UNSEALED = ("figures", "last", "digest")  # what may change of a verdict after it was judged

Whole = dict[str, Any]
Say = Callable[[str], object]


def merge(
    folder: Path,
    judged: Iterable[Judged],
    session: Mapping[str, Any],
    reports: Iterable[Report] = (),
    declared: Iterable[Declared] = (),
    collected: Collection[str] = (),
    limit: float = LOCK_LIMIT,
    say: Say = print,
) -> Path:
    """Put what a session found into the folder's record, in place of earlier verdicts of the same key.

    What `keeps` is beside that replaces nothing: it is remembered beside the earlier verdict, and said.
    session: as `ontrial.publish.sessions.environment` tells it; declared: the claims that it collected, run or not,
    one a case or with all cases; collected: reports whose folder was collected whole, so that what they declare no
    longer (claims, and cases of claims) leaves the record, with the figures that nothing else names; limit: seconds
    to wait for another session that writes; say: told of what is waited for, set aside, or not replaced. Returns the
    path of verdicts.json.
    Raises LockHeld at the limit, OSError where the folder cannot be written.
    """
    path = folder / NAME
    new: Whole = {
        "sessions": [dict(session)],
        "reports": [encoding.report(each) for each in reports],
        "claims": [encoding.declared(each) for each in _by_claim(declared)],
        "verdicts": [_sealed(encoding.judged(each) | {"session": session["time"]}) for each in judged],
    }
    with locked(folder / ".verdicts.lock", limit, say):
        known = read(path, say)
        kept = _kept(known, new["claims"], collected)
        settled = {key_of(each): each for each in kept["verdicts"]}
        for each in new["verdicts"]:
            was = settled.get(key_of(each))
            settled[key_of(each)] = each if was is None or not keeps(was, each) else _beside(was, each, say)
        drawn = digests(folder, _figures({"verdicts": [each for each in new["verdicts"] if each in settled.values()]}))
        new |= {"claims": _with_cases_of(kept, new["claims"], collected), "figures": drawn}
        whole = joined(kept, new | {"verdicts": list(settled.values())})
        write(path, whole)
        for figure in _figures(known) - _figures(whole):
            _delete(folder, figure)
    return path


def keeps(was: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a recorded verdict stays although a session found another, given both as the record has them.

    It does under a registration where the new one is an error, where it was looked at with `--seeds N`, where it is
    undecided and the recorded one decided, and where it is no clearer and has fewer seeds. An error is always replaced,
    and a look with `--seeds N` by any planned one that is as clear.
    """
    if was["registration"] is None or was["found"] == Verdict.ERROR:
        return False
    if new["found"] == Verdict.ERROR:
        return True
    was_planned, is_planned = was.get("planned", True), new.get("planned", True)
    was_decided, is_decided = was["found"] in _DECIDED, new["found"] in _DECIDED
    if was_planned != is_planned:
        return bool(was_planned or (was_decided and not is_decided))
    return was_decided > is_decided or (was_decided == is_decided and _seeds(new) < _seeds(was))


def beside(was: Mapping[str, Any], new: Mapping[str, Any]) -> Whole:
    """A verdict that the record keeps, with what a later session found beside it."""
    last = {"found": new["found"], "n": _n(new), "problem": new["problem"], "session": new["session"]}
    lasts = [each for each in (new.get("last"), last, was.get("last")) if each]
    return {**was, "last": max(lasts, key=lambda each: each["session"])}


def digests(folder: Path, figures: Iterable[str]) -> dict[str, str]:
    """The SHA-256 of each figure that is there, by its path in the folder."""
    places = {figure: inside(folder, figure) for figure in sorted(figures)}
    return {
        figure: hashlib.sha256(path.read_bytes()).hexdigest() for figure, path in places.items()
        if path is not None and path.is_file()
    }  # fmt: skip


def digest_of(verdict: Mapping[str, Any]) -> str:
    """The SHA-256 of a verdict as it was judged, by which an edited one is noticed."""
    judged = json.loads(json.dumps({name: value for name, value in verdict.items() if name not in _UNSEALED}))
    return hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()


def joined(*files: Mapping[str, Any]) -> Whole:
    """What several records say together, a later one in place of an earlier where both say something.

    A verdict under an earlier registration than another on the same case gives up its figures.
    """
    sessions = {each["time"]: each for file in files for each in file["sessions"]}
    reports = {each["name"]: each for file in files for each in file["reports"]}
    claims: dict[tuple[str, str], Any] = {}
    for each in (one for file in files for one in file["claims"]):
        name = (each["report"], each["id"])
        if name not in claims or _registration(each) >= _registration(claims[name]):  # a lock is never taken back
            claims[name] = each
    verdicts = {key_of(each): each for file in files for each in file["verdicts"]}
    newest: dict[Key, int] = {}
    for key in verdicts:
        if key[-1] is not None:
            newest[(*key[:-1], None)] = max(key[-1], newest.get((*key[:-1], None), 0))
    for key, verdict in verdicts.items():
        if key[-1] is not None and key[-1] < newest[(*key[:-1], None)]:
            verdicts[key] = verdict | {"figures": []}
    used = {verdict["session"] for verdict in verdicts.values()}
    used |= {verdict["last"]["session"] for verdict in verdicts.values() if verdict.get("last")}
    named = _figures({"verdicts": list(verdicts.values())})
    drawn = {figure: digest for file in files for figure, digest in file.get("figures", {}).items()}
    shown = {figure: digest for figure, digest in sorted(drawn.items()) if figure in named}
    spoken_of = {each["report"] for each in (*claims.values(), *verdicts.values())}
    place = order(reports.values())
    return {
        "schema": SCHEMA,
        "sessions": [sessions[time] for time in sorted(used & sessions.keys())],
        "reports": [reports[name] for name in sorted(spoken_of & reports.keys())],
        "claims": [claims[name] for name in sorted(claims, key=lambda name: place(*name))],
        "verdicts": [verdicts[key] for key in sorted(verdicts, key=lambda key: (place(*key[:2]), *_rank(key)))],
        "figures": shown,
    }


def _registration(claim: Mapping[str, Any]) -> int:
    return claim["registered"]["registration"] if claim["registered"] else 0


def write(path: Path, whole: Mapping[str, Any]) -> None:
    """Put a record there in one move. Raises OSError where it cannot be written."""
    write_atomically(path, (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read(path: Path, say: Say = print) -> Whole:
    """The record as it stands, or an empty one where there is none.

    One that is damaged or of another schema is set aside, and said. Of one with entries that cannot be read a copy is
    set aside, and all others are returned.
    """
    if not path.exists():
        return _nothing()
    try:
        whole, unread = parsed(path)
    except ValueError as error:
        path.replace(aside := _aside(path))
        say(f"set aside as {aside}, since it cannot be read: {error}")
        return _nothing()
    if unread:
        shutil.copyfile(path, aside := _aside(path))
        say(f"set aside as {aside}, since entries cannot be read: {'; '.join(unread)}. All others stay.")
    return whole


def load(folder: Path) -> Whole:
    """A folder's record as it stands. Raises FileNotFoundError, or ValueError where not all of it can be read."""
    path = folder / NAME
    try:
        whole, unread = parsed(path)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if unread:
        raise ValueError(f"{path} is damaged: {'; '.join(unread)}")
    return whole


def _nothing() -> Whole:
    return {"schema": SCHEMA, **{part: [] for part in _PARTS}, "figures": {}}


def parsed(path: Path) -> tuple[Whole, list[str]]:
    """A record's entries that can be read, and of the others what is wrong, each in words.

    Raises OSError where there is none, ValueError where the whole cannot be read.
    """
    try:
        known: Whole = json.loads(path.read_bytes())
        if known["schema"] != SCHEMA:
            raise ValueError(f"it is of schema {known['schema']}, not {SCHEMA}")
        parts = {part: list(known[part]) for part in _PARTS}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{error}") from error
    unread: list[str] = []
    whole = _nothing()
    for part, check in _CHECKS.items():
        for place, each in enumerate(parts[part]):
            try:
                check(each)
                whole[part].append(each)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                unread.append(f"{part} {place} ({_named(each)}): {error}")
    keys = [key_of(each) for each in whole["verdicts"]]
    if len(set(keys)) < len(keys):
        raise ValueError("it has two verdicts of one name")
    whole["figures"] = drawn if isinstance(drawn := known.get("figures"), dict) else {}
    return whole, unread


def _require_words(each: Mapping[str, Any], *names: str) -> None:
    """Raises ValueError where one of these parts of an entry is no text, or could name a folder."""
    for name in names:
        if not isinstance(each[name], str) or (name in ("report", "id", "name") and "/" in each[name]):
            raise ValueError(f"{name} cannot be {each[name]!r}")


def _check_verdict(each: Mapping[str, Any]) -> None:
    _require_words(each, "report", "id", "case", "tier", "dataset", "session")
    found = encoding.judged_of(each)
    if not isinstance(found.registration, int | None) or not all(isinstance(name, str) for name in found.figures):
        raise ValueError("its registration is no number, or a figure no path")


def _check_claim(each: Mapping[str, Any]) -> None:
    _require_words(each, "report", "id")
    encoding.declared_of(each)


def _check_report(each: Mapping[str, Any]) -> None:
    _require_words(each, "name")
    encoding.report_of(each)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "sessions": lambda each: _require_words(each, "time"),
    "reports": _check_report,
    "claims": _check_claim,
    "verdicts": _check_verdict,
}


def _named(each: object) -> str:
    named = each if isinstance(each, Mapping) else {}
    words = (str(named[part]) for part in ("name", "report", "id", "case", "tier", "dataset") if named.get(part))
    return " ".join(words) or "without a name"


def _aside(path: Path) -> Path:
    """A name beside a file that nothing has yet, so that what was set aside before stays."""
    names = (path.with_name(f"{path.name}.damaged{f'-{number}' if number > 1 else ''}") for number in count(1))
    return next(name for name in names if not name.exists())


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


def _sealed(verdict: Whole) -> Whole:
    return verdict | {"digest": digest_of(verdict)}


def _beside(was: Mapping[str, Any], new: Mapping[str, Any], say: Say) -> Whole:
    """The same, and say so."""
    name, found = f"{new['id']} {new['case']}".strip(), new["problem"].partition("\n")[0]
    said = f"{new['found']}{_in_brackets(new)}" + (f": {found}" if found else "")
    say(f"the record keeps: {name} {was['found']}{_in_brackets(was)}; this session found {said}")
    return beside(was, new)


def _in_brackets(verdict: Mapping[str, Any]) -> str:
    return "" if (n := _n(verdict)) is None else f" (n = {n})"


def _n(verdict: Mapping[str, Any]) -> int | None:
    """The most seeds behind a condition; None for plain counts and errors."""
    return max((each["n"] for each in verdict["evidence"] if each["statistic"] != "count"), default=None)


def _seeds(verdict: Mapping[str, Any]) -> int:
    """The most seeds that a condition was judged on, those that it leaves out included; 0 for plain counts."""
    seeds = (each["n"] + each["left_out"] for each in verdict["evidence"] if each["statistic"] != "count")
    return max(seeds, default=0)


def _delete(folder: Path, figure: str) -> None:
    """Delete a figure that nothing names any more: a picture of ours inside the folder, never through a link."""
    path, parts = inside(folder, figure), PurePosixPath(figure)
    if path is not None and parts.parts[0] == "figures" and parts.suffix == ".png" and path.is_file():
        with suppress(OSError):  # the record is written: what cannot be deleted stays
            path.unlink()


def _figures(whole: Mapping[str, Any]) -> set[str]:
    return {figure for verdict in whole["verdicts"] for figure in verdict["figures"]}


def _rank(key: Key) -> tuple[object, ...]:
    """Within a claim: the order of the cases' names; full before fast, the latest registration first."""
    _, _, case, tier, dataset, registration = key
    return (case, tier != "full", -(registration or 0), dataset)
