"""What is still open: undecided verdicts with their intervals, and what it would take to decide them, in Markdown."""

from ontrial.publish import panels
from ontrial.publish.entries import NO_SEED, Judged
from ontrial.publish.summary import Claim, Summary
from ontrial.publish.verdict_table import cell
from ontrial.stats.verdicts import Verdict


def undecided(summary: Summary) -> str:
    """A row an open condition of a claim in full; after the table the open cases of claims that are refuted anyway."""
    open_ = [(claim, judged) for claim in summary.claims for judged in _open(claim)]
    rows = [row for claim, judged in open_ if claim.verdict is Verdict.INCONCLUSIVE for row in _rows(claim, judged)]
    anyway = [
        f"{claim.id} {judged.case}".strip() for claim, judged in open_ if claim.verdict is not Verdict.INCONCLUSIVE
    ]
    table = ["| id | claim | what is open | it holds if | it would take |", "|---|---|---|---|---|", *rows]
    lines = table if rows else ["Nothing is undecided."]
    if anyway:
        lines += ["", f"Open as well, but their claims are refuted by another case: {', '.join(anyway)}."]
    return "\n".join(lines)


def would_take(judged: Judged) -> str:
    """What it would take to decide: `about 294 more seeds`, AT_THE_BORDER or NO_SEED; empty where it is not known."""
    needed = NO_SEED if judged.has_no_seed else judged.seeds_needed
    if needed is None or isinstance(needed, str):
        return needed or ""
    seeds = max((each.interval.n for each in judged.evidence if each.verdict is Verdict.INCONCLUSIVE), default=0)
    return f"about {needed - seeds:,} more seeds"


def _open(claim: Claim) -> list[Judged]:
    return [each for each in claim.shown if each.tier == "full" and each.found is Verdict.INCONCLUSIVE]


def _rows(claim: Claim, judged: Judged) -> list[str]:
    open_ = [each for each in judged.evidence if each.verdict is Verdict.INCONCLUSIVE]
    named = f"| {claim.id} | {cell(claim.statement)} |"
    return [
        f"{named} {cell(f'{judged.case}: ' if judged.case else '')}{cell(each.interval.measure)}: "
        f"{panels.with_seeds(each.interval)} | {cell(str(each.region))} | {would_take(judged)} |"
        for each in open_
    ]
