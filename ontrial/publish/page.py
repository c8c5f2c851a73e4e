"""The page: index.html, one self-contained file made from a folder's record and figures alone.

`python -m ontrial.publish.page` writes it, and the badges beside it; with `--summary` it prints the verdict table.
"""

import argparse
import base64
import hashlib
import io
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

from ontrial.files import inside, write_if_changed
from ontrial.publish import badges, panels, project
from ontrial.publish.frozen import AT_THE_BORDER, CaseResult, FrozenClaim, FrozenReport, is_count
from ontrial.publish.project import Project
from ontrial.publish.summary import Summary, counts, read
from ontrial.publish.templates import render as rendered
from ontrial.publish.templates import source
from ontrial.stats.verdicts import Verdict

Whys = Mapping[tuple[str, str, str, str, str], str]  # by report, id, case, tier and dataset
MOST_BYTES = 3_000_000  # of a page; figures that would make it larger are linked


@dataclass(frozen=True)
class Figure:
    """A figure in the page: its id, title, width and height in points, and content as a data URI."""

    id: str
    title: str
    width: float
    height: float
    uri: str


def write(folder: Path, root: Path | None = None, *, beside: Path | None = None, before: Summary | None = None) -> Path:
    """Write the page and the badges into a folder of artifacts that has a verdicts.json, and return the page's path.

    root: the project, where the reports' folders are, None for none; beside: another folder, whose record is shown as
    well, such as the committed one; before: what the page was last made from: badges of its claims that are gone are
    deleted.
    Raises FileNotFoundError where there is no verdicts.json, ValueError where that or a file of the project cannot be
    read.
    """
    folders = [folder] if beside is None or beside.resolve() == folder.resolve() else [folder, beside]
    summary = read(*folders)
    badges.write(summary, folder, before)
    path = folder / "index.html"
    said = project.read(summary, root) if root else Project()
    write_if_changed(path, render(summary, folders, said).encode())
    return path


def render(summary: Summary, folders: Sequence[Path], said: Project) -> str:
    """The page as HTML. folders: where the figures are that the verdicts name; said: what the project says."""
    shown = figures(summary.claims, folders)
    text = _with_figures(summary, shown, said)
    excess = len(text.encode()) - MOST_BYTES
    for path, figure in sorted(shown.items(), key=lambda each: -len(each[1].uri)):
        if excess > 0:
            excess -= len(figure.uri)
            del shown[path]
            text = ""
    return text or _with_figures(summary, shown, said)


def _with_figures(summary: Summary, shown: Mapping[str, Figure], said: Project) -> str:
    functions = (counts, bound, day, registrations, settings, figure_paths, source, content_hash, places, badge)
    return rendered(
        "page.html",
        **{each.__name__: each for each in functions},
        summary=summary,
        Verdict=Verdict,
        ranks=ranks(summary.claims),
        sources=sources(summary),
        panels=panels,
        said=said,
        explanation=lambda judged: explanation(judged, said.whys),
        explanations=lambda claim: explanations(claim, said.whys),
        drawn=panels.drawn_seeds(summary.claims),
        figures=shown,
    )


def ranks(claims: Iterable[FrozenClaim]) -> dict[tuple[str, str], int]:
    """Each claim's rank by the strength of its evidence: full before fast, then by margin."""

    def weakness(claim: FrozenClaim) -> tuple[object, ...]:
        is_fast = any(each.tier != "full" for each in claim.shown)
        return (claim.verdict is Verdict.NOT_RUN, is_fast, -claim.margin)

    return {claim.name: rank for rank, claim in enumerate(sorted(claims, key=weakness))}


def bound(claims: Iterable[FrozenClaim]) -> tuple[int, float]:
    """How many borders of regions verdicts can be wrong about by sampling, and the sum of their error rates.

    Only verdicts under a lock count: the bound is for criteria that are older than their seeds.
    """
    locked = [each for claim in claims for judged in claim.shown if judged.registration for each in judged.evidence]
    return sum(each.sides for each in locked), sum(each.sides * each.interval.alpha for each in locked)


def sources(summary: Summary) -> Iterator[tuple[str, int, list[int], Iterable[str], Iterable[str]]]:
    """(tier and dataset, number of claims, n of conditions, commits, dates) of the evidence shown, full before fast."""
    shown = [each for claim in summary.claims for each in claim.shown]
    shown.sort(key=lambda each: (each.tier != "full", each.dataset))
    for name in dict.fromkeys(panels.origin(each.tier, each.dataset) for each in shown):
        group = [each for each in shown if panels.origin(each.tier, each.dataset) == name]
        conditions = [(each, place, one.interval) for each in group for place, one in enumerate(each.evidence)]
        seeds = [found.n for each, place, found in conditions if not is_count(found) and each.unit_of(place) == "seeds"]
        commits = (summary.sessions.get(each.session, {}).get("commit") or "unknown" for each in group)
        dates = map(day, sorted({each.session for each in group}))
        yield (
            name,
            len({each.key[:2] for each in group}),
            seeds,
            list(dict.fromkeys(commits)),
            list(dict.fromkeys(dates)),
        )


