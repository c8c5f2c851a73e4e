"""Outcomes: what pytest says of a verdict, given what is known. Only a contradiction fails."""

from typing import Literal, NamedTuple

from ontrial.known import Known
from ontrial.stats.verdicts import Evidence, Verdict

Said = Literal["passed", "failed", "skipped", "xfailed"]


class Outcome(NamedTuple):
    """What pytest says, and why."""

    said: Said
    reason: str


def outcome(name: str, evidence: tuple[Evidence, ...], found: Verdict, known: Known | None) -> Outcome:
    """What pytest says of a claim that was judged.

    Found *refuted* where *holds* or nothing is known, and *holds* where *refuted* is known, contradict and fail.
    """
    numbers = f"{name} is {found}: {deciding(evidence, found)}"
    if found is Verdict.INCONCLUSIVE:
        return Outcome("skipped", numbers)
    if found is Verdict.HOLDS:
        if known is not None and known.verdict is Verdict.REFUTED:
            return Outcome("failed", f"{numbers}\nIt is known as refuted ({known.why}). {_ACCEPT}")
        return Outcome("passed", numbers)
    if known is not None and known.verdict in (Verdict.REFUTED, Verdict.INCONCLUSIVE):
        return Outcome("xfailed", f"{numbers}. {known.why}".strip())
    return Outcome("failed", f"{numbers}\n{'It is known to hold' if known else 'Nothing is known of it'}. {_ACCEPT}")


def deciding(evidence: tuple[Evidence, ...], found: Verdict) -> str:
    """The conditions that made the verdict, in words."""
    return "; ".join(str(each) for each in evidence if each.verdict is found)


_ACCEPT = "If that is what the seeds say, pytest --accept writes it into known.toml; then write down why."
