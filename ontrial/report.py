"""A report on trial: a folder of claims, and what its report.py says of it."""

import re
import runpy
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Task:
    """A task of a report: the letters that its claims' ids begin with, its part and number, and its subject."""

    prefix: str
    part: str
    number: str
    subject: str


OTHERS = Task("", "Claims", "", "Claims of no task")


def task_of(tasks: Iterable[Task], claim: str) -> Task:
    """The task that a claim's id belongs to: that of the longest prefix that a digit follows."""
    found = [task for task in tasks if re.match(rf"{re.escape(task.prefix)}\d", claim)]
    return max(found, key=lambda task: len(task.prefix), default=OTHERS)


@dataclass(frozen=True)
class Report:
    """What is on trial: title, source (who wrote it, and for what), link, and its tasks in their order.

    sides: on how many sides its verdicts may be wrong by sampling, together in 5 % of all studies at most.
    Raises ValueError for fewer than one side.
    """

    title: str
    source: str = ""
    link: str = ""
    tasks: tuple[Task, ...] = ()
    sides: int = 200

    def __post_init__(self) -> None:
        if not isinstance(self.sides, int) or self.sides < 1:
            raise ValueError(f"sides={self.sides!r}: a report has at least one side on which a verdict can be wrong")

    @property
    def alpha(self) -> float:
        """The error allowed at each side in full, at a first registration."""
        return 0.05 / self.sides


@dataclass(frozen=True)
class Folder:
    """A report with the folder that its claims lie in; the report is named after that folder."""

    path: Path
    report: Report = field(compare=False)

    @property
    def name(self) -> str:
        return self.path.name


def mutations(folder: Path) -> dict[str, dict[str, str]]:
    """What mutations.toml in a report's folder says of claims, by id; nothing where there is no such file.

    change: of training, data or order, which must turn the claim over; by_construction: why it can hardly fail.
    Raises ValueError for a file that is not TOML.
    """
    path = folder / "mutations.toml"
    try:
        claims = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return {id: {name: " ".join(str(words).split()) for name, words in each.items()} for id, each in claims.items()}


def by_construction(folder: Path) -> dict[str, str]:
    """Why claims of a report can hardly fail, by id. Raises ValueError for a mutations.toml that cannot be read."""
    return {id: each["by_construction"] for id, each in mutations(folder).items() if "by_construction" in each}


@cache
def folder_of(module: Path) -> Folder:
    """The report that a test module belongs to: the nearest folder above with a report.py, else its own folder.

    Raises ValueError where a report.py cannot be imported or has no REPORT.
    """
    for folder in module.resolve().parents:
        if (path := folder / "report.py").is_file():
            try:
                found = runpy.run_path(str(path)).get("REPORT")
            except Exception as error:
                raise ValueError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
            if not isinstance(found, Report):
                raise ValueError(f"{path} must set REPORT = Report(title, …), with Report from ontrial")
            return Folder(folder, found)
        if not (folder / "__init__.py").is_file():
            break
    own = module.resolve().parent
    return Folder(own, Report(own.name))
