"""What was chosen: tiers, reports and claims, and whether a test will be judged at all."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.skipping import evaluate_skip_marks

from ontrial.declarations import is_ours
from ontrial.session import Session
from ontrial.trainings import TIERS

MARKERS = (
    "fast: quick checks in miniature; needs no network",
    "full: the report's own settings, with seeds drawn from the registration",
    "claim(id, statement, source, kind, trains): one sentence of a report, with the trainings that its test needs",
)


def add_markers(config: pytest.Config) -> None:
    """Tell pytest the markers of claims."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)


def require_named(config: pytest.Config, own: Iterable[str]) -> None:
    """Raises ValueError for an option that was given without its value, such as `--store=$UNSET`.

    own: names of the suite's own options.
    """
    for name in ("store", "artifacts", "engine", "claim", "report", *own):
        given = getattr(config.option, name, None)
        texts = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        if not all(str(text).strip(" ,") for text in texts):
            raise ValueError(f"--{name.replace('_', '-')} is empty: give it a value, or leave it out")


def require_fast_for_register(config: pytest.Config) -> None:
    """Raises ValueError where full is asked for with `--register`, which locks what fast evaluates."""
    if config.option.register and "full" in _words(config):
        raise ValueError("--register locks what the fast tier evaluates: leave -m full out")


def select(config: pytest.Config, session: Session, items: list[pytest.Item]) -> None:
    """Keep the tests of the claims, reports and tiers that were asked for, fast where no tier is named.

    Leaves a suite without claims alone. Raises pytest.UsageError for what is not there.
    """
    known = {re.split(r"[:(]", line)[0].strip() for line in config.getini("markers")}
    if session.claims and (unknown := sorted(_words(config) - known)):
        raise pytest.UsageError(f"-m {' '.join(unknown)}: unknown; the tiers are {' and '.join(TIERS)}")
    kept = _asked_for(config, session, items)
    if not _words(config) & set(TIERS):
        kept = [item for item in kept if not _is_full(item)]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def _asked_for(config: pytest.Config, session: Session, items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests of the claims and reports that were asked for; all where none was."""
    claims, reports = _split(config.option.claim), _split(config.option.report)
    found = session.claims
    known = list(dict.fromkeys(each.folder.name for each in found.values()))
    if unknown := [name for name in reports if name not in known]:
        raise pytest.UsageError(f"--report {', '.join(unknown)}: unknown here; there are {', '.join(known)}")
    inside = {item: each for item, each in found.items() if not reports or each.folder.name in reports}
    wanted: set[tuple[str, str]] = set()
    for name in claims:
        report, _, claim = name.rpartition("/")
        matches = {
            (each.folder.name, each.sentence.id)
            for each in inside.values()
            if each.sentence.id == claim and report in ("", each.folder.name)
        }
        if not matches:
            ids = ", ".join(dict.fromkeys(each.sentence.id for each in inside.values()))
            raise pytest.UsageError(f"--claim {name}: unknown here; there are {ids}")
        if len(matches) > 1:
            which = " and ".join(f"{report}/{claim}" for report, claim in sorted(matches))
            raise pytest.UsageError(f"--claim {name}: several reports have it, {which}: name one")
        wanted |= matches
    if not claims and not reports:
        return items
    return [
        item for item in items
        if item in inside and (not claims or (inside[item].folder.name, inside[item].sentence.id) in wanted)
    ]  # fmt: skip


def _is_full(item: pytest.Item) -> bool:
    """Whether a test has our fixture `tier`, with full."""
    given = getattr(item, "callspec", None)
    return given is not None and given.params.get("tier") == "full" and is_ours(item, "tier")


def _words(config: pytest.Config) -> set[str]:
    """The markers that `-m` names."""
    expression = re.sub(r"\([^()]*=[^()]*\)", "", config.option.markexpr or "")
    return set(re.findall(r"\w+", expression)) - {"and", "or", "not"}


def is_judged(item: pytest.Item, session: Session) -> bool:
    """Whether a test is a claim that will be called: nothing may be trained for another."""
    return item in session.claims and not session.problem(item) and evaluate_skip_marks(item) is None


def only_sets_up(option: Any) -> bool:
    """Whether pytest was asked for its fixtures or its plan, and will call no test."""
    names = ("setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")
    return any(getattr(option, name, False) for name in names)


def _split(given: Iterable[str]) -> list[str]:
    return [name for text in given for part in text.split(",") if (name := part.strip())]
