"""Repetition: whether a second run of some claims gave the same results as the first, to the last recorded digit.

`python -m ontrial.publish.repetition FIRST SECOND` compares two folders of artifacts, and fails where they differ.
Where the second was rounded differently, on another machine, `--rounded-otherwise` compares verdicts after the same
look, names those that are inconclusive in one of both alone, and fails only where one contradicts the other.
"""

import argparse
from pathlib import Path

from ontrial.publish.frozen import CaseResult
from ontrial.publish.record import Record, encode, load
from ontrial.stats.verdicts import Verdict, combined


def differences(first: Record, second: Record) -> list[str]:
    """What differs between the results of the second record and the same of the first, one line each.

    Compared are verdicts, intervals and the value of every seed; not the seconds that they took.
    Raises ValueError where the second has no verdicts, since nothing would then be compared.
    """
    if not second.verdicts:
        raise ValueError("the second folder has no verdicts: nothing was repeated")
    known = {each.key: each for each in first.verdicts}
    lines = []
    for each in second.verdicts:
        if (before := known.get(each.key)) is None:
            lines.append(f"{_name(each)}: only in the second")
            continue
        if before.found is not each.found:
            lines.append(f"{_name(each)}: {before.found}, then {each.found}")
        if encode(before.evidence) != encode(each.evidence):
            lines.append(f"{_name(each)}: other numbers")
    return lines


def moves(first: Record, second: Record) -> tuple[int, list[str], list[str]]:
    """How many results both records have, contradictions between these, and moves from or to inconclusive.

    A verdict of the first is the one that it had after as many seeds as the second's, where it went on to more.
    Raises ValueError where both have no result in common, since nothing would then be compared.
    """
    known = {each.key: each for each in first.verdicts}
    both = [(known[each.key], each) for each in second.verdicts if each.key in known]
    if not both:
        raise ValueError("the folders have no verdict in common: nothing was repeated")
    contradictions: list[str] = []
    moved: list[str] = []
    for before, each in both:
        looks = {look.seeds: look for look in before.looks}
        look = looks.get(each.looks[-1].seeds) if each.looks else None
        was = combined(seen.verdict for seen in look.conditions) if look else before.found
        if was is not each.found:
            is_open = Verdict.INCONCLUSIVE in (was, each.found)
            (moved if is_open else contradictions).append(f"{_name(each)}: {was}, then {each.found}")
    return len(both), contradictions, moved


def _name(result: CaseResult) -> str:
    return " ".join(str(part) for part in result.key if part not in ("", None))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.repetition", description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--rounded-otherwise", action="store_true", help="from another machine: compare verdicts alone")
    chosen = parser.parse_args(arguments)
    try:
        first, second = map(load, (chosen.first, chosen.second))
        if chosen.rounded_otherwise:
            count, wrong, moved = moves(first, second)
            said = [f"no contradiction in {count} verdicts, {len(moved)} moved from or to inconclusive", *moved]
        else:
            wrong = differences(first, second)
            said = [f"identical: {len(second.verdicts)} verdicts, with the value of every seed"]
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    if wrong:
        raise SystemExit("\n".join(wrong))
    print("\n".join(said))


if __name__ == "__main__":
    main()
