"""Questions to trained networks: asked once, of the right seeds, and lost with the networks that they need."""

import dataclasses

import numpy as np
import pytest

from models.data import DataError
from models.experiment import Experiment
from models.plan import Plan
from models.probing import Probe, ProbeJob, Trained, probe_jobs, probe_key
from models.queue import Setting, TrainingError, jobs
from models.scale import scale
from models.store import RunStore
from tests.test_queue import Immediate

NETS = Experiment("cos", (3,), epochs=2)
OTHERS = dataclasses.replace(NETS, hidden=(4,))
ASKED: list[tuple[int, ...]] = []


def mean_parameter(trained: Trained) -> dict[str, np.ndarray]:
    """A question to one network a seed."""
    ASKED.append(trained.seeds)
    return {"mean_parameter": trained.parameters.mean(1).numpy(), "inputs": trained.data.train_inputs[:, 0].numpy()}


def common_seeds(first: Trained, second: Trained) -> dict[str, np.ndarray]:
    """A question to two networks a seed."""
    assert first.seeds == second.seeds
    return {"widths": np.array([[first.parameters.shape[1], second.parameters.shape[1]] for _ in first.seeds])}


def refuses(trained: Trained) -> dict[str, np.ndarray]:
    """A question that no network answers."""
    raise RuntimeError("no answer")


@pytest.fixture
def plan(tmp_path):
    ASKED.clear()
    return Plan(Setting(RunStore(tmp_path / "runs"), None, "cpu"), 1, Immediate())


def carried_out(plan, probe, seeds):
    plan.add(probe, seeds)
    plan.train(plan.to_train(), lambda progress: None)
    plan.ask(plan.to_ask(), lambda progress: None)
    return plan.runs({"nets": probe}, scale("fast", seeds=seeds))["nets"]


def test_an_answer_has_a_row_for_every_seed_and_comes_with_the_training(plan):
    run = carried_out(plan, Probe(mean_parameter, NETS), 10)
    assert run.mean_parameter == pytest.approx(run.parameters.mean(1))
    assert run.train_loss.shape == (10, 3)
    assert run.inputs[:, 0] == pytest.approx(run.samples("training data").inputs[:, 0])
    assert ASKED == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9)]
    assert plan.to_train() == []
    assert plan.to_ask() == []


def test_two_experiments_answer_together(plan):
    run = carried_out(plan, Probe(common_seeds, NETS, OTHERS), 5)
    assert run.widths.tolist() == [[10, 13]] * 5


def test_a_question_is_named_by_the_trainings_it_asks_and_by_its_source(plan, monkeypatch):
    [job] = probe_jobs(Probe(mean_parameter, NETS), 4)
    name = probe_key(job, plan.setting)
    assert probe_key(ProbeJob(Probe(refuses, NETS), job.seeds, 4), plan.setting) != name
    assert probe_key(ProbeJob(Probe(mean_parameter, OTHERS), job.seeds, 4), plan.setting) != name
    assert probe_key(ProbeJob(job.probe, (0, 1), 4), plan.setting) != name
    monkeypatch.setattr("models.probing.source_digest", lambda *paths: "other")
    assert probe_key(job, plan.setting) != name


def test_a_damaged_answer_is_asked_for_again(plan):
    probe = Probe(mean_parameter, NETS)
    whole = carried_out(plan, probe, 4).mean_parameter
    name = probe_key(probe_jobs(probe, 4)[0], plan.setting)
    [path] = plan.setting.store.folder.glob(f"*/{name}.npz")
    path.write_bytes(path.read_bytes()[:-50] + bytes(50))
    again = Plan(plan.setting, 1, Immediate())
    again.add(probe, 4)
    found = again.runs({"nets": probe}, scale("fast", seeds=4))["nets"]
    np.testing.assert_array_equal(found.mean_parameter, whole)
    assert plan.setting.store.damaged()


def test_a_question_without_an_answer_fails_by_itself(plan):
    with pytest.raises(TrainingError, match=r"asking .* for its refuses failed: RuntimeError: no answer"):
        carried_out(plan, Probe(refuses, NETS), 4)
    assert carried_out(plan, Probe(mean_parameter, NETS), 4).n == 4


def test_a_question_fails_with_the_training_that_it_needs(plan, monkeypatch):
    lost = jobs(NETS, 4)[0]
    plan.add(Probe(mean_parameter, NETS), 4)
    plan._failures[lost] = TrainingError("training failed")
    assert plan.to_ask() == []
    with pytest.raises(TrainingError, match="training failed"):
        plan.runs({"nets": Probe(mean_parameter, NETS)}, scale("fast", seeds=4))


def test_missing_data_is_said_for_questions_as_well(plan):
    probe = Probe(mean_parameter, Experiment("mnist", (3,), epochs=1))
    plan.add(probe, 8)
    assert plan.to_train() == []
    assert plan.to_ask() == []
    with pytest.raises(DataError, match="--data-root"):
        plan.runs({"nets": probe}, scale("fast", dataset="mnist", seeds=8))
