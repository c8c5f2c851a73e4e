"""Combining: the artifacts of several runs in one folder, such as those of a sharded full tier.

`python -m ontrial.publish.combine INTO FROM …` puts FROM's verdicts and their figures into INTO, whose own stay where
no other is newer.
"""

import argparse
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ontrial.publish import record


def combine(into: Path, others: Iterable[Path]) -> Path:
    """Put the verdicts of other artifacts' folders, and the figures they name, into one; answers verdicts.json.

    Of two verdicts of the same name the one of the later session stays. A folder without verdicts adds nothing.
    Raises OSError where `into` cannot be written.
    """
    into.mkdir(parents=True, exist_ok=True)
    whole = record.read(into / "verdicts.json")
    for other in others:
        found = record.read(other / "verdicts.json")
        newer = _newer(whole, found)
        for figure in {figure for verdict in newer for figure in verdict["figures"]}:
            if (other / figure).is_file():
                (into / figure).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(other / figure, into / figure)
        # A claim is declared as the file with the later session has it; each verdict goes by its own session.
        latest = {"sessions": [], "reports": [], "claims": [], "verdicts": [*_newer(found, whole), *newer]}
        whole = record.joined(*sorted((whole, found), key=_latest), latest)
    record.write(into / "verdicts.json", whole)
    return into / "verdicts.json"


def _newer(than: Mapping[str, Any], found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The verdicts of one file that the other has not, or has from an earlier session."""
    known = {record.key_of(verdict): verdict["session"] for verdict in than["verdicts"]}
    return [verdict for verdict in found["verdicts"] if known.get(record.key_of(verdict), "") < verdict["session"]]


def _latest(whole: Mapping[str, Any]) -> str:
    return max((verdict["session"] for verdict in whole["verdicts"]), default="")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ontrial.publish.combine", description=__doc__.splitlines()[0])
    parser.add_argument("into", type=Path)
    parser.add_argument("others", nargs="+", type=Path, metavar="from")
    chosen = parser.parse_args()
    print(f"written to {combine(chosen.into, chosen.others)}")


if __name__ == "__main__":
    main()
