"""The verdict table as Markdown, for README.md and for a workflow's job summary."""

from collections.abc import Mapping
from typing import Any

from evidence.verdicts import Verdict
from publish.badges import tally
from publish.panels import origin
from publish.reading import summary
from publish.summary import Claim


def verdict_table(verdicts: Mapping[str, Any]) -> str:
    """A line a claim: id, what it says, its verdict, and the verdict of every tier with its n, strongest first.

    verdicts: what verdicts.json holds.
    """
    claims = summary(verdicts).claims
    lines = [f"{len(claims)} claims: {tally(claims)}.", "", "| id | claim | verdict | evidence, strongest first |"]
    lines.append("|---|---|---|---|")
    return "\n".join([*lines, *(_line(claim) for claim in claims)])


def _line(claim: Claim) -> str:
    found = claim.by_evidence().items()
    evidence = "; ".join(  # what is counted is the same in every tier, and said once
        dict.fromkeys(f"{origin(*name)}{f' (n = {n})' if n else ''}: {verdict}" for name, (verdict, n) in found)
    )
    word = f"**{claim.verdict}**" if claim.verdict is Verdict.HOLDS else str(claim.verdict)
    return f"| {claim.id} | {_cell(claim.statement)} | {word} | {evidence or '–'} |"


def _cell(text: str) -> str:
    """A text that stays in its cell and stays text."""
    for character, replacement in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("\n", " ")):
        text = text.replace(character, replacement)
    return text
