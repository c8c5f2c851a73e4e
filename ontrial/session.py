"""A session: the claims that are on trial in it, the plan that trains for them, and what was found."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from ontrial import registration
from ontrial.claim import Claim
from ontrial.declarations import Declaration
from ontrial.evidence.ranks import fewest
from ontrial.known import Known, Name
from ontrial.known import read as read_known
from ontrial.publish import reading
from ontrial.publish.entries import Judged, Key
from ontrial.publish.gallery import Gallery
from ontrial.registration import Criterion, Lock
from ontrial.running.plan import Plan
from ontrial.running.scale import TIERS, Scale, require_enough
from ontrial.running.store import canonical
from ontrial.running.trial import Trial
from ontrial.trainings import Runs, Training


@dataclass
class Session:
    """What is kept between hooks: the scales of both tiers, the plan, and the claims with their trials.

    artifacts: by tier; is_selected: whether claims were found and chosen; was_written: whether what came out was
    written, or at least tried; is_not_written: whether something could not be; collected_whole: folders of reports
    whose claims were all collected; drawn: the seeds and the path of every figure; gallery: what draws them.
    """

    root: Path
    scales: Mapping[str, Scale]
    plan: Plan
    artifacts: Mapping[str, Path]
    claims: dict[pytest.Item, Declaration] = field(default_factory=dict)
    trials: dict[pytest.Item, Trial] = field(default_factory=dict)
    is_selected: bool = False
    was_written: bool = False
    is_not_written: bool = False
    collected_whole: set[Path] = field(default_factory=set)
    judged: dict[pytest.Item, Claim] = field(default_factory=dict)
    records: list[Judged] = field(default_factory=list)
    drawn: dict[tuple[object, ...], tuple[int, str]] = field(default_factory=dict)
    gallery: Gallery = field(init=False)
    _locks: dict[Path, dict[str, Lock]] = field(default_factory=dict)
    _known: dict[Path, dict[Name, Known]] = field(default_factory=dict)
    _data: dict[Declaration, str] = field(default_factory=dict)
    _recorded: dict[Key, Judged] | None = None

    def __post_init__(self) -> None:
        self.gallery = Gallery(self.plan.workers)

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

    def lock(self, declared: Declaration) -> Lock | None:
        """The registration of a claim's task. Raises ValueError for a damaged registered.toml."""
        folder = declared.folder.path
        if folder not in self._locks:
            self._locks[folder] = registration.read(folder)
        return self._locks[folder].get(declared.folder.task_of(declared.sentence.id).prefix)

    def add(self, item: pytest.Item, declared: Declaration) -> None:
        """Put a claim on trial. Raises ValueError where its seeds cannot decide anything, or it is not registered."""
        scale, lock = self.scale(declared), None
        if declared.tier == "full":
            lock = self.lock(declared)
            if lock is None and declared.trainings:
                raise ValueError(
                    f"{declared} is not registered: its seeds in full are drawn from its registration. Lock the "
                    "criteria of its report with `pytest --register` first"
                )
            if problem := self.differs_before_training(declared):
                self.claims[item] = replace(declared, problem=problem)
                return
        alpha = scale.alpha if lock is None else lock.alpha(scale.alpha)
        looks = () if declared.looks is None else scale.looks(declared.looks)
        if looks:
            require_enough(looks[-1], fewest(alpha))  # a first look may be too early for a later registration
        self.trials[item] = Trial(
            str(declared),
            self.placed(declared),
            looks or (0,),
            (lambda count: tuple(range(count))) if lock is None else lock.seeds,
            lambda seeds, fixed: Claim(declared.sentence, declared.case, alpha, seeds, fixed),
            partial(_call, item, declared),
        )
        self.plan.add(self.trials[item])

    def differs(self, declared: Declaration, claim: Claim) -> str:
        """How a claim that was judged in full differs from its registration, in words; "" where it does not."""
        if declared.tier != "full" or (self.lock(declared) is None and not declared.trainings):
            return ""  # a count needs no seeds, so that it may be judged before it is registered
        found = self.criterion(declared, registration.conditions(claim.judged_here))
        return registration.difference(self.lock(declared), found)

    def differs_before_training(self, declared: Declaration) -> str:
        """How what a claim trains, and when it is looked at, differs from its registration; "" where it does not."""
        if not declared.trainings or (lock := self.lock(declared)) is None:
            return ""
        locked = lock.find(declared.sentence.id, declared.case)
        return registration.difference(lock, self.criterion(declared, locked.conditions if locked else ()))

    def recorded(self, declared: Declaration) -> Judged | None:
        """What the record has of a claim in full under its registration, or None."""
        lock = self.lock(declared) if declared.tier == "full" else None
        if lock is None:
            return None
        if self._recorded is None:
            self._recorded = {each.key: each for each in reading.verdicts(self.artifacts["full"])}
        name = (declared.folder.name, declared.sentence.id, declared.case, "full", self.data(declared), lock.number)
        return self._recorded.get(name)

    def criterion(self, declared: Declaration, conditions: tuple[str, ...]) -> Criterion:
        """What a registration locks of a claim with these conditions, with its trainings as full has them."""
        said = declared.sentence
        return Criterion(
            said.id,
            declared.case,
            conditions,
            self.scales["full"].alpha,
            () if declared.looks is None else declared.looks.at,
            {str(name): canonical(each.terms()) for name, each in self.placed(declared, "full").items()},
            said.statement,
            said.source,
            said.kind,
        )


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
