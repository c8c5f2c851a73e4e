"""Prune a run store that is reused by many sessions: `ontrial prune STORE --unused-since TIME`.

Nothing else deletes a run.
"""

import argparse
import re
from collections import defaultdict
from pathlib import Path

_FILE = re.compile(r"\.?([0-9a-f]{64})\.(?:json|npz)(.*)")  # of a run; rest: set aside, or left by a killed process


def prune(store: Path, since: float) -> tuple[int, int]:
    """Delete the runs, with their locks, that were neither stored nor read since a time stamp; other files stay.

    Returns how many runs were deleted and how many bytes.
    """
    files = defaultdict(list)
    for path in store.glob("??/*"):
        if name := _FILE.fullmatch(path.name):
            files[name.groups()].append(path)
    runs = size = 0
    for (key, rest), paths in files.items():
        stats = [path.stat() for path in paths]
        if max(max(each.st_mtime, each.st_atime) for each in stats) < since:
            for path in sorted(paths):  # the description first: without it nothing was ever finished
                path.unlink(missing_ok=True)
            if not rest:
                (store / "locks" / f"{key}.lock").unlink(missing_ok=True)
                runs += 1
            size += sum(each.st_size for each in stats)
    return runs, size


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="ontrial prune", description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="the run store")
    parser.add_argument("--unused-since", type=float, required=True, metavar="TIME", help="seconds, as of `date +%%s`")
    options = parser.parse_args(arguments)
    if not options.store.is_dir():
        parser.error(f"{options.store} is no folder: name the run store")
    runs, size = prune(options.store, options.unused_since)
    print(f"deleted {runs:,} runs that no session has used since, {size / 2**20:,.1f} MiB")


if __name__ == "__main__":
    main()
