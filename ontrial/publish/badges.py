"""Badges as SVG: one a claim, one a part of the report, one for the whole."""

import re
from collections.abc import Iterable
from pathlib import Path

from ontrial.files import inside, write_if_changed
from ontrial.publish.frozen import FrozenClaim
from ontrial.publish.summary import Summary
from ontrial.publish.templates import render, tally
from ontrial.report import OTHERS
from ontrial.stats.verdicts import Verdict

COLOURS = {
    Verdict.HOLDS: "#1b7f5a",
    Verdict.REFUTED: "#b8432f",
    Verdict.INCONCLUSIVE: "#8a6410",
    Verdict.NOT_RUN: "#6b7280",
    Verdict.ERROR: "#7a3fa0",
}
_SEVERAL = "#2f6690"  # of badges that count: more refuted claims are no failure
# Advance widths in pixels of a Verdana-like face at 11 px, rounded to halves; `textLength` makes them exact.
_WIDTHS = {
    3.0: "'IJijl", 3.5: " ,./:;\\|·", 4.0: "-f", 4.5: "!()[]rt", 5.0: '"', 5.5: "*_`s–", 6.0: "?Lcz",
    6.5: "FPTYakovxy", 7.0: "$0123456789EKSbdeghnpqu{}", 7.5: "ABCRVXZ", 8.0: "NU", 8.5: "&DGHOQ",
    9.0: "#+<=>^w~", 9.5: "M", 10.5: "%m",
}  # fmt: skip
_WIDTH = {character: width for width, characters in _WIDTHS.items() for character in characters}
_WIDEST = 11.0


def write(summary: Summary, folder: Path, before: Summary | None = None) -> list[Path]:
    """Write every badge below `badges` in a folder of artifacts, and return their paths.

    before: what the badges there were written for. Badges of its claims that are gone are deleted; other files stay.
    Raises OSError where a badge cannot be written.
    """
    content = badges(summary)
    for name in badges(before).keys() - content.keys() if before else ():
        if (path := inside(folder, f"badges/{name}")) is not None and path.is_file():
            path.unlink()
            if "/" in name and not any(path.parent.iterdir()):
                path.parent.rmdir()
    for name, text in content.items():
        write_if_changed(folder / "badges" / name, text.encode())
    return [folder / "badges" / name for name in content]


def badges(summary: Summary) -> dict[str, str]:
    """The SVG of each badge by its path: `claims.svg`; for each report `part-1.svg` for a part, `F1.svg` for a claim.

    Where there are several reports, the badges of each are in a folder with its name and a `claims.svg` of its own.
    """
    found = {"claims.svg": count("claims", summary.claims)}
    for report in summary.reports:
        folder = f"{report.name}/" if summary.has_several else ""
        if summary.has_several:
            found[f"{folder}claims.svg"] = count(report.name, summary.of(report))
        for part in dict.fromkeys(claim.task.part for claim in summary.of(report)):
            if part not in ("", OTHERS.part):
                name = re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")
                claims = [claim for claim in summary.of(report) if claim.task.part == part]
                found[f"{folder}{name}.svg"] = count(part, claims)
        for claim in summary.of(report):
            found[f"{folder}{claim.id}.svg"] = svg(claim.id, claim.verdict, COLOURS[claim.verdict])
    return found


def svg(label: str, message: str, colour: str) -> str:
    """A flat badge with a label and a message. colour: such as "#1b7f5a"."""
    left, right = (round(sum(_WIDTH.get(each, _WIDEST) for each in text)) + 10 for text in (label, message))
    return render("badge.svg", label=label, message=message, colour=colour, left=left, width=left + right)


def count(label: str, claims: Iterable[FrozenClaim]) -> str:
    """A badge that says how many of these claims hold, are refuted and so on."""
    return svg(label, tally(claims), _SEVERAL)
