"""Where the evidence comes from: tiers and datasets with their seeds, commits and dates; what was trained."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ontrial.publish.account import day
from ontrial.publish.frozen import CaseResult, FrozenClaim, is_count
from ontrial.publish.panels import as_range, origin
from ontrial.publish.summary import Summary

COSTS = ("seconds", "asking_seconds", "seeds", "trained")  # of a setting: not of what is trained


@dataclass(frozen=True)
class Origin:
    """Where shown verdicts come from: how many claims rest on this tier and dataset, seeds, commits and dates."""

    name: str
    claims: int
    seeds: str
    commits: tuple[str, ...]
    dates: tuple[str, ...]


def origins(summary: Summary) -> list[Origin]:
    """The origins of all the evidence that is shown, full before fast."""
    groups: dict[str, list[tuple[tuple[str, str], CaseResult]]] = {}
    shown = [(claim.name, each) for claim in summary.claims for each in claim.shown]
    for name, each in sorted(shown, key=lambda item: (item[1].tier != "full", item[1].dataset)):
        groups.setdefault(origin(each.tier, each.dataset), []).append((name, each))
    return [
        Origin(
            name,
            len({claim for claim, _ in group}),
            _seeds(each for _, each in group),
            tuple(dict.fromkeys(_commit(summary, each) for _, each in group)),
            tuple(dict.fromkeys(day(time) for time in sorted({each.session for _, each in group}))),
        )
        for name, group in groups.items()
    ]


@dataclass(frozen=True)
class Table:
    """Settings as a table: its columns, and a row of words a configuration; what few have stands in the last."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def settings(claim: FrozenClaim) -> Table:
    """What was trained for a claim, each configuration once."""
    found: list[Mapping[str, Any]] = []
    for setting in (each for judged in claim.shown for each in judged.settings):
        timeless = {name: value for name, value in setting.items() if name not in ("seconds", "asking_seconds")}
        if timeless not in found:
            found.append(timeless)
    times = Counter(name for each in found for name in each)
    columns = [name for name, count in times.items() if 2 * count > len(found)]
    rest = [name for name in times if name not in columns]
    rows = [[_word(each.get(name, "–")) for name in columns] for each in found]
    if rest:
        for row, each in zip(rows, found, strict=True):
            row.append(", ".join(f"{_plain(name)} {_word(each[name])}" for name in rest if name in each) or "–")
        columns.append("else")
    return Table(tuple(map(_plain, columns)), tuple(map(tuple, rows)))


def _seeds(judged: Any) -> str:
    found = [each.interval.n for one in judged for each in one.evidence if not is_count(each.interval)]
    return as_range(found) if found else "–"


def _commit(summary: Summary, judged: CaseResult) -> str:
    return summary.sessions.get(judged.session, {}).get("commit") or "unknown"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _word(value: object) -> str:
    """A setting's value as a reader wants it: widths as 784-30-10, whole numbers with their thousands apart."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "-".join(map(str, value))
    return str(value)
