"""The audit: a record recomputed from the value of every seed, with code of its own, and compared with what shows it.

`ontrial audit [FOLDER]` names each difference in a line, and exits with 1 where there is one. Ranks,
intervals and verdicts are computed by other formulas than the judge's.
"""

import argparse
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from itertools import count, zip_longest
from math import comb
from pathlib import Path
from typing import Any

from ontrial import expected as expectations
from ontrial import registered
from ontrial.publish import badges, documents, page, project
from ontrial.publish.combine import digests
from ontrial.publish.frozen import CaseResult, FrozenClaim, Registered, Seen
from ontrial.publish.record import NAME, Record, digest, encode, load
from ontrial.publish.summary import Summary, summarize
from ontrial.registered import Criterion, Lock
from ontrial.stats.verdicts import Interval, Region

Locks = Mapping[tuple[str, str, str], tuple[Lock, Criterion]]  # by report, claim and case
Expected = Mapping[tuple[str, expectations.Name], expectations.Expected]  # by report and name
_DIGITS = 1e-6  # relative: values are recorded with seven digits
_OPEN = "inconclusive"


@lru_cache(maxsize=4096)
def rank(n: int, alpha: float) -> int:
    """How many of n seeds must lie on one side of a point to exclude it as the median, exactly; n + 1 for never.

    E(k, n) = B(k+1, n-k+1) P(Beta(k+1, n-k+1) > 1/2) 2^(n+1), with P(Beta(k+1, n-k+1) > p) = P(Binomial(n+1, p) <= k).
    """
    total, error = 0, Fraction(alpha)
    for k in range(n + 1):
        total += comb(n + 1, k)
        if total * error >= (n + 1) * comb(n, k):
            return k
    return n + 1


def evidence(k: int, n: int, p: float) -> float:
    """E(k, n) against a share of at most p, by the same sum from its last term down; infinite where it is too large."""
    total = term = 1 / (n + 1 - k)
    for j in range(k, 0, -1):
        term *= (1 - p) / p * j / (n + 2 - j)
        total += term
    return total


@lru_cache(maxsize=4096)
def lowest_share(k: int, n: int, alpha: float) -> float:
    """The share below which k successes among n exclude all."""
    low, high = 0.0, k / n if n else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle and evidence(k, n, middle) >= 1 / alpha else (low, middle)
    return low


