"""`ontrial show F8`: what the record has of a claim, in a terminal."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ontrial import expected
from ontrial.publish import page, panels
from ontrial.publish.frozen import CaseResult, FrozenClaim
from ontrial.publish.record import NAME
from ontrial.publish.summary import Summary, read
from ontrial.publish.templates import render
from ontrial.report import by_construction
from ontrial.stats.verdicts import Verdict
from ontrial.trainings import TIERS


def main(arguments: list[str] | None = None) -> None:
    """The command line. Exits with a message where there is no such claim, or no record."""
    parser = argparse.ArgumentParser(prog="ontrial show", description=__doc__)
    parser.add_argument("claim", help="such as F8, or homework/F8")
    parser.add_argument("--artifacts", default="artifacts", type=Path, help="the artifacts (default: artifacts)")
    parser.add_argument(
        "--tier", choices=TIERS, help="what this tier found (default: the strongest result of each case)"
    )
    options = parser.parse_args(arguments)
    folders = [each for each in (options.artifacts, options.artifacts / "fast") if (each / NAME).exists()]
    try:
        summary = read(*folders or [options.artifacts])
        print(shown(summary, find(summary, options.claim), folders, options.tier), end="")
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not there: judge some claims first, with `pytest`") from error
    except ValueError as error:
        raise SystemExit(str(error)) from error


def find(summary: Summary, name: str) -> FrozenClaim:
    """The claim that is called F8 or homework/F8. Raises ValueError where there is none, or several reports have it."""
    report, _, id = name.rpartition("/")
    found = [each for each in summary.claims if each.id == id and report in ("", each.report)]
    if not found:
        raise ValueError(f"{name}: unknown here; there are {', '.join(each.id for each in summary.claims)}")
    if len(found) > 1:
        which = " and ".join("/".join(each.name) for each in found)
        raise ValueError(f"{name}: several reports have it, {which}: name one")
    return found[0]


def shown(summary: Summary, claim: FrozenClaim, folders: Sequence[Path], tier: str | None = None) -> str:
    """What the record has of a claim, as text. folders: of artifacts, where its figures are; tier: None for any.

    Raises ValueError for a known.toml or mutations.toml that cannot be read.
    """
    folder = next(each.folder for each in summary.reports if each.name == claim.report)
    known = expected.read(Path(folder)) if folder else {}
    whys = {(claim.report, *name): each.why for name, each in known.items()}

    def expectation(judged: CaseResult) -> Verdict:
        return known.get(expected.Name(*judged.key[1:5]), expected.Expected(Verdict.HOLDS)).verdict

    def figure(path: str) -> str:
        files = (each / path for each in folders if (each / path).is_file())
        return str(next(files, f"{path}, which is missing"))

    return render(
        "claim.txt",
        claim=claim,
        construction=by_construction(Path(folder)).get(claim.id) if folder else None,
        results=[each for each in claim.results if each.tier == tier] if tier else claim.shown,
        expectation=expectation,
        explanation=lambda judged: page.explanation(replace(judged, known=expectation(judged)), whys),
        figure=figure,
        origin=panels.origin,
    )
