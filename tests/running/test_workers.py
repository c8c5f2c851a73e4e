"""Jobs are run once, on any executor, and a failure or a death loses no more than what is in flight."""

import json
import multiprocessing
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ontrial.running import jobs as jobs_module
from ontrial.running import workers as workers_module
from ontrial.running.jobs import Job, Setting, TrainingError, run_job
from ontrial.running.plan import Plan
from ontrial.running.store import RunStore
from ontrial.running.workers import dask_executor, run_jobs
from tests.conftest import alive
from tests.running.planted import (
    Doubled,
    complete,
    counted,
    crashing,
    deadly,
    endless,
    failing,
    growing,
    job,
    noise,
    on_trial,
)

ROOT = Path(__file__).parents[2]
SPAWN = multiprocessing.get_context("spawn")


def jobs(of, seeds=4):
    """A job a seed."""
    return [job(of, seed) for seed in range(seeds)]


def run(setting, first, workers=1, cluster=None, report=lambda progress: None):
    """What became of each of these jobs."""
    outcomes = {}
    run_jobs(first, lambda job, failure: outcomes.update({job: failure}) or (), setting, report, workers, cluster)
    return outcomes


def is_stored(setting, job):
    return [setting.store.load(key) is not None for key in job.keys]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"value": np.zeros(2)}, "returned value without a first axis of its 3 seeds"),
        ({"value": np.float64(2)}, "returned value without a first axis of its 3 seeds"),
        ({"twice": np.ma.masked_less(np.arange(3.0), 1)}, "twice is masked: fill what is masked"),
        ({"twice": np.ones(3), "seconds": np.ones(3)}, "an array may not be named seconds"),
        ({"twice": np.ones(3), 3: np.ones(3)}, "an array may not be named 3"),
    ],
)
def test_arrays_that_no_run_could_show_are_refused_from_every_training(setting, monkeypatch, arrays, message):
    monkeypatch.setattr(Doubled, "train", lambda self, seeds, needed: arrays)
    wrong = job(Doubled(noise()), 0, 1, 2)
    with pytest.raises(TrainingError, match=message):
        run_job(wrong, setting)
    assert is_stored(setting, wrong) == [False] * 3
    assert is_stored(setting, wrong.needs[0]) == [True] * 3


def test_seeds_trained_together_share_their_seconds_and_each_has_its_own_arrays(setting, monkeypatch):
    whole, passed = job(Doubled(noise()), 0, 1, 2), [0.0]
    run_job(whole, setting)
    for key, need in zip(whole.keys, whole.needs[0].keys, strict=True):
        assert setting.store.load(key).arrays["twice"] == 2 * setting.store.load(need).arrays["value"]

    def train(self, seeds, needed):
        passed[0] += 12.0
        return {"twice": np.array(seeds) * 2.0}

    clock = types.SimpleNamespace(process_time=lambda: passed[0], monotonic=lambda: passed[0])
    monkeypatch.setattr(Doubled, "train", train)
    monkeypatch.setattr(jobs_module, "time", clock)
    for place in ("process", "device"):
        several = replace(job(Doubled(noise(), place=place), 0, 1, 2), needs=())
        run_job(several, replace(setting, fresh=True, began=time.time() + 9))
        found = [setting.store.load(key) for key in several.keys]
        assert [each.seconds for each in found] == [4.0] * 3
        assert [float(each.arrays["twice"]) for each in found] == [0.0, 2.0, 4.0]


def test_locks_are_taken_in_one_order_whatever_that_of_the_seeds(setting, monkeypatch):
    taken = []
    locked = jobs_module.locked
    monkeypatch.setattr(jobs_module, "locked", lambda path, limit: taken.append(path.stem) or locked(path, limit))
    for seeds in ((0, 1, 2, 3), (7, 6, 5, 4)):
        run_job(job(noise(), *seeds), setting)
    assert len(taken) == 8
    assert taken == [*sorted(taken[:4]), *sorted(taken[4:])]


def test_seeds_with_arrays_of_other_shapes_are_an_error(setting):
    with pytest.raises(TrainingError, match=r"returned other arrays, or shapes, .*\(1,\).*\(2,\)"):
        run_job(job(growing(), 0, 1), setting)


