"""The audit: a record recomputed from the value of every seed, with code of its own, and compared with what shows it.

`python -m ontrial.audit [FOLDER]` names each difference in a line, and exits with 1 where there is one.
"""

import argparse
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ontrial import known, registered
from ontrial.publish import documents, page, reading, record
from ontrial.recomputed import interval, ladder, together, verdict
from ontrial.registration import Criterion, Lock, current, lock_of

Json = Mapping[str, Any]
Locks = Mapping[tuple[str, str, str], tuple[Lock, Criterion]]  # by report, claim and case
_BADGE_TEXTS = r'aria-label="([^"]*)"|<title>(.*)</title>|<text [^>]*>([^<]*)</text>'
_DIGITS = 1e-6  # relative: values are recorded with seven digits
_UNDECIDED = "inconclusive"
_ALWAYS = ("holds", "refuted", _UNDECIDED)
_WORDS = {"holds": "hold", "refuted": "refuted", _UNDECIDED: "undecided", "not run": "not run", "error": "error"}


def differences(whole: Json, folder: Path, root: Path) -> Iterator[str]:
    """What differs in a record, and between it and what is made from it, a line each.

    folder: of artifacts; root: of the project, where the reports' folders and documents are.
    """
    locks: dict[tuple[str, str, str], tuple[Lock, Criterion]] = {}
    entries: dict[str, dict[known.Name, known.Known]] = {}
    for each in whole["reports"]:
        place = root / each["folder"]
        try:
            of_report = registered.read(place)
            entries[each["name"]] = known.read(place)
        except ValueError as error:
            yield str(error)
            continue
        in_force = [(lock_of(of_report, one.claim), one) for one in current(of_report)]
        locks |= {(each["name"], one.claim, one.case): (lock, one) for lock, one in in_force if lock is not None}
    for each in whole["verdicts"]:
        lines = [*_conditions(each), *_lock(each, locks, _current(whole))]
        if each["session"] not in {one["time"] for one in whole["sessions"]}:
            lines.append(f"its session {each['session']} is not in the record")
        if "digest" in each and each["digest"] != record.digest_of(each):
            lines.append("it is not what its digest says: it was edited after it was judged")
        yield from (f"{_name(each)}: {line}" for line in lines)
    yield from _declared(whole, locks)
    yield from _known(whole, entries)
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
        if (seen := [each["verdict"] for each in look["conditions"]]) and together(seen) != _UNDECIDED:
            yield f"it was decided at {look['seeds']} seeds, and looked at again"


def _condition(judged: Json, place: int) -> Iterator[str]:
    each = judged["evidence"][place]
    if len(each["values"]) != each["n"]:
        yield f"n is {each['n']}, but there are {len(each['values'])} values"
    if judged["registration"] != 0:  # before criteria were locked intervals were made by another rule
        yield from _numbers(each, each["values"], each)
    expected = verdict(float(each["low"]), float(each["high"]), each["region"])
    if each["verdict"] != expected:
        yield f"it is {each['verdict']}, but its interval and region say {expected}"
    looks = judged["looks"]
    if not looks:
        return
    if any(place >= len(look["conditions"]) for look in looks) or (each["look"] or 0) >= len(looks):
        yield "a look has not seen it"
        return
    seen = [look["conditions"][place] for look in looks]
    decided = next((at for at, one in enumerate(seen) if one["verdict"] != _UNDECIDED), None)
    if each["look"] != decided:
        yield f"it says that look {each['look']} decided it, but look {decided} did"
        return
    seeds = looks[-1 if decided is None else decided]["seeds"]
    spoken = each["n"] + each["left_out"]
    of_pairs = each["statistic"] == "median" and 2 * spoken <= seeds
    if each["statistic"] != "count" and spoken != seeds and not of_pairs:
        yield f"n is {each['n']} and {each['left_out']} were left out, of a look at {seeds} seeds"
    for at, one in enumerate(seen):
        if at >= (len(looks) - 1 if decided is None else decided):
            names = [name for name in ("estimate", "low", "high", "n", "verdict") if one[name] != each[name]]
            lines = [f"{name} is {one[name]}, but {each[name]} in the end" for name in names]
        else:
            lines = [*_numbers(one, each["values"][: one["n"]], each)]
        if one["verdict"] != (expected := verdict(float(one["low"]), float(one["high"]), each["region"])):
            lines.append(f"it is {one['verdict']}, but its interval and region say {expected}")
        yield from (f"look at {looks[at]['seeds']} seeds: {line}" for line in lines)


