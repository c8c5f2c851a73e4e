"""The audit: a record recomputed from the value of every seed, with code of its own, and compared with what shows it.

`python -m ontrial.audit [FOLDER]` names each difference in a line, and exits with 1 where there is one. Ranks,
intervals and verdicts are computed by other formulas than the judge's.
"""

import argparse
import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from html import unescape
from itertools import count, zip_longest
from math import comb
from pathlib import Path
from typing import Any

from ontrial import known, registered
from ontrial.publish import documents, page
from ontrial.publish.combine import digests
from ontrial.publish.record import NAME, load
from ontrial.publish.summary import read
from ontrial.registration import Criterion, Lock, current, lock_of
from ontrial.report import Task, task_of

Json = Mapping[str, Any]
Locks = Mapping[tuple[str, str, str], tuple[Lock, Criterion]]  # by report, claim and case
_DIGITS = 1e-6  # relative: values are recorded with seven digits
_OPEN = "inconclusive"
_WORDS = {"holds": "hold", "refuted": "refuted", _OPEN: _OPEN, "not run": "not run", "error": "error"}


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


def verdict(found: Json, region: Json) -> str:
    """What follows from an interval: holds inside the region, refuted beside it."""
    low, high, lowest, highest = (float(each[end]) for each in (found, region) for end in ("low", "high"))
    is_above = [end > lowest or (end == lowest and region["low_included"]) for end in (low, high)]
    is_below = [end < highest or (end == highest and region["high_included"]) for end in (low, high)]
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


def differences(whole: Json, folder: Path, root: Path) -> Iterator[str]:
    """What differs in a record, as JSON, and between it and what is made from it, a line each.

    folder: of artifacts; root: of the project, where the reports' folders and documents are.
    """
    locks: dict[tuple[str, str, str], tuple[Lock, Criterion]] = {}
    expected: dict[str, dict[known.Name, known.Known]] = {}
    for each in whole["reports"]:
        try:
            of_report = registered.read(root / each["folder"])
            expected[each["name"]] = known.read(root / each["folder"])
        except ValueError as error:
            yield str(error)
            continue
        in_force = [(lock_of(of_report, one.claim), one) for one in current(of_report)]
        locks |= {(each["name"], one.claim, one.case): (lock, one) for lock, one in in_force if lock is not None}
    sessions = {each["time"] for each in whole["sessions"]}
    for each in whole["verdicts"]:
        lines = [*_conditions(each), *_lock(each, locks, _current(whole))]
        if each["session"] not in sessions:
            lines.append(f"its session {each['session']} is not in the record")
        judged = {name: part for name, part in each.items() if name not in ("figures", "last", "digest")}
        sealed = hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()
        if each.get("digest", sealed) != sealed:
            lines.append("it is not what its digest says: it was edited after it was judged")
        yield from (f"{_name(each)}: {line}" for line in lines)
    yield from _claims(whole, locks)
    yield from _expected(whole, expected)
    yield from _figures(whole, folder)
    yield from _page(whole, folder, root)
    yield from _badges(whole, folder)
    yield from _documents(folder, root)


def _conditions(judged: Json) -> Iterator[str]:
    for place, each in enumerate(judged["evidence"]):
        named = f"condition {place + 1} ({each['measure']})"
        yield from (f"{named}: {line}" for line in _condition(judged, place))
    for each in judged["asides"]:
        if judged["registration"] != 0:
            yield from (f"aside ({each['measure']}): {line}" for line in _numbers(each, each["values"], each))
    found = [each["verdict"] for each in judged["evidence"]]
    if judged["found"] != "error" and (not found or judged["found"] != together(found)):
        yield f"it is {judged['found']}, but its conditions are {', '.join(found) or 'none'}"
    seeds = [look["seeds"] for look in judged["looks"]]
    if seeds != sorted(set(seeds)):
        yield f"its looks are at {seeds} seeds"
    for look in judged["looks"][:-1]:
        if (seen := [each["verdict"] for each in look["conditions"]]) and together(seen) != _OPEN:
            yield f"it was decided at {look['seeds']} seeds, and looked at again"


