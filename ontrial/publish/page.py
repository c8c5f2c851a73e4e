"""The page: index.html, one self-contained file made from a folder's record and figures alone.

`python -m ontrial.publish.page` writes it, and the badges beside it; with `--summary` it prints the verdict table.
"""

import argparse
import base64
import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from ontrial import known
from ontrial.files import write_if_changed
from ontrial.publish import account, badges, closing, origins, panels, pictures, strips
from ontrial.publish.account import Whys
from ontrial.publish.frozen import FrozenClaim, FrozenReport
from ontrial.publish.summary import Summary, counts, read
from ontrial.publish.templates import environment, source
from ontrial.publish.templates import render as rendered
from ontrial.report import Task
from ontrial.stats.verdicts import Verdict

SYMBOLS = {
    Verdict.HOLDS: "✓",
    Verdict.REFUTED: "✕",
    Verdict.INCONCLUSIVE: "≈",
    Verdict.NOT_RUN: "–",
    Verdict.ERROR: "!",
}


def write(folder: Path, *, beside: Path | None = None, whys: Whys | None = None, before: Summary | None = None) -> Path:
    """Write the page and the badges into a folder of artifacts that holds verdicts.json; answers the page's path.

    beside: another folder, whose record is shown as well, such as the committed one; whys: the reasons that
    known.toml gives, by report, id, case, tier and dataset; before: what the page was made from before, whose badges
    leave where their claims are gone.
    Raises FileNotFoundError where there is no verdicts.json, ValueError where it cannot be read.
    """
    folders = [folder] if beside is None or beside.resolve() == folder.resolve() else [folder, beside]
    summary = read(*folders)
    badges.write(summary, folder, before)
    path = folder / "index.html"
    write_if_changed(path, render(summary, folders, whys or {}).encode())
    return path


def render(summary: Summary, folders: Sequence[Path], whys: Whys) -> str:
    """The page as HTML. folders: where the figures lie that the verdicts name."""
    script, style = source("page.js"), source("page.css")
    return (
        environment()
        .get_template("page.html")
        .render(
            summary=summary,
            tally=counts(summary.claims),
            Verdict=Verdict,
            symbols=SYMBOLS,
            tasks=by_task(summary),
            places=places(summary.claims),
            tiers={each.tier for claim in summary.claims for each in claim.results if each.n is not None},
            has_before=any(claim.earlier for claim in summary.claims),
            has_first=any(
                each.registration == 0 for claim in summary.claims for each in (*claim.earlier, *claim.shown)
            ),
            whys=whys,
            counts=counts,
            verdict_order={verdict: place for place, verdict in enumerate(Verdict)},
            pictures=pictures.collect(summary.claims, folders),
            picture_paths=pictures.paths,
            picture_title=pictures.title,
            account=account,
            closing=closing,
            origins=origins,
            panels=panels,
            strips=strips,
            style=Markup(style),
            script=Markup(script),
            script_hash=content_hash(script),
            style_hash=content_hash(style),
        )
    )


def by_task(summary: Summary) -> dict[FrozenReport, dict[Task, list[FrozenClaim]]]:
    """The claims by report and by the task that they belong to, in the reports' order."""
    found: dict[FrozenReport, dict[Task, list[FrozenClaim]]] = {report: {} for report in summary.reports}
    for report, tasks in found.items():
        for claim in summary.of(report):
            tasks.setdefault(claim.task, []).append(claim)
    return found


def places(claims: tuple[FrozenClaim, ...]) -> dict[tuple[str, str], int]:
    """Each claim's place when the strongest evidence comes first: full before fast, then by margin."""

    def weakness(claim: FrozenClaim) -> tuple[object, ...]:
        is_fast = any(each.tier != "full" for each in claim.shown)
        return (claim.verdict is Verdict.NOT_RUN, is_fast, -claim.margin)

    return {claim.name: place for place, claim in enumerate(sorted(claims, key=weakness))}


def content_hash(text: str) -> str:
    """The name by which a content security policy lets exactly this text in. Source: W3C, CSP Level 3, 2.3.1."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def whys_of(reports: Sequence[FrozenReport], root: Path) -> dict[account.WhyKey, str]:
    """The reasons in the known.toml of every report's folder. root: what the folders are relative to."""
    found: Mapping[FrozenReport, Mapping[known.Name, known.Known]] = {
        report: known.read(root / report.folder) for report in reports if report.folder
    }
    return {(report.name, *name): each.why for report, entries in found.items() for name, each in entries.items()}


def main(arguments: list[str] | None = None) -> None:
    """The command line. Exits with a message where there is nothing to make a page from."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.page", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="artifacts", type=Path, help="the artifacts (default: artifacts)")
    parser.add_argument("--beside", type=Path, help="another folder of artifacts, whose record is shown as well")
    parser.add_argument("--root", default=".", type=Path, help="the project, where the reports' folders are")
    parser.add_argument("--summary", action="store_true", help="print the verdict table as Markdown instead")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.summary:
            table, encoding = (
                rendered("verdicts.md", summary=read(chosen.folder)).strip(),
                sys.stdout.encoding or "utf-8",
            )
            print(table.encode(encoding, "backslashreplace").decode(encoding))
        else:
            whys = whys_of(read(chosen.folder).reports, chosen.root)
            path = write(chosen.folder, beside=chosen.beside, whys=whys)
            print(f"written to {path} ({path.stat().st_size / 1e6:.1f} MB)")
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not there: judge some claims first, with `make fast`") from error
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
