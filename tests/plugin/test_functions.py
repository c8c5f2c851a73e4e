"""What a function is given by its annotations: arrays of another training, options, progress, a checkpoint."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ontrial import Arrays, Checkpoint, Options, Progress, registered, training
from ontrial.running.store import described
from ontrial.trainings import Scale
from tests.conftest import said
from tests.running.planted import noise

LOTTERY = '''
"""A miniature of the lottery ticket hypothesis: train, prune the smallest fifth, rewind, train again."""

import numpy as np
import pytest

from ontrial import Arrays, Looks, Progress, training

ROUNDS, WIDTH = 4, 30
RATES = (0.2, 0.2, 0.2, 0.2)


def points(random, n):
    x = random.uniform(-1, 1, (n, 2))
    return x, (x[:, 0] * x[:, 1] > 0).astype(float)


def forward(weights, x):
    hidden = np.maximum(0, x @ weights["in"] + weights["bias"])
    return hidden, 1 / (1 + np.exp(-hidden @ weights["out"]))


@training(looks=Looks((16, 24, 32), budget=32), fast=dict(steps=100), losses=("train_loss",))
def ticket(pruned: float, steps: int = 150, *, seed: int, before: Arrays | None = None, progress: Progress):
    random = np.random.default_rng(seed)
    weights = {"in": random.normal(0, 1, (2, WIDTH)), "bias": np.zeros(WIDTH), "out": random.normal(0, 0.3, WIDTH)}
    mask = np.ones((2, WIDTH))
    if before is not None:
        size = np.where(before["mask"], np.abs(before["in"]), np.inf)
        mask = before["mask"] * (size > np.quantile(size[before["mask"] == 1], pruned))
    (x, y), (x_test, y_test) = points(random, 100), points(random, 300)
    weights["in"] *= mask  # rewound
    losses = []
    for step in range(steps):
        hidden, p = forward(weights, x)
        error = (p - y) / len(y)
        back = np.outer(error, weights["out"]) * (hidden > 0)
        weights["out"] -= 4 * hidden.T @ error
        weights["in"] -= 4 * (x.T @ back) * mask
        weights["bias"] -= 4 * back.sum(0)
        losses.append(-np.log(np.where(y == 1, p, 1 - p) + 1e-9).mean())
        progress(step + 1, steps)
    accuracy = ((forward(weights, x_test)[1] > 0.5) == y_test).mean()
    return {"in": weights["in"], "mask": mask, "train_loss": losses, "test_accuracy": accuracy}


EXPERIMENTS = {0: ticket(0.0)}
for r in range(ROUNDS):
    EXPERIMENTS[r + 1] = ticket(RATES[r], before=EXPERIMENTS[r])


@pytest.mark.claim("L1", "a ticket with 0.8⁴ of the weights is no worse than the dense net", source="our own")
def test_ticket(claim, runs):
    lost, left = runs[0].test_accuracy - runs[ROUNDS].test_accuracy, runs[ROUNDS].mask.mean((1, 2))
    learned = claim.learned(*runs.values())
    claim.holds_if(claim.median(lost, "accuracy lost") < 0.05, claim.median(left, "weights left") < 0.45, learned)
'''


def test_a_lottery_ticket_is_a_chain_of_which_only_what_changed_is_trained(run_claims, stored, verdicts, pytester):
    assert LOTTERY.count("\n") <= 60
    run_claims(LOTTERY, "--ontrial-register").assert_outcomes(passed=1, deselected=1)
    assert len(stored()) == 5 * 8
    run_claims(None, "-m", "full").assert_outcomes(passed=1, deselected=1)
    assert [verdicts(tier)["L1"]["found"] for tier in ("fast", "full")] == ["holds", "holds"]
    assert len(stored()) == 5 * 8 + 5 * 16
    [lock] = registered.read(pytester.path / "planted")
    assert json.loads(lock.criteria[0].trainings["2"])["needs"]["before"]["settings"]["pruned"] == 0.2
    other = LOTTERY.replace("RATES = (0.2, 0.2, 0.2, 0.2)", "RATES = (0.2, 0.2, 0.3, 0.2)")
    result = run_claims(other)
    assert len(stored()) == 5 * 8 + 5 * 16 + 2 * 8
    result.stdout.fnmatch_lines(["planted/L1: training 3, training 4*"])
    result = run_claims(None, "-m", "full")
    result.stdout.fnmatch_lines(["*training 3: now*settings.pruned': '0.3'*"])
    assert len(stored()) == 5 * 8 + 5 * 16 + 2 * 8


ASKING = """
from pathlib import Path
from ontrial import Arrays, Options

@training(looks=looks)
def one(before: "Arrays", other: "Arrays | None" = None, *, seed: int):
    assert other is None and before["value"].shape == () and before["train_loss"].ndim == 1
    before["train_loss"] *= 0  # its own
    return {"same": before["value"] == np.random.default_rng(seed).normal(7.0)}

@training(looks=looks, options=["device"], data_files=["{folder}/x.csv"])
def all_at_once(before: Arrays, other: Arrays, *, seeds: tuple, suite: Options):
    assert Path(suite["folder"], "x.csv").read_text() == "a file" and dict(suite).keys() == {"device", "folder"}
    return {"sum": before["value"] + other["value"], "same": np.full(len(seeds), suite["device"] == "abacus")}

@training
def failing(*, seed: int):
    if seed == 3:
        raise ArithmeticError("no number")
    return {"value": seed}

@claim_of("X1", trains={"a": one(7.0), "b": one(noise(7.0), None)})
def test_needs(claim, runs):
    claim.holds_if(*(claim.share(run.same, "own seed") > 0.1 for run in runs.values()))

