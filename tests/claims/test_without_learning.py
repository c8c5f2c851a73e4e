"""The homework's claims with a learning rate of 0: none about learning may hold, and their sides are few enough."""

import subprocess
import sys
from pathlib import Path

import pytest

from ontrial.publish.frozen import CaseResult
from ontrial.publish.record import readable
from tests.claims.test_claims import COUNTS, IDS, LEARNED, ROOT

MOST_SIDES = 200  # at an error of 1/4000 each, all verdicts together err in at most one of twenty repetitions


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[CaseResult, ...]:
    """What a fast session finds where nothing learns."""
    folder = tmp_path_factory.mktemp("without-learning")
    options = ["claims/homework", "-m", "fast", f"--store={folder / 'runs'}", f"--artifacts={folder / 'artifacts'}"]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.models.without_learning", *options],
        cwd=ROOT,
        check=False,
        timeout=900,
    )
    [path] = Path(folder / "artifacts").rglob("verdicts.json")
    return readable(path.parent).verdicts


def test_without_learning_no_claim_about_learning_holds(judged):
    about_learning = [verdict for verdict in judged if verdict.dataset != "counts"]
    assert {verdict.id for verdict in about_learning} == set(IDS) - COUNTS
    assert [(verdict.id, verdict.case) for verdict in about_learning if verdict.found == "holds"] == []
    assert {str(verdict.found) for verdict in about_learning} <= {"refuted", "inconclusive"}


def test_so_few_sides_can_be_wrong_that_all_verdicts_together_seldom_are(judged):
    """Preconditions and cases count; plain counts do not."""
    assert {verdict.id for verdict in judged} == set(IDS)
    sides = sum(each.sides for verdict in judged for each in verdict.evidence)
    assert 100 < sides <= MOST_SIDES


def test_every_precondition_is_judged(judged):
    found = {
        verdict.id
        for verdict in judged
        if any(each.interval.measure == "final / first training loss" for each in verdict.evidence)
    }
    assert found == LEARNED
