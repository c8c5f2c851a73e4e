"""The record: verdicts.json (schema 4), how it is read and saved, and in which order it has claims."""

import hashlib
import json
import math
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import count
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ontrial.files import write_atomically
from ontrial.publish.frozen import CaseResult, FrozenClaim, FrozenReport
from ontrial.report import OTHERS, task_of
from ontrial.stats.verdicts import Evidence, Interval, Region

SCHEMA, NAME = 4, "verdicts.json"
_KINDS = {"sessions": Mapping, "reports": FrozenReport, "claims": FrozenClaim, "verdicts": CaseResult}
_NOT_SEALED = ("figures", "last", "digest")  # what may change of a result after it was judged


@dataclass(frozen=True)
class Record:
    """All of verdicts.json. sessions: as `ontrial.publish.provenance`; figures: the SHA-256 of each, by its path."""

    sessions: tuple[Mapping[str, Any], ...] = ()
    reports: tuple[FrozenReport, ...] = ()
    claims: tuple[FrozenClaim, ...] = ()
    verdicts: tuple[CaseResult, ...] = ()
    figures: Mapping[str, str] = field(default_factory=dict)


def encode(value: Any) -> Any:
    """A frozen dataclass, or what its fields hold, as JSON. JSON has no infinities and no NaN: they become words."""
    if isinstance(value, Interval):
        names = ("measure", "statistic", "n", "left_out", "estimate", "low", "high", "alpha")
        values = [float(f"{each:.7g}") for each in value.values]
        return {name: encode(getattr(value, name)) for name in names} | {"values": encode(values)}
    if isinstance(value, Evidence):
        return encode(value.interval) | {"region": encode(value.region), "verdict": str(value.verdict)}
    if is_dataclass(value):
        parts = [(each, getattr(value, each.name)) for each in fields(value)]
        found = {each.name: encode(part) for each, part in parts if each.metadata.get("absent", MISSING) != part}
        if isinstance(value, CaseResult):
            for place, each in enumerate(found["evidence"]):
                each["look"] = value.decided_at(place)
        return found
    if isinstance(value, tuple | list):
        return [encode(each) for each in value]
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return str(value) if isinstance(value, Enum) else value


def decode(kind: Any, found: Any) -> Any:
    """What `encode` made JSON of, given its type. Raises ValueError or TypeError where it is no such thing."""
    if isinstance(kind, UnionType):
        options = get_args(kind)
        if found is None and NoneType in options:
            return None
        kind = next((each for each in options if type(found) is each), options[0])
    if kind is Evidence:
        return Evidence(decode(Interval, found), decode(Region, found["region"]))
    if isinstance(kind, type) and is_dataclass(kind):
        given = {**found, "among": False} if kind is Interval else found
        return kind(**{each.name: _part(kind, each, given) for each in fields(kind)})
    if get_origin(kind) is tuple and isinstance(found, list):
        return tuple(decode(get_args(kind)[0], each) for each in found)
    if kind is float and isinstance(found, str):
        return float(found)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(found)
    types = {float: (int, float), Mapping: (dict,), Literal: (str,)}
    if type(found) in types.get(get_origin(kind) or kind, (kind,)):
        return found
    raise ValueError(f"{found!r} is no {getattr(kind, '__name__', kind)}")


def _part(kind: Any, field_: Field[Any], found: Mapping[str, Any]) -> Any:
    if field_.name in found:
        return decode(_types(kind)[field_.name], found[field_.name])
    if "absent" not in field_.metadata:
        raise ValueError(f"{field_.name} is missing")
    return field_.metadata["absent"]


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def digest(result: CaseResult) -> str:
    """The SHA-256 of a result as it was judged, by which an edited one is noticed."""
    judged = {name: value for name, value in encode(result).items() if name not in _NOT_SEALED}
    return hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()


def save(path: Path, record: Record) -> None:
    """Write a record in one move. Raises OSError where it cannot be written."""
    content = {"schema": SCHEMA, **encode(record)}
    write_atomically(path, (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def load(folder: Path) -> Record:
    """The record in a folder. Raises FileNotFoundError, or ValueError where not all of it can be read."""
    path = folder / NAME
    try:
        record, unread = _parsed(path)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if unread:
        raise ValueError(f"{path} is damaged: {'; '.join(unread)}")
    return record


def readable(folder: Path) -> Record:
    """As much of the record in a folder as can be read; an empty one where there is none."""
    try:
        return _parsed(folder / NAME)[0]
    except (OSError, ValueError):
        return Record()


def recover(folder: Path, say: Callable[[str], object] = print) -> Record:
    """The record in a folder, to be written again; an empty one where there is none.

    One that is damaged or of another schema is set aside, and said. Of one with entries that cannot be read a copy is
    set aside, and all others are returned.
    """
    path = folder / NAME
    names = (path.with_name(f"{NAME}.damaged{f'-{number}' if number > 1 else ''}") for number in count(1))
    aside = next(name for name in names if not name.exists())  # what was set aside before stays
    if not path.exists():
        return Record()
    try:
        record, unread = _parsed(path)
    except ValueError as error:
        path.replace(aside)
        say(f"set aside as {aside}, since it cannot be read: {error}")
        return Record()
    if unread:
        shutil.copyfile(path, aside)
        say(f"set aside as {aside}, since entries cannot be read: {'; '.join(unread)}. All others stay.")
    return record


def parse(content: Mapping[str, Any]) -> tuple[Record, list[str]]:
    """A record's entries that can be read, and what is wrong with each of the others.

    Raises ValueError, KeyError or TypeError where it is no record of this schema.
    """
    if content["schema"] != SCHEMA:
        raise ValueError(f"it is of schema {content['schema']}, not {SCHEMA}")
    entries: dict[str, list[Any]] = {part: [] for part in _KINDS}
    unread: list[str] = []
    for part, kind in _KINDS.items():
        for place, each in enumerate(list(content[part])):
            try:
                names = {name: each.get(name, "") for name in ("name", "report", "id")}
                names |= {"time": each["time"]} if part == "sessions" else {}
                if wrong := [name for name, text in names.items() if not isinstance(text, str) or "/" in text]:
                    raise ValueError(f"{wrong[0]} cannot be {names[wrong[0]]!r}")  # it could name a folder
                entries[part].append(decode(kind, each))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                unread.append(f"{part} {place} ({_named(each)}): {error}")
    keys = [each.key for each in entries["verdicts"]]
    if len(set(keys)) < len(keys):
        raise ValueError("it has two verdicts of one name")
    figures = content.get("figures")
    parts: dict[str, Any] = {part: tuple(found) for part, found in entries.items()}
    return Record(**parts, figures=figures if isinstance(figures, dict) else {}), unread


def _parsed(path: Path) -> tuple[Record, list[str]]:
    try:
        return parse(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _named(entry: object) -> str:
    named = entry if isinstance(entry, Mapping) else {}
    words = (str(named[part]) for part in ("name", "report", "id", "case", "tier", "dataset") if named.get(part))
    return " ".join(words) or "without a name"


def order(reports: Iterable[FrozenReport]) -> Callable[[str, str], tuple[object, ...]]:
    """What claims are sorted by: the place of (report, id) by report, task and number."""
    tasks = {each.name: [*each.tasks, OTHERS] for each in reports}

    def place(report: str, claim: str) -> tuple[object, ...]:
        of_report = tasks.get(report, [OTHERS])
        letters, number = re.match(r"(\D*)(\d*)", claim).groups()  # type: ignore[union-attr]
        return (report, of_report.index(task_of(of_report, claim)), letters, int(number or 0), claim)

    return place
