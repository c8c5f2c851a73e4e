"""Mutants: realistic mistakes planted one at a time in a copy of the repository; the tests named beside each must fail.

    python tests/mutants.py [--sample N] [--seed TEXT] [--only WORD] [--table FILE]

`mutants.toml` has them: file, old (which occurs exactly once in it), new, tests (as on pytest's command line), says.
Two run at a time, each in a copy of its own, in a fork of a process that has imported what takes longest to import. A
mutant that does not apply or compile, or whose tests do not pass without it, is refused.
"""

import argparse
import importlib
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_name("mutants.toml")
# The room of a file is that of the first of these that its path begins with.
ROOMS = {
    "claims/homework/measures": "measures",
    "claims/superposition/measures": "measures",
    "claims": "claims",
    "models": "models",
    "ontrial/stats": "stats",
    "ontrial/claim.py": "stats",
    "ontrial/registered.py": "registration",
    "ontrial/locking.py": "registration",
    "ontrial/expected.py": "registration",
    "ontrial/audit.py": "registration",
    "ontrial/running": "running",
    "ontrial/trainings.py": "running",
    "ontrial/functions.py": "running",
    "ontrial/fingerprint.py": "running",
    "ontrial/source.py": "running",
    "ontrial/files.py": "running",
    "ontrial/publish": "publish",
    "ontrial": "plugin and session",
}
_PRELOADED = [
    "numpy",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.stats",
    "torch",
    "numba",
    "jinja2",
    "tomlkit",
    "pytest",
]
_PRELOADED += ["matplotlib.figure", "matplotlib.backends.backend_agg", "filelock", "threadpoolctl", "tqdm"]
_LIMIT = 300  # seconds for the tests of a mutant
_AT_ONCE = 2
_BEGINNING = 1_000_000_000  # when all that is copied was last changed; each mutant has a time of its own, as bytecode
# and compiled loops are reused by time and size


@dataclass(frozen=True)
class Mutant:
    """A mistake. tests: those that notice it, as on pytest's command line; says: what is wrong with it."""

    file: str
    old: str
    new: str
    tests: str
    says: str

    @property
    def named(self) -> list[str]:
        """The files, folders and tests that it names, without options."""
        return shlex.split(re.sub(r" -k ('[^']*'|\S+)", "", self.tests))

    @property
    def room(self) -> str:
        return next(room for beginning, room in ROOMS.items() if self.file.startswith(beginning))

    def planted(self, folder: Path) -> str:
        """The file's text with the mistake in it. Raises ValueError where it does not apply or is no Python."""
        text = (folder / self.file).read_text(encoding="utf-8")
        if (found := text.count(self.old)) != 1:
            raise ValueError(f"its old text occurs {found} times in {self.file}, not once")
        if self.old == self.new:
            raise ValueError("it changes nothing")
        text = text.replace(self.old, self.new)
        if self.file.endswith(".py"):
            compile(text, self.file, "exec")  # a SyntaxError is a ValueError of its kind, caught beside it
        return text


def read(path: Path = LIST) -> list[Mutant]:
    """The mutants of a list, in its order. Raises TypeError where an entry has other parts."""
    return [Mutant(**each) for each in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]]


def refused(mutants: Iterable[Mutant], folder: Path = ROOT) -> list[str]:
    """A line for each mutant that does not apply or compile."""
    found = []
    for each in mutants:
        try:
            each.planted(folder)
        except (ValueError, SyntaxError, OSError) as error:
            found.append(f"{each.says}: {error}")
    return found


