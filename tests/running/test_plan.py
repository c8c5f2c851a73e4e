"""The plan trains the first look of all that is asked, judges, and goes on for what is undecided."""

from dataclasses import replace

import numpy as np
import pytest

from ontrial.running import plan as plan_module
from ontrial.running.plan import Plan, StoreFull
from ontrial.running.queue import Setting, TrainingError
from ontrial.running.store import RunStore
from ontrial.trainings import Diverged, Looks
from tests.running.planted import Doubled, complete, counted, crashing, noise, on_trial

pytestmark = pytest.mark.usefixtures("threads")


@pytest.fixture
def setting(tmp_path):
    return Setting(RunStore(tmp_path / "runs"), repeat=False)  # trainings are counted


def planned(setting, *trials, workers=1):
    """A plan of these trials that has trained what it lacked."""
    plan = Plan(setting, workers)
    for trial in trials:
        plan.add(trial)
    complete(plan)
    return plan


def decides_at(least):
    """A claim's test that is decided once there are so many seeds."""

    def call(claim, runs):
        n = len(claim.seeds)
        claim.holds_if(claim.median(np.full(n, 1.0) if n >= least else np.arange(n) % 2 - 0.5, "late") > 0)

    return call


def test_a_trial_goes_on_until_it_is_decided_and_no_further(setting):
    early, late = on_trial({"a": noise()}, 4, 6, 8, call=decides_at(4)), on_trial({"b": noise(1.0)}, 4, 6, 8)
    late.call = decides_at(6)
    never = on_trial({"c": noise(2.0)}, 4, 6, 8, call=decides_at(99))
    plan = planned(setting, early, late, never)
    assert [len(trial.seeds) for trial in (early, late, never)] == [4, 6, 8]
    assert [sorted(trial.history) for trial in (early, late, never)] == [[0], [0, 1], [0, 1]]  # pytest judges the last
    assert [plan.runs(trial)[name].n for trial, name in ((early, "a"), (late, "b"), (never, "c"))] == [4, 6, 8]
    assert len(list(setting.store.folder.glob("*/*.npz"))) == 4 + 6 + 8


def test_what_an_earlier_session_trained_is_used_and_a_decided_claim_trains_nothing(setting, tmp_path):
    training = counted(str(tmp_path))
    planned(setting, on_trial({"a": training}, 4, 6, call=decides_at(6)))
    assert len(list(tmp_path.glob("?-*"))) == 6
    plan = Plan(setting, 1)
    plan.add(on_trial({"a": training}, 4, 6, 8, call=decides_at(6)))
    assert plan.first_jobs() == []
    assert len(list(tmp_path.glob("?-*"))) == 6


def test_afresh_all_is_trained_once_again(tmp_path, setting):
    training = counted(str(tmp_path))
    planned(setting, on_trial({"a": training}, 2, 4, call=decides_at(4)))
    trials = [on_trial({"a": training}, 2, 4, call=decides_at(4)) for _ in range(2)]
    planned(replace(setting, fresh=True), *trials)
    assert sorted(path.name[0] for path in tmp_path.glob("?-*")) == sorted("00112233")


def test_two_trials_that_share_a_training_train_it_once(tmp_path, setting):
    training = counted(str(tmp_path))
    trials = [on_trial({"a": training}, seeds) for seeds in (2, 3)]
    plan = planned(setting, *trials)
    assert len(list(tmp_path.glob("?-*"))) == 3
    assert [plan.runs(trial)["a"].seeds for trial in trials] == [(0, 1), (0, 1, 2)]


@pytest.mark.parametrize("look", [3, 4])
def test_what_is_needed_is_trained_first_and_its_arrays_are_there_too(setting, look):
    trial = on_trial({"twice": Doubled(noise())}, look, 5, call=decides_at(5))
    plan = planned(setting, trial, workers=2)
    run = plan.runs(trial)["twice"]
    np.testing.assert_array_equal(run.twice, 2 * run.value)
    assert run.value.shape == (5,)
    np.testing.assert_array_equal(run.factor, [2.0, 1.0])  # shared: no axis of seeds
    assert run.seconds >= 0


def test_a_failure_loses_what_needs_it_and_nothing_else(setting):
    lost, alone, well = (
        on_trial({"twice": Doubled(crashing())}, 4, 6),
        on_trial({"a": crashing()}, 4, 6),
        on_trial({"a": noise()}, 4, call=decides_at(4)),
    )
    plan = planned(setting, lost, alone, well)
    for trial in (lost, alone):
        assert isinstance(trial.failure, TrainingError)
        assert "ArithmeticError: seed" in str(trial.failure)
        with pytest.raises(TrainingError):
            plan.runs(trial)
    assert plan.runs(well)["a"].n == 4