def explanation(judged: CaseResult, whys: Whys) -> str:
    """Why a verdict came out as it did, and what an inconclusive one would take; of an error, what went wrong."""
    if judged.found is Verdict.ERROR:
        return judged.problem
    why = whys.get((judged.report, judged.id, judged.case, judged.tier, judged.dataset), "").strip()
    if why and judged.known not in (None, judged.found):
        why = f"Expected {judged.known}: {why}"
    if judged.found is Verdict.REFUTED:
        return why or "Not explained yet."
    if judged.found is not Verdict.INCONCLUSIVE:
        return why
    if judged.has_no_seed:
        return f"{why} No seed meets the condition, so nothing is known about those that would.".strip()
    why = why or "The interval reaches across the border of the region: too close to call with these seeds."
    if judged.seeds_needed is None:
        return why
    if judged.seeds_needed == AT_THE_BORDER:
        return f"{why} It lies at the border: more seeds would hardly decide it."
    still_open = (place for place, each in enumerate(judged.evidence) if each.verdict is judged.found)
    unit = next(map(judged.unit_of, still_open), "seeds")
    return f"{why} At its present share it would take about {judged.seeds_needed:,} {unit} (80 % power)."


def explanations(claim: FrozenClaim, whys: Whys) -> dict[tuple[Verdict, str], list[CaseResult]]:
    """The cases of a claim by their verdict and its explanation, those that have one."""
    groups: dict[tuple[Verdict, str], list[CaseResult]] = {}
    for judged in claim.shown:
        if text := explanation(judged, whys):
            groups.setdefault((judged.found, text), []).append(judged)
    return groups


def registrations(claim: FrozenClaim) -> list[tuple[int, str, str]]:
    """(number, registered on, first seed trained on) of the registrations that judged a claim."""
    under = [each for each in claim.shown if each.registration is not None]
    return list(dict.fromkeys((each.registration or 0, each.registered_on, each.first_trained) for each in under))


def settings(claim: FrozenClaim) -> tuple[list[str], list[str], list[Mapping[str, Any]]]:
    """What was trained for a claim: settings that most configurations have, other settings, the configurations."""
    found: list[Mapping[str, Any]] = []
    for setting in (each for judged in claim.shown for each in judged.settings):
        timeless = {name: value for name, value in setting.items() if name not in ("seconds", "asking_seconds")}
        if timeless not in found:
            found.append(timeless)
    times = Counter(name for each in found for name in each)
    common = [name for name, count in times.items() if 2 * count > len(found)]
    return common, [name for name in times if name not in common], found


def places(claim: FrozenClaim, summary: Summary) -> list[tuple[str, list[tuple[str, str]]]]:
    """(commit, (path, line) of the test and of each training there) of the evidence shown; commit: "" if unknown."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for each in claim.shown:
        commit = summary.sessions.get(each.session, {}).get("commit") or ""
        parts = (place.rpartition(":") for place in each.sources)
        found.setdefault(commit, {}).update({(path, line): None for path, _, line in parts})
    return [(commit, list(group)) for commit, group in found.items()]


def badge(report: FrozenReport, summary: Summary) -> str:
    """The badge that counts a report's verdicts, as a data URI."""
    svg = badges.count(report.known_as, summary.of(report))
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def figure_paths(claim: FrozenClaim) -> list[str]:
    """The figures of a claim's strongest evidence; of its last registration where it has not been run since."""
    judged = claim.shown or [each for each in claim.earlier if each.registration == claim.earlier[0].registration]
    return list(dict.fromkeys(path for each in judged for path in each.figures))


def figures(claims: Iterable[FrozenClaim], folders: Sequence[Path]) -> dict[str, Figure]:
    """The figures of these claims by path, without those that are in none of the folders.

    Raises OSError for a file that is not an image.
    """
    files: dict[str, Path] = {}
    for folder in reversed(folders):  # the first folder's files win
        for path in (path for claim in claims for path in figure_paths(claim)):
            if (file := inside(folder, path)) is not None and file.is_file():
                files[path] = file
    with ThreadPoolExecutor() as threads:
        return dict(zip(files, threads.map(_figure, files, files.values()), strict=True))


def _figure(path: str, file: Path) -> Figure:
    """A figure as it is shown, at three quarters of the file's resolution: half of its size."""
    buffer = io.BytesIO()
    with Image.open(file) as image:
        dpi, _ = image.info.get("dpi", (72, 72))
        width, height = (round(pixels * 72 / dpi, 1) for pixels in image.size)
        smaller = image.convert("RGB").resize([round(0.75 * pixels) for pixels in image.size], Image.Resampling.LANCZOS)
        smaller.save(buffer, "WEBP", quality=60, method=4)
    name = re.sub(r"[^a-z0-9]+", "-", path.removesuffix(".png").lower())
    title = f"{file.stem.replace('-', ' ')} ({file.parent.name.replace('-', ', ')})"
    return Figure(name, title, width, height, f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}")


def day(time: str) -> str:
    """A time as a date, `23 Nov 2026` in any locale; what is no time stays as it is."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][moment.month - 1]
    return f"{moment.day} {month} {moment.year}"


def content_hash(text: str) -> str:
    """The name by which a content security policy lets exactly this text in. Source: W3C, CSP Level 3, 2.3.1."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def main(arguments: list[str] | None = None) -> None:
    """The command line. Exits with a message where there is nothing to make a page from."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.page", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="artifacts", type=Path, help="the artifacts (default: artifacts)")
    parser.add_argument("--root", default=".", type=Path, help="the project, where the reports' folders are")
    parser.add_argument("--summary", action="store_true", help="print the verdict table as Markdown instead")
    options = parser.parse_args(arguments)
    try:
        summary = read(options.folder)
        if options.summary:
            encoding = sys.stdout.encoding or "utf-8"
            said = project.read(summary, options.root)
            table = rendered("verdicts.md", summary=summary, constructions=said.constructions).strip()
            print(table.encode(encoding, "backslashreplace").decode(encoding))
        else:
            path = write(options.folder, options.root)
            print(f"written to {path} ({path.stat().st_size / 1e6:.1f} MB)")
    except FileNotFoundError as error:
        raise SystemExit(f"{error.filename} is not there: judge some claims first, with `pytest -m full`") from error
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
