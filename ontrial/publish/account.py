"""What the page says around a claim's evidence: why it came out so, when it was registered, what stood before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ontrial.publish.frozen import AT_THE_BORDER, CaseResult, FrozenClaim
from ontrial.publish.panels import with_seeds
from ontrial.stats.comparisons import Comparison
from ontrial.stats.verdicts import Evidence, Verdict

WhyKey = tuple[str, str, str, str, str]  # report, id, case, tier, dataset
Whys = Mapping[WhyKey, str]


@dataclass(frozen=True)
class Reason:
    """Why some cases of a claim came out as they did, in words; their numbers stand beside it, a line a condition."""

    verdict: Verdict
    cases: str
    why: str
    numbers: tuple[str, ...]


def why(judged: CaseResult, whys: Whys) -> str:
    """The reason of a verdict in words; of an error, what went wrong. Empty where a claim holds and nothing is said.

    whys: what known.toml says, by report, id, case, tier and dataset.
    """
    if judged.found is Verdict.ERROR:
        return judged.problem
    said = whys.get((judged.report, judged.id, judged.case, judged.tier, judged.dataset), "").strip()
    if said and judged.known not in (None, judged.found):
        return f"Known as {judged.known}: {said}"
    if said or judged.found is Verdict.HOLDS:
        return said
    if judged.found is not Verdict.INCONCLUSIVE:
        return "Not looked into yet."
    if judged.has_no_seed:
        return ""  # `would_take` says it
    return "The interval reaches across the border of the region: too close to call with these seeds."


def in_numbers(judged: CaseResult, evidence: Evidence) -> str:
    """A condition with its numbers: `deep, test accuracy: 0.95 (0.94 to 0.96), n = 24; it holds if < 0.9`."""
    name = ", ".join(filter(None, (judged.case, evidence.interval.measure)))
    return f"{name}: {with_seeds(evidence.interval)}; it holds if {evidence.region}"


def would_take(judged: CaseResult) -> str:
    """What it would take to decide an undecided verdict; empty where that is not known."""
    if judged.found is not Verdict.INCONCLUSIVE or (judged.seeds_needed is None and not judged.has_no_seed):
        return ""
    if judged.has_no_seed:
        return "No seed meets the condition, so that nothing is known of those that would."
    if judged.seeds_needed == AT_THE_BORDER:
        return "It lies at the border: more seeds would hardly decide it."
    return f"At its present share it would take about {judged.seeds_needed:,} seeds (80 % power)."


def reasons(claim: FrozenClaim, whys: Whys) -> list[Reason]:
    """The reasons of a claim's verdicts, cases with the same one together, with what an undecided one would take."""
    groups: dict[tuple[Verdict, str], list[CaseResult]] = {}
    for judged in claim.shown:
        if reason := " ".join(filter(None, (why(judged, whys), would_take(judged)))):
            groups.setdefault((judged.found, reason), []).append(judged)
    return [
        Reason(
            verdict,
            ", ".join(each.case for each in group if each.case),
            reason,
            tuple(in_numbers(each, one) for each in group for one in each.evidence if one.verdict is verdict),
        )
        for (verdict, reason), group in groups.items()
    ]


def registration(number: int | None) -> str:
    """The name of a registration: 0 is what was judged before criteria were locked."""
    return "first registration, before criteria were locked" if not number else f"registration {number}"


def dates(claim: FrozenClaim) -> list[str]:
    """When a claim was registered, and when the first seed that judges it was trained: a line a registration."""
    lines = []
    for judged in claim.shown:
        if judged.registration is not None:
            on = f", {_on('registered', judged.registered_on)}" if judged.registered_on else ""
            trained = f", {_on('first seed trained', judged.first_trained)}" if judged.first_trained else ""
            lines.append(f"{registration(judged.registration)}{on}{trained}")
            if judged.code:
                lines.append(f"{judged.case}: {judged.code}" if judged.case else judged.code)
    if not lines and claim.registered:
        named = registration(claim.registered.registration)
        lines.append(f"{named}, {_on('registered', claim.registered.on)}, not yet run in full")
    return list(dict.fromkeys(line[0].upper() + line[1:] for line in lines))


