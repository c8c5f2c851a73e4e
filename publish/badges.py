"""Badges: one a claim, one a part of the report, one for the whole; each as SVG and as a shields endpoint's JSON."""

import json
from collections.abc import Iterable
from pathlib import Path

from evidence.verdicts import Verdict
from publish.files import environment, write_if_changed
from publish.summary import Claim, Summary, counts

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


def write(summary: Summary, folder: Path) -> list[Path]:
    """Write every badge into a folder of their own, which is left with these and no others.

    Raises OSError where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = badges(summary)
    for path in folder.iterdir():
        if path.suffix in (".svg", ".json") and path.name not in content:
            path.unlink()
    for name, text in content.items():
        write_if_changed(folder / name, text.encode())
    return [folder / name for name in content]


def badges(summary: Summary) -> dict[str, str]:
    """The badges' files, by name: `claims` for the whole, `part-1` for a part, the id for a claim."""
    parts: dict[str, list[Claim]] = {}
    for claim in summary.claims:
        parts.setdefault(claim.task.part, []).append(claim)
    said = {"claims": ("claims", tally(summary.claims), _SEVERAL)}
    said |= {part.lower().replace(" ", "-"): (part, tally(claims), _SEVERAL) for part, claims in parts.items()}
    said |= {each.id: (each.id, str(each.verdict), COLOURS[each.verdict]) for each in summary.claims}
    return {
        f"{name}.{kind}": form(*content)
        for name, content in said.items()
        for kind, form in (("svg", svg), ("json", endpoint))
    }


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
