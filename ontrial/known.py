"""known.toml: what came out of a report's claims, and why, beside the claims."""

import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import tomlkit

from ontrial.files import write_atomically
from ontrial.stats.verdicts import Verdict
from ontrial.trainings import TIERS

FILE = "known.toml"
_VERDICTS = (Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE)


class Name(NamedTuple):
    """What a known verdict is of: a claim, its case ("" where there is one), a tier and what it is judged on."""

    claim: str
    case: str
    tier: str
    data: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


_REQUIRED = {"claim", "tier", "data", "verdict"}
_PARTS = {*_REQUIRED, "case", "why"}


@dataclass(frozen=True)
class Known:
    """A verdict that is known, and why it is what it is, in prose."""

    verdict: Verdict
    why: str = ""


def read(folder: Path) -> dict[Name, Known]:
    """What is known of a report's claims; nothing where the folder has no known.toml.

    Raises ValueError for a file that is no TOML, or an entry that lacks a part, repeats another or names no verdict.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(path.read_bytes().decode("utf-8-sig")).get("known", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    found: dict[Name, Known] = {}
    if not isinstance(entries, list):
        raise ValueError(f"{path}: `known` must be written as [[known]], once an entry")
    for entry in entries:
        if not isinstance(entry, dict) or not _REQUIRED <= entry.keys() <= _PARTS or entry["tier"] not in TIERS:
            raise ValueError(
                f"{path}: an entry has claim, case, tier ({' or '.join(TIERS)}), data, verdict and why, not {entry}"
            )
        if wrong := [part for part, value in entry.items() if not isinstance(value, str)]:
            raise ValueError(f"{path}: {', '.join(wrong)} must be text in {entry}")
        if entry["verdict"] not in set(_VERDICTS):
            raise ValueError(f"{path}: {entry['verdict']} is none of {', '.join(_VERDICTS)}: {entry}")
        name = Name(entry["claim"], entry.get("case", ""), entry["tier"], entry["data"])
        known = Known(Verdict(entry["verdict"]), entry.get("why", ""))
        if name in found:
            raise ValueError(f"{path}: {name} is there twice")
        found[name] = known
    return found


def accept(folder: Path, found: Mapping[Name, Verdict]) -> list[str]:
    """Write what was found into known.toml, keeping every why and comment; answers what moved, a line each.

    An entry that is there gets its verdict; a claim that is not there, and does not hold, gets an entry without a why.
    Line ends and byte order mark stay as they are.
    """
    path, before = folder / FILE, read(folder)
    content = path.read_bytes() if path.is_file() else b""
    document = tomlkit.parse(content.decode("utf-8-sig"))
    entries = document.setdefault("known", tomlkit.aot())
    is_array = isinstance(entries, tomlkit.items.Array)  # known = [{…}, …]
    if is_array and not entries:
        entries.multiline(True)
    moved = []
    for entry in entries:
        name = Name(entry["claim"], entry.get("case", ""), entry["tier"], entry["data"])
        if name in found and found[name] != entry["verdict"]:
            moved.append(f"{name}: {entry['verdict']}, now {found[name]}")
            entry["verdict"] = str(found[name])
    for name, verdict in found.items():
        if name not in before and verdict is not Verdict.HOLDS:
            moved.append(f"{name}: {verdict}, not known before")
            table = tomlkit.inline_table() if is_array else tomlkit.table()
            for key, value in (*name._asdict().items(), ("verdict", str(verdict)), ("why", "")):
                table.add(key, value)
            if entries and not is_array:
                entries[-1].add(tomlkit.nl())
            entries.append(table)
    if moved:
        text = tomlkit.dumps(document)
        if content and content.count(b"\n") == content.count(b"\r\n"):
            text = re.sub("(?<!\r)\n", "\r\n", text)
        write_atomically(path, text.encode("utf-8-sig" if content.startswith(BOM_UTF8) else "utf-8"))
    return moved


def without_a_test(known: Iterable[Name], declared: Mapping[str, Iterable[str]]) -> list[Name]:
    """Known verdicts of claims or cases that no test declares any more. declared: cases by claim."""
    return [name for name in known if name.case not in declared.get(name.claim, ())]
