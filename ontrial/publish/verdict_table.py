"""The verdict table as Markdown, for README.md and for a workflow's job summary."""

from collections.abc import Iterable

from ontrial.publish.account import before
from ontrial.publish.badges import tally
from ontrial.publish.panels import COUNTED
from ontrial.publish.summary import Claim, Summary
from ontrial.stats.verdicts import Verdict


def verdict_table(summary: Summary) -> str:
    """A line a claim: id, what it says, its verdict and n; a table a report, where there are several under its title.

    A verdict from before the registration in force stands in brackets, as what was found before.
    """
    tables = []
    for report in summary.reports:
        claims = summary.of(report)
        heading = [f"**{report.known_as}**: "] if summary.has_several else [""]
        counted = f"{heading[0]}{len(claims)} claims: {tally(claims)}."
        tables.append("\n".join([counted, "", "| id | claim | verdict | n |", "|---|---|---|--:|", *_lines(claims)]))
    return "\n\n".join(tables)


def cell(text: str) -> str:
    """A text that stays in its cell of a Markdown table, and stays text."""
    for character, replacement in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("\n", " ")):
        text = text.replace(character, replacement)
    return text


def _lines(claims: Iterable[Claim]) -> list[str]:
    return [f"| {claim.id} | {cell(claim.statement)} | {_verdict(claim)} | {_n(claim)} |" for claim in claims]


def _verdict(claim: Claim) -> str:
    word = f"**{claim.verdict}**" if claim.verdict is Verdict.HOLDS else str(claim.verdict)
    notes = []
    if claim.shown and all(each.tier != "full" and each.dataset != COUNTED for each in claim.shown):
        notes.append("fast only")
    if claim.verdict is Verdict.NOT_RUN and claim.earlier:
        [(_, verdict, seeds), *_] = before(claim)
        notes.append(f"before: {verdict}, {seeds}")
    if claim.by_its_own_numbers != "not given":
        notes.append(f"by its own numbers: {claim.by_its_own_numbers}")
    return word + (f" ({'; '.join(notes)})" if notes else "")


def _n(claim: Claim) -> str:
    return str(claim.n) if claim.n else "–"
