"""`ontrial.load`: what the record and the run store have of a claim, for a notebook or a script."""

import io
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ontrial.publish.frozen import CaseResult
from ontrial.publish.record import NAME, readable
from ontrial.running.store import with_needs
from ontrial.source import is_installed
from ontrial.stats.verdicts import Interval, Verdict
from ontrial.trainings import TIERS, Runs

if TYPE_CHECKING:
    from ontrial.collection import Declaration
    from ontrial.state import Session

_QUIET = ("--collect-only", "--capture=no", "-pno:cacheprovider", "-Wignore::pytest.PytestAssertRewriteWarning")


@dataclass(frozen=True)
class Loaded:
    """One case of a claim, as it was judged.

    result: what the record has of it: tier, dataset, registration, looks and all else; runs: of the seeds that it was
    judged by, by the names of its trainings, as its test takes them.
    """

    result: CaseResult
    runs: Runs

    @property
    def verdict(self) -> Verdict:
        return self.result.found

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """The interval of each condition, in the order of `holds_if`, with the value of every seed."""
        return tuple(each.interval for each in self.result.evidence)


def load(
    folder: str | Path, claim: str, case: str = "", *, tier: str | None = None, options: Sequence[str] = ()
) -> Loaded:
    """What the record and the run store have of a claim: its verdict, intervals and runs. Nothing is trained but
    a seed that is found damaged.

    folder: of the report; case: where the claim has several; tier: fast or full, by default full if the record has it;
    options: pytest's, as on its command line, such as "--ontrial-store=FOLDER". The report's modules are imported, as
    pytest does.

    Raises LookupError where the report has no such claim, the record no such result, or the store not all of its runs,
    and ValueError where pytest finds no claims, with what it said, and for another tier.
    """
    if tier not in (None, *TIERS):
        raise ValueError(f"there is no tier {tier}: there are {' and '.join(TIERS)}")
    session = _collected(Path(folder), options)
    declared = {(each.tier, each.case): each for each in session.claims.values() if each.id == claim}
    if not declared:
        known = ", ".join(dict.fromkeys(each.id for each in session.claims.values()))
        raise LookupError(f"{folder} has no claim {claim}; there are {known}")
    cases = dict.fromkeys(case for _, case in declared)
    if case not in cases:
        raise LookupError(f"{claim} has the cases {', '.join(cases)}: name one of them")
    tiers = (tier,) if tier else ("full", "fast")
    for each in tiers:
        if (result := _recorded(session, declared[each, case])) is not None:
            return Loaded(result, _runs(session, declared[each, case], result))
    places = " or ".join(str(session.artifacts[each] / NAME) for each in tiers)
    words = " -m full" if tier == "full" else ""
    raise LookupError(f"{declared[tiers[-1], case]} is not in {places}: judge it first, with `pytest{words}`")


def _collected(folder: Path, options: Sequence[str]) -> "Session":
    """The session of pytest in which a report was collected."""
    import pytest

    from ontrial import plugin

    found: list[pytest.Config] = []

    class Remember:
        def pytest_collection(self, session: pytest.Session) -> None:
            found.append(session.config)

    before, said = set(sys.modules), io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        pytest.main([str(folder.resolve()), *_QUIET, "-m", "fast or full", *options], plugins=[Remember()])
    _forget(folder.resolve(), set(sys.modules) - before)
    session = found[0].stash.get(plugin.SESSION, None) if found else None
    if session is None or not session.claims:
        raise ValueError(f"pytest finds no claim in {folder}:\n{said.getvalue()}")
    return session


def _forget(folder: Path, modules: Iterable[str]) -> None:
    """Forget the report's own modules, so that the next call finds what was changed."""
    for name in modules:
        path = Path(getattr(sys.modules[name], "__file__", None) or "")
        if path.name == "conftest.py" or (path.is_relative_to(folder) and not is_installed(path)):
            del sys.modules[name]


def _recorded(session: "Session", declared: "Declaration") -> CaseResult | None:
    """What the record has of a claim on the data, and under the registration, that it has now."""
    lock, name = session.lock(declared), session.name(declared)
    key = (declared.folder.name, *name, lock.number if lock else None)
    if declared.tier == "full" and lock is None:
        return None
    return next((each for each in readable(session.artifacts[declared.tier]).verdicts if each.key == key), None)


def _runs(session: "Session", declared: "Declaration", result: CaseResult) -> Runs:
    """The runs behind a result. Raises LookupError where the store lacks any of them."""
    lock, plan = session.lock(declared), session.plan
    count = result.looks[-1].seeds if result.looks else 0
    seeds = lock.seeds(count) if lock else tuple(range(count))
    placed = session.placed(declared) if seeds else {}
    missing = sum(plan.missing(each, seeds) for each in with_needs(placed.values()))
    if missing:
        tier = " -m full" if lock else ""
        raise LookupError(
            f"{plan.setting.store.folder} lacks {missing} runs of {declared}, by their present settings, code and "
            f'versions: train them with `pytest{tier}`, or name their store, options=["--ontrial-store=FOLDER"]'
        )
    return Runs({name: plan.run(training, seeds) for name, training in placed.items()})
