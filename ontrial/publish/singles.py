"""What one run of one seed would have said: how many single seeds agree with the verdict, claim by claim."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ontrial.publish.entries import Judged, is_count
from ontrial.publish.summary import Claim, Summary, combined
from ontrial.publish.templates import cell
from ontrial.stats.verdicts import Evidence, Verdict

FEW = 0.75  # where fewer single seeds agree, a claim is named
_DECIDED = (Verdict.HOLDS, Verdict.REFUTED)
_BEFORE = {"": "", "at most": "≤\u00a0", "at least": "≥\u00a0"}


@dataclass(frozen=True)
class Alone:
    """What single seeds say of a claim, or of a case of it, beside the verdict of all.

    verdict: of all seeds; agree: the share of seeds (or of pairs of runs) that alone say the same, for an undecided one
    the share on the likelier side; n: how many those are; bound: "at most" or "at least" where the conditions are of
    different seeds and more than one of them fails in some, so that their share together is not known, else "".
    """

    verdict: Verdict
    agree: float
    n: int
    bound: str = ""

    @property
    def words(self) -> str:
        """The share as a table has it: `94 %`, `≤ 88 %`, on one line; 0 and 100 only where it is none, or all."""
        percent = round(100 * self.agree)
        rounded = percent if self.agree in (0, 1) else min(max(percent, 1), 99)
        return f"{_BEFORE[self.bound]}{rounded}\u00a0%"


def alone(judged: Iterable[Judged]) -> Alone | None:
    """What single seeds say of these cases of a claim together; None where no seed was needed, or none spoken of.

    A single seed says “holds” where its values lie in the regions of all conditions, else “refuted”. Conditions of
    the same seeds are combined seed by seed; where some took more seeds than others, or leave some out, the condition
    that most seeds fail speaks.
    """
    judged = list(judged)
    verdict = combined(each.found for each in judged)
    if verdict not in (*_DECIDED, Verdict.INCONCLUSIVE):
        return None
    groups: dict[tuple[int, int], list[Evidence]] = {}
    for each in (one for case in judged for one in case.evidence if not is_count(one.interval)):
        groups.setdefault((each.interval.n, each.interval.left_out), []).append(each)
    shares = sorted((_share(conditions), n) for (n, _), conditions in groups.items() if n)
    if not shares:
        return None
    holds, n = shares[0]
    says_holds = verdict is Verdict.HOLDS or (verdict is Verdict.INCONCLUSIVE and holds > 0.5)
    together = sum(share < 1 for share, _ in shares) > 1 and holds > 0
    bound = ("at most" if says_holds else "at least") if together else ""
    return Alone(verdict, holds if says_holds else 1 - holds, n, bound)


def of(claims: Iterable[Claim]) -> dict[str, Alone]:
    """By id: what single seeds say of each claim of a report that the full tier judged on seeds, in its every case."""
    found = {claim.id: alone(claim.shown) for claim in claims if _is_full(claim)}
    return {name: each for name, each in found.items() if each is not None}


def typical(found: Iterable[Alone], verdict: Verdict) -> Alone | None:
    """The median share over claims with this verdict; None where there are none."""
    shares = [each.agree for each in found if each.verdict is verdict]
    return Alone(verdict, median(shares), len(shares)) if shares else None


def misled(found: dict[str, Alone], below: float = FEW) -> list[str]:
    """Claims that are decided, but not by so many of their single seeds."""
    return [name for name, each in found.items() if each.verdict in _DECIDED and each.agree < below]


def in_words(summary: Summary) -> str:
    """A Markdown table, a row a claim, with what it amounts to above it; a table a report."""
    parts = []
    for report in summary.reports:
        claims = [claim for claim in summary.of(report) if _is_full(claim)]
        found = of(claims)
        heading = [f"**{report.known_as}**", ""] if summary.has_several else []
        lines = [_row(claim, found[claim.id]) for claim in claims if claim.id in found]
        table = ["| id | claim | verdict | single seeds that agree | of | case by case |", "|---|---|---|--:|--:|---|"]
        parts.append("\n".join([*heading, _amounts_to(found), "", *table, *lines]))
    return "\n\n".join(parts)


def _amounts_to(found: dict[str, Alone]) -> str:
    decided = [each for each in found.values() if each.verdict in _DECIDED]
    middles = [
        f"Of single seeds, {each.words} agree in the median over claims that {words} ({each.n})"
        for verdict, words in ((Verdict.HOLDS, "hold"), (Verdict.REFUTED, "are refuted"))
        if (each := typical(found.values(), verdict))
    ]
    names = misled(found)
    few = f"Fewer than three in four agree in {len(names)} of {len(decided)}"
    return f"{'. '.join([*middles, few])}{': ' if names else ''}{', '.join(names)}."


def _row(claim: Claim, found: Alone) -> str:
    cases = [(each.case, alone([each])) for each in claim.shown]
    by_case = "; ".join(f"{case} {one.words}" for case, one in cases if case and one) if len(cases) > 1 else ""
    verdict = f"**{found.verdict}**" if found.verdict is Verdict.HOLDS else str(found.verdict)
    return f"| {claim.id} | {cell(claim.statement)} | {verdict} | {found.words} | {found.n} | {cell(by_case)} |"


def _is_full(claim: Claim) -> bool:
    """Whether the full tier judged every case of a claim."""
    full = [each for each in claim.shown if each.tier == "full"]
    return bool(full) and len(full) == len(claim.cases)


def _share(conditions: Sequence[Evidence]) -> float:
    """The share of seeds whose values lie in the regions of all these conditions, which are of the same seeds."""
    seeds = zip(*(each.interval.values for each in conditions), strict=True)
    says = [all(value in each.region for value, each in zip(values, conditions, strict=True)) for values in seeds]
    return sum(says) / len(says)
