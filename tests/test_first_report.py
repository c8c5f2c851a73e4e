"""The first ten minutes: a report of four claims, from `ontrial init` to a page in full, where no torch is."""

import json
import subprocess
import time

from tests.test_alone import bare, environment, installed
from tests.test_workflows import complaints

__all__ = ["bare", "installed"]  # fixtures

# All that is written by hand: the report, its claims, and the commands.
REPORT = """
from ontrial import Report, Task

REPORT = Report("Two clouds", "a short paper", tasks=(Task("L", "Part 1", "Section 2", "Logistic regression"),))
"""
CLAIMS = '''
"""Logistic regression by stochastic gradient descent, on two clouds of points."""

import numpy as np
import pytest
from ontrial import curves, training


@training(data="two clouds", fast=dict(steps=300))
def regression(rate: float, batch: int = 20, steps: int = 1000, *, seed: int):
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, (2, 400))  # (training or test, point)
    x = random.normal(label[..., np.newaxis] - 0.5, 1, (2, 400, 4))
    weights, loss = np.zeros(4), np.empty(steps)
    for step in range(steps):
        rows = random.integers(0, 400, batch)
        weights += rate / batch * x[0, rows].T @ (label[0, rows] - 1 / (1 + np.exp(-x[0, rows] @ weights)))
        loss[step] = np.logaddexp(0, (1 - 2 * label[0]) * (x[0] @ weights)).mean()
    accuracy = ((x @ weights > 0) == label).mean(1)
    return {"train_loss": loss, "train_accuracy": accuracy[0], "test_accuracy": accuracy[1]}


EXPERIMENTS = {name: regression(rate=rate, batch=batch) for name, rate, batch in
               [("slow", 0.002, 20), ("fast", 0.5, 20), ("noisy", 0.5, 1)]}


@pytest.mark.claim("L1", "a larger rate reaches a lower loss", source="Section 2")
def test_larger_rate_reaches_a_lower_loss(claim, runs):
    slow, fast, _ = runs.train_loss[:, :, -1]  # (seed,) each
    named = {name: run.train_loss for name, run in runs.items()}
    claim.figure = curves(range(named["slow"].shape[1]), named, xlabel="step", ylabel="training loss (nats)")
    claim.holds_if(claim.median(slow - fast, "final training loss, slow − fast (nats)") > 0)


@pytest.mark.claim("L2", "most runs classify 80 % of the test points", source="Section 2")
def test_most_runs_classify_the_test_points(claim, runs):
    claim.holds_if(claim.share(runs["fast"].test_accuracy >= 0.8, "share of seeds with 80 % right") > 0.5)


@pytest.mark.claim("L3", "where 82 % are right in training, 75 % are in test", source="Section 3")
def test_what_is_learned_holds_in_test(claim, runs):
    found = runs["fast"].test_accuracy
    claim.holds_if(claim.median(found, "test accuracy, fast", among=runs["fast"].train_accuracy >= 0.82) > 0.75)


@pytest.mark.claim("L4", "a large rate converges in 100 steps", source="Section 3")
@pytest.mark.parametrize("name", ["fast", "noisy"])
def test_a_large_rate_converges(claim, runs, name):
    loss = runs[name].train_loss
    steps = np.where((loss < 0.45).any(1), (loss < 0.45).argmax(1), np.inf)
    claim.holds_if(claim.median(steps, "steps to a training loss of 0.45 nats", never=True) < 100)
'''
COMMANDS = """
ontrial init paper && cd paper
pytest
pytest --ontrial-register
ontrial plan -m full
pytest -m full
ontrial page
"""


def test_a_report_of_four_claims_from_nothing_to_a_page_in_full(installed, tmp_path):
    folder, started = tmp_path / "paper", time.monotonic()

    def run(command):
        program, *rest = command.split()
        cwd = folder if folder.is_dir() else tmp_path
        line = [installed.with_name("ontrial"), *rest] if program == "ontrial" else [installed, "-m", program, *rest]
        done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False, env=environment())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    written = [line for text in (REPORT, CLAIMS, COMMANDS) for line in text.splitlines() if line]
    assert len(written) <= 60
    said = {}
    for command in COMMANDS.strip().replace(" && cd paper", "").splitlines():
        said[command] = run(command)
        if command == "pytest":  # the claim that comes with `init`
            assert "1 passed" in said[command]
            (folder / "claims" / "test_overfitting.py").unlink()
            (folder / "claims" / "test_two_clouds.py").write_text(CLAIMS, encoding="utf-8")
            (folder / "claims" / "report.py").write_text(REPORT, encoding="utf-8")
    print(f"{len(written)} lines by hand, {time.monotonic() - started:.0f} s of {len(said)} commands")
    plan = said["ontrial plan -m full"]
    assert "to train next: 45 runs of 3 trainings " in plan
    assert "the nearest stored has steps=300" in plan
    assert "claims/L2: look 1 of 3; a share of seeds against 0.5: 15 of 15 succeed" in plan
    record = json.loads((folder / "artifacts" / "verdicts.json").read_text(encoding="utf-8"))
    assert {(each["id"], each["case"]): each["found"] for each in record["verdicts"]} == dict.fromkeys(
        [("L1", ""), ("L2", ""), ("L3", ""), ("L4", "fast"), ("L4", "noisy")], "holds"
    )
    rows = (folder / "README.md").read_text(encoding="utf-8").split("<!-- verdicts -->")[1].splitlines()
    assert [row.split(" | ")[0] for row in rows if row.startswith("| L")] == ["| L1", "| L2", "| L3", "| L4"]
    assert "Two clouds" in (folder / "artifacts" / "index.html").read_text(encoding="utf-8")
    assert complaints(folder / ".github" / "workflows" / "claims.yml") == ""
    assert run("ontrial audit").endswith("0 differences\n")
    assert "n = " in run("ontrial show L3")