def test_what_cannot_be_described_fails_its_trial_before_training(setting, monkeypatch):
    missing, well = on_trial({"a": Doubled(noise(5.0))}, 4), on_trial({"a": noise()}, 4, call=decides_at(4))

    def describe(self):
        raise FileNotFoundError("its data is not there")

    monkeypatch.setattr(Doubled, "describe", describe)
    plan = planned(setting, missing, well)
    assert str(missing.failure) == "its data is not there"
    assert plan.runs(well)["a"].n == 4
    assert len(list(setting.store.folder.glob("*/*.npz"))) == 4


def test_a_device_may_come_in_at_a_later_look(setting):
    on_device = Doubled(noise(), place="abacus")
    planned(setting, on_trial({"a": on_device}, 2))
    trial = on_trial({"a": on_device}, 2, 4, call=decides_at(4))
    plan = planned(setting, on_trial({"b": noise(3.0)}, 2), trial)
    assert plan.runs(trial)["a"].n == 4


def test_a_loss_that_is_not_finite_names_training_and_seeds(setting, monkeypatch):
    trial = on_trial({"a": noise()}, 3)
    losses = np.array([[2.0, np.inf], [2.0, 1.0], [np.nan, np.nan]])
    train = lambda self, seeds, needed: {"train_loss": losses[list(seeds)], "other": losses[list(seeds)]}  # noqa: E731
    monkeypatch.setattr(type(noise()), "train", train)
    plan = planned(setting, trial)
    with pytest.raises(Diverged, match=r"train_loss is not finite in 2 of 3 seeds \(0, 2\) of noise\(shift=0.0\)"):
        plan.runs(trial)


def test_a_test_that_raises_closes_its_trial_at_that_look(setting):
    def skips(claim, runs):
        pytest.skip("not today")

    trials = [on_trial({"a": noise()}, 2, 4, call=call) for call in (skips, lambda claim, runs: 1 / 0)]
    planned(setting, *trials)
    assert [len(trial.seeds) for trial in trials] == [2, 2]
    assert not any(trial.is_open or trial.history for trial in trials)


def test_an_interrupt_is_not_swallowed(setting):
    def interrupted(claim, runs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        planned(setting, on_trial({"a": noise()}, 2, 4, call=interrupted))


def test_progress_tells_look_decided_and_open(setting, monkeypatch):
    monkeypatch.setattr("ontrial.running.queue._SECONDS_BETWEEN_REPORTS", 0.0)
    plan, told = Plan(setting, 1), []
    plan.add(on_trial({"a": noise()}, 4, 6, call=decides_at(4)))
    plan.add(on_trial({"a": noise(1.0)}, 4, 6, call=decides_at(99)))
    plan.complete(plan.first_jobs(), told.append)
    assert (told[0].looks, told[0].open + told[0].decided) == (2, 2)
    assert (told[-1].decided, told[-1].open, told[-1].finished) == (2, 0, told[-1].jobs)
    assert 2 in {each.look for each in told} or len(told) < 3


def test_no_room_is_said_before_training(setting, monkeypatch):
    setting.store.folder.mkdir()
    monkeypatch.setattr(plan_module.shutil, "disk_usage", lambda folder: type("usage", (), {"free": 1000}))
    with pytest.raises(StoreFull, match="--store"):
        planned(setting, on_trial({"a": noise()}, 4))
    assert list(setting.store.folder.glob("*/*")) == []


def test_seconds_are_shared_between_workers(setting):
    plan = Plan(setting, workers=2)
    plan.add(on_trial({"a": noise()}, 4, 100))
    plan.add(on_trial({"a": noise(), "b": Doubled(noise())}, 6, 100))
    assert plan.seconds_of_first_looks() == (6 + 6) / 2  # a second a seed and training, each once
    assert plan.seconds(plan.first_jobs()) == (6 + 6) / 2


@pytest.mark.parametrize(
    ("begin", "each", "sizes"), [(0, 0.01, [8]), (9, 0.01, [8]), (0, 0.2, [4, 4]), (9, 1.5, [1] * 8)]
)
def test_work_is_spread_over_workers_where_it_is_worth_beginning_anew(setting, monkeypatch, begin, each, sizes):
    monkeypatch.setattr(type(noise()), "estimate", lambda self, seeds: begin + each * seeds)
    plan = Plan(setting, workers=2)
    plan.add(on_trial({"a": noise()}, 8, 100))
    assert [len(job.seeds) for job in plan.first_jobs()] == sizes


def test_looks_end_with_the_budget():
    looks = Looks((16, 24, 32, 48), budget=32, weight=10)
    assert looks.upto() == (16, 24, 32)
    assert looks.upto(2) == (16, 20)
    assert looks.upto(6) == (16, 24, 32, 48, 60)
    assert Looks((16, 24), 24).upto(16) == (16,)
    with pytest.raises(ValueError, match="--most-seeds 1: the first look takes 16 seeds; give at least 2"):
        looks.upto(1)
