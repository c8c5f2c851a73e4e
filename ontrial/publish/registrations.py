"""What moved: the verdicts from before criteria were locked beside those under a lock, in Markdown."""

from collections.abc import Iterable

from ontrial.publish.entries import Judged
from ontrial.publish.summary import Claim, Summary, combined, most_seeds
from ontrial.publish.verdict_table import cell


def registrations(summary: Summary) -> str:
    """A row a claim: what its first registration gave, what it gives under a lock, and whether that moved."""
    firsts = {claim.name: _first(claim) for claim in summary.claims}
    rows = [(claim, firsts[claim.name], _locked(claim)) for claim in summary.claims if firsts[claim.name]]
    again = [(first, now) for _, first, now in rows if now]
    moved = sum(_verdict(first) != _verdict(now) for first, now in again)
    new = [claim for claim in summary.claims if not firsts[claim.name]]
    lines = [
        f"Of {len(rows)} claims that were judged before criteria were locked, {len(again)} have been judged again on "
        f"fresh seeds, and {moved} of these moved. {len(new)} claims are new.",
        "",
        "| id | claim | first registration | under a lock | moved |",
        "|---|---|---|---|---|",
    ]
    for claim, first, now in rows:
        moves = "" if not now else "yes" if _verdict(first) != _verdict(now) else "no"
        lines.append(f"| {claim.id} | {cell(claim.statement)} | {_words(first)} | {_words(now)} | {moves} |")
    lines += [f"| {claim.id} | {cell(claim.statement)} | new | {_words(_locked(claim))} | |" for claim in new]
    return "\n".join(lines)


def _first(claim: Claim) -> list[Judged]:
    """What was judged before criteria were locked, whether it still counts or not."""
    return [each for each in (*claim.earlier, *claim.shown) if each.registration == 0]


def _locked(claim: Claim) -> list[Judged]:
    """What was judged in full under the lock in force, if every case of the claim was."""
    found = [each for each in claim.shown if each.tier == "full" and each.registration != 0]
    return found if len(found) == len(claim.cases) else []


def _verdict(judged: Iterable[Judged]) -> str:
    return str(combined(each.found for each in judged))


def _words(judged: list[Judged]) -> str:
    n = most_seeds(judged)
    return f"{_verdict(judged)}{f' (n = {n})' if n else ''}" if judged else "not yet run"
