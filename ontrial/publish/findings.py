"""What was found: the words of a report's template, the numbers and verdicts of the record."""

import re
import textwrap

from ontrial.publish import panels, singles
from ontrial.publish.entries import Judged, Report
from ontrial.publish.summary import Claim, Summary, combined
from ontrial.publish.templates import environment
from ontrial.stats.verdicts import Evidence, Interval, Verdict


class StaleFinding(Exception):
    """A finding says something of a claim that its evidence no longer says."""


def findings(summary: Summary, report: Report, template: str, figures: str = "artifacts") -> str:
    """A report's findings in Markdown.

    template: their words, with `verdict(id, word)`, `numbers(id, which, case)`, `aside(id, measure, case, otherwise)`,
    `basis(id)`, `ours(id, of)` and `figure(id)` where the record speaks; an interval and a range over seeds say which
    they are; with `alone(id)`, `alone_typically(word)` and `misled()` of what single seeds
    say, and `by_own_numbers(id, word)` of what the report's numbers do; figures: the folder of artifacts, as the
    document reaches it. A claim that was not run since it was registered anew is spoken of as it stood before, and
    `basis` says so.
    Raises StaleFinding where a verdict, or a case, is no longer what the words say.
    """
    claims = {claim.id: claim for claim in summary.of(report)}
    single = singles.of(claims.values())

    def claim_of(name: str) -> Claim:
        if name not in claims or not _judged(claims[name]):
            raise StaleFinding(f"the findings speak of {name}, which was not judged")
        return claims[name]

    def verdict(name: str, word: str, case: str | None = None) -> str:
        judged = _judged(claim_of(name))
        found = combined(each.found for each in judged) if case is None else _case(claim_of(name), case).found
        if case is None and claims[name].shown:
            found = claims[name].verdict
        if found is not Verdict(word):
            subject = " ".join(filter(None, (name, case)))
            raise StaleFinding(f"the findings say that {subject} is {word}, but its verdict is {found}")
        return word

    def numbers(name: str, which: int = 0, case: str = "") -> str:
        return _in_words(_evidence(claim_of(name), which, case).interval)

    def aside(name: str, measure: str, case: str = "", otherwise: str | None = None) -> str:
        found = next((each for each in _case(claim_of(name), case).asides if each.measure == measure), None)
        if found is None and otherwise is None:
            raise StaleFinding(f"the findings speak of {measure!r} beside {name}, which was not recorded")
        return str(otherwise) if found is None else _in_words(found)

    def basis(name: str) -> str:
        claim = claim_of(name)
        if claim.shown:
            return panels.strength(claim).replace("\u00a0", " ")
        [(_, n), *_] = claim.before.values()
        first = _judged(claim)[0]
        return f"first registration, {panels.origin(first.tier, first.dataset)}" + (f" · n = {n}" if n else "")

    def ours(name: str, of: str, case: str = "") -> str:
        found = next((each for each in _case(claim_of(name), case).reported if each.of == of), None)
        if found is None:
            raise StaleFinding(f"the findings speak of {of!r} beside {name}, which was not recorded")
        return f"{panels.short(found.median)} (seeds from {panels.short(found.low)} to {panels.short(found.high)})"

    def figure(name: str) -> str:
        found = [path for each in _judged(claim_of(name)) for path in each.figures]
        if not found:
            raise StaleFinding(f"the findings show a figure of {name}, which has none")
        return f"{figures}/{found[0]}"

    def alone(name: str) -> str:
        if name not in single:
            raise StaleFinding(f"the findings speak of single seeds of {name}, which full did not judge on seeds")
        return single[name].words

    def alone_typically(word: str) -> str:
        found = singles.typical(single.values(), Verdict(word))
        if found is None:
            raise StaleFinding(f"the findings speak of claims that full found to be {word}, and there are none")
        return found.words

    def misled() -> str:
        *others, last = singles.misled(single) or ["none"]
        return " and ".join(filter(None, (", ".join(others), last)))

    def by_own_numbers(name: str, word: str) -> str:
        found = claim_of(name).by_its_own_numbers
        if found != word:
            raise StaleFinding(f"the findings say that by its own numbers {name} is: {word}, but it is: {found}")
        return name

    spoken = (verdict, numbers, aside, basis, ours, figure, alone, alone_typically, misled, by_own_numbers)
    known = {each.__name__: each for each in spoken}
    jinja = environment().overlay(autoescape=False)  # Markdown, of our own words and numbers alone
    paragraphs = map(_wrapped, jinja.from_string(template).render(**known).strip().split("\n\n"))
    return "\n\n".join(paragraphs).replace("\n\n- ", "\n- ")  # the items of a list stand close together


def _judged(claim: Claim) -> tuple[Judged, ...]:
    """The evidence that is spoken of: what counts, or where that is missing what stood last."""
    return claim.shown or tuple(each for each in claim.earlier if each.registration == claim.earlier[0].registration)


def _in_words(found: Interval) -> str:
    """An interval in numbers that says what it is: `0.75 (interval 0.57 to 0.89)`."""
    return panels.numbers(found).replace("(", "(interval ")


def _wrapped(paragraph: str) -> str:
    if paragraph.startswith(("#", "![", "|")):
        return paragraph
    first, rest = ("- ", "  ") if paragraph.startswith("- ") else ("", "")
    text = re.sub(r"[ \t\n]+", " ", paragraph.removeprefix("- ")).strip()  # what must stay on one line has other spaces
    options = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(text, 120, initial_indent=first, subsequent_indent=rest, **options)  # type: ignore[arg-type]


def _case(claim: Claim, case: str) -> Judged:
    found = next((each for each in _judged(claim) if each.case == case), None)
    if found is None:
        raise StaleFinding(f"the findings speak of {claim.id} {case}, which was not judged")
    return found


def _evidence(claim: Claim, which: int, case: str) -> Evidence:
    evidence = _case(claim, case).evidence
    if which >= len(evidence):
        raise StaleFinding(f"the findings speak of condition {which} of {claim.id} {case}, which has {len(evidence)}")
    return evidence[which]
