"""Repetition: whether a second run of some claims came out as the first did, to the last digit that is kept.

`python -m ontrial.publish.repetition FIRST SECOND` compares two folders of artifacts, and fails where they differ.
Where the second was rounded otherwise, on another machine, `--rounded-otherwise` compares verdicts after the same look,
says which are open in one of both alone, and fails only where one contradicts the other.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ontrial.publish import record
from ontrial.stats.verdicts import Verdict, together


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """What differs between the verdicts of the second file and the same of the first, one line each.

    Compared are verdicts, intervals and the value of every seed; not the seconds that they took.
    Raises ValueError where the second has no verdicts, since nothing would then be compared.
    """
    if not second["verdicts"]:
        raise ValueError("the second folder has no verdicts: nothing was repeated")
    known = {record.key_of(each): each for each in first["verdicts"]}
    lines = []
    for each in second["verdicts"]:
        name = _name(each)
        if (before := known.get(record.key_of(each))) is None:
            lines.append(f"{name}: only in the second")
            continue
        if before["found"] != each["found"]:
            lines.append(f"{name}: {before['found']}, then {each['found']}")
        if before["evidence"] != each["evidence"]:
            lines.append(f"{name}: other numbers")
    return lines


def moves(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[int, list[str], list[str]]:
    """How many verdicts both files have, contradictions between these, and moves in or out of undecided.

    A verdict of the first is the one that it had after as many seeds as the second's, where it went on to more.
    Raises ValueError where both have no verdict in common, since nothing would then be compared.
    """
    known = {record.key_of(each): each for each in first["verdicts"]}
    both = [(known[key], each) for each in second["verdicts"] if (key := record.key_of(each)) in known]
    if not both:
        raise ValueError("the folders have no verdict in common: nothing was repeated")
    contradictions: list[str] = []
    moved: list[str] = []
    for before, each in both:
        was, found = _after(before, each["looks"][-1]["seeds"] if each["looks"] else None), each["found"]
        if was != found:
            line = f"{_name(each)}: {was}, then {found}"
            (moved if Verdict.INCONCLUSIVE in (was, found) else contradictions).append(line)
    return len(both), contradictions, moved


def _after(judged: Mapping[str, Any], seeds: int | None) -> str:
    """The verdict after the look at so many seeds: the last, where there was no such look."""
    look = next((each for each in judged["looks"] if each["seeds"] == seeds), None)
    return together({each["verdict"] for each in look["conditions"]}) if look else str(judged["found"])


def _name(judged: Mapping[str, Any]) -> str:
    return " ".join(str(part) for part in record.key_of(judged) if part not in ("", None))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.repetition", description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--rounded-otherwise", action="store_true", help="from another machine: compare verdicts alone")
    chosen = parser.parse_args(arguments)
    try:
        first, second = map(record.load, (chosen.first, chosen.second))
        if chosen.rounded_otherwise:
            count, found, moved = moves(first, second)
            said = [f"no contradiction in {count} verdicts, {len(moved)} moved in or out of undecided", *moved]
        else:
            found = differences(first, second)
            said = [f"identical: {len(second['verdicts'])} verdicts, with the value of every seed"]
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    if found:
        raise SystemExit("\n".join(found))
    print("\n".join(said))


if __name__ == "__main__":
    main()
