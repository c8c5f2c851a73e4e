"""The plan trains the first look of every claim, judges, and goes on for what is not decided yet."""

import os
from dataclasses import replace

import numpy as np
import pytest

from ontrial.claim import Claim
from ontrial.running import machine, workers
from ontrial.running.jobs import Setting, TrainingError
from ontrial.running.plan import Plan
from ontrial.trainings import Diverged, Looks, Runs
from tests.running.planted import Doubled, complete, counted, crashing, job, noise, on_trial, weighty


@pytest.fixture
def planned(setting, threads):
    """A plan of these trials that has trained what it lacked, each in a session of its own."""
    return lambda *trials, **words: complete(Plan(Setting(setting.store, repeat=False, **words), 2, threads), *trials)


def decided_at(least):
    """A claim's test that is decided once there are so many seeds."""

    def call(claim, runs):
        n = len(claim.seeds)
        claim.holds_if(claim.median(np.full(n, 1.0) if n >= least else np.arange(n) % 2 - 0.5, "late") > 0)

    return call


def trained(folder):
    return sorted(path.name[0] for path in folder.glob("?-*"))


def test_a_trial_goes_on_until_it_is_decided_and_no_further(planned, setting):
    trials = [on_trial({"a": noise(shift)}, 4, 6, 8, call=decided_at(at)) for shift, at in ((0, 4), (1, 6), (2, 99))]
    plan = planned(*trials)
    assert [sorted(trial.history) for trial in trials] == [[0], [0, 1], [0, 1]]  # pytest judges the last look
    assert [plan.runs(trial)["a"].n for trial in trials] == [4, 6, 8]
    assert len(list(setting.store.folder.glob("*/*.npz"))) == 4 + 6 + 8


def test_the_digest_of_runs_covers_every_training(planned):
    trials = [on_trial({"a": noise(), "b": noise(shift)}, 4) for shift in (1.0, 2.0)]
    plan = planned(*trials)
    assert len({plan.digest(trial) for trial in trials}) == 2


def test_values_are_in_the_order_of_the_seeds(planned):
    seeds = (7, 3, 5, 0)
    trial = replace(on_trial({"a": noise()}, 4), draw=lambda count: seeds[:count])
    run = planned(trial).runs(trial)["a"]
    assert run.value.tolist() == [np.random.default_rng(seed).normal() for seed in seeds]


def test_a_look_fixes_each_condition_that_it_decides_whatever_the_verdict():
    def call(claim, runs):
        ones = np.ones(4)
        claim.holds_if(*(claim.median(each, "value") > 0 for each in (ones, -ones, np.array([1.0, 1, -1, -1]))))

    trial = on_trial({}, 4, 6, call=call)
    trial.judge(lambda trial: Runs({}))
    assert {place: str(each.verdict) for place, each in trial.fixed.items()} == {0: "holds", 1: "refuted"}
    assert (trial.is_open, trial.look) == (False, 0)


def test_what_an_earlier_session_trained_is_used_unless_it_is_trained_again_once(planned, tmp_path):
    trials = lambda: [on_trial({"a": counted(str(tmp_path))}, 2, 4, 6, call=decided_at(4)) for _ in range(2)]  # noqa: E731
    planned(*trials())
    assert trained(tmp_path) == list("0123")
    assert planned(*trials()).stored() == (0, 0)
    assert trained(tmp_path) == list("0123")
    planned(*trials(), fresh=True)
    assert trained(tmp_path) == list("00112233")


def test_what_several_trials_need_is_trained_once(planned, tmp_path):
    one = counted(str(tmp_path))
    trials = [
        on_trial({"a": one}, 2),
        on_trial({"twice": Doubled(one)}, 3),
        on_trial({"twice": Doubled(one), "a": one}, 4),
    ]
    plan = planned(*trials)
    assert trained(tmp_path) == list("0123")
    assert [run.seeds for trial in trials for run in plan.runs(trial).values()] == [
        tuple(range(n)) for n in (2, 3, 4, 4)
    ]


@pytest.mark.parametrize("look", [3, 4])
def test_the_arrays_of_what_is_needed_are_there_too(planned, look):
    trial = on_trial({"twice": Doubled(noise())}, look, 5, call=decided_at(5))
    run = planned(trial).runs(trial)["twice"]
    np.testing.assert_array_equal(run.twice, 2 * run.value)
    assert run.value.shape == (5,)
    np.testing.assert_array_equal(run.factor, [2.0, 1.0])  # shared: no axis of seeds
    assert run.seconds >= 0


def test_a_need_that_is_lost_is_trained_again(planned, setting):
    trial = lambda: on_trial({"twice": Doubled(noise())}, 3)  # noqa: E731
    values = planned(first := trial()).runs(first)["twice"].value
    for path in setting.store.folder.glob("*/*.json"):
        if '"doubled"' not in path.read_text():
            path.unlink()
    np.testing.assert_array_equal(planned(again := trial()).runs(again)["twice"].value, values)


def test_a_failure_fails_what_needs_it_and_nothing_else(planned):
    lost, alone = on_trial({"twice": Doubled(crashing())}, 4, 6), on_trial({"a": crashing()}, 4, 6)
    well = on_trial({"a": noise()}, 4, call=decided_at(4))
    plan = planned(lost, alone, well)
    for trial in (lost, alone):
        assert str(trial.failure).startswith("crashing() (")
        assert "failed: ArithmeticError: seed" in str(trial.failure)
        with pytest.raises(TrainingError):
            plan.runs(trial)
    assert plan.runs(well)["a"].n == 4


