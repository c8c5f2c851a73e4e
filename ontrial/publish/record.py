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
_NOT_SEALED = ("figures", "last", "digest", "sources")  # what may change of a result after it was judged


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
    if type(found) is kind:  # most are, and are many
        return found
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
    record, problems = parse((folder / NAME).read_bytes())
    if problems:
        raise ValueError(f"{folder / NAME} is damaged: {'; '.join(problems)}")
    return record


def readable(folder: Path) -> Record:
    """As much of the record in a folder as can be read; an empty one where there is none."""
    try:
        return parse((folder / NAME).read_bytes())[0]
    except OSError:
        return Record()


def recover(folder: Path, say: Callable[[str], object] = print) -> Record:
    """As much of the record in a folder as can be read. Where that is not all of it, a copy is set aside, and said."""
    path = folder / NAME
    if not path.exists():
        return Record()
    record, problems = parse(path.read_bytes())
    if problems:
        names = (path.with_name(f"{NAME}.damaged{f'-{number}' if number > 1 else ''}") for number in count(1))
        aside = next(name for name in names if not name.exists())  # what was set aside before stays
        shutil.copyfile(path, aside)
        say(f"set aside as {aside}, since it cannot be read: {'; '.join(problems)}. All other entries stay.")
    return record


def parse(content: bytes | str) -> tuple[Record, list[str]]:
    """A record's entries that can be read, and what is wrong with each of the others, or with all of it."""
    entries: dict[str, Any] = {part: [] for part in _KINDS}
    problems: list[str] = []
    try:
        found = json.loads(content)
        if found["schema"] != SCHEMA:
            raise ValueError(f"it is of schema {found['schema']}, not {SCHEMA}")
        parts = {part: list(found[part]) for part in _KINDS}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return Record(), [str(error)]
    for part, kind in _KINDS.items():
        for place, each in enumerate(parts[part]):
            try:
                if part == "sessions":
                    decode(str, each["time"])
                if any("/" in str(each.get(name)) for name in ("name", "report", "id")):
                    raise ValueError("a name with a slash could name a folder")
                entries[part].append(decode(kind, each))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                problems.append(f"{part} {place} ({_named(each)}): {error}")
    keys = [each.key for each in entries["verdicts"]]
    if len(set(keys)) < len(keys):
        return Record(), ["it has two verdicts of one name"]
    figures = found.get("figures")
    entries = {part: tuple(each) for part, each in entries.items()}
    return Record(**entries, figures=figures if isinstance(figures, dict) else {}), problems


def _named(entry: object) -> str:
    parts = ("name", "report", "id", "case", "tier", "dataset")
    words = [str(entry[part]) for part in parts if entry.get(part)] if isinstance(entry, Mapping) else []
    return " ".join(words) or "without a name"


def order(reports: Iterable[FrozenReport]) -> Callable[[str, str], tuple[object, ...]]:
    """What claims are sorted by: the place of (report, id) by report, task and number."""
    tasks = {each.name: [*each.tasks, OTHERS] for each in reports}

    def place(report: str, claim: str) -> tuple[object, ...]:
        of_report = tasks.get(report, [OTHERS])
        letters, number = re.match(r"(\D*)(\d*)", claim).groups()  # type: ignore[union-attr]
        return (report, of_report.index(task_of(of_report, claim)), letters, int(number or 0), claim)

    return place