def _numbers(found: Json, values: Sequence[Any], of: Json) -> Iterator[str]:
    """What differs between estimate and ends and those that the values give, whose statistic and alpha `of` has."""
    numbers = [float(value) for value in values]
    scale = max((abs(value) for value in numbers if math.isfinite(value)), default=0.0)
    if not of["alpha"] and of["statistic"] != "count":
        yield f"alpha is {of['alpha']}"
        return
    ends = interval(of["statistic"], numbers, of["alpha"])
    for name, expected in zip(("estimate", "low", "high"), ends, strict=True):
        is_nan = math.isnan(expected) and math.isnan(float(found[name]))
        if not is_nan and not math.isclose(float(found[name]), expected, rel_tol=_DIGITS, abs_tol=_DIGITS / 10 * scale):
            yield f"{name} is {found[name]}, but its values give {expected:.7g}"


def _lock(judged: Json, locks: Locks, current: Mapping[tuple[str, str], int | None]) -> Iterator[str]:
    """What differs from the criterion that is locked, for what was judged under the lock that is in force."""
    number, found = judged["registration"], locks.get((judged["report"], judged["id"], judged["case"]))
    if not number or number != current[judged["report"], judged["id"]]:
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
    texts = tuple(_text(each) for each in judged["evidence"])
    if judged["evidence"] and texts != tuple(criterion.conditions):
        yield f"its conditions are {'; '.join(texts)}, but locked {'; '.join(criterion.conditions)}"
    planned = [
        seeds for seeds in ladder(criterion.looks, alpha) if judged["looks"] and seeds < judged["looks"][-1]["seeds"]
    ]
    if judged.get("planned", True) and (seen := [look["seeds"] for look in judged["looks"]][:-1]) != planned:
        yield f"it was looked at with {seen} seeds before the last look, but planned was {planned}"


def _text(each: Json) -> str:
    """A condition as its lock has it."""
    region = each["region"]
    low = f"{'>=' if region['low_included'] else '>'} {region['low']!r}" if region["low"] != "-inf" else ""
    high = f"{'<=' if region['high_included'] else '<'} {region['high']!r}" if region["high"] != "inf" else ""
    return f"{each['statistic']} of {each['measure']} {', '.join(filter(None, (low, high)))}"


def _declared(whole: Json, locks: Locks) -> Iterator[str]:
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


def _known(whole: Json, entries: Mapping[str, Mapping[known.Name, known.Known]]) -> Iterator[str]:
    """Where known.toml says something else of the full tier than the record."""
    current = _current(whole)
    for report, found in entries.items():
        expected = {name: str(each.verdict) for name, each in found.items() if name.tier == "full"}
        for each in whole["verdicts"]:
            name = known.Name(each["id"], each["case"], each["tier"], each["dataset"])
            if each["report"] == report and each["registration"] in (None, current[report, each["id"]]):
                said = expected.pop(name, "holds")
                if each["tier"] == "full" and each["found"] not in (said, "error"):
                    yield f"{_name(each)}: {known.FILE} says {said}, but the record {each['found']}"
        yield from (f"{known.FILE} knows {name}, of which the record has no verdict" for name in expected)


def _figures(whole: Json, folder: Path) -> Iterator[str]:
    named = {figure for each in whole["verdicts"] for figure in each["figures"]}
    there = record.digests(folder, named)
    for figure in sorted(named):
        if figure not in there:
            yield f"{figure} is not there"
        elif whole["figures"].get(figure, there[figure]) != there[figure]:
            yield f"{figure} is not the figure that was drawn: its SHA-256 differs from the record's"


def _page(whole: Json, folder: Path, root: Path) -> Iterator[str]:
    """What the page counts and says of each claim, and the first of its words that its generator would not write."""
    try:
        text = (folder / "index.html").read_text(encoding="utf-8")
        summary = reading.read(folder)
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
        said = shown.get(f"{report}-{claim}" if has_several else claim, "nothing").replace("not-run", "not run")
        if said != expected:
            yield f"index.html says {said} of {claim}, but the record {expected}"
    for one, other in zip_longest(_words(text), _words(generated), fillvalue="nothing"):
        if one != other:
            yield f"index.html says {one!r}, but from the record follows {other!r}"
            return


def _words(text: str) -> list[str]:
    """What a page shows and says to a screen reader, in its order."""
    shown = re.sub(r"<(style|script)>[\s\S]*?</\1>", "", text)
    return [" ".join("".join(each).split()) for each in re.findall(r'aria-label="([^"]*)"|>([^<]*[^<\s][^<]*)<', shown)]


