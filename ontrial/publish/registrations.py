"""What moved: the verdicts from before criteria were locked beside those under a lock, and why, in Markdown."""

import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ontrial.publish.entries import Judged
from ontrial.publish.summary import Claim, Summary, combined, most_seeds
from ontrial.publish.templates import cell
from ontrial.stats.verdicts import Verdict

FILE = "changed.toml"  # in a report's folder
Changes = Mapping[tuple[str, int], str]  # why its criterion is another one since a round, by a claim's id and the round


def changes(folder: Path) -> dict[tuple[str, int], str]:
    """What a report's changed.toml says, by claim and round; nothing where the folder has none.

    Criteria are first changed in round 2, the default: an entry of a later one names it.
    Raises ValueError for a file that is no TOML, or an entry without claims and why, or that repeats a claim.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    found: dict[tuple[str, int], str] = {}
    try:
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["changed"]:
            for name in ((claim, int(entry.get("round", 2))) for claim in entry["claims"]):
                if name in found:
                    raise ValueError(f"{name[0]} is there twice for round {name[1]}")
                found[name] = str(entry["why"]).strip()
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    return found


def changes_in_words(changed: Changes) -> str:
    """The changes as a Markdown list, round after round, claims with one reason together."""
    groups: dict[tuple[int, str], list[str]] = {}
    for (claim, number), why in sorted(changed.items(), key=lambda each: each[0][1]):
        groups.setdefault((number, why), []).append(claim)
    return "\n".join(
        _wrapped(f"**{', '.join(claims)}**{f', round {number}' if number > 2 else ''}: {why}.")
        for (number, why), claims in groups.items()
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def registrations(summary: Summary, changed: Mapping[str, Changes] | None = None) -> str:
    """A row a claim: what its first registration gave, what it gives under a lock, whether that moved, and why.

    changed: what changed.toml says, by report.
    """
    pairs = [_pair(claim, (changed or {}).get(claim.report.name, {})) for claim in summary.claims]
    lines = [
        _amounts_to(pairs),
        "",
        "| id | claim | first registration | under a lock | moved | by |",
        "|---|---|---|---|---|---|",
    ]
    for pair in (each for each in pairs if each.first):
        by = ", ".join(dict.fromkeys(pair.by(*move[1:]) for move in pair.moves))
        moved = "; ".join(map(_move, pair.moves)) or ("no" if pair.now else "")
        said = cell(pair.claim.statement)
        lines.append(f"| {pair.claim.id} | {said} | {_words(pair.first)} | {_words(pair.now)} | {moved} | {by} |")
    for pair in (each for each in pairs if not each.first):
        lines.append(f"| {pair.claim.id} | {cell(pair.claim.statement)} | new | {_words(pair.now)} | | |")
    return "\n".join(lines)


Move = tuple[str, Verdict, Verdict]  # case, before, after


@dataclass(frozen=True)
class _Pair:
    """A claim before criteria were locked and under the lock in force; `now` is empty until its every case was run."""

    claim: Claim
    is_changed: bool
    first: tuple[Judged, ...]
    now: tuple[Judged, ...]

    @cached_property
    def has_moved(self) -> bool:
        return bool(self.first and self.now) and _verdict(self.first) is not _verdict(self.now)

    @cached_property
    def moves(self) -> list[Move]:
        """The cases that moved, or where the cases are others than before the claim as a whole."""
        if not (self.first and self.now):
            return []
        before, after = ({each.case: each.found for each in judged} for judged in (self.first, self.now))
        if before.keys() != after.keys():
            before, after = {"": _verdict(self.first)}, {"": _verdict(self.now)}
        return [(case, found, after[case]) for case, found in before.items() if found is not after[case]]

    def by(self, before: Verdict, after: Verdict) -> str:
        """What a verdict moved by: its criterion, or where that is the same seeds, an interval, or chance."""
        if self.is_changed:
            return "criterion"
        if before is Verdict.INCONCLUSIVE:
            return "seeds"
        return "interval" if after is Verdict.INCONCLUSIVE else "chance"


def _pair(claim: Claim, changed: Changes) -> _Pair:
    first = tuple(each for each in (*claim.earlier, *claim.shown) if each.registration == 0)
    now = tuple(each for each in claim.shown if each.tier == "full" and each.registration)
    return _Pair(
        claim, any(name == claim.id for name, _ in changed), first, now if len(now) == len(claim.cases) else ()
    )


def _amounts_to(pairs: list[_Pair]) -> str:
    first = [each for each in pairs if each.first]
    again = [each for each in first if each.now]
    by: dict[str, list[str]] = {}
    for pair in (each for each in again if each.has_moved):
        by.setdefault(pair.by(_verdict(pair.first), _verdict(pair.now)), []).append(pair.claim.id)
    within = [each.claim.id for each in again if each.moves and not each.has_moved]
    moved = "; ".join(f"by {why}: {', '.join(claims)}" for why, claims in by.items())
    cases = f"; in {', '.join(within)} a case did" if within else ""
    return (
        f"Of {len(first)} claims that were judged before criteria were locked, {len(again)} have been judged again on "
        f"fresh seeds, and {sum(map(len, by.values()))} of these moved{f' ({moved})' if moved else ''}"
        f"{cases}. {len(pairs) - len(first)} claims are new."
    )


def _move(move: Move) -> str:
    case, before, after = move
    return f"{f'{case}: ' if case else ''}{before} → {after}"


def _verdict(judged: Iterable[Judged]) -> Verdict:
    return combined(each.found for each in judged)


def _words(judged: tuple[Judged, ...]) -> str:
    n = most_seeds(judged)
    return f"{_verdict(judged)}{f' (n = {n})' if n else ''}" if judged else "not yet run"