def _condition(judged: Json, place: int) -> Iterator[str]:
    each, looks = judged["evidence"][place], judged["looks"]
    if len(each["values"]) != each["n"]:
        yield f"n is {each['n']}, but there are {len(each['values'])} values"
    if judged["registration"] != 0:  # before criteria were locked intervals were made by another rule
        yield from _numbers(each, each["values"], each)
    yield from _verdict(each, each["region"])
    if not looks:
        return
    if any(place >= len(look["conditions"]) for look in looks) or (each["look"] or 0) >= len(looks):
        yield "a look has not seen it"
        return
    seen = [look["conditions"][place] for look in looks]
    decided = next((at for at, one in enumerate(seen) if one["verdict"] != _OPEN), None)
    if each["look"] != decided:
        yield f"it says that look {each['look']} decided it, but look {decided} did"
        return
    last = len(looks) - 1 if decided is None else decided
    seeds, spoken = looks[last]["seeds"], each["n"] + each["left_out"]
    of_pairs = each["statistic"] == "median" and 2 * spoken <= seeds
    if each["statistic"] != "count" and spoken != seeds and not of_pairs:
        yield f"n is {each['n']} and {each['left_out']} were left out, of a look at {seeds} seeds"
    for at, one in enumerate(seen):
        if at < last:
            lines = [*_numbers(one, each["values"][: one["n"]], each)]
        else:
            names = [name for name in ("estimate", "low", "high", "n", "verdict") if one[name] != each[name]]
            lines = [f"{name} is {one[name]}, but {each[name]} in the end" for name in names]
        yield from (f"look at {looks[at]['seeds']} seeds: {line}" for line in (*lines, *_verdict(one, each["region"])))


def _verdict(found: Json, region: Json) -> Iterator[str]:
    if found["verdict"] != (follows := verdict(found, region)):
        yield f"it is {found['verdict']}, but its interval and region say {follows}"


def _numbers(found: Json, values: Sequence[Any], of: Json) -> Iterator[str]:
    """What differs between estimate and ends and those that the values give, whose statistic and alpha `of` has."""
    numbers = [float(value) for value in values]
    scale = max((abs(value) for value in numbers if math.isfinite(value)), default=0.0)
    if not of["alpha"] and of["statistic"] != "count":
        yield f"alpha is {of['alpha']}"
        return
    for name, follows in zip(("estimate", "low", "high"), interval(of["statistic"], numbers, of["alpha"]), strict=True):
        is_nan = math.isnan(follows) and math.isnan(float(found[name]))
        if not is_nan and not math.isclose(float(found[name]), follows, rel_tol=_DIGITS, abs_tol=_DIGITS / 10 * scale):
            yield f"{name} is {found[name]}, but its values give {follows:.7g}"


def _lock(judged: Json, locks: Locks, in_force: Mapping[tuple[str, str], int | None]) -> Iterator[str]:
    """What differs from the criterion that is locked, for what was judged under the lock that is in force."""
    number, found = judged["registration"], locks.get((judged["report"], judged["id"], judged["case"]))
    if not number or number != in_force[judged["report"], judged["id"]]:
        return
    if found is None or found[0].number != number:
        yield f"it was judged under registration {number}, but locked under {found[0].number if found else 'none'}"
        return
    lock, criterion = found
    if judged["registered_on"] != lock.on:
        yield f"it says registered on {judged['registered_on']}, but its lock {lock.on}"
    if judged["first_trained"] and judged["first_trained"] < lock.on:
        yield f"its first seed was trained on {judged['first_trained']}, before its lock of {lock.on}"
    alpha = criterion.alpha / 2 ** (lock.number - 1)
    for place, each in enumerate(judged["evidence"]):
        if each["alpha"] != (wanted := 0 if each["statistic"] == "count" else alpha):
            yield f"condition {place + 1} ({each['measure']}): alpha is {each['alpha']}, but locked {wanted}"
    texts = tuple(_text(each, each["region"]) for each in judged["evidence"])
    if judged["evidence"] and texts != tuple(criterion.conditions):
        yield f"its conditions are {'; '.join(texts)}, but locked {'; '.join(criterion.conditions)}"
    seen = [look["seeds"] for look in judged["looks"]]
    planned = [seeds for seeds in ladder(criterion.looks, alpha) if seen and seeds < seen[-1]]
    if judged.get("planned", True) and seen[:-1] != planned:
        yield f"it was looked at with {seen[:-1]} seeds before the last look, but planned was {planned}"