def _badges(whole: Json, folder: Path) -> Iterator[str]:
    """What the badges say."""
    found, wanted, groups = _verdicts(whole), {}, dict[str, tuple[str, list[str]]]()
    tasks = {each["name"]: each["tasks"] for each in whole["reports"]}
    has_several = len({name for name, _ in found}) > 1
    for (report, claim), said in found.items():
        below = f"{report}/" if has_several else ""
        mine = [each for each in tasks.get(report, ()) if record.begins(claim, each["prefix"])]
        part = max(mine, key=lambda each: len(each["prefix"]))["part"] if mine else ""
        slug = re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-")
        wanted[below + claim] = (claim, said)
        for place, label in (("claims", "claims"), (below and f"{below}claims", report), (part and below + slug, part)):
            if place:
                groups.setdefault(place, (label, []))[1].append(said)
    for place, (label, members) in groups.items():
        words = [f"{members.count(name)} {word}" for name, word in _WORDS.items() if name in (*members, *_ALWAYS)]
        wanted[place] = (label, " · ".join(words))
    for place, (label, message) in wanted.items():
        try:
            svg = (folder / "badges" / f"{place}.svg").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            yield f"badges/{place}: {error}"
            continue
        texts = [unescape("".join(each)) for each in re.findall(_BADGE_TEXTS, svg)]
        if texts != [f"{label}: {message}", f"{label}: {message}", label, message]:
            wrong = ", ".join(dict.fromkeys(texts))
            yield f"badges/{place}: it says {wrong}, but the record {label}: {message}"


def _documents(folder: Path, root: Path) -> Iterator[str]:
    """Which documents are not what the generator gives."""
    for path in documents.documents(root):
        try:
            is_stale = path.read_text(encoding="utf-8") != documents.generated(path, root, folder)
        except (OSError, ValueError, documents.StaleFinding) as error:
            yield f"{path.relative_to(root)}: {error}"
        else:
            if is_stale:
                yield f"{path.relative_to(root)}: a generated part is not what the record gives"


def _current(whole: Json) -> dict[tuple[str, str], int | None]:
    """The registration that is in force for each claim: as it is declared, else the latest that judged it."""
    found: dict[tuple[str, str], int | None] = {}
    for each in whole["verdicts"]:
        name = (each["report"], each["id"])
        found[name] = max(
            (number for number in (found.get(name), each["registration"]) if number is not None), default=None
        )
    return found | {
        (each["report"], each["id"]): each["registered"]["registration"]
        for each in whole["claims"]
        if each["registered"]
    }


def _verdicts(whole: Json) -> dict[tuple[str, str], str]:
    """The verdict on each claim: of every case the strongest, full before fast, then the newest."""
    current = _current(whole)
    cases = {(each["report"], each["id"]): dict.fromkeys(each["cases"], "not run") for each in whole["claims"]}
    declared = set(cases)
    for each in sorted(whole["verdicts"], key=lambda each: (each["tier"] == "full", each["session"])):
        of = cases.setdefault(name := (each["report"], each["id"]), {})
        if each["registration"] in (None, current[name]) and (each["case"] in of or name not in declared):
            of[each["case"]] = each["found"]
    return {name: together([*of.values()] or ["not run"]) for name, of in cases.items()}


def _name(judged: Json) -> str:
    number = "" if judged["registration"] is None else f", registration {judged['registration']}"
    return f"{judged['id']} {judged['case']}".strip() + f" ({judged['tier']}, {judged['dataset']}{number})"


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.audit", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="the folder of artifacts (default: ROOT/artifacts)")
    parser.add_argument("--root", default=".", type=Path, help="the project (default: this folder)")
    parser.add_argument("--verbose", action="store_true", help="say as well what has no digest to be compared with")
    chosen = parser.parse_args(arguments)
    folder = chosen.folder or chosen.root / "artifacts"
    try:
        whole = record.load(folder)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    if chosen.verbose:
        figures = {figure for each in whole["verdicts"] for figure in each["figures"]} - whole["figures"].keys()
        for name in [*(_name(each) for each in whole["verdicts"] if "digest" not in each), *sorted(figures)]:
            print(f"no digest: {name}")
    if found := list(differences(whole, folder, chosen.root)):
        raise SystemExit("\n".join(found))
    print(f"{sum(len(each['evidence']) for each in whole['verdicts'])} conditions, 0 differences")


if __name__ == "__main__":
    main()
