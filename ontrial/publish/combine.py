"""Combining: the artifacts of several runs in one folder, such as those of a sharded full tier.

`python -m ontrial.publish.combine INTO FROM …` puts FROM's verdicts and their figures into INTO, whose own stay where
no other is newer.
"""

import argparse
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ontrial.files import inside
from ontrial.publish import record


def combine(into: Path, others: Iterable[Path]) -> Path:
    """Put the verdicts of other artifacts' folders, and the figures they name, into one; returns verdicts.json.

    Of two verdicts of the same name the one of the later session stays, unless the record keeps the earlier one (see
    `record.keeps`). A folder without verdicts adds nothing.
    Raises ValueError where one of the others is damaged, before anything is written, OSError where `into` cannot be
    written.
    """
    found = [(other, record.load(other)) for other in others if (other / record.NAME).exists()]
    into.mkdir(parents=True, exist_ok=True)
    whole = record.read(into / record.NAME)
    for other, more in found:
        verdicts = {record.key_of(each): each for each in whole["verdicts"]}
        taken = {}
        for each in more["verdicts"]:
            key = record.key_of(each)
            verdicts[key] = _of_both(verdicts.get(key, each), each)
            if verdicts[key] is each:
                taken[key] = each
        copied = {each for verdict in taken.values() for each in verdict["figures"] if _copied(each, other, into)}
        figures = {name: digest for name, digest in whole["figures"].items() if name not in copied}
        figures |= {name: digest for name, digest in more["figures"].items() if name in copied}
        # A claim is declared as the file with the later session has it; each verdict goes by its own session.
        latest = {"sessions": [], "reports": [], "claims": [], "verdicts": list(verdicts.values()), "figures": figures}
        whole = record.joined(*({**each, "figures": {}} for each in sorted((whole, more), key=_latest)), latest)
    record.write(into / record.NAME, whole)
    return into / record.NAME


def _of_both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the record has of a case of which two files have a verdict."""
    was, new = sorted((other, one), key=lambda each: (each["session"], (each.get("last") or {}).get("session", "")))
    is_kept = was["session"] != new["session"] and record.keeps(was, new)
    return record.beside(was, new) if is_kept else new


def _copied(figure: str, other: Path, into: Path) -> bool:
    """Copy a figure, if it is there, and neither path leads out of its folder."""
    source, target = inside(other, figure), inside(into, figure)
    if source is None or target is None or not source.is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return True


def _latest(whole: Mapping[str, Any]) -> str:
    return max((verdict["session"] for verdict in whole["verdicts"]), default="")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.combine", description=__doc__.splitlines()[0])
    parser.add_argument("into", type=Path)
    parser.add_argument("others", nargs="+", type=Path, metavar="from")
    chosen = parser.parse_args()
    try:
        print(f"written to {combine(chosen.into, chosen.others)}")
    except ValueError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
