"""What was found: the words of a template, the numbers and verdicts of verdicts.json."""

import textwrap

from evidence.verdicts import Evidence, Verdict
from publish import panels
from publish.files import environment, source
from publish.summary import Claim, Judged, Summary


class StaleFinding(Exception):
    """A finding says something of a claim that its evidence no longer says."""


def findings(summary: Summary, template: str | None = None) -> str:
    """The findings in Markdown. template: their words, those of findings.md if None.

    Raises StaleFinding where a verdict, or the tier that it rests on, is no longer what the words say.
    """
    claims = {claim.id: claim for claim in summary.claims}

    def verdict(name: str, word: str, case: str | None = None) -> str:
        found = claims[name].verdict if case is None else _case(claims[name], case).verdict
        if found is not Verdict(word):
            subject = " ".join(filter(None, (name, case)))
            raise StaleFinding(f"findings.md says that {subject} is {word}, but its verdict is {found}")
        return word

    def numbers(name: str, which: int = 0, case: str = "") -> str:
        return panels.numbers(_evidence(claims[name], which, case).interval)

    def basis(name: str) -> str:
        return panels.strength(claims[name]).replace("\u00a0", " ")

    def ours(name: str, of: str, case: str = "") -> str:
        found = next(each for each in _case(claims[name], case).reported if each.of == of)
        return f"{panels.short(found.median)} ({panels.short(found.low)} to {panels.short(found.high)})"

    def figure(name: str) -> str:
        return "artifacts/" + next(each for each in claims[name].shown[0].figures if each.endswith(".png"))

    known = {each.__name__: each for each in (verdict, numbers, basis, ours, figure)}
    jinja = environment().overlay(autoescape=False)  # Markdown, of our own words and numbers alone
    return "\n\n".join(
        map(_wrapped, jinja.from_string(template or source("findings.md")).render(**known).strip().split("\n\n"))
    )


def _wrapped(paragraph: str) -> str:
    if paragraph.startswith(("#", "![")):
        return paragraph
    return textwrap.fill(" ".join(paragraph.split()), 120, break_long_words=False, break_on_hyphens=False)


def _case(claim: Claim, case: str) -> Judged:
    if (found := claim.strongest.get(case)) is None:
        raise StaleFinding(f"findings.md speaks of {claim.id} {case}, which was not judged")
    return found


def _evidence(claim: Claim, which: int, case: str) -> Evidence:
    return _case(claim, case).evidence[which]
