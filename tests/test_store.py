"""The run store keeps whole jobs or none, names them by all they depend on, and survives damage."""

import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from models import queue, store
from models.experiment import Experiment
from models.plan import Plan
from models.queue import Progress, Setting, StoreFull, TrainingError, jobs, require_room, run_all, run_job
from models.scale import scale
from models.store import Job, RunStore, source_digest, write_whole

ROOT = Path(__file__).parents[1]
TINY = Experiment("digits", (4,), epochs=1, batch_size=400)
JOB = Job(TINY, (0, 1))


@pytest.fixture
def setting(tmp_path):
    return Setting(RunStore(tmp_path / "runs"), None, "cpu")


def key(job, setting):
    return setting.store.key(job, setting.root, setting.device)


def missing(queue, setting):
    plan = Plan(setting, workers=1)
    plan._trainings = dict.fromkeys(queue)
    return plan.to_train()


def test_what_was_stored_reads_back(setting):
    run_job(JOB, setting)
    stored = setting.store.load(key(JOB, setting))
    assert stored.arrays["train_loss"].shape == (2, 2)
    assert stored.seconds > 0
    assert missing([JOB], setting) == []
    assert setting.store.load("0" * 64) is None


def test_a_stored_job_is_not_trained_again_unless_asked(setting, monkeypatch):
    run_job(JOB, setting)
    calls = []
    real = queue.train
    monkeypatch.setattr(queue, "train", lambda *arguments: calls.append(1) or real(*arguments))
    run_job(JOB, setting)
    assert calls == []
    fresh = dataclasses.replace(setting, fresh=True)
    assert missing([JOB], fresh) == [JOB]
    run_job(JOB, fresh)
    assert calls == [1]


@pytest.mark.parametrize(
    "other",
    [
        Job(TINY, (0, 2)),
        Job(dataclasses.replace(TINY, epochs=2), (0, 1)),
        Job(dataclasses.replace(TINY, hidden=(5,)), (0, 1)),
        Job(dataclasses.replace(TINY, learning_rate=0.01), (0, 1)),
        Job(dataclasses.replace(TINY, dtype="float64"), (0, 1)),
    ],
)
def test_another_job_has_another_name(setting, other):
    assert key(other, setting) != key(JOB, setting)


def test_the_name_depends_on_source_torch_and_device(setting, monkeypatch):
    name = key(JOB, setting)
    with monkeypatch.context() as patch:
        patch.setattr(store.torch, "__version__", "0.0")
        assert key(JOB, setting) != name
    with monkeypatch.context() as patch:
        patch.setattr(store, "source_digest", lambda *paths: "other")
        assert key(JOB, setting) != name
    with monkeypatch.context() as patch:
        patch.setattr(store.torch.cuda, "get_device_name", lambda device: "a GPU")
        assert key(JOB, dataclasses.replace(setting, device="cuda")) != name
    assert key(JOB, setting) == name


def test_a_docstring_changes_no_source_and_a_statement_does(tmp_path):
    texts = ['"""One."""\nx = 1\n', '"""Another."""\n# why\nx = 1\n', '"""One."""\nx = 2\n']
    paths = [tmp_path / f"{index}.py" for index in range(3)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    assert source_digest(paths[0]) == source_digest(paths[1]) != source_digest(paths[2])


def damage_truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def damage_foreign(path):
    path.write_bytes(b"this is not ours")


def damage_empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("suffix", ["npz", "json"])
@pytest.mark.parametrize("damage", [damage_truncate, damage_flip, damage_foreign, damage_empty])
def test_a_damaged_file_is_set_aside_and_trained_again(setting, damage, suffix):
    run_job(JOB, setting)
    whole = setting.store.load(key(JOB, setting)).arrays
    [path] = setting.store.folder.glob(f"*/*.{suffix}")
    damage(path)
    plan = Plan(setting, workers=1)
    tiny = scale("fast", seeds=2)
    plan.add(TINY, 2)
    for job in plan.to_train():
        run_job(job, setting)
    again = plan.runs({"tiny": TINY}, tiny)["tiny"]
    np.testing.assert_array_equal(again.train_loss, whole["train_loss"])
    assert path.with_name(path.name + ".damaged") in setting.store.damaged()


def test_a_pickle_is_never_loaded(setting):
    run_job(JOB, setting)
    [path] = setting.store.folder.glob("*/*.npz")
    np.savez(path, evil=np.array([{"a": 1}], dtype=object))
    description = path.with_suffix(".json").read_text()
    import hashlib
    import json

    forged = json.loads(description) | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(forged))
    assert setting.store.load(key(JOB, setting)) is None


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_room_is_said_before_training(setting, monkeypatch):
    setting.store.folder.mkdir()
    monkeypatch.setattr(queue.shutil, "disk_usage", lambda folder: type("usage", (), {"free": 1000}))
    with pytest.raises(StoreFull, match="--store"):
        require_room([JOB], setting.store.folder)


class Immediate:
    """An executor that does its work at once, in this process."""

    def submit(self, call, *arguments):
        from concurrent.futures import Future

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
    assert missing([JOB, other], setting) == [JOB]


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
        found.append([setting.store.load(key(job, setting)).arrays for job in queue_of_jobs])
    for one, two in zip(*found, strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, two[name])


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
    assert missing(short, setting) == []
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
