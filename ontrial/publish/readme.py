"""The generated parts of README.md, CHANGELOG.md and docs/: what stands between two markers comes from the record.

`python -m ontrial.publish.readme` fills them all; with `--check` it only says which are stale.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from ontrial.files import write_if_changed
from ontrial.publish import cost, registrations, singles
from ontrial.publish.findings import StaleFinding, findings
from ontrial.publish.reading import read
from ontrial.publish.summary import Summary
from ontrial.publish.templates import render
from ontrial.stats.verdicts import Verdict

FINDINGS, IN_SHORT = "findings.md", "findings-in-short.md"  # templates in a report's folder


def documents(root: Path) -> list[Path]:
    """The documents of a project that may have generated parts."""
    found = (root / "README.md", root / "CHANGELOG.md", *sorted((root / "docs").glob("*.md")))
    return [path for path in found if path.is_file()]


def filled(text: str, name: str, content: str) -> str:
    """The text with `content` between its markers `<!-- name -->` and `<!-- /name -->`.

    Raises ValueError where the text lacks one.
    """
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if start not in text or end not in text:
        raise ValueError(f"the marker {start.strip()} or {end} is missing")
    before, rest = text.split(start, 1)
    return f"{before}{start}{content}\n{rest[rest.index(end) :]}"


def generated(path: Path, root: Path, artifacts: Path) -> str:
    """A document as it should be, given the record in a folder of artifacts.

    Parts: `verdicts`, `findings`, `findings-in-full`, `singles`, `undecided`, `cost`, `registrations`, `changes`; those
    that it has markers for.
    Raises StaleFinding where the words of a finding are no longer borne out, ValueError where the record is damaged.
    """
    text, summary = path.read_text(encoding="utf-8"), read(artifacts)
    place, top = artifacts.resolve(), root.resolve()
    below = place.relative_to(top).as_posix() if place.is_relative_to(top) else "artifacts"  # of a copy elsewhere
    figures = f"{'../' if path.parent != root else ''}{below}"
    parts: dict[str, Callable[[], str]] = {
        "verdicts": lambda: render("verdicts.md", summary=summary).strip(),
        "findings": lambda: _findings(summary, root, IN_SHORT, figures),
        "findings-in-full": lambda: _findings(summary, root, FINDINGS, figures),
        "singles": lambda: singles.in_words(summary),
        "undecided": lambda: inconclusive(summary),
        "cost": lambda: cost.in_words(summary, cost.loop_rate(artifacts)),
        "registrations": lambda: registrations.registrations(summary, _changes(summary, root)),
        "changes": lambda: "\n".join(map(registrations.changes_in_words, _changes(summary, root).values())),
    }
    for name, content in parts.items():
        if f"<!-- {name} -->" in text:
            text = filled(text, name, content())
    return text


def inconclusive(summary: Summary) -> str:
    """The open conditions of claims in full, and what it would take to decide them; then those of refuted claims."""
    open_, is_open = Verdict.INCONCLUSIVE, lambda judged: judged.tier == "full" and judged.found is Verdict.INCONCLUSIVE
    found = [(claim, judged) for claim in summary.claims for judged in filter(is_open, claim.shown)]
    rows = [
        (claim, judged, each)
        for claim, judged in found
        for each in judged.evidence
        if claim.verdict is each.verdict is open_
    ]
    refuted = [f"{claim.id} {judged.case}".strip() for claim, judged in found if claim.verdict is not open_]
    return render("inconclusive.md", rows=rows, refuted=refuted).strip()


def _findings(summary: Summary, root: Path, name: str, figures: str) -> str:
    """The findings of every report that has a template for them."""
    found = []
    for report in summary.reports:
        path = root / report.folder / name
        if report.folder and path.is_file():
            found.append(findings(summary, report, path.read_text(encoding="utf-8"), figures))
    return "\n\n".join(found)


def _changes(summary: Summary, root: Path) -> dict[str, registrations.Changes]:
    """What every report says of its changed criteria, by its name."""
    return {each.name: registrations.changes(root / each.folder) for each in summary.reports if each.folder}


def main(arguments: list[str] | None = None) -> None:
    """The command line. Exits with a message where the words no longer say what the record says."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.readme", description=__doc__.splitlines()[0])
    parser.add_argument("artifacts", nargs="?", type=Path, help="the folder of artifacts (default: ROOT/artifacts)")
    parser.add_argument("--root", default=".", type=Path, help="the project (default: this folder)")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where a part is stale")
    chosen = parser.parse_args(arguments)
    artifacts = chosen.artifacts or chosen.root / "artifacts"
    try:
        new = {path: generated(path, chosen.root, artifacts) for path in documents(chosen.root)}
    except (FileNotFoundError, ValueError, StaleFinding) as error:
        raise SystemExit(str(error)) from error
    stale = [str(path) for path, text in new.items() if path.read_text(encoding="utf-8") != text]
    if chosen.check and stale:
        raise SystemExit(f"stale: {', '.join(stale)}; run python -m ontrial.publish.readme")
    for path, text in new.items():
        write_if_changed(path, text.encode())


if __name__ == "__main__":
    main()