@claim_of("X2", trains={"a": all_at_once(noise(1.0), other=2.0), "n": noise(1.0), "m": noise(2.0)})
def test_seeds(claim, runs):
    right = (runs["a"].sum == runs["n"].value + runs["m"].value) & runs["a"].same
    claim.holds_if(claim.share(right, "sums") > 0.1)

@claim_of("X3", trains={"a": failing()})
def test_failing(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)

@claim_of("X4", trains={"a": one("five")})
def test_no_training(claim, runs):
    claim.holds_if(claim.median(runs["a"].same, "value") > 0)
"""
CONFTEST = """
from tests.running.planted import noise

def pytest_ontrial_options(config):
    return {"device": "abacus", "folder": str(config.rootpath), "unused": None}

def pytest_ontrial_training(declared):
    return noise(declared) if isinstance(declared, float) else None
"""


def test_a_function_gets_arrays_of_its_own_seed_and_options_that_it_names(run_claims, pytester, stored):
    pytester.makeconftest(CONFTEST)
    (pytester.path / "x.csv").write_text("a file")
    result = run_claims(ASKING, "-v")
    assert said(result) == {"needs": "PASSED", "seeds": "PASSED", "failing": "ERROR", "no_training": "ERROR"}
    result.stdout.fnmatch_lines(["*failing() (seed 3) failed: ArithmeticError: no number*"])
    result.stdout.fnmatch_lines(["*before of one is 'five', which is no training*"])
    found = stored()
    assert sorted(each["seed"] for each in found if each.get("training") == "failing") == [0, 1, 2, 4, 5, 6, 7]
    [files] = {json.dumps([each["data_files"][0][0], each["options"]]) for each in found if "options" in each}
    assert files == json.dumps(["{folder}/x.csv", {"device": "abacus"}])


@training(fast={"rate": 9.0}, options=["device"], data_files=["{folder}/x.csv"])
def asking(rate: float = 0.1, *, seed: int, before: Arrays | None = None, suite: Options, told: Progress):
    return {"value": rate}


@training
def needing(before: Arrays, *, seed: int, saved: Checkpoint):
    return {"value": before["value"] + 1}


def test_its_key_covers_needs_options_and_threads_but_no_place(tmp_path):
    for folder, content in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_text(content)

    def key(of, device="cpu", folder="a", tier="full"):
        return described(of.at(Scale(tier, {"device": device, "folder": str(tmp_path / folder), "other": "1"})))

    same = key(asking())
    assert key(asking(), folder="b") == same == key(replace(asking(), place="device", losses=("value",)))
    others = [key(asking(), folder="c"), key(asking(), device="cuda"), key(replace(asking(), threads=2))]
    others += [key(asking(before=noise())), key(asking(before=noise(2.0))), key(asking(), tier="fast")]
    others += [key(needing(asking())), key(needing(asking(0.2))), key(needing(asking()), tier="fast")]
    assert len({json.dumps(each) for each in (same, *others)}) == 10
    assert (str(tmp_path) in json.dumps(others)) is False
    with pytest.raises(ValueError, match="asking names options that the suite does not have: device, folder"):
        asking().at(Scale("fast"))
    with pytest.raises(FileNotFoundError, match=r"reads the data file \{folder\}/x.csv, and \{folder\} has no value"):
        asking().at(Scale("fast", {"device": "cpu", "folder": None})).describe()


def test_a_chain_is_named_by_its_end():
    chain = [needing(noise(3.0))]
    for _ in range(10):
        chain.append(needing(chain[-1]))
    assert str(chain[0]) == "needing(before=noise(shift=3.0))"
    assert str(chain[10]) == "needing(before=needing(…) after 10 more)"
    assert chain[10].settings()["before"] == "needing(before=needing(…) after 9 more)"
    assert chain[10].judged_on == "own"
    [arrays] = chain[10].needs[0].needs
    assert arrays == chain[8]


@pytest.mark.parametrize(
    ("declare", "error", "message"),
    [
        (lambda: asking(told=print), TypeError, "asking was given told, which only the suite gives"),
        (lambda: asking(before={"value": 1}), TypeError, "before of asking is given a training"),
        (lambda: needing(None), TypeError, r"needing needs a training for before; annotate it Arrays \| None"),
        (lambda: needing(), TypeError, "before"),
        (lambda: training(fast={"before": 1})(needing.function)(noise()), TypeError, "no setting before that fast="),
        (lambda: training(options=["device"])(needing.function)(noise()), TypeError, "an argument annotated Options"),
        (lambda: training(asking.function)(), TypeError, "asking must take an argument annotated Options if"),
        (lambda: noise(noise()), TypeError, "another training's result is annotated Arrays"),
        (lambda: training(saving)(), TypeError, "takes all `seeds` at once, and a checkpoint is of one `seed`"),
        (lambda: training(without)(), TypeError, "without must take either `seed` or `seeds`"),
        (lambda: training(losses="train_loss"), TypeError, r"losses must be a list, such as \['train_loss'\]"),
        (lambda: training(place="cuda"), ValueError, "place='cuda', threads=1: a place is process or device"),
        (lambda: training(threads=0), ValueError, "threads are 1 or more"),
        (lambda: replace(noise(), losses=("los",)).train((0,)), TypeError, "returned no los, which its losses= name"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_declared(declare, error, message):
    with pytest.raises(error, match=message):
        declare()


def saving(*, seeds: tuple, saved: Checkpoint):
    return {"value": np.zeros(len(seeds))}


def without(rate: float = 1.0):
    return {"value": rate}
