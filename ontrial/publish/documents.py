"""The generated parts of README.md and docs/, between two markers, and of claim modules, after "Outcome:".

A part is about every report, or about the one that its marker names: `<!-- verdicts homework -->`.
`python -m ontrial.publish.documents` fills them all; with `--check` it only says which are stale.
"""

import argparse
import re
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from ontrial import expected
from ontrial.files import write_if_changed
from ontrial.publish import panels, single_seeds
from ontrial.publish.cost import cost
from ontrial.publish.frozen import CaseResult, FrozenClaim, FrozenReport
from ontrial.publish.summary import Summary, read
from ontrial.publish.templates import environment, render
from ontrial.report import by_construction, mutations
from ontrial.stats.verdicts import Interval, Verdict

T = TypeVar("T")

_MARKER = re.compile(r"^<!-- ([\w-]+)(?: ([\w-]+))? -->$", re.MULTILINE)  # a part, and the report that it is about
_OUTCOME = re.compile(r'\A("""[^"]*\n)Outcome:[^"]*(?=\n""")')  # in the docstring of a claim module


def documents(root: Path, summary: Summary) -> list[Path]:
    """The files of a project that may have generated parts: its documents, those of its reports, and claim modules."""
    folders = [root / report.folder for report in summary.reports if report.folder]
    own = [path for folder in folders for path in (folder / "README.md", *sorted(folder.glob("test_*.py")))]
    return [path for path in (root / "README.md", *sorted((root / "docs").glob("*.md")), *own) if path.is_file()]


def filled(text: str, name: str, content: str) -> str:
    """The text with `content` between its markers `<!-- name -->` and `<!-- /name -->`.

    Raises ValueError where the text lacks one.
    """
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if start not in text or end not in text:
        raise ValueError(f"the marker {start.strip()} or {end} is missing")
    before, rest = text.split(start, 1)
    return f"{before}{start}{content}\n{rest[rest.index(end) :]}"


