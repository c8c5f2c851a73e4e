"""The queue does all work once, on any executor, and loses no more than what is in flight."""

import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from models import queue
from models.experiment import Experiment
from models.plan import Plan
from models.queue import Progress, Setting, StoreFull, TrainingError, jobs, require_room, run_all, run_job
from models.store import Job, RunStore

ROOT = Path(__file__).parents[1]
TINY = Experiment("digits", (4,), epochs=1, batch_size=400)
JOB = Job(TINY, (0, 1))


@pytest.fixture
def setting(tmp_path):
    return Setting(RunStore(tmp_path / "runs"), None, "cpu")


def is_stored(job, setting):
    return setting.store.has(setting.store.key(job, setting.root, setting.device))


def test_no_room_is_said_before_training(setting, monkeypatch):
    setting.store.folder.mkdir()
    monkeypatch.setattr(queue.shutil, "disk_usage", lambda folder: type("usage", (), {"free": 1000}))
    with pytest.raises(StoreFull, match="--store"):
        require_room([JOB], setting.store.folder)


class Immediate:
    """An executor that does its work at once, in this process."""

    def submit(self, call, *arguments):
        future = Future()
        try:
            future.set_result(call(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, **options):
        pass


def test_a_job_that_cannot_be_stored_fails_alone(setting, monkeypatch):
    other = Job(TINY, (5,))
    real = RunStore.save

    def full_once(self, name, stored, description):
        if description["seeds"] == JOB.seeds:
            raise OSError(28, "No space left on device")
        real(self, name, stored, description)

    monkeypatch.setattr(RunStore, "save", full_once)
    failures = run_all({JOB: 1, other: 1}, run_job, setting, 1, lambda progress: None, Immediate())
    assert failures.keys() == {JOB}
    assert isinstance(failures[JOB], TrainingError)
    assert "Is the disk full" in str(failures[JOB])
    assert is_stored(other, setting)
    assert not is_stored(JOB, setting)


def test_blocks_depend_on_the_experiment_alone_and_go_on():
    few, many = jobs(TINY, 12), jobs(TINY, 30)
    assert few[0] == many[0]
    assert [seed for job in many for seed in job.seeds] == list(range(30))
    large = Experiment("mnist", (800, 400), epochs=1, batch_size=50)
    assert all(len(job.seeds) == 1 for job in jobs(large, 3))


def test_the_same_bits_whatever_the_number_of_workers(tmp_path):
    experiments = [TINY, dataclasses.replace(TINY, hidden=(6, 5)), Experiment("cos", (40,), epochs=30)]
    queue_of_jobs = [job for experiment in experiments for job in jobs(experiment, 4)]
    found = []
    for workers in (1, 2):
        setting = Setting(RunStore(tmp_path / str(workers)), None, "cpu")
        seen: list[Progress] = []
        costs = dict.fromkeys(queue_of_jobs, 1.0)
        assert run_all(costs, run_job, setting, workers, seen.append) == {}
        assert seen[-1].finished == len(queue_of_jobs)
        found.append([setting.store.load(setting.store.key(job, None, "cpu")).arrays for job in queue_of_jobs])
    for one, two in zip(*found, strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, two[name])


def test_before_any_job_is_done_what_is_left_is_the_estimate_less_what_has_passed(setting, monkeypatch):
    plan = Plan(setting, workers=2)
    plan.add(TINY, 12)
    plan.add(dataclasses.replace(TINY, hidden=(6, 5)), 12)
    given = {}
    monkeypatch.setattr("models.plan.run_all", lambda costs, *others: given.update(costs) or {})
    todo = plan.to_train()
    plan.train(todo, lambda progress: None)
    assert sum(given.values()) / 2 == pytest.approx(plan.seconds(todo))
    futures = {Future(): cost for cost in (10.0, 30.0, 40.0)}
    assert queue._progress(futures, set(futures), 4.0, 2).left == pytest.approx(80 / 2 - 4)


def _race(folder, results):
    setting = Setting(RunStore(folder), None, "cpu")
    results.put(run_job(JOB, setting))


def test_two_processes_train_a_job_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    racers = [context.Process(target=_race, args=(tmp_path, results)) for _ in range(2)]
    for racer in racers:
        racer.start()
    seconds = [results.get(timeout=120) for _ in racers]
    for racer in racers:
        racer.join()
    assert seconds[0] == seconds[1]  # the second read what the first had stored


def test_a_killed_run_loses_only_the_jobs_in_flight(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from models.experiment import Experiment
        from models.queue import Setting, run_all, run_job
        from models.store import Job, RunStore
        from pathlib import Path

        if __name__ == "__main__":
            short = [Job(Experiment("digits", (4,), epochs=1, batch_size=400), (seed,)) for seed in range(3)]
            endless = Job(Experiment("digits", (4,), epochs=10**7, batch_size=400), (0,))
            setting = Setting(RunStore(Path({str(tmp_path / "runs")!r})), None, "cpu")
            run_all(dict.fromkeys([*short, endless], 1), run_job, setting, 1, lambda progress: None)
        """)
    )
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    folder = tmp_path / "runs"
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*/*.json"))) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    setting = Setting(RunStore(folder), None, "cpu")
    short = [Job(TINY, (seed,)) for seed in range(3)]
    assert all(is_stored(job, setting) for job in short)
    assert list(folder.glob("*/.*")) == []  # no part of a file is left
    while _workers_of(process.pid):  # the worker sees that its parent is gone
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _workers_of(session: int) -> list[str]:
    """Processes of a session, by /proc; none where there is no /proc."""
    alive = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(path.name)) == session and "Z" not in (path / "stat").read_text().split()[2]:
                alive.append(path.name)
        except OSError:
            continue
    return alive
