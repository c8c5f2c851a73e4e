"""Repetition: whether a second run of some claims came out as the first did, to the last digit that is kept.

`python -m ontrial.publish.repetition FIRST SECOND` compares two folders of artifacts, and fails where they differ.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ontrial.publish import record


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
        name = " ".join(str(part) for part in record.key_of(each) if part not in ("", None))
        if (before := known.get(record.key_of(each))) is None:
            lines.append(f"{name}: only in the second")
            continue
        if before["found"] != each["found"]:
            lines.append(f"{name}: {before['found']}, then {each['found']}")
        if before["evidence"] != each["evidence"]:
            lines.append(f"{name}: other numbers")
    return lines


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.repetition", description=__doc__.splitlines()[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    chosen = parser.parse_args(arguments)
    first, second = (record.read(folder / "verdicts.json") for folder in (chosen.first, chosen.second))
    try:
        found = differences(first, second)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    if found:
        raise SystemExit("\n".join(found))
    print(f"identical: {len(second['verdicts'])} verdicts, with the value of every seed")


if __name__ == "__main__":
    main()