def _text(each: Json, region: Json) -> str:
    """A condition as its lock has it."""
    low = f"{'>=' if region['low_included'] else '>'} {region['low']!r}" if region["low"] != "-inf" else ""
    high = f"{'<=' if region['high_included'] else '<'} {region['high']!r}" if region["high"] != "inf" else ""
    return f"{each['statistic']} of {each['measure']} {', '.join(filter(None, (low, high)))}"


def _claims(whole: Json, locks: Locks) -> Iterator[str]:
    """What differs between claims as the record has them and their locks."""
    cases = {(each["report"], each["id"], case): each for each in whole["claims"] for case in each["cases"]}
    yield from (f"{' '.join(name)} is locked, but not in the record" for name in sorted(locks.keys() - cases.keys()))
    for name in [name for name in cases if name in locks]:
        claim, (lock, criterion) = cases[name], locks[name]
        if claim["registered"] != (said := {"registration": lock.number, "on": lock.on, "hash": lock.hash}):
            yield f"{claim['id']}: the record has the lock {claim['registered']}, but it is {said}"
        for part in ("statement", "source", "kind"):
            if claim[part] != getattr(criterion, part):
                yield f"{claim['id']}: its {part} is {claim[part]!r}, but locked {getattr(criterion, part)!r}"


def _expected(whole: Json, reports: Mapping[str, Mapping[known.Name, known.Known]]) -> Iterator[str]:
    """Where known.toml has another verdict of the full tier than the record."""
    in_force = _current(whole)
    for report, found in reports.items():
        expected = {name: str(each.verdict) for name, each in found.items() if name.tier == "full"}
        for each in whole["verdicts"]:
            name = known.Name(each["id"], each["case"], each["tier"], each["dataset"])
            if each["report"] == report and each["registration"] in (None, in_force[report, each["id"]]):
                said = expected.pop(name, "holds")
                if each["tier"] == "full" and each["found"] not in (said, "error"):
                    yield f"{_name(each)}: {known.FILE} says {said}, but the record {each['found']}"
        yield from (f"{known.FILE} has {name}, of which the record has no verdict" for name in expected)


def _figures(whole: Json, folder: Path) -> Iterator[str]:
    named = {figure for each in whole["verdicts"] for figure in each["figures"]}
    there = digests(folder, named)
    for figure in sorted(named):
        if figure not in there:
            yield f"{figure} is not there"
        elif whole["figures"].get(figure, there[figure]) != there[figure]:
            yield f"{figure} is not the figure that was drawn: its SHA-256 differs from the record's"


def _page(whole: Json, folder: Path, root: Path) -> Iterator[str]:
    """What the page counts and says of each claim, and the first of its words that its generator would not write."""
    try:
        text = (folder / "index.html").read_text(encoding="utf-8")
        summary = read(folder)
        generated = page.render(summary, [folder], page.whys_of(summary.reports, root))
    except (OSError, ValueError) as error:
        yield f"index.html: {error}"
        return
    found = _verdicts(whole)
    has_several = len({name for name, _ in found}) > 1
    counts = dict(re.findall(r'<li class="([\w-]+)"><span class="count">(\d+)</span>', text))
    for name in _WORDS:
        said, wanted = int(counts.get(name.replace(" ", "-"), 0)), [*found.values()].count(name)
        if said != wanted:
            yield f"index.html counts {said} {name}, but the record {wanted}"
    shown = {name: said for said, name in re.findall(r'<article class="claim ([\w-]+)" data-id="([^"]*)"', text)}
    for (report, claim), expected in found.items():
        says = shown.get(f"{report}-{claim}" if has_several else claim, "nothing").replace("not-run", "not run")
        if says != expected:
            yield f"index.html says {says} of {claim}, but the record {expected}"
    pairs = zip_longest(_words(text), _words(generated), fillvalue="nothing")
    if other := next(((one, two) for one, two in pairs if one != two), None):
        yield f"index.html says {other[0]!r}, but from the record follows {other[1]!r}"


def _words(text: str) -> list[str]:
    """What a page shows and says to a screen reader, in its order."""
    shown = re.sub(r"<(style|script)>[\s\S]*?</\1>", "", text)
    return [" ".join("".join(each).split()) for each in re.findall(r'aria-label="([^"]*)"|>([^<]*[^<\s][^<]*)<', shown)]


