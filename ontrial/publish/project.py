"""What a project says beside its record: reasons, what holds by construction, findings in words, and its address."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from ontrial import expected
from ontrial.publish.documents import constructions, findings
from ontrial.publish.summary import Summary

_IN_WORDS = "findings-in-short.md"


@dataclass(frozen=True)
class Project:
    """What lies in a project's folder besides the record.

    whys: the reasons in known.toml, by report, id, case, tier and dataset; constructions: why some can hardly fail, by
    report and id; findings: of reports, by name, as HTML; repository: the public address of the code, "" if unknown.
    """

    whys: Mapping[tuple[str, str, str, str, str], str] = field(default_factory=dict)
    constructions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    findings: Mapping[str, Markup] = field(default_factory=dict)
    repository: str = ""


def read(summary: Summary, root: Path) -> Project:
    """What a project says of the reports in a summary. root: its folder, which the reports' folders are relative to.

    Findings whose words do not fit the record are replaced by why they do not.
    Raises ValueError for a known.toml, mutations.toml or pyproject.toml that cannot be read.
    """
    folders = {report.name: root / report.folder for report in summary.reports if report.folder}
    known = {name: expected.read(folder) for name, folder in folders.items()}
    repository, in_words = _repository(root), {}
    for report in summary.reports:
        if report.name in folders and (path := folders[report.name] / _IN_WORDS).is_file():
            own = {claim.id: summary.anchor(claim) for claim in summary.of(report)}
            try:
                text = findings(summary, report, path.read_text(encoding="utf-8"))
            except (ValueError, jinja2.TemplateError) as error:
                text = f"The words of what was found do not fit this record: {error}."
            in_words[report.name] = as_html(text, own, f"{repository}/blob/HEAD/" if repository else "")
    return Project(
        {(report, *name): each.why for report, found in known.items() for name, each in found.items()},
        constructions(summary, root),
        in_words,
        repository,
    )


def as_html(text: str, anchors: Mapping[str, str], base: str = "") -> Markup:
    """The Markdown of findings as HTML: paragraphs, lists, bold and italic words, code and links.

    anchors: of claims on the page, by their ids, which become links; base: the address that relative links begin
    with; without one their words are not linked.
    """

    def linked(found: re.Match[str]) -> str:
        words, target = found[1], found[2]
        target = target if target.startswith("https://") else base and base + target
        return f'<a href="{target}">{words}</a>' if target else words

    def named(found: re.Match[str]) -> str:
        return f'<a href="#{escape(anchors[found[2]])}">{found[2]}</a>' if found[2] in anchors else found[0]

    html = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", linked, str(escape(text)))
    for pattern, tag in ((r"\*\*(.+?)\*\*", "b"), (r"\*(.+?)\*", "em"), (r"`(.+?)`", "code")):
        html = re.sub(pattern, rf"<{tag}>\1</{tag}>", html, flags=re.DOTALL)
    html = re.sub(r"(<a .*?</a>)|\b([A-Za-z]+[0-9]+)\b", named, html, flags=re.DOTALL)
    blocks = []
    for block in html.split("\n\n"):
        items = re.split(r"^- ", block, flags=re.MULTILINE)
        blocks.append(
            f"<p>{block}</p>" if len(items) == 1 else "<ul>" + "".join(map("<li>{}</li>".format, items[1:])) + "</ul>"
        )
    return Markup("\n".join(blocks))


def _repository(root: Path) -> str:
    """The https address that pyproject.toml has as Repository or Source; "" for none."""
    path = root / "pyproject.toml"
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    urls = {name.lower(): str(url).rstrip("/").removesuffix(".git") for name, url in project.get("urls", {}).items()}
    found = urls.get("repository") or urls.get("source") or ""
    return found if found.startswith("https://") else ""