def test_a_job_that_fails_or_cannot_be_stored_fails_alone(setting, monkeypatch, threads):
    bad, good = job(crashing(), 0), jobs(noise())
    save = RunStore.save

    def full(self, key, stored, description):
        if key == good[1].keys[0]:
            raise OSError(28, "No space left on device")
        save(self, key, stored, description)

    monkeypatch.setattr(RunStore, "save", full)
    outcomes = run(setting, [bad, *good], cluster=threads)
    assert str(outcomes[bad]) == f"{bad} failed: ArithmeticError: seed 0 does not work"
    assert "Is the disk full" in str(outcomes[good[1]])
    assert [is_stored(setting, each) for each in good] == [[True], [False], [True], [True]]


def test_a_seed_that_fails_fails_alone_and_is_not_tried_again_for_what_needs_it(setting, tmp_path):
    bad, lead = job(failing(2, str(tmp_path)), 0, 1, 2, 3), "failing(at=2, folder="
    above = [replace(job(Doubled(failing(2, str(tmp_path))), *seeds), seconds=-1.0) for seeds in ((0, 2, 3), (2,))]
    outcomes = run(setting, [bad, *above])
    for each in outcomes.values():
        assert str(each).startswith(lead)
        assert str(each).endswith("(seed 2) failed: Odd: no number: of this seed")
    assert is_stored(setting, bad) == [True, True, False, True]
    assert [is_stored(setting, each) for each in above] == [[True, False, True], [False]]
    assert len(list(tmp_path.glob("failed*"))) == 1


def test_an_interrupted_job_goes_on_where_it_was(setting, monkeypatch):
    interrupted = job(noise(), 0, 1, 2)
    train, calls = type(noise()).train, []

    def at_the_third(self, seeds, needed):
        calls.append(seeds)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(self, seeds, needed)

    monkeypatch.setattr(type(noise()), "train", at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_job(interrupted, setting)
    assert is_stored(setting, interrupted) == [True, True, False]
    run_job(interrupted, setting)
    assert calls == [(0,), (1,), (2,), (2,)]
    assert list(setting.store.folder.glob("locks/*")) == []


class Broken(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "text"),
    [(Broken(), "Broken: an error whose text cannot be made"), (SystemExit(3), "SystemExit: 3"),
     (pytest.skip.Exception("not today"), "Skipped: not today")],
)  # fmt: skip
def test_whatever_a_training_raises_is_reported_as_text(setting, monkeypatch, threads, error, text):
    def train(self, seeds, needed):
        raise error

    monkeypatch.setattr(type(noise()), "train", train)
    [(bad, failure)] = run(setting, jobs(noise(), 1), cluster=threads).items()
    assert str(failure) == f"{bad} failed: {text}"
    assert "in train" in failure.__notes__[0]  # where it was raised
    assert str(pickle.loads(pickle.dumps(failure))) == str(failure)