def _badges(whole: Json, folder: Path) -> Iterator[str]:
    found, wanted, groups = _verdicts(whole), {}, dict[str, tuple[str, list[str]]]()
    tasks = {each["name"]: [Task(**task) for task in each["tasks"]] for each in whole["reports"]}
    has_several = len({name for name, _ in found}) > 1
    for (report, claim), said in found.items():
        below = f"{report}/" if has_several else ""
        task = task_of(tasks.get(report, ()), claim)
        part = below + re.sub(r"[^a-z0-9]+", "-", task.part.lower()).strip("-") if task.prefix and task.part else ""
        wanted[below + claim] = (claim, said)
        for place, label in (("claims", "claims"), (below and f"{below}claims", report), (part, task.part)):
            if place:
                groups.setdefault(place, (label, []))[1].append(said)
    for place, (label, members) in groups.items():
        names = [name for name in _WORDS if name in (*members, "holds", "refuted", _OPEN)]
        wanted[place] = (label, " · ".join(f"{members.count(name)} {_WORDS[name]}" for name in names))
    for place, (label, message) in wanted.items():
        try:
            svg = (folder / "badges" / f"{place}.svg").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            yield f"badges/{place}: {error}"
            continue
        parts = re.findall(r'aria-label="([^"]*)"|<title>(.*)</title>|<text [^>]*>([^<]*)</text>', svg)
        says = [unescape("".join(each)) for each in parts]
        if says != [f"{label}: {message}", f"{label}: {message}", label, message]:
            yield f"badges/{place}: it says {', '.join(dict.fromkeys(says))}, but the record {label}: {message}"


def _documents(folder: Path, root: Path) -> Iterator[str]:
    for path in documents.documents(root):
        try:
            is_stale = path.read_text(encoding="utf-8") != documents.generated(path, root, folder)
        except (OSError, ValueError) as error:
            yield f"{path.relative_to(root)}: {error}"
        else:
            if is_stale:
                yield f"{path.relative_to(root)}: a generated part is not what the record gives"


def _current(whole: Json) -> dict[tuple[str, str], int | None]:
    """The registration that is in force for each claim: as it is declared, else the latest that judged it."""
    found: dict[tuple[str, str], int | None] = {}
    for each in whole["verdicts"]:
        numbers = [each["registration"], found.get((each["report"], each["id"]))]
        found[each["report"], each["id"]] = max((number for number in numbers if number is not None), default=None)
    for each in whole["claims"]:
        if each["registered"]:
            found[each["report"], each["id"]] = each["registered"]["registration"]
    return found


def _verdicts(whole: Json) -> dict[tuple[str, str], str]:
    """The verdict on each claim: of every case the strongest, full before fast, then the newest."""
    in_force = _current(whole)
    cases = {(each["report"], each["id"]): dict.fromkeys(each["cases"], "not run") for each in whole["claims"]}
    declared = set(cases)
    for each in sorted(whole["verdicts"], key=lambda each: (each["tier"] == "full", each["session"])):
        of = cases.setdefault(name := (each["report"], each["id"]), {})
        if each["registration"] in (None, in_force[name]) and (each["case"] in of or name not in declared):
            of[each["case"]] = each["found"]
    return {name: together([*of.values()] or ["not run"]) for name, of in cases.items()}


def _name(judged: Json) -> str:
    number = "" if judged["registration"] is None else f", registration {judged['registration']}"
    return f"{judged['id']} {judged['case']}".strip() + f" ({judged['tier']}, {judged['dataset']}{number})"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m ontrial.audit", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="the folder of artifacts (default: ROOT/artifacts)")
    parser.add_argument("--root", default=".", type=Path, help="the project (default: this folder)")
    parser.add_argument("--verbose", action="store_true", help="say as well what has no digest to be compared with")
    chosen = parser.parse_args(arguments)
    folder = chosen.folder or chosen.root / "artifacts"
    try:
        load(folder)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    whole = {"figures": {}} | json.loads((folder / NAME).read_bytes())
    if chosen.verbose:
        figures = {figure for each in whole["verdicts"] for figure in each["figures"]} - whole["figures"].keys()
        for name in [*(_name(each) for each in whole["verdicts"] if "digest" not in each), *sorted(figures)]:
            print(f"no digest: {name}")
    if found := list(differences(whole, folder, chosen.root)):
        raise SystemExit("\n".join(found))
    print(f"{sum(len(each['evidence']) for each in whole['verdicts'])} conditions, 0 differences")


if __name__ == "__main__":
    main()
