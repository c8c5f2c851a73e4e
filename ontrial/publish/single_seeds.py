"""What one run of one seed would have said: how many single seeds agree with the verdict, claim by claim."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ontrial.publish.frozen import CaseResult, FrozenClaim, is_count
from ontrial.publish.summary import Summary
from ontrial.publish.templates import render
from ontrial.stats.verdicts import Evidence, Verdict, combined

_DECIDED = (Verdict.HOLDS, Verdict.REFUTED)


@dataclass(frozen=True)
class Agreement:
    """How many single seeds agree with the verdict of all on a claim, or on a case of it.

    share: of the n seeds, or pairs of them (unit); for an inconclusive verdict, the share on the likelier side; bound:
    "≤ " or "≥ " where the conditions are of different seeds and more than one of them fails in some, so that their
    share together is not known, else "".
    """

    verdict: Verdict
    share: float
    n: int
    bound: str = ""
    unit: str = "seeds"

    @property
    def words(self) -> str:
        """The share as a table has it: `94 %`, `≤ 88 %`, on one line; 0 and 100 only where it is none, or all."""
        percent = round(100 * self.share)
        rounded = percent if self.share in (0, 1) else min(max(percent, 1), 99)
        return f"{self.bound}{rounded}\u00a0%"


def agreement(judged: Sequence[CaseResult]) -> Agreement | None:
    """How single seeds agree with the verdict on these cases of a claim together; None where it needed no seed.

    A single seed says “holds” where its values lie in the regions of all conditions, else “refuted”. Conditions of
    the same seeds are combined seed by seed; where some took more seeds than others, or leave some out, the condition
    that most seeds fail decides.
    """
    verdict = combined(each.found for each in judged)
    groups: dict[tuple[int, int, str], list[Evidence]] = {}
    for case in judged:
        for place, each in enumerate(case.evidence):
            if each.interval.n and not is_count(each.interval):
                groups.setdefault((each.interval.n, each.interval.left_out, case.unit_of(place)), []).append(each)
    if not groups or verdict not in (*_DECIDED, Verdict.INCONCLUSIVE):
        return None
    shares = sorted((_share(conditions), n, unit) for (n, _, unit), conditions in groups.items())
    holds, n, unit = shares[0]
    says_holds = verdict is Verdict.HOLDS or (verdict is Verdict.INCONCLUSIVE and holds > 0.5)
    is_bound = sum(share < 1 for share, *_ in shares) > 1 and holds > 0
    bound = ("≤\u00a0" if says_holds else "≥\u00a0") if is_bound else ""
    return Agreement(verdict, holds if says_holds else 1 - holds, n, bound, unit)


def by_claim(claims: Iterable[FrozenClaim]) -> dict[str, Agreement]:
    """By id: the agreement of each claim of a report whose every case the full tier judged on seeds."""
    full = [claim for claim in claims if len([each for each in claim.shown if each.tier == "full"]) == len(claim.cases)]
    return {claim.id: found for claim in full if (found := agreement(claim.shown))}


def median_agreement(found: Mapping[str, Agreement], verdict: str) -> Agreement | None:
    """The median over the claims with this verdict; None where there are none."""
    shares = [each.share for each in found.values() if each.verdict == verdict]
    return Agreement(Verdict(verdict), median(shares), len(shares)) if shares else None


def few_agree(found: Mapping[str, Agreement]) -> list[str]:
    """Claims that are decided, but with which fewer than three in four of their single seeds agree."""
    return [name for name, each in found.items() if each.verdict in _DECIDED and each.share < 3 / 4]


def table(summary: Summary) -> str:
    """A Markdown table a report, a row a claim, with a summary above it."""
    reports = [(report, summary.of(report), by_claim(summary.of(report))) for report in summary.reports]
    words = {"median_agreement": median_agreement, "few_agree": few_agree, "agreement": agreement}
    return render("single-seeds.md", reports=reports, **words).strip()


def _share(conditions: Sequence[Evidence]) -> float:
    """The share of seeds whose values lie in the regions of all these conditions, which are of the same seeds."""
    is_inside = [[value in each.region for value in each.interval.values] for each in conditions]
    meets_all = [all(seed) for seed in zip(*is_inside, strict=True)]
    return sum(meets_all) / len(meets_all)