def interval(statistic: str, values: Sequence[float], alpha: float) -> tuple[float, float, float]:
    """Estimate, low and high of a median, share or count, (seed,)."""
    ranked, n = sorted(values), len(values)
    if statistic == "share":
        k = round(sum(values))
        return k / n if n else math.nan, lowest_share(k, n, alpha), 1 - lowest_share(n - k, n, alpha)
    if n == 0:
        return math.nan, -math.inf, math.inf
    middle = {ranked[(n - 1) // 2], ranked[n // 2]}
    estimate = 0.0 if middle == {-math.inf, math.inf} else sum(middle) / len(middle)
    needed = n if statistic == "count" else rank(n, alpha)
    return (estimate, ranked[-needed], ranked[needed - 1]) if needed <= n else (estimate, -math.inf, math.inf)


def verdict(low: float, high: float, region: Region) -> str:
    """What follows from an interval: holds inside the region, refuted beside it."""
    is_above = [end > region.low or (end == region.low and region.low_included) for end in (low, high)]
    is_below = [end < region.high or (end == region.high and region.high_included) for end in (low, high)]
    if is_above[0] and is_below[1]:
        return "holds"
    return _OPEN if is_above[1] and is_below[0] else "refuted"


def together(verdicts: Sequence[str]) -> str:
    """The verdict on a claim with these cases, or on a case with these conditions."""
    alone = verdicts[0] if len(set(verdicts)) == 1 else _OPEN
    return next((each for each in ("refuted", "error") if each in verdicts), alone)


def ladder(looks: Sequence[int], alpha: float) -> list[int]:
    """The looks that can decide; the fewest seeds that can are in place of those that are too few."""
    enough = [seeds for seeds in looks if rank(seeds, alpha) <= seeds]
    fewest = next(seeds for seeds in count(1) if rank(seeds, alpha) <= seeds)
    return enough if len(enough) == len(looks) else sorted({fewest, *enough})


def differences(folder: Path, root: Path) -> Iterator[str]:
    """What differs in a record, and between it and what is made from it, a line each.

    folder: of artifacts; root: of the project, where the reports' folders and documents are.
    Raises FileNotFoundError, or ValueError where the record is damaged.
    """
    record, entries = load(folder), json.loads((folder / NAME).read_bytes())["verdicts"]
    summary = summarize(record)
    locks: dict[tuple[str, str, str], tuple[Lock, Criterion]] = {}
    expected: dict[tuple[str, expectations.Name], expectations.Expected] = {}
    for report in record.reports:
        try:
            of_report = registered.read(root / report.folder)
            expected |= {(report.name, name): each for name, each in expectations.read(root / report.folder).items()}
        except ValueError as error:
            yield str(error)
            continue
        locks |= {(report.name, one.claim, one.case): (lock, one) for lock, one in registered.current(of_report)}
    sessions = {each["time"] for each in record.sessions}
    for entry, result in zip(entries, record.verdicts, strict=True):
        lines = [*_unlike(entry, encode(result)), *_conditions(result)]
        if result.session not in sessions:
            lines.append(f"its session {result.session} is not in the record")
        if result.digest not in (None, digest(result)):
            lines.append("it is not what its digest says: it was edited after it was judged")
        yield from (f"{_name(result)}: {line}" for line in lines)
    in_force = [each for claim in summary.claims for each in claim.results]
    for result in in_force:
        yield from (f"{_name(result)}: {line}" for line in _lock(result, locks))
    yield from _claims(record, locks)
    yield from _expected(in_force, expected)
    yield from _shown(record, summary, folder, root)


def _unlike(found: Any, expected: Any, name: str = "") -> Iterator[str]:
    """What two JSON values have by the same name, but not the same."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for each in found.keys() & expected.keys():
            yield from _unlike(found[each], expected[each], f"{name} {each}".strip())
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for place, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from _unlike(one, other, f"{name} {place + 1}")
    elif found != expected:
        yield f"{name} is {found!r}, but should be {expected!r}"


def _conditions(result: CaseResult) -> Iterator[str]:
    for place, each in enumerate(result.evidence):
        named = f"condition {place + 1} ({each.interval.measure})"
        yield from (f"{named}: {line}" for line in _condition(result, place))
    for aside in result.asides:
        if result.registration != 0:
            yield from (f"aside ({aside.measure}): {line}" for line in _numbers(aside, aside.values, aside))
    found = [each.verdict for each in result.evidence]
    if result.found != "error" and (not found or result.found != together(found)):
        yield f"it is {result.found}, but its conditions are {', '.join(found) or 'none'}"
    seeds = [look.seeds for look in result.looks]
    if seeds != sorted(set(seeds)):
        yield f"its looks are at {seeds} seeds"
    for look in result.looks[:-1]:
        if look.conditions and together([each.verdict for each in look.conditions]) != _OPEN:
            yield f"it was decided at {look.seeds} seeds, and looked at again"


def _condition(result: CaseResult, place: int) -> Iterator[str]:
    found, region, looks = result.evidence[place].interval, result.evidence[place].region, result.looks
    if result.registration != 0:  # before criteria were locked intervals were made by another rule
        yield from _numbers(found, found.values, found)
    if result.evidence[place].verdict != (follows := verdict(found.low, found.high, region)):
        yield f"it is {result.evidence[place].verdict}, but its interval and region say {follows}"
    if any(place >= len(look.conditions) for look in looks):
        yield "a look has not seen it"
    elif looks:
        decided = result.decided_at(place)
        last = len(looks) - 1 if decided is None else decided
        seeds, judged = looks[last].seeds, found.n + found.left_out
        of_pairs = 2 * judged <= seeds if found.statistic == "median" else judged == seeds // 2
        if found.statistic != "count" and judged != seeds and not of_pairs:
            yield f"n is {found.n} and {found.left_out} were left out, of a look at {seeds} seeds"
        for at, look in enumerate(looks):
            seen = look.conditions[place]
            lines = [*_numbers(seen, found.values[: seen.n], found)]
            if at >= last and (lines or seen.n != found.n):
                lines = [f"it is not the interval over all of its {found.n} values"]
            if seen.verdict != (follows := verdict(seen.low, seen.high, region)):
                lines.append(f"it is {seen.verdict}, but its interval and region say {follows}")
            yield from (f"look at {look.seeds} seeds: {line}" for line in lines)


def _numbers(found: Interval | Seen, values: Sequence[float], of: Interval) -> Iterator[str]:
    """What differs between estimate and ends and those that the values give, whose statistic and alpha `of` has."""
    scale = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if not of.alpha and of.statistic != "count":
        yield f"alpha is {of.alpha}"
        return
    for name, follows in zip(("estimate", "low", "high"), interval(of.statistic, values, of.alpha), strict=True):
        number = getattr(found, name)
        is_nan = math.isnan(follows) and math.isnan(number)
        if not is_nan and not math.isclose(number, follows, rel_tol=_DIGITS, abs_tol=_DIGITS / 10 * scale):
            yield f"{name} is {number}, but its values give {follows:.7g}"


def _lock(result: CaseResult, locks: Locks) -> Iterator[str]:
    """What differs from the criterion that is locked, for what was judged under the lock that is in force."""
    found = locks.get(result.key[:3])
    if not result.registration:
        return
    if found is None or found[0].number != result.registration:
        number = found[0].number if found else "none"
        yield f"it was judged under registration {result.registration}, but locked under {number}"
        return
    lock, criterion = found
    if result.first_trained and result.first_trained < lock.on:
        yield f"its first seed was trained on {result.first_trained}, before its lock of {lock.on}"
    alpha, seen = criterion.alpha / 2 ** (lock.number - 1), [look.seeds for look in result.looks]
    conditions = registered.conditions(result.evidence)
    planned = [seeds for seeds in ladder(criterion.looks, alpha) if seen and seeds < seen[-1]]
    alphas = [0 if each.interval.statistic == "count" else alpha for each in result.evidence]
    parts = {
        "registered_on": (result.registered_on, lock.on),
        "alpha": ([each.interval.alpha for each in result.evidence], alphas),
        "conditions": (list(conditions), list(criterion.conditions if conditions else ())),
        "looks before the last": (seen[:-1] if result.planned else planned, planned),
    }
    for name, (judged, locked) in parts.items():
        yield from _unlike(judged, locked, name)


def _claims(record: Record, locks: Locks) -> Iterator[str]:
    """What differs between claims as the record has them and their locks."""
    cases = {(*claim.name, case): claim for claim in record.claims for case in claim.cases}
    yield from (f"{' '.join(name)} is locked, but not in the record" for name in sorted(locks.keys() - cases.keys()))
    for name in sorted(cases.keys() & locks.keys()):
        lock, criterion = locks[name]
        locked = encode(Registered(lock.number, lock.on, lock.hash))
        words = {part: getattr(criterion, part) for part in ("statement", "source", "kind")}
        yield from (f"{name[1]}: {line}" for line in _unlike(encode(cases[name]), words | {"registered": locked}))


def _expected(in_force: Sequence[CaseResult], expected: Expected) -> Iterator[str]:
    """Where known.toml has another verdict of the full tier than the record."""
    full = {name: str(each.verdict) for name, each in expected.items() if name[1].tier == "full"}
    for each in in_force:
        wanted = full.pop((each.report, expectations.Name(each.id, each.case, each.tier, each.dataset)), "holds")
        if each.tier == "full" and each.found not in (wanted, "error"):
            yield f"{_name(each)}: {expectations.FILE} says {wanted}, but the record {each.found}"
    yield from (f"{expectations.FILE} has {name}, of which the record has no verdict" for _, name in full)


def _shown(record: Record, summary: Summary, folder: Path, root: Path) -> Iterator[str]:
    """What figures, page, badges and documents show that is not what the record gives."""
    for claim in summary.claims:
        if claim.verdict != (follows := _strongest(record, claim)):
            yield f"{claim.id} is shown as {claim.verdict}, but its cases are {follows}"
    named = {figure for each in record.verdicts for figure in each.figures}
    there = digests(folder, named)
    for figure in sorted(named):
        if figure not in there:
            yield f"{figure} is not there"
        elif record.figures.get(figure, there[figure]) != there[figure]:
            yield f"{figure} is not the figure that was drawn: its SHA-256 differs from the record's"
    paths = documents.documents(root, summary)
    shown: dict[Path, Callable[[], str]] = {
        folder / "index.html": lambda: page.render(summary, [folder], project.read(summary, root)),
        **{folder / "badges" / name: partial(str, svg) for name, svg in badges.badges(summary).items()},
        **{path: partial(documents.generated, path, root, summary, folder) for path in paths},
    }
    for path, generated in shown.items():
        try:
            pairs = zip_longest(_words(path.read_text(encoding="utf-8")), _words(generated()), fillvalue="nothing")
            if differing := next(((one, other) for one, other in pairs if one != other), None):
                yield f"{path.name} says {differing[0]!r}, but from the record follows {differing[1]!r}"
        except (OSError, ValueError) as error:
            yield f"{path.name}: {error}"


def _words(text: str) -> list[str]:
    """What HTML or SVG shows and says to a screen reader, in its order, with its classes; the lines of any other text.

    A picture's bytes and a style may differ between machines.
    """
    if not text.startswith("<"):
        return text.splitlines()
    shown = re.sub(r"<(style|script)>[\s\S]*?</\1>", "", text)
    parts = r'(?:aria-label|class)="([^"]*)"|>([^<]*[^<\s][^<]*)<'
    return [" ".join("".join(each).split()) for each in re.findall(parts, shown)]


def _strongest(record: Record, claim: FrozenClaim) -> str:
    """The verdict on a claim: of every case the strongest result in force, full before fast, then the newest."""
    mine = [each for each in record.verdicts if each.key[:2] == claim.name]
    numbers = [each.registration for each in mine if each.registration is not None]
    in_force = claim.registered.registration if claim.registered else max(numbers, default=None)
    cases = dict.fromkeys(claim.cases, "not run")
    for each in sorted(mine, key=lambda each: (each.tier == "full", each.session)):
        if each.registration in (None, in_force) and each.case in cases:
            cases[each.case] = each.found
    return together([*cases.values()])


def _name(result: CaseResult) -> str:
    number = "" if result.registration is None else f", registration {result.registration}"
    return f"{result.id} {result.case}".strip() + f" ({result.tier}, {result.dataset}{number})"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ontrial audit", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="the folder of artifacts (default: ROOT/artifacts)")
    parser.add_argument("--root", default=".", type=Path, help="the project (default: this folder)")
    parser.add_argument("--verbose", action="store_true", help="say as well what has no digest to be compared with")
    options = parser.parse_args(arguments)
    folder = options.folder or options.root / "artifacts"
    try:
        found, record = list(differences(folder, options.root)), load(folder)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    if options.verbose:
        figures = {figure for each in record.verdicts for figure in each.figures} - record.figures.keys()
        for name in [*(_name(each) for each in record.verdicts if each.digest is None), *sorted(figures)]:
            print(f"no digest: {name}")
    if found:
        raise SystemExit("\n".join(found))
    print(f"{sum(len(each.evidence) for each in record.verdicts)} conditions, 0 differences")


if __name__ == "__main__":
    main()
