"""Badges: one a claim, one a part of the report, one for the whole; each as SVG and as a shields endpoint's JSON."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from ontrial.files import inside, write_if_changed
from ontrial.publish.summary import Claim, Summary, counts
from ontrial.publish.templates import environment
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
    """Write every badge into a folder of artifacts, below `badges`.

    before: what its badges were written for, so that those of claims that are gone leave; nothing else does.
    Raises OSError where it cannot be written.
    """
    content = badges(summary)
    gone = [name for name in (badges(before) if before else ()) if name not in content]
    for name in gone:
        if (path := inside(folder, f"badges/{name}")) is not None and path.is_file():
            path.unlink()
    for report in {name.partition("/")[0] for name in gone if "/" in name}:
        if (path := inside(folder, f"badges/{report}")) is not None and path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, text in content.items():
        write_if_changed(folder / "badges" / name, text.encode())
    return [folder / "badges" / name for name in content]


def badges(summary: Summary) -> dict[str, str]:
    """The badges' files by path: `claims` for the whole, and for each report `part-1` for a part, the id for a claim.

    Those of a report lie in a folder of its name, with a `claims` of its own, where there are several.
    """
    said = {"claims": ("claims", tally(summary.claims), _SEVERAL)}
    for report in summary.reports:
        folder = f"{report.name}/" if summary.has_several else ""
        if summary.has_several:
            said[f"{folder}claims"] = (report.name, tally(summary.of(report)), _SEVERAL)
        parts: dict[str, list[Claim]] = {}
        for claim in summary.of(report):
            parts.setdefault(claim.task.part, []).append(claim)
        parts = {part: claims for part, claims in parts.items() if part not in ("", OTHERS.part)}
        said |= {f"{folder}{_file(part)}": (part, tally(claims), _SEVERAL) for part, claims in parts.items()}
        said |= {
            f"{folder}{each.id}": (each.id, str(each.verdict), COLOURS[each.verdict]) for each in summary.of(report)
        }
    return {
        f"{name}.{kind}": form(*content)
        for name, content in said.items()
        for kind, form in (("svg", svg), ("json", endpoint))
    }


def _file(part: str) -> str:
    """A part's name as that of a file: `part-1`."""
    return re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")


def tally(claims: Iterable[Claim]) -> str:
    """How many hold, are refuted, are undecided; those not run, or that crashed, where there are any."""
    found = counts(claims)
    words = [f"{found[Verdict.HOLDS]} hold", f"{found[Verdict.REFUTED]} refuted"]
    words.append(f"{found[Verdict.INCONCLUSIVE]} undecided")
    words += [f"{found[verdict]} {verdict}" for verdict in (Verdict.NOT_RUN, Verdict.ERROR) if found[verdict]]
    return " · ".join(words)


def svg(label: str, message: str, colour: str) -> str:
    """A flat badge with a label and a message, as SVG. colour: such as "#1b7f5a"."""
    left, right = text_width(label) + 10, text_width(message) + 10
    template = environment().get_template("badge.svg")
    return template.render(label=label, message=message, colour=colour, left=left, width=left + right)


def endpoint(label: str, message: str, colour: str) -> str:
    """The same badge as the JSON of a shields endpoint.

    Source: shields.io/badges/endpoint-badge.
    """
    content = {"schemaVersion": 1, "label": label, "message": message, "color": colour}
    return json.dumps(content, ensure_ascii=False) + "\n"


def text_width(text: str) -> int:
    """Pixels that a text takes on a badge."""
    return round(sum(_WIDTH.get(character, _WIDEST) for character in text))
