"""A session: the claims that are on trial in it, the plan that trains for them, and what was found."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from ontrial import registered, registration
from ontrial.claim import Claim
from ontrial.declarations import Declaration
from ontrial.fingerprint import code_digests
from ontrial.known import Known, Name
from ontrial.known import read as read_known
from ontrial.publish.figures import Gallery
from ontrial.publish.frozen import CaseResult, Key
from ontrial.publish.record import readable
from ontrial.registration import Criterion, Lock, Locks
from ontrial.report import Folder
from ontrial.running.plan import Plan
from ontrial.running.store import canonical
from ontrial.running.trial import Draw, Trial, in_words
from ontrial.stats.ranks import fewest
from ontrial.stats.verdicts import Evidence
from ontrial.trainings import FAST_ALPHA, TIERS, Runs, Scale, Training


@dataclass
class Session:
    """What is kept between hooks: the scales of both tiers, the plan, and the claims with their trials.

    artifacts: by tier; problems: of claims that cannot be judged, and why; damaged: folders of reports whose known.toml
    cannot be read; is_selected: whether claims were found and chosen; was_written: whether what came out was written,
    or at least tried; is_not_written: whether something could not be; collected_whole: folders of reports whose claims
    were all collected; drawn: the seeds and the path of every figure; gallery: what draws them; selected: claims that
    will be judged; doubtful: claims whose code changed since it was locked; differing: how claims of the fast tier
    differ from their locks, a line each.
    """

    root: Path
    scales: Mapping[str, Scale]
    plan: Plan
    artifacts: Mapping[str, Path]
    claims: dict[pytest.Item, Declaration] = field(default_factory=dict)
    trials: dict[pytest.Item, Trial] = field(default_factory=dict)
    problems: dict[pytest.Item, str] = field(default_factory=dict)
    damaged: set[Path] = field(default_factory=set)
    is_selected: bool = False
    was_written: bool = False
    is_not_written: bool = False
    collected_whole: set[Path] = field(default_factory=set)
    judged: dict[pytest.Item, Claim] = field(default_factory=dict)
    records: list[CaseResult] = field(default_factory=list)
    drawn: dict[tuple[object, ...], tuple[int, str]] = field(default_factory=dict)
    selected: list[pytest.Item] = field(default_factory=list)
    doubtful: list[pytest.Item] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    gallery: Gallery = field(init=False)
    _locks: dict[Path, Locks] = field(default_factory=dict)
    _known: dict[Path, dict[Name, Known]] = field(default_factory=dict)
    _data: dict[Declaration, str] = field(default_factory=dict)
    _recorded: dict[Key, CaseResult] | None = None

    def __post_init__(self) -> None:
        self.gallery = Gallery(self.plan.workers)

    @contextmanager
    def contain(self, item: pytest.Item) -> Iterator[None]:
        """Make what is raised in here a problem of this test, and of no other."""
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # pytest's own, such as that of pytest.fail, are no Exception
            said = in_words(error)
            is_ours = isinstance(error, ValueError | pytest.UsageError | pytest.fail.Exception)
            self.problems[item] = said.partition(": ")[2] if is_ours else said
            if (trial := self.trials.pop(item, None)) in self.plan.trials:
                self.plan.trials.remove(trial)

    def problem(self, item: pytest.Item) -> str:
        """What keeps a test from being judged, "" for nothing."""
        declared = self.claims.get(item)
        found = self.problems.get(item) or (declared.problem if declared else "")
        return f"{declared}: {found}" if declared and found else found

    def sound(self) -> list[Declaration]:
        """The claims of reports whose files can be read."""
        return [each for each in self.claims.values() if each.folder.path not in self.damaged]

    def scale(self, declared: Declaration) -> Scale:
        """The scale of a claim's tier."""
        return self.scales[declared.tier]

    def placed(self, declared: Declaration, tier: str | None = None) -> dict[Hashable, Training]:
        """A claim's trainings as its tier, or another, has them."""
        scale = self.scales[tier or declared.tier]
        return {name: each.at(scale) for name, each in declared.trainings.items()}

    def data(self, declared: Declaration) -> str:
        """What a claim is judged on; `counts` where nothing is trained."""
        if declared not in self._data:
            kinds = sorted({each.judged_on for each in self.placed(declared).values()})
            self._data[declared] = " and ".join(kinds) or "counts"
        return self._data[declared]

    def known_name(self, declared: Declaration) -> Name:
        """The claim's name in known.toml."""
        return Name(declared.sentence.id, declared.case, declared.tier, self.data(declared))

    def known(self, declared: Declaration) -> Known | None:
        """What is known of a claim here, or None."""
        return self.all_known(declared.folder.path).get(self.known_name(declared))

    def all_known(self, folder: Path) -> dict[Name, Known]:
        """What is known of a report's claims. Raises ValueError for a damaged known.toml."""
        if folder not in self._known:
            self._known[folder] = read_known(folder)
        return self._known[folder]

    def locks(self, folder: Folder) -> Locks:
        """The registrations of a report. Raises ValueError for a damaged registered.toml, or one that lacks some."""
        if folder.path not in self._locks:
            known = {
                each.registered.hash for path in self._records for each in readable(path).claims
                if each.report == folder.name and each.registered
            }  # fmt: skip
            self._locks[folder.path] = registered.read(folder.path, known)
        return self._locks[folder.path]

    def lock(self, declared: Declaration) -> Lock | None:
        """The registration of a claim in full, None where it has none, and in the fast tier."""
        if declared.tier != "full":
            return None
        return registration.lock_of(self.locks(declared.folder), declared.sentence.id)

    def alpha(self, declared: Declaration) -> float:
        """The error allowed at each side of a claim's intervals."""
        if declared.tier == "fast":
            return FAST_ALPHA
        lock, of = self.lock(declared), declared.folder.report.alpha
        return of if lock is None else lock.alpha(of)

    def add(self, item: pytest.Item, declared: Declaration) -> None:
        """Put a claim on the plan. Raises ValueError where its seeds cannot decide anything."""
        if declared.tier == "full" and (problem := self._problem_before_training(item, declared)):
            self.claims[item] = replace(declared, problem=problem)
            return
        lock, alpha = self.lock(declared), self.alpha(declared)
        looks = () if declared.looks is None else self.scale(declared).looks(declared.looks, fewest(alpha))
        draw = (lambda count: tuple(range(count))) if lock is None else lock.seeds
        self.trials[item] = self.trial(item, declared, declared.tier, looks or (0,), draw)
        self.plan.add(self.trials[item])

    def trial(self, item: pytest.Item, declared: Declaration, tier: str, looks: tuple[int, ...], draw: Draw) -> Trial:
        """A claim's case at a tier, with so many seeds a look."""
        alpha = self.alpha(replace(declared, tier=tier))
        return Trial(
            str(declared),
            self.placed(declared, tier),
            looks,
            draw,
            lambda seeds, fixed: Claim(declared.sentence, declared.case, alpha, seeds, fixed),
            partial(_call, item, declared),
        )

    def _problem_before_training(self, item: pytest.Item, declared: Declaration) -> str:
        """How a claim in full differs from its registration, as far as that is known now; "" where it does not."""
        lock, name = self.lock(declared), f"{declared}"
        if lock is None:
            # A count needs no seeds, so it may be judged before it is registered.
            return (
                ""
                if not declared.trainings
                else (
                    f"{name} is not registered: its seeds in full are drawn from its registration. Lock it with "
                    "`pytest --register`, then run full"
                )
            )
        locked = lock.find(declared.sentence.id, declared.case)
        if locked is None:
            return f"{name}: this case is not in registration {lock.number}, which locked the other cases. {AGAIN}"
        found = self.criterion(item, declared, locked.conditions, locked.among)
        if differs := registration.differences(locked, found):
            return registration.explained(self.locks(declared.folder), differs)
        if changed := registration.changed_code(locked, found):
            if (before := self.recorded(declared)) is None or not before.evidence:
                return (
                    f"{name}: code changed since it was registered on {lock.on} ({', '.join(changed)}), and the record "
                    f"has no values to compare. Restore the code, or lock the claim again. {AGAIN}"
                )
            self.doubtful.append(item)
        return ""

    def differences(
        self, item: pytest.Item, declared: Declaration, evidence: tuple[Evidence, ...]
    ) -> registration.Differences | None:
        """How a claim that was judged differs from its registration, code aside; None where it does not."""
        locks = self.locks(declared.folder)
        found = self.criterion(item, declared, registration.conditions(evidence), registration.among(evidence))
        locked = registration.locked(locks, found)
        return registration.differences(locked, found) if locked else None

    def changed(self, item: pytest.Item, declared: Declaration) -> list[str]:
        """The functions of a claim whose code is not what its registration locked."""
        found = self.criterion(item, declared, (), ())
        locked = registration.locked(self.locks(declared.folder), found)
        return registration.changed_code(locked, found) if locked else []

    def note_difference(self, item: pytest.Item, declared: Declaration, evidence: tuple[Evidence, ...]) -> None:
        """Remember how a claim of the fast tier differs from its registration, where its report is registered."""
        try:
            if not self.locks(declared.folder):
                return
            if registration.lock_of(self.locks(declared.folder), declared.sentence.id) is None:
                self.differing.append(f"{declared}: not registered")
                return
            differs = self.differences(item, declared, evidence)
            parts = [*(differs.parts if differs else ()), *self.changed(item, declared)]
        except ValueError as error:
            parts = [str(error)]
        if parts:
            self.differing.append(f"{declared}: {', '.join(parts)}")

    def recorded(self, declared: Declaration) -> CaseResult | None:
        """What the record has of a claim in full under its registration, or None."""
        lock = self.lock(declared)
        if lock is None:
            return None
        if self._recorded is None:
            found = [each for folder in self._records for each in readable(folder).verdicts]
            self._recorded = {each.key: each for each in found}
        name = (declared.folder.name, declared.sentence.id, declared.case, "full", self.data(declared), lock.number)
        return self._recorded.get(name)

    @property
    def _records(self) -> list[Path]:
        """Where verdicts were recorded: in the project's own record, and in that of this session, which counts more."""
        return list(dict.fromkeys((self.root / "artifacts", self.artifacts["full"])))

    def criterion(
        self, item: pytest.Item, declared: Declaration, conditions: tuple[str, ...], among: tuple[bool, ...]
    ) -> Criterion:
        """What a registration locks of a claim with these conditions, with its trainings as full has them."""
        said, placed = declared.sentence, self.placed(declared, "full")
        return Criterion(
            said.id,
            declared.case,
            conditions,
            declared.folder.report.alpha,
            () if declared.looks is None else declared.looks.at,
            {str(name): canonical(each.terms()) for name, each in placed.items()},
            said.statement,
            said.source,
            said.kind,
            among,
            {str(name): canonical(each.defaults()) for name, each in placed.items()},
            self.code(item, declared),
        )

    def code(self, item: pytest.Item, declared: Declaration) -> dict[str, str]:
        """Digests of the code that turns runs into numbers: that of the test, and that of its trainings."""
        own = getattr(item, "originalname", item.name)
        plain = all(_is_plain(each) for each in declared.parameters.values())
        found = dict(code_digests(own, item.path, parametrised=not plain))
        if own in found:
            found = {TEST: found.pop(own)} | found
        for each in self.placed(declared, "full").values():
            for name, digest in each.code().items():
                found[name] = digest if found.get(name, digest) == digest else f"{found[name]}+{digest}"
        return dict(sorted(found.items()))


TEST = "test"  # what a lock calls a claim's own test, whatever its name
AGAIN = "`pytest --register --yes --claim ID` does that, with other seeds and half the error."


def _is_plain(value: object) -> bool:
    """Whether the name of a case tells its parameter whole."""
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def _call(item: pytest.Item, declared: Declaration, claim: Claim, runs: Runs) -> None:
    """Call a claim's test, as pytest will at the last look."""
    given = {"claim": claim, **declared.parameters} | ({"runs": runs} if declared.takes_runs else {})
    item.obj(**given)  # type: ignore[attr-defined]


def scales(options: Mapping[str, str | None], seeds: int | None, most: int | None) -> dict[str, Scale]:
    """The scales of both tiers. Raises ValueError for numbers of seeds that cannot be."""
    if seeds is not None and seeds < 1:
        raise ValueError(f"--seeds {seeds}: at least 1 seed has to be trained")
    if seeds is not None and most is not None:
        raise ValueError("--seeds takes exactly so many, --most-seeds at most so many: give one of them")
    return {tier: Scale(tier, dict(options), seeds, most) for tier in TIERS}
