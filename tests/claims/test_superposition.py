"""The claims on toy models: with a learning rate of 0 none may hold; and how small their trainer is."""

import ast
import json
from dataclasses import replace
from functools import cache

import pytest
import torch

from ontrial import Arrays, Claim, Run, Runs
from ontrial.functions import FunctionTraining
from ontrial.trainings import FAST_ALPHA, Scale
from tests.claims.worlds import ROOT, declared

CASES = [case for case in declared() if case.report == "superposition"]
SEEDS = tuple(range(8))


def test_every_claim_of_the_paper_has_one_test():
    assert {case.id for case in CASES} == {f"T{number}" for number in range(1, 20)}
    assert len({case.test.__name__ for case in CASES}) == 19


def test_the_training_is_at_most_ninety_lines_of_plain_torch():
    path = ROOT / "claims" / "superposition" / "training.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 90
    nodes = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in nodes}
    assert names == {"collections.abc", "numpy", "torch", "torch.nn.functional", "ontrial"}


@cache
def untrained(of: FunctionTraining) -> Arrays:
    """What a training records in 100 steps, at the miniature's sizes."""
    short = replace(of, fast=json.dumps(json.loads(of.fast) | {"steps": 100})).at(Scale("fast"))
    assert short.settings()["steps"] == 100
    return short.train(SEEDS, [])


@pytest.fixture(scope="module", autouse=True)
def without_learning():
    """Every optimizer has a learning rate of 0."""
    optimizer = torch.optim.AdamW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "AdamW", lambda parameters, lr: optimizer(parameters, lr=0.0 * lr))
        yield


@pytest.mark.parametrize("module", sorted({case.module.__name__ for case in CASES}))  # whose claims share trainings
def test_without_learning_no_claim_holds(module: str):
    found = {}
    for case in (case for case in CASES if case.module.__name__ == module):
        runs = {name: Run(each, SEEDS, untrained(each)) for name, each in case.trainings.items()}
        assert all((run.weights[..., 0, :, :] == run.weights[..., -1, :, :]).all() for run in runs.values())
        claim = Claim(case.id, FAST_ALPHA, SEEDS)
        case.test(claim=claim, runs=Runs(runs), **case.parameters)
        found[str(case)] = claim.verdict
    assert {name for name, verdict in found.items() if verdict not in ("refuted", "inconclusive")} == set()
