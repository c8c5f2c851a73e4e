"""The page: artifacts/index.html, one self-contained file made from verdicts.json and the figures alone.

`python -m publish.page` writes it, and the badges beside it; with `--summary` it prints the verdict table instead.
"""

import argparse
import base64
import hashlib
import json
from pathlib import Path

from markupsafe import Markup

from evidence.verdicts import Verdict
from publish import badges, panels, pictures, strips
from publish.files import environment, source, write_if_changed
from publish.reading import read
from publish.summary import Claim, Summary, counts
from publish.tasks import Task
from publish.verdict_table import verdict_table

SYMBOLS = {
    Verdict.HOLDS: "✓",
    Verdict.REFUTED: "✕",
    Verdict.INCONCLUSIVE: "≈",
    Verdict.NOT_RUN: "–",
    Verdict.ERROR: "!",
}


def write(folder: Path) -> Path:
    """Write the page and the badges into the folder of artifacts that holds verdicts.json; answers the page's path.

    Raises FileNotFoundError where there is no verdicts.json, ValueError where it is of another schema.
    """
    summary = read(folder / "verdicts.json")
    badges.write(summary, folder / "badges")
    path = folder / "index.html"
    write_if_changed(path, render(summary, folder).encode())
    return path


def render(summary: Summary, folder: Path) -> str:
    """The page as HTML. folder: where the figures lie that the verdicts name."""
    script, style = source("page.js"), source("page.css")
    return (
        environment()
        .get_template("page.html")
        .render(
            tally=counts(summary.claims),
            Verdict=Verdict,
            symbols=SYMBOLS,
            claims=summary.claims,
            tasks=by_task(summary.claims),
            places=places(summary.claims),
            origins=panels.origins(summary),
            sessions=summary.sessions,
            task_tally=counts,
            verdict_order={verdict: place for place, verdict in enumerate(Verdict)},
            pictures=pictures.collect(summary.claims, folder),
            pictures_of=pictures.stems,
            picture_title=pictures.title,
            panels=panels,
            strips=strips,
            style=Markup(style),
            script=Markup(script),
            script_hash=content_hash(script),
            style_hash=content_hash(style),
        )
    )


def by_task(claims: tuple[Claim, ...]) -> dict[Task, list[Claim]]:
    """The claims by the task that they belong to, in the report's order."""
    tasks: dict[Task, list[Claim]] = {}
    for claim in claims:
        tasks.setdefault(claim.task, []).append(claim)
    return tasks


def places(claims: tuple[Claim, ...]) -> dict[str, int]:
    """Each claim's place when the strongest evidence comes first: by tier, then dataset, then margin."""

    def weakness(claim: Claim) -> tuple[object, ...]:
        weakest = max((each.strength for each in claim.shown), default=(9, 9))
        return (claim.verdict is Verdict.NOT_RUN, weakest, -claim.margin)

    return {claim.id: place for place, claim in enumerate(sorted(claims, key=weakness))}


def content_hash(text: str) -> str:
    """The name by which a content security policy lets exactly this text in. Source: W3C, CSP Level 3, 2.3.1."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def main(arguments: list[str] | None = None) -> None:
    """The command line. Exits with a message where there is nothing to make a page from."""
    parser = argparse.ArgumentParser(prog="python -m publish.page", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="artifacts", type=Path, help="the artifacts (default: artifacts)")
    parser.add_argument("--summary", action="store_true", help="print the verdict table as Markdown instead")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.summary:
            whole = json.loads((chosen.folder / "verdicts.json").read_bytes())
            print(verdict_table(whole))
        else:
            path = write(chosen.folder)
            print(f"written to {path} ({path.stat().st_size / 1e6:.1f} MB)")
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not there: judge some claims first, with `make fast`") from error
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
