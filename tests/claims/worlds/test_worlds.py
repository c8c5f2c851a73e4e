"""Every claim holds where its sentence is true, and is refuted where it is false, or its neighbour is true instead."""

import pytest

from tests.claims.worlds import declared, judged, worlds

CASES = declared()
IN_WORLDS = [(world, case) for case in CASES for world in worlds(case.report) if world.is_of(case)]


@pytest.mark.parametrize(("world", "case"), IN_WORLDS, ids=[f"{case}: {world.says}" for world, case in IN_WORLDS])
def test_the_verdict_is_that_of_the_world(world, case, pytestconfig):
    found = judged(world, case, pytestconfig)
    assert found == world.verdict, f"{case} is {found} in a world where {world.says}"


@pytest.mark.parametrize("report", sorted({case.report for case in CASES}))
def test_every_case_of_every_claim_has_a_true_a_false_and_a_decoy_world(report):
    lacking = {}
    for case in (each for each in CASES if each.report == report):
        needed = {"true", "false"} if case.trainings is None else {"true", "false", "decoy"}
        if missing := needed - {world.kind for world in worlds(report) if world.is_of(case)}:
            lacking[str(case)] = sorted(missing)
    assert lacking == {}


def test_every_world_is_of_a_claim():
    for report in {case.report for case in CASES}:
        assert [each for each in worlds(report) if not any(map(each.is_of, CASES))] == []
