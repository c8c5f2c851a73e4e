"""What the hooks of one session share: the claims on trial, the plan that trains for them, and what was found."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ontrial import registered
from ontrial.claim import Claim
from ontrial.collection import Declaration
from ontrial.expected import Expected, Name
from ontrial.publish.figures import Gallery
from ontrial.publish.frozen import CaseResult, Key
from ontrial.publish.record import readable
from ontrial.registered import Lock, Locks
from ontrial.report import Folder, task_of
from ontrial.running.plan import Plan, Trial, in_words
from ontrial.trainings import FAST_ALPHA, Scale, Training


@dataclass
class Session:
    """The state of a session.

    scales, artifacts: by tier; problems: of tests that cannot be judged, and why; expected: the expected verdicts of
    each report whose known.toml can be read, by its folder; complete: folders of reports whose claims were all
    collected; selected: claims that will be judged; unsure: claims whose code changed since it was locked; differing:
    how claims of the fast tier differ from their locks, a line each; drawn: the seeds and the path of every figure.
    """

    config: pytest.Config
    scales: Mapping[str, Scale]
    plan: Plan
    artifacts: Mapping[str, Path]
    gallery: Gallery
    claims: dict[pytest.Item, Declaration] = field(default_factory=dict)
    trials: dict[pytest.Item, Trial] = field(default_factory=dict)
    problems: dict[pytest.Item, str] = field(default_factory=dict)
    expected: dict[Path, dict[Name, Expected]] = field(default_factory=dict)
    complete: set[Path] = field(default_factory=set)
    selected: list[pytest.Item] = field(default_factory=list)
    unsure: list[pytest.Item] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    judged: dict[pytest.Item, Claim] = field(default_factory=dict)
    results: list[CaseResult] = field(default_factory=list)
    drawn: dict[tuple[object, ...], tuple[int, str]] = field(default_factory=dict)
    is_selected: bool = False
    is_written: bool = False
    has_failed_to_write: bool = False
    _locks: dict[Path, Locks] = field(default_factory=dict)
    _recorded: dict[Key, CaseResult] | None = None

    def say(self, line: str, *, always: bool = True) -> None:
        """Write a line to the terminal, where there is one; under -qq only what is said `always`."""
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None and (always or self.config.option.verbose > -2):
            terminal.write_line(line)

    @contextmanager
    def contain(self, item: pytest.Item) -> Iterator[None]:
        """Make what is raised in here a problem of this test, and of no other."""
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # pytest's own, such as that of pytest.fail, are no Exception
            text = in_words(error)
            is_ours = isinstance(error, ValueError | pytest.UsageError | pytest.fail.Exception)
            self.problems[item] = text.partition(": ")[2] if is_ours else text
            if (trial := self.trials.pop(item, None)) in self.plan.trials:
                self.plan.trials.remove(trial)

    def problem(self, item: pytest.Item) -> str:
        """What prevents judging a test, "" for nothing."""
        declared = self.claims.get(item)
        found = self.problems.get(item) or (declared.problem if declared else "")
        return f"{declared}: {found}" if declared and found else found

    def reports(self) -> list[Folder]:
        """The reports whose known.toml can be read."""
        found = dict.fromkeys(each.folder for each in self.claims.values())
        return [each for each in found if each.path in self.expected]

    def placed(self, declared: Declaration, tier: str | None = None) -> dict[Hashable, Training]:
        """A claim's trainings as its tier, or another, has them."""
        scale = self.scales[tier or declared.tier]
        return {name: each.at(scale) for name, each in declared.trainings.items()}

    def name(self, declared: Declaration) -> Name:
        """The claim's name in known.toml; its data are `counts` where nothing is trained."""
        kinds = sorted({each.judged_on for each in self.placed(declared).values()})
        return Name(declared.id, declared.case, declared.tier, " and ".join(kinds) or "counts")

    def locks(self, folder: Folder) -> Locks:
        """The registrations of a report. Raises ValueError for a damaged registered.toml, or one that lacks some."""
        if folder.path not in self._locks:
            claims = [each for path in self._folders for each in readable(path).claims if each.report == folder.name]
            known = {each.registered.hash for each in claims if each.registered}
            self._locks[folder.path] = registered.read(folder.path, known)
        return self._locks[folder.path]

    def lock(self, declared: Declaration) -> Lock | None:
        """The registration of a claim in full, None where it has none, and in the fast tier."""
        if declared.tier != "full":
            return None
        return registered.lock_of(self.locks(declared.folder), declared.id)

    def alpha(self, declared: Declaration) -> float:
        """The error allowed at each side of a claim's intervals; in full, under its registration, or else the next."""
        if declared.tier == "fast":
            return FAST_ALPHA
        report, lock = declared.folder.report, self.lock(declared)
        if lock is not None:
            return lock.alpha(report.alpha)
        task = task_of(report.tasks, declared.id).prefix
        return registered.next_alpha(self.locks(declared.folder), task, report.alpha)

    def recorded(self, declared: Declaration) -> CaseResult | None:
        """What the record has of a claim in full under its registration, or None."""
        if (lock := self.lock(declared)) is None:
            return None
        if self._recorded is None:
            self._recorded = {each.key: each for folder in self._folders for each in readable(folder).verdicts}
        return self._recorded.get((declared.folder.name, *self.name(declared), lock.number))

    @property
    def _folders(self) -> list[Path]:
        """Where verdicts were recorded: the project's own record, and that of this session, which counts more."""
        return list(dict.fromkeys((self.config.rootpath / "artifacts", self.artifacts["full"])))
