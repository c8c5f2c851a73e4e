"""Time and room on the disk are estimated from what was measured, in this session or before."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ontrial.running import costs, workers
from ontrial.running.costs import Costs, StoreFull
from ontrial.running.plan import Plan
from ontrial.running.store import RunStore, Stored, described, name_of
from ontrial.running.workers import seconds_left
from tests.running.planted import Doubled, complete, job, noise, on_trial, weighty


def test_time_is_known_from_the_first_seed_and_then_from_what_is_stored(setting, monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr(workers, "process_executor", lambda: ThreadPoolExecutor(1))
    plan, found = Plan(setting, 2), []
    plan.add(on_trial({"a": weighty(0.4)}, 10))
    jobs = plan.first_jobs()
    assert ([len(job.seeds) for job in jobs], plan.seconds(jobs)) == ([1] * 10, None)
    plan.complete(jobs, found.append)
    assert [each.left is None for each in found] == [each.finished == 0 for each in found]
    first, last = next(each for each in found if each.finished), found[-1]
    assert 0.5 < first.left / (last.passed - first.passed) < 2
    for other, count in ((0, 12), (1, 8)):  # what is lacking of the same, and with other settings
        plan = Plan(setting, 1)
        plan.add(on_trial({"a": weighty(0.4, other=other)}, count))
        jobs = plan.first_jobs()
        assert sum(len(job.seeds) for job in jobs) == {0: 2, 1: 8}[other] > len(jobs)
        assert 0.5 < plan.seconds(jobs) / (0.4 * {0: 2, 1: 8}[other]) < 2


def test_seconds_are_those_of_the_clock_on_the_wall_where_they_are_known(store):
    for seed, elapsed, seconds in ((0, 0.5, 0.5), (1, None, 0.25)):
        [key] = job(noise(), seed).keys
        store.save(key, Stored({"value": np.zeros(1)}, 0.25, elapsed), {**described(noise()), "seed": seed})
        assert store.cost(key)[0] == seconds


def test_costs_are_those_of_the_most_similar_settings(store):
    for seconds, settings in (
        (2.0, {"seconds": 0.1, "size": 1, "other": 5}),
        (9.0, {"seconds": 7, "size": 3, "other": 5}),
    ):
        store.save(name_of(settings, 0), Stored({}, seconds), {"training": "weighty", "settings": settings, "seed": 0})
    assert Costs(store).seconds(weighty(0.1, 1, 0), 3) == 6.0


def test_a_training_that_says_how_far_it_is_needs_no_first_seed(setting, threads, monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr(RunStore, "reached", lambda self, key: 0.5)
    plan, found = Plan(setting, 1, threads), []
    plan.add(on_trial({"a": weighty(0.1)}, 3))
    plan.complete(plan.first_jobs(), found.append)
    assert [each.left for each in found if each.finished == 0 and each.running and each.left is None] == []


def test_the_disk_must_have_room_for_all_seeds_as_soon_as_one_is_measured(setting, threads, monkeypatch):
    size = 2**20
    monkeypatch.setattr(costs.shutil, "disk_usage", lambda folder: type("usage", (), {"free": 6 * size}))
    plan = Plan(setting, 1, threads)
    plan.add(on_trial({"a": weighty(0.05, size // 2)}, 8))
    with pytest.raises(StoreFull, match=r"need about [67] MiB .* has 6 MiB free: make room.* run the same command to"):
        plan.complete(plan.first_jobs(), lambda progress: None)
    assert 1 <= plan.stored()[0] < 8
    monkeypatch.undo()
    plan = complete(Plan(setting, 1, threads), trial := on_trial({"a": weighty(0.05, size // 2)}, 8))
    assert plan.runs(trial)["a"].one.nbytes == 8 * size / 2


def test_no_room_is_said_before_training(setting, threads, monkeypatch):
    monkeypatch.setattr(costs.shutil, "disk_usage", lambda folder: type("usage", (), {"free": 1000}))
    with pytest.raises(StoreFull, match="--ontrial-store"):
        complete(Plan(setting, 1, threads), on_trial({"a": noise()}, 4))
    assert list(setting.store.folder.glob("*/*")) == []


def test_seconds_are_shared_between_workers(setting, monkeypatch):
    monkeypatch.setattr(type(noise()), "estimate", lambda self, seeds: float(seeds))
    plan = Plan(setting, workers=2)
    plan.add(on_trial({"a": noise()}, 4, 100))
    plan.add(on_trial({"a": noise(), "b": Doubled(noise())}, 6, 100))
    assert plan.seconds_of_first_looks() == (6 + 6) / 2  # a second a seed and training, each once
    assert plan.seconds(plan.first_jobs()) == (6 + 6) / 2


@pytest.mark.parametrize(
    ("running", "waiting", "at_once", "left"),
    [
        ([(None, 0.5)], [1.0], 1, None),
        ([(3.0, 2.0)], [3.0, 6.0], 1, 1.0 + 3.0 + 6.0),
        ([(3.0, 2.0), (3.0, 0.0)], [3.0, 3.0], 2, (1.0 + 3.0 + 6.0) / 2),
        ([(9.0, 2.0), (1.0, 0.5)], [], 2, 7.0),  # no sooner than the longest
        ([(4.0, 2.0)], [], 9, 2.0),
        ([(1.0, 50.0)], [], 1, 0.1),  # one that takes long is never said to be over
        ([], [], 1, 0.0),
    ],
)
def test_the_time_left_follows_from_what_jobs_should_take(running, waiting, at_once, left):
    assert seconds_left(running, waiting, at_once) == (left if left is None else pytest.approx(left))