def test_a_training_that_cannot_be_sent_or_received_is_an_error_that_says_so(setting, monkeypatch):
    class Local(Doubled):
        """A class that no other process can find."""

    module = types.ModuleType("module_of_the_session_alone")
    exec("from tests.running.planted import Doubled\nclass Alone(Doubled): pass", module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    local, alone = job(Local(noise()), 0), job(module.Alone(noise()), 1)
    outcomes = run(setting, [local, alone])
    assert "Local" in str(outcomes[local])
    assert "No module named 'module_of_the_session_alone'" in str(outcomes[alone])


def test_no_more_processes_are_started_than_there_are_jobs(setting, monkeypatch):
    started = []

    def executor():
        started.append(ThreadPoolExecutor(1))
        return started[-1]

    monkeypatch.setattr(workers_module, "process_executor", executor)
    run(setting, jobs(noise(), 3), 999)
    assert 1 <= len(started) <= 3


def test_the_longest_is_run_first_what_follows_joins_and_what_trains_the_same_waits(setting):
    costs = {0: 1.0, 1: 9.0, 2: 3.0}
    first = [replace(job(noise(), seed), seconds=cost) for seed, cost in costs.items()]
    same = replace(job(Doubled(noise()), 1), seconds=8.0)
    follower = replace(job(noise(2.0), 0), seconds=5.0)
    running, overlaps, order = set(), [], []

    class Pool(ThreadPoolExecutor):
        def submit(self, call, *arguments):
            if arguments:
                order.append(arguments[0])
                running.add(arguments[0])
                overlaps.append({str(first[1]), str(same)} <= running)
            return super().submit(call, *arguments)

    def then(each, failure):
        running.discard(str(each))
        return [follower] if each == first[1] else []

    with Pool(1) as pool:
        run_jobs([*first, same], then, setting, lambda progress: None, 1, pool)
    assert order[0] == str(first[1])
    assert sorted(order) == sorted(map(str, [*first, same, follower]))
    assert not any(overlaps)


def test_jobs_take_as_many_workers_as_they_have_threads(setting, monkeypatch):
    monkeypatch.setattr(Job, "threads", property(lambda self: int(self.training._values()["shift"])))
    monkeypatch.setattr(workers_module, "process_executor", lambda: ThreadPoolExecutor(1))
    running, most = [], []

    def attempt(name, content):
        running.append(job := pickle.loads(content)[0])
        most.append(sorted(each.threads for each in running))
        time.sleep(0.05)
        running.remove(job)

    monkeypatch.setattr(workers_module, "attempt", attempt)
    costs = [(2, 9.0), (1, 8.0), (1, 7.0), (5, 6.0), (2, 5.0), (1, 4.0)]  # threads, and seconds
    run(setting, [replace(job(noise(threads), place), seconds=cost) for place, (threads, cost) in enumerate(costs)], 3)
    assert {tuple(each) for each in most if sum(each) > 3} == {(5,)}, "which takes all"
    assert [1, 2] in most


def test_the_same_bits_whatever_the_number_of_workers(tmp_path):
    found = []
    for workers in (1, 2):
        setting = Setting(RunStore(tmp_path / str(workers)))
        assert set(run(setting, [*jobs(noise()), *jobs(Doubled(noise(3.0)))], workers).values()) == {None}
        found.append([path.read_bytes() for path in sorted(setting.store.folder.glob("*/*.npz"))])
    assert len(found[0]) == 12
    assert found[0] == found[1]


def test_a_process_that_dies_costs_its_own_job_a_retry_and_nothing_else(setting, tmp_path):
    once, others = job(deadly(str(tmp_path), deaths=1), 0, 1), jobs(noise())
    assert run(setting, [once, *others]) == dict.fromkeys([once, *others])
    assert len(list(tmp_path.glob("death*"))) == 1
    assert all(all(is_stored(setting, each)) for each in (once, *others))


def test_a_process_that_dies_idle_costs_nothing(setting, monkeypatch):
    made, real = [], workers_module.process_executor
    monkeypatch.setattr(workers_module, "process_executor", lambda: made.append(real()) or made[-1])
    follow = iter([[job(noise(), 1)], []])

    def then(job, failure):
        assert failure is None
        for process in list((made[-1]._processes or {}).values()):
            process.kill()
            process.join()
        return next(follow)

    run_jobs([job(noise(), 0)], then, setting, lambda progress: None, 1)
    assert is_stored(setting, job(noise(), 0, 1)) == [True, True]


def test_the_third_death_over_a_job_is_the_last_and_the_others_are_done(setting, tmp_path):
    always, others = job(deadly(str(tmp_path)), 0), jobs(noise())
    outcomes = run(setting, [*others[:2], always, *others[2:]], workers=2)
    assert len(list(tmp_path.glob("death*"))) == 3
    assert str(outcomes.pop(always)).startswith(f"{always} was given up: 3 workers died over it.")
    assert outcomes == dict.fromkeys(others)


def _race(folder, seeds, trained):
    run_job(job(counted(trained), *seeds), Setting(RunStore(Path(folder))))


@pytest.mark.parametrize("other", [(0, 1, 2), (2, 3), (1,)])
def test_two_processes_train_a_seed_once(tmp_path, other):
    (tmp_path / "trained").mkdir()
    arguments = [(str(tmp_path / "runs"), seeds, str(tmp_path / "trained")) for seeds in ((0, 1, 2), other)]
    racers = [SPAWN.Process(target=_race, args=each) for each in arguments]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=60)
    assert [racer.exitcode for racer in racers] == [0, 0]
    trained = sorted(path.name[0] for path in (tmp_path / "trained").iterdir())
    assert trained == sorted({str(seed) for seed in (0, 1, 2, *other)})