def generated(path: Path, root: Path, summary: Summary, artifacts: Path) -> str:
    """A document or claim module as it should be, given the record in a folder of artifacts.

    Raises ValueError where the words of a finding no longer fit the record, or the record is damaged.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return _OUTCOME.sub(lambda found: found[1] + outcome(summary, path, root), text)
    figures = "artifacts" if path.parent == root else "../artifacts"
    parts: dict[str, Callable[[Summary], str]] = {
        "verdicts": lambda of: render("verdicts.md", summary=of, constructions=constructions(of, root)).strip(),
        "findings": lambda of: _findings(of, root, "findings-in-short.md", figures),
        "findings-in-full": lambda of: _findings(of, root, "findings.md", figures),
        "singles": single_seeds.table,
        "inconclusive": inconclusive,
        "cost": lambda of: cost(of, artifacts),
        "fast": lambda of: render("fast.md", rows=fast_and_full(of, root)).strip(),
        "mutations": lambda _: render("mutations.md", claims=mutations(path.parent)).strip(),
    }
    for name, report in _MARKER.findall(text):
        if name in parts:
            marker, content = f"{name} {report}".strip(), parts[name]
            text = filled(text, marker, content(summary.only(report) if report else summary))
    return text


def outcome(summary: Summary, path: Path, root: Path) -> str:
    """What the record says of the claims of a module, in a line of its docstring."""
    ids = re.findall(r"mark\.claim\(\s*\"(\w+)\"", path.read_text(encoding="utf-8"))
    [report] = (each for each in summary.reports if root / each.folder == path.parent)
    claims = [claim for claim in summary.of(report) if claim.id in ids]
    shown = [each for claim in claims for each in claim.shown if each.n]
    origins = dict.fromkeys(panels.origin(each.tier, each.dataset) for each in shown)
    found = {unit: [each.n for each in shown if each.n and each.unit == unit] for unit in ("seeds", "pairs")}
    numbers = [f"{panels.as_range(each)} {unit}" for unit, each in found.items() if each]
    return _wrapped(render("outcome.md", claims=claims, shown=shown, origins=origins, numbers=numbers))


def inconclusive(summary: Summary) -> str:
    """The open conditions of claims in full, and what it would take to decide them; then those of refuted claims."""
    is_open = Verdict.INCONCLUSIVE
    full = ((claim, each) for claim in summary.claims for each in claim.shown if each.tier == "full")
    found = [(claim, judged) for claim, judged in full if judged.found is is_open]
    rows = [
        (claim, judged, each, judged.unit_of(place))
        for claim, judged in found
        for place, each in enumerate(judged.evidence)
        if claim.verdict is each.verdict is is_open
    ]
    refuted = [f"{claim.id} {judged.case}".strip() for claim, judged in found if claim.verdict is not is_open]
    return render("inconclusive.md", rows=rows, refuted=refuted).strip()


def constructions(summary: Summary, root: Path) -> dict[tuple[str, str], str]:
    """Why claims can hardly fail, by report and id."""
    folders = {report.name: root / report.folder for report in summary.reports if report.folder}
    return {(name, id): why for name, folder in folders.items() for id, why in by_construction(folder).items()}


def fast_and_full(summary: Summary, root: Path) -> list[tuple[str, Verdict, Verdict, str]]:
    """Cases whose expected verdict in the fast tier is another than full found: their name, both verdicts, and why."""
    rows = []
    for report in (each for each in summary.reports if each.folder):
        known = expected.read(root / report.folder)
        tiers: dict[str, dict[tuple[str, str], expected.Expected]] = {"fast": {}, "full": {}}
        for name, verdict in known.items():
            if (name.tier, name.data) != ("fast", "mnist"):
                tiers[name.tier][name.claim, name.case] = verdict
        for claim in summary.of(report):
            for each in (each for each in claim.shown if each.tier == "full" and each.n):
                fast, full = (of.get((claim.id, each.case), expected.Expected(Verdict.HOLDS)) for of in tiers.values())
                if fast.verdict != each.found:
                    rows.append((f"{claim.id} {each.case}".strip(), fast.verdict, each.found, fast.why or full.why))
    return rows


def _findings(summary: Summary, root: Path, name: str, figures: str) -> str:
    """The findings of every report that has a template for them."""
    paths = {report: root / report.folder / name for report in summary.reports if report.folder}
    texts = {report: path.read_text(encoding="utf-8") for report, path in paths.items() if path.is_file()}
    return "\n\n".join(findings(summary, report, text, figures) for report, text in texts.items())


def findings(summary: Summary, report: FrozenReport, template: str, figures: str = "artifacts") -> str:
    """A report's findings in Markdown.

    template: a Jinja template that may call the functions below: `verdict`, `numbers`, `aside`, `basis`, `ours` and
    `figure` for what the record has, `agreement`, `median_agreement` and `few_agree` for single seeds,
    `by_own_numbers` for what the report's numbers give. figures: the folder of artifacts, relative to the document.
    A claim that was not run since it was last registered is described as it was before, and `basis` says so.
    Raises ValueError where a verdict, or a case, is no longer what the words say.
    """
    claims = {claim.id: claim for claim in summary.of(report)}
    single = single_seeds.by_claim(claims.values())

    def claim_of(name: str) -> FrozenClaim:
        found = [claims[name]] if name in claims and _judged(claims[name]) else []
        return _first(found, f"speak of {name}, which was not judged")

    def case_of(name: str, case: str) -> CaseResult:
        found = (each for each in _judged(claim_of(name)) if each.case == case)
        return _first(found, f"speak of {name} {case}, which was not judged")

    def verdict(name: str, word: str, case: str | None = None) -> str:
        claim = claim_of(name)
        of_claim = claim.verdict if claim.shown else next(iter(claim.before.values()))[0]
        found = of_claim if case is None else case_of(name, case).found
        subject = " ".join(filter(None, (name, case)))
        return _first([word] if found == word else [], f"say that {subject} is {word}, but its verdict is {found}")

    def numbers(name: str, which: int = 0, case: str = "") -> str:
        evidence = case_of(name, case).evidence
        problem = f"speak of condition {which} of {name} {case}, which has {len(evidence)}"
        return _interval(_first(evidence[which:], problem).interval)

    def aside(name: str, measure: str, case: str = "") -> str:
        found = (each for each in case_of(name, case).asides if each.measure == measure)
        return _interval(_first(found, f"speak of {measure!r} beside {name}, which was not recorded"))

    def basis(name: str) -> str:
        claim = claim_of(name)
        if claim.shown:
            return panels.strength(claim).replace("\u00a0", " ")
        [(_, n), *_] = claim.before.values()
        first = _judged(claim)[0]
        return f"first registration, {panels.origin(first.tier, first.dataset)}" + (f" · n = {n}" if n else "")

    def ours(name: str, of: str, case: str = "") -> str:
        compared = (each for each in case_of(name, case).reported if each.of == of)
        found = _first(compared, f"speak of {of!r} beside {name}, which was not recorded")
        return f"{panels.short(found.median)} (seeds from {panels.short(found.low)} to {panels.short(found.high)})"

    def figure(name: str) -> str:
        paths = (path for each in _judged(claim_of(name)) for path in each.figures)
        return f"{figures}/{_first(paths, f'show a figure of {name}, which has none')}"

    def agreement(name: str) -> str:
        found = [single[name]] if name in single else []
        return _first(found, f"speak of single seeds of {name}, which full did not judge on seeds").words

    def median_agreement(word: str) -> str:
        found = filter(None, [single_seeds.median_agreement(single, word)])
        return _first(found, f"speak of claims that full found to be {word}, and there are none").words

    def few_agree() -> str:
        *others, last = single_seeds.few_agree(single) or ["none"]
        return " and ".join(filter(None, (", ".join(others), last)))

    def by_own_numbers(name: str, word: str) -> str:
        found = claim_of(name).by_its_own_numbers
        problem = f"say that by its own numbers {name} is: {word}, but it is: {found}"
        return _first([name] if found == word else [], problem)

    of_record = (verdict, numbers, aside, basis, ours, figure)
    functions = (*of_record, agreement, median_agreement, few_agree, by_own_numbers)
    text = environment().from_string(template).render({each.__name__: each for each in functions})
    paragraphs = map(_wrapped, text.strip().split("\n\n"))
    return "\n\n".join(paragraphs).replace("\n\n- ", "\n- ")  # no empty line between the items of a list


def _first(found: Iterable[T], problem: str) -> T:
    for each in found:
        return each
    raise ValueError(f"the findings {problem}")


def _judged(claim: FrozenClaim) -> tuple[CaseResult, ...]:
    """The evidence that counts, or where there is none, that under the latest earlier registration."""
    return claim.shown or tuple(each for each in claim.earlier if each.registration == claim.earlier[0].registration)


def _interval(found: Interval) -> str:
    """An interval in numbers that says what it is: `0.75 (interval 0.57 to 0.89)`."""
    return panels.numbers(found).replace("(", "(interval ")


def _wrapped(paragraph: str) -> str:
    if paragraph.startswith(("#", "![", "|")):
        return paragraph
    indent = "  " if paragraph.startswith("- ") else ""
    text = re.sub(r"[ \t\n]+", " ", paragraph).strip()  # what must stay on one line has other spaces
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def main(arguments: list[str] | None = None) -> None:
    """The command line, in the project's folder. Exits with a message where the words no longer fit the record."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.documents", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where a part is stale")
    options, root, artifacts = parser.parse_args(arguments), Path(), Path("artifacts")
    try:
        summary = read(artifacts)
        new = {path: generated(path, root, summary, artifacts) for path in documents(root, summary)}
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    stale = [str(path) for path, text in new.items() if path.read_text(encoding="utf-8") != text]
    if options.check and stale:
        raise SystemExit(f"stale: {', '.join(stale)}; run `ontrial page`")
    for path, text in new.items():
        write_if_changed(path, text.encode())


if __name__ == "__main__":
    main()
