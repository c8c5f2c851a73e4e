"""Whether what a session found is what the record has of the same seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ontrial.publish.frozen import CaseResult, Look
from ontrial.stats.verdicts import Evidence, combined


@dataclass(frozen=True)
class Compared:
    """How many recorded seeds were compared, the most of any condition, and the first measure that differs, or ""."""

    seeds: int
    differs: str = ""


def compared(before: CaseResult, evidence: Sequence[Evidence], looks: Iterable[Look]) -> Compared:
    """Compare the values of all seeds that both have, and what both saw at the same looks, to seven digits.

    Values are in the order of the seeds, so those of fewer seeds begin those of more.
    """
    seeds = 0
    for was, now in zip(before.evidence, evidence, strict=False):
        n = min(was.interval.n, now.interval.n)
        seeds = max(seeds, n)
        same_seeds = was.interval.n + was.interval.left_out == now.interval.n + now.interval.left_out
        if (same_seeds and was.interval.n != now.interval.n) or (
            _digits(was.interval.values[:n]) != _digits(now.interval.values[:n])
        ):
            return Compared(seeds, now.interval.measure)
    recorded = {look.seeds: look for look in before.looks}
    for look in looks:
        for place, (then, this) in enumerate(zip(_seen(recorded.get(look.seeds)), _seen(look), strict=False)):
            if then != this:
                return Compared(seeds, evidence[place].interval.measure)
    return Compared(seeds)


def have_same_verdict(before: CaseResult, looks: Iterable[Look]) -> bool:
    """Whether the last look that both have gave the same verdict; true where they have none in common."""
    recorded = {look.seeds: look for look in before.looks}
    common = [(recorded[look.seeds], look) for look in looks if look.seeds in recorded]
    was, now = ({each.verdict for each in look.conditions} for look in common[-1]) if common else ((), ())
    return not common or combined(was) is combined(now)


def _seen(look: Look | None) -> list[tuple[object, ...]]:
    found = look.conditions if look else ()
    return [(each.n, *_digits((each.estimate, each.low, each.high)), each.verdict) for each in found]


def _digits(values: Iterable[float]) -> list[str]:
    return [f"{value:.7g}" for value in values]
