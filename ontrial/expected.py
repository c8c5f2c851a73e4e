"""Expected verdicts: known.toml beside a report's claims, and what pytest says of a verdict given the expected one."""

import re
import tomllib
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import tomlkit

from ontrial.files import write_atomically
from ontrial.stats.verdicts import Evidence, Verdict
from ontrial.trainings import TIERS

FILE = "known.toml"
SAID = (Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE)
_REQUIRED = {"claim", "tier", "data", "verdict"}
_PARTS = {*_REQUIRED, "case", "why"}
_ACCEPT = "If that is what the seeds say, pytest --ontrial-accept writes it into known.toml; then write down why."


class Name(NamedTuple):
    """What a verdict is of: a claim, its case ("" where there is only one), a tier and the data."""

    claim: str
    case: str
    tier: str
    data: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


@dataclass(frozen=True)
class Expected:
    verdict: Verdict
    why: str = ""


def read(folder: Path) -> dict[Name, Expected]:
    """The expected verdicts of a report's claims; none where its folder has no known.toml.

    Raises ValueError for a file that is not TOML, or an entry that lacks a part, repeats another or names no verdict.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(path.read_bytes().decode("utf-8-sig")).get("known", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path}: `known` must be written as [[known]], once an entry")
    found: dict[Name, Expected] = {}
    for entry in entries:
        is_text = isinstance(entry, dict) and all(isinstance(each, str) for each in entry.values())
        is_complete = is_text and _REQUIRED <= entry.keys() <= _PARTS
        if not is_complete or entry["tier"] not in TIERS or entry["verdict"] not in set(SAID):
            raise ValueError(
                f"{path}: an entry has claim, case, tier ({' or '.join(TIERS)}), data, verdict ({', '.join(SAID)}) and "
                f"why, all of them text, not {entry}"
            )
        if (name := _name(entry)) in found:
            raise ValueError(f"{path}: there are two entries of {name}")
        found[name] = Expected(Verdict(entry["verdict"]), entry.get("why", ""))
    return found


def accept(folder: Path, found: Mapping[Name, Verdict]) -> list[str]:
    """Write what was found into known.toml, with every why and comment as it was; returns what moved, a line each.

    An entry gets its new verdict; a claim without an entry that does not hold gets one without a why. Line endings and
    byte order mark stay as they are.
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
        verdict = found.get(name := _name(entry))
        if verdict is not None and verdict != entry["verdict"]:
            moved.append(f"{name}: {entry['verdict']}, now {verdict}")
            entry["verdict"] = str(verdict)
    for name, verdict in found.items():
        if name not in before and verdict is not Verdict.HOLDS:
            moved.append(f"{name}: {verdict}, not expected before")
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


def outcome(
    name: str, evidence: tuple[Evidence, ...], found: Verdict, expected: Expected | None
) -> tuple[Literal["passed", "failed", "skipped", "xfailed"], str]:
    """What pytest says of a verdict, and why: only a contradiction to the expected verdict fails."""
    deciding = "; ".join(str(each) for each in evidence if each.verdict is found)
    numbers = f"{name} is {found}: {deciding}"
    if found is Verdict.INCONCLUSIVE:
        return "skipped", numbers
    if found is Verdict.HOLDS:
        if expected is not None and expected.verdict is Verdict.REFUTED:
            return "failed", f"{numbers}\nIt was expected to be refuted ({expected.why}). {_ACCEPT}"
        return "passed", numbers
    if expected is not None and expected.verdict is not Verdict.HOLDS:
        return "xfailed", f"{numbers}. {expected.why}".strip()
    return "failed", f"{numbers}\n{'It was expected to hold' if expected else 'It has no expected verdict'}. {_ACCEPT}"


def _name(entry: Mapping[str, str]) -> Name:
    return Name(entry["claim"], entry.get("case", ""), entry["tier"], entry["data"])