def last_sessions(claim: FrozenClaim, sessions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What later sessions found that did not replace a verdict, and which verdicts are of unplanned looks."""
    lines = []
    for judged in claim.shown:
        of = f" for {judged.case}" if judged.case else ""
        if not judged.planned:
            lines.append(f"Judged{of} at a number of seeds that was not planned (--seeds).")
        if (last := judged.last) is not None:
            n, commit = f", n = {last.n}" if last.n else "", sessions.get(last.session, {}).get("commit")
            found = f"{last.found}{n}" + (f": {last.problem.splitlines()[0]}" if last.problem else "")
            by = f", commit {commit}" if commit else ""
            lines.append(f"The last session ({day(last.session)}{by}) found otherwise{of}: {found}.")
    return lines


def own_numbers(claim: FrozenClaim) -> str:
    """What the report's own numbers say of the claim, in words; empty where it gives none that decide."""
    return {
        "yes": "By the report's own numbers: yes, it holds.",
        "no": "By the report's own numbers: no, it does not hold.",
        "cannot be read": "By the report's own numbers: its figure cannot be read so closely.",
    }.get(claim.by_its_own_numbers, "")


def before(claim: FrozenClaim) -> list[tuple[str, Verdict, str]]:
    """(registration, verdict, seeds) of what stood under earlier registrations, the latest first."""
    return [
        (registration(number), verdict, f"n = {n}" if n else "counted") for number, (verdict, n) in claim.before.items()
    ]


def differing(claim: FrozenClaim) -> list[Comparison]:
    """The report's numbers that lie outside the range of our seeds; only a full tier can say so."""
    return [each for each in compared(claim) if each.differs]


def compared(claim: FrozenClaim) -> list[Comparison]:
    """The report's numbers beside ours, each once, where the claim rests on the report's own settings."""
    at_its_settings = [judged for judged in claim.shown if judged.tier == "full"]
    return list(dict.fromkeys(each for judged in at_its_settings for each in judged.reported))


def beside_report(claim: FrozenClaim) -> str:
    """How many of the report's numbers lie outside the range of our seeds."""
    differ, all_of_them = len(differing(claim)), len(compared(claim))
    if differ == 0:
        whose = "The report's number lies" if all_of_them == 1 else f"All {all_of_them} numbers of the report lie"
        return f"{whose} within the range of our seeds."
    whose = "The report's number lies" if all_of_them == 1 else f"Of {all_of_them} numbers of the report, {differ} lie"
    return f"{whose} outside the range of all our seeds:".replace(", 1 lie ", ", 1 lies ")


def trained_for(claim: FrozenClaim) -> str:
    """How long the networks of a claim's strongest evidence took to train; its cases may share them."""
    seconds = max((each.seconds_trained for each in claim.shown), default=0.0)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def day(time: str) -> str:
    """A time as a date: `23 Nov 2026`; what is no time stays as it is."""
    try:
        moment = datetime.fromisoformat(time)
    except ValueError:
        return time
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
    return f"{moment.day} {months[moment.month - 1]} {moment.year}"


def _on(what: str, time: str) -> str:
    return f"{what} on {day(time)}"


def sides(claims: Iterable[FrozenClaim]) -> tuple[int, float]:
    """On how many sides the verdicts that count can be wrong by sampling, and the sum of their error rates.

    A condition has a side a border of its region; only what was judged under a lock counts, since the bound is for
    criteria that are older than their seeds.
    """
    locked = [each for claim in claims for judged in claim.shown if judged.registration for each in judged.evidence]
    return sum(each.sides for each in locked), sum(each.sides * each.interval.alpha for each in locked)