def test_what_cannot_be_described_fails_its_trial_before_training(planned, setting, monkeypatch):
    missing, well = on_trial({"a": Doubled(noise(5.0))}, 4), on_trial({"a": noise()}, 4, call=decided_at(4))

    def describe(self):
        raise FileNotFoundError("its data is not there")

    monkeypatch.setattr(Doubled, "describe", describe)
    plan = planned(missing, well)
    assert str(missing.failure) == "its data is not there"
    assert plan.runs(well)["a"].n == 4
    assert len(list(setting.store.folder.glob("*/*.npz"))) == 4


def test_a_device_may_be_needed_only_at_a_later_look(planned):
    on_device = {"a": Doubled(noise(), place="abacus")}
    planned(on_trial(on_device, 2))
    trial = on_trial(on_device, 2, 4, call=decided_at(4))
    assert planned(on_trial({"b": noise(3.0)}, 2), trial).runs(trial)["a"].n == 4


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (Doubled(noise()), r"train_loss is not finite in 2 of 3 seeds \(0, 2\) of Doubled"),
        (replace(noise(), losses=("test_loss",)), r"test_loss is not finite in 2 .* of noise\(shift=0.0\)"),
        (replace(noise(), losses=("value",)), None),
    ],
)
def test_a_loss_that_is_not_finite_names_training_and_seeds(planned, monkeypatch, of, message):
    losses = np.array([[2.0, np.inf], [2.0, 1.0], [np.nan, np.nan]])
    recorded = {"train_loss": losses, "test_loss": losses, "value": np.ones(3)}
    monkeypatch.setattr(
        type(of), "train", lambda self, seeds, needed: {name: each[list(seeds)] for name, each in recorded.items()}
    )
    plan = planned(trial := on_trial({"a": of}, 3))
    if message:
        with pytest.raises(Diverged, match=message):
            plan.runs(trial)
    else:  # a claim that uses its loss says so
        with pytest.raises(Diverged, match="train_loss is not finite"):
            Claim("X1", 0.1, (0, 1, 2)).learned(plan.runs(trial)["a"])


def test_a_test_that_raises_closes_its_trial_at_that_look_and_an_interrupt_ends_all(planned):
    def skips(claim, runs):
        pytest.skip("not today")

    def interrupted(claim, runs):
        raise KeyboardInterrupt

    trials = [on_trial({"a": noise()}, 2, 4, call=call) for call in (skips, lambda claim, runs: 1 / 0)]
    planned(*trials)
    assert [(len(trial.seeds), trial.is_open, trial.history) for trial in trials] == [(2, False, {})] * 2
    with pytest.raises(KeyboardInterrupt):
        planned(on_trial({"a": noise()}, 2, 4, call=interrupted))


def test_progress_has_look_decided_and_open(setting, threads, monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS_BETWEEN_REPORTS", 0.0)
    plan, found = Plan(setting, 1, threads), []
    for shift, at in ((0, 4), (1, 99)):
        plan.add(on_trial({"a": noise(shift)}, 4, 6, call=decided_at(at)))
    plan.complete(plan.first_jobs(), found.append)
    assert (found[0].looks, found[0].open + found[0].decided) == (2, 2)
    assert (found[-1].decided, found[-1].open, found[-1].finished) == (2, 0, found[-1].jobs)
    assert {each.look for each in found} <= {1, 2}


def test_what_a_failure_leaves_untrained_is_trained_for_another(setting, threads):
    plan = Plan(setting, 1, threads)
    trials = [on_trial({"a": crashing(), "b": weighty(0.05)}, 8), on_trial({"b": weighty(0.05)}, 8)]
    for trial in trials:
        plan.add(trial)
        plan.complete(plan.first_jobs([trial]), lambda progress: None, until_failure=True)
        stored = sum(map(setting.has, job(weighty(0.05), *range(8)).keys))  # one may have been under way at the failure
        assert (stored == 8) == (trial is trials[1])
    assert plan.runs(trials[1])["b"].n == 8


@pytest.mark.parametrize(
    ("begin", "each", "sizes"), [(0, 0.01, [8]), (9, 0.01, [8]), (0, 0.2, [4, 4]), (9, 1.5, [1] * 8)]
)
def test_work_is_spread_over_workers_where_it_is_worth_starting_again(setting, monkeypatch, begin, each, sizes):
    monkeypatch.setattr(type(noise()), "estimate", lambda self, seeds: begin + each * seeds)
    plan = Plan(setting, workers=2)
    plan.add(on_trial({"a": noise()}, 8, 100))
    assert [len(job.seeds) for job in plan.first_jobs()] == sizes


def test_looks_end_with_the_budget():
    looks = Looks((16, 24, 32, 48), budget=32, weight=10)
    assert [looks.upto(most) for most in (None, 2, 6)] == [(16, 24, 32), (16, 20), (16, 24, 32, 48, 60)]
    assert Looks((16, 24), 24).upto(16) == (16,)
    with pytest.raises(ValueError, match="--ontrial-most-seeds 1: the first look takes 16 seeds; give at least 2"):
        looks.upto(1)


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 3), ("400000 100000", 3), ("150000 100000", 2), ("10000 100000", 1), ("nonsense", 3), (None, 3)],
)
def test_cores_are_those_that_the_process_is_bound_to_within_its_containers_quota(monkeypatch, tmp_path, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 7}, raising=False)
    monkeypatch.setattr(machine, "_QUOTA", tmp_path / "cpu.max")
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota + "\n")
    assert machine.cores() == cores


def test_the_rate_is_that_of_matrix_products_and_the_processor_is_named(monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: float(next(ticks)))  # every product takes a second
    before = np.random.get_state()[1].copy()
    assert machine.matrix_product_rate.__wrapped__() == 2 * 1024**3
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert machine.cpu()