def test_a_killed_session_loses_only_what_is_in_flight_and_its_workers_end(setting, tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from tests.running.test_workers import RunStore, Setting, endless, job, jobs, noise, run

        if __name__ == "__main__":
            run(Setting(RunStore(Path({str(setting.store.folder)!r}))), [*jobs(noise()), job(endless(), 0)])
        """)
    )
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    deadline = time.monotonic() + 60
    try:
        while not setting.store.lock(job(endless(), 0).keys[0]).exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert is_stored(setting, job(noise(), 0, 1, 2, 3)) == [True] * 4
    assert list(setting.store.folder.glob("*/.*")) == []  # no part of a file is left
    while alive(process.pid):  # the worker notices that its parent is gone
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_interrupt_is_raised_where_nothing_is_under_way(setting, threads):
    """Else a file that is being read would stay open, or what has come out be lost half way."""
    seen = []

    def then(done, failure):
        signal.raise_signal(signal.SIGINT)
        seen.append(done)
        return []

    with pytest.raises(KeyboardInterrupt):
        run_jobs([job(noise(), 0)], then, setting, lambda progress: None, 1, threads)
    assert seen == [job(noise(), 0)]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_progress_gives_no_time_before_a_job_is_finished_and_none_is_left_at_the_end(setting, threads, monkeypatch):
    monkeypatch.setattr(workers_module, "_SECONDS_BETWEEN_REPORTS", 0.0)
    found = []
    run(setting, [replace(each, seconds=1e-9) for each in jobs(noise(), 5)], cluster=threads, report=found.append)
    assert (found[-1].finished, found[-1].jobs, found[-1].left) == (5, 5, 0)
    assert all((each.left is None) == (each.finished == 0) for each in found)
    assert all(each.left > 0 for each in found if 0 < each.finished < each.jobs)


@pytest.fixture
def scheduler(tmp_path):
    """The address of a Dask scheduler with one worker, in processes of their own."""
    address_file, started = tmp_path / "scheduler.json", []
    common = ["--scheduler-file", str(address_file), "--no-dashboard"]
    for command in (["scheduler", "--host", "127.0.0.1", "--port", "0"], ["worker", "--nthreads", "1", "--no-nanny"]):
        started.append(subprocess.Popen([sys.executable, "-m", "dask", *command, *common], cwd=ROOT))
        deadline = time.monotonic() + 60
        while not address_file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield json.loads(address_file.read_text())["address"]
    for process in reversed(started):
        process.kill()  # terminated, a worker may wait for its scheduler
        process.wait()


def test_a_cluster_stores_the_same_bits_as_processes_of_our_own(scheduler, tmp_path):
    found = []
    for folder, engine in (("own", None), ("cluster", dask_executor(scheduler))):
        well, bad = on_trial({"twice": Doubled(noise())}, 3), on_trial({"a": crashing()}, 3)
        plan = complete(Plan(Setting(RunStore(tmp_path / folder)), 1, engine), well, bad)
        assert plan.runs(well)["twice"].n == 3
        assert "ArithmeticError: seed" in str(bad.failure)
        assert plan.first_jobs() == []
        found.append({path.name: path.read_bytes() for path in (tmp_path / folder).glob("*/*.npz")})
    assert len(found[0]) == 6
    assert found[0] == found[1]


def test_an_address_without_a_scheduler_is_refused():
    with pytest.raises(ValueError, match=re.escape("--ontrial-engine tcp://127.0.0.1:9: no Dask scheduler replies")):
        dask_executor("tcp://127.0.0.1:9", seconds=0.5)