def copied(folder: Path) -> Path:
    """A copy of all files of the repository that git does not ignore, in a folder that is not there yet."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
            os.utime(folder / name, (_BEGINNING, _BEGINNING))
    return folder


def start(tests: str, folder: Path, limit: int = _LIMIT) -> int:
    """Start pytest with these tests in a copy, whose output is in its log; returns the process."""
    if pid := os.fork():
        return pid
    try:
        os.setsid()  # with whatever it starts
        signal.alarm(limit)
        log = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.chdir(folder)
        here = {"", str(ROOT), str(ROOT / "tests")}
        sys.path[:] = [str(folder), *(each for each in sys.path if each not in here)]
        os.environ["PYTHONPATH"] = str(folder)
        import pytest

        code = pytest.main([*shlex.split(tests), "-x", "-q", "-p", "no:cacheprovider", "--tb=line"])
        sys.stdout.flush()
        os._exit(int(code))
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(70)


def each_in_a_copy(
    tasks: Iterable[T], folders: Sequence[Path], begin: Callable[[T, Path], int], end: Callable[[T, Path, int], None]
) -> None:
    """Run tasks, as many at a time as there are copies.

    begin: starts one in a copy and returns its process; end: gets its exit code, negative where a signal ended it.
    """
    waiting, free, running = iter(tasks), list(folders), dict[int, tuple[T, Path]]()
    try:
        while True:
            while free and (task := next(waiting, None)) is not None:
                folder = free.pop()
                running[begin(task, folder)] = task, folder
            if not running:
                return
            pid, status = os.wait()
            task, folder = running.pop(pid)
            with suppress(OSError):  # nothing of it is left
                os.killpg(pid, signal.SIGKILL)
            end(task, folder, os.waitstatus_to_exitcode(status))
            free.append(folder)
    finally:
        for pid in running:
            os.killpg(pid, signal.SIGKILL)


def put(path: Path, content: bytes, number: int) -> None:
    """Write a file of a copy. number: 0 for its own content, another for each mutant."""
    path.write_bytes(content)
    os.utime(path, (_BEGINNING + number, _BEGINNING + number))


def failed(folder: Path) -> str:
    """The first test that failed, as a log has it, or its last line."""
    text = folder.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", text, re.MULTILINE)  # the last is of no pytest within it
    return found[-1] if found else text.strip().rpartition("\n")[2]


def table(mutants: Iterable[Mutant], survivors: Iterable[Mutant]) -> str:
    """A Markdown table: how many were planted in each room, and how many were noticed."""
    planted = [each.room for each in mutants]
    missed = [each.room for each in survivors]
    rows = [(room, planted.count(room), missed.count(room)) for room in dict.fromkeys(ROOMS.values())]
    rows.append(("all", len(planted), len(missed)))
    lines = ["| room | planted | noticed |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {room} | {count} | {count - lost} |" for room, count, lost in rows if count)])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Plant mistakes one at a time; the tests beside each must fail.")
    parser.add_argument("--sample", type=int, help="take so many, drawn by --seed")
    parser.add_argument("--seed", default="", help="any text, such as a commit's hash")
    parser.add_argument("--only", default="", metavar="WORD", help="take those with this word in file or sentence")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="write the table into this file, between its markers"
    )
    parser.add_argument("--list", type=Path, default=LIST, help="take another list")
    options = parser.parse_args(arguments)
    mutants = read(options.list)
    if problems := refused(mutants):
        print("these do not apply:", *problems, sep="\n  ")
        return 1
    chosen = [each for each in mutants if options.only in f"{each.file} {each.says}"]
    if options.sample is not None:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    began = time.monotonic()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # before they are imported: a fork must have one thread
    for name in _PRELOADED:
        importlib.import_module(name)
    failing: list[str] = []
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folders = [copied(Path(name) / f"copy-{place}") for place in range(_AT_ONCE)]

        before = dict[Path, bytes]()

        def ended_without(tests: str, folder: Path, code: int) -> None:
            if code:
                failing.append(folder.with_suffix(".log").read_text(encoding="utf-8", errors="replace"))

        def begin(mutant: Mutant, folder: Path) -> int:
            before[folder] = (folder / mutant.file).read_bytes()
            put(folder / mutant.file, mutant.planted(folder).encode(), mutants.index(mutant) + 1)
            return start(mutant.tests, folder)

        def end(mutant: Mutant, folder: Path, code: int) -> None:
            put(folder / mutant.file, before[folder], 0)
            if code != 1:
                survivors.append(mutant)
            words = "noticed " if mutant not in survivors else "SURVIVED"
            by = failed(folder) if code == 1 else f"no end in {_LIMIT} s" if code < 0 else f"pytest ended with {code}"
            print(words, mutant.says, f"({by})", flush=True)

        every = sorted({each for mutant in chosen for each in mutant.named})
        shares = [shlex.join(every[place::_AT_ONCE]) for place in range(_AT_ONCE)]
        each_in_a_copy(filter(None, shares), folders, lambda tests, folder: start(tests, folder, 3600), ended_without)
        if failing:
            print("tests fail without any mutant:", *failing, sep="\n")
            return 1
        print(f"the {len(every)} tests named pass without a mutant ({time.monotonic() - began:.0f} s)", flush=True)
        each_in_a_copy(chosen, folders, begin, end)
    found = table(chosen, survivors)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} noticed in {(time.monotonic() - began) / 60:.1f} minutes")
    print(*(f"survived: {each.says} ({each.file})" for each in survivors), found, sep="\n")
    if options.table:
        text = options.table.read_text(encoding="utf-8")
        marked = re.sub(
            r"(<!-- mutants -->\n).*?(<!-- /mutants -->)", lambda m: f"{m[1]}{found}\n{m[2]}", text, flags=re.DOTALL
        )
        options.table.write_text(marked, encoding="utf-8")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
