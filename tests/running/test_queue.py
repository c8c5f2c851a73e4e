"""The queue does all work once, on any executor, and loses no more than what is in flight."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ontrial.running import lanes as lanes_module
from ontrial.running.lanes import Lane, lanes
from ontrial.running.queue import Progress, Setting, TrainingError, run_job, seconds_left, work_off
from ontrial.running.shelf import Shelf
from ontrial.running.store import RunStore
from tests.running.planted import Doubled, counted, crashing, deadly, endless, failing, growing, noise

ROOT = Path(__file__).parents[2]


@pytest.fixture
def setting(tmp_path):
    return Setting(RunStore(tmp_path / "runs"))


def jobs(setting, training, seeds=4):
    """A job a seed."""
    return [Shelf(setting).job(training, (seed,)) for seed in range(seeds)]


def done(setting, first, workers=1, ways=None):
    """Work off these jobs; answers what became of each, and what was told of the progress."""
    outcomes, told = {}, []

    def then(job, failure):
        outcomes[job] = failure
        return []

    with lanes(workers, 1, None, None) as own:
        work_off(first, then, setting, ways or own, told.append)
    return outcomes, told


def is_stored(setting, job):
    return all(setting.store.load(key) is not None for key in job.keys)


def test_a_job_is_done_once_unless_it_is_asked_for_afresh(setting, tmp_path):
    job = Shelf(setting).job(counted(str(tmp_path)), (7,))
    for fresh, times in ((False, 1), (False, 1), (True, 2)):
        run_job(job, Setting(setting.store, fresh))
        assert len(list(tmp_path.glob("7-*"))) == times


def test_only_the_seeds_that_are_not_stored_are_trained(setting, tmp_path):
    training = counted(str(tmp_path))
    run_job(Shelf(setting).job(training, (1,)), setting)
    run_job(Shelf(setting).job(training, (0, 1, 2)), setting)
    assert sorted(path.name[0] for path in tmp_path.glob("?-*")) == ["0", "1", "2"]


def test_shared_arrays_are_kept_with_every_seed(setting):
    shelf, training = Shelf(setting), Doubled(noise())
    run_job(shelf.job(training.below, (0, 1)), setting)
    job = shelf.job(training, (0, 1))
    run_job(job, setting)
    for seed, key in enumerate(job.keys):
        arrays = setting.store.load(key).arrays
        assert arrays["twice"] == 2 * np.random.default_rng(seed).normal()
        np.testing.assert_array_equal(arrays["factor"], [2.0, 1.0])


def test_an_answer_without_an_axis_of_seeds_is_refused(setting, monkeypatch):
    shelf, training = Shelf(setting), Doubled(noise())
    run_job(shelf.job(training.below, (0, 1, 2)), setting)
    job = shelf.job(training, (0, 1, 2))
    monkeypatch.setattr(Doubled, "train", lambda self, seeds, needed: {"value": np.zeros(2)})
    with pytest.raises(TrainingError, match="returned value without a first axis of its 3 seeds"):
        run_job(job, setting)
    assert not is_stored(setting, job)


def test_a_job_that_fails_or_cannot_be_stored_fails_alone(setting, monkeypatch, threads):
    [bad], good = jobs(setting, crashing(), 1), jobs(setting, noise())
    real = RunStore.save

    def full(self, key, stored, description):
        if key == good[1].keys[0]:
            raise OSError(28, "No space left on device")
        real(self, key, stored, description)

    monkeypatch.setattr(RunStore, "save", full)
    outcomes, _ = done(setting, [bad, *good])
    assert str(outcomes[bad]) == f"{bad} failed: ArithmeticError: seed 0 does not work"
    assert "Is the disk full" in str(outcomes[good[1]])
    assert [is_stored(setting, job) for job in good] == [True, False, True, True]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"twice": np.ma.masked_less(np.arange(2.0), 1)}, "twice is masked: fill what is masked"),
        ({"twice": np.ones(2), "seconds": np.ones(2)}, "an array may not be named seconds"),
        ({"twice": np.ones(2), 3: np.ones(2)}, "an array may not be named 3"),
    ],
)
def test_what_a_run_could_not_show_is_refused_of_every_kind_of_training(setting, monkeypatch, arrays, message):
    shelf, training = Shelf(setting), Doubled(noise())
    run_job(shelf.job(training.below, (0, 1)), setting)
    monkeypatch.setattr(Doubled, "train", lambda self, seeds, needed: arrays)
    job = shelf.job(training, (0, 1))
    with pytest.raises((TrainingError, ValueError), match=message):
        run_job(job, setting)
    assert not is_stored(setting, job)


def test_a_seed_that_fails_or_kills_its_worker_loses_no_other(setting, tmp_path):
    shelf = Shelf(setting)
    bad = shelf.job(failing(2), (0, 1, 2, 3))
    once = shelf.job(deadly(str(tmp_path), deaths=1), (0, 1))
    outcomes, _ = done(setting, [bad])
    assert str(outcomes[bad]) == f"{bad} failed: Odd: no number: of this seed"
    assert [setting.store.has(key) for key in bad.keys] == [True, True, False, False]
    run_job(shelf.job(noise(), (0,)), setting)
    outcomes, _ = done(setting, [once])
    assert outcomes == {once: None}


def test_a_job_that_is_killed_loses_the_seed_in_flight_alone(setting, monkeypatch):
    job = Shelf(setting).job(noise(), (0, 1, 2))
    real, calls = type(job.training).train, []

    def killed_at_the_third(self, seeds, needed):
        calls.append(seeds)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, seeds, needed)

    monkeypatch.setattr(type(job.training), "train", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_job(job, setting)
    assert [setting.store.has(key) for key in job.keys] == [True, True, False]
    run_job(job, setting)
    assert calls == [[0], [1], [2], [2]]


def test_seeds_that_leave_other_shapes_than_each_other_are_an_error_that_says_so(setting):
    with pytest.raises(TrainingError, match=r"returned other arrays, or shapes, .*\(1,\).*\(2,\)"):
        run_job(Shelf(setting).job(growing(), (0, 1)), setting)


class Broken(Exception):
    """An error whose text cannot be made."""

    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "text"),
    [(Broken(), "Broken: an error whose text cannot be made"), (SystemExit(3), "SystemExit: 3"),
     (pytest.skip.Exception("not today"), "Skipped: not today")],
)  # fmt: skip
def test_whatever_a_training_raises_is_told_as_text(setting, monkeypatch, threads, error, text):
    [job] = jobs(setting, noise(), 1)

    def train(self, seeds, needed):
        raise error

    monkeypatch.setattr(type(job.training), "train", train)
    outcomes, _ = done(setting, [job])
    assert str(outcomes[job]) == f"{job} failed: {text}"
    assert "in train" in outcomes[job].__notes__[0]  # where it was raised


def test_a_training_that_cannot_be_sent_or_received_is_an_error_that_says_so(setting, monkeypatch):
    class Local(Doubled):
        """A class that no other process can find."""

    module = types.ModuleType("module_of_the_session_alone")
    exec("from tests.running.planted import Doubled\nclass Alone(Doubled): pass", module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    [local], [alone] = jobs(setting, Local(noise()), 1), jobs(setting, module.Alone(noise()), 1)
    outcomes, _ = done(setting, [local, alone])
    assert "Local" in str(outcomes[local])
    assert "No module named 'module_of_the_session_alone'" in str(outcomes[alone])


def test_no_more_processes_are_started_than_there_are_jobs_and_none_waits_for_another(setting, monkeypatch):
    started = []

    def process(began):
        started.append(ThreadPoolExecutor(1))
        return started[-1]

    monkeypatch.setattr(lanes_module, "_process", process)
    monkeypatch.setattr(lanes_module._SPAWN, "Event", threading.Event)
    done(setting, jobs(setting, noise(), 3), workers=999)
    assert len(started) == 3


def test_no_lock_is_left_behind(setting):
    run_job(Shelf(setting).job(noise(), (0, 1)), setting)
    assert list(setting.store.folder.glob("locks/*")) == []


def test_the_longest_is_done_first_and_what_follows_joins(setting, monkeypatch, threads):
    first, follower = jobs(setting, noise(), 3), Shelf(setting).job(noise(2.0), (0,))
    costs = dict(zip(first, (1.0, 9.0, 3.0), strict=True)) | {follower: 5.0}
    monkeypatch.setattr(type(follower.training), "estimate", lambda self, seeds: 1.0)
    monkeypatch.setattr("ontrial.running.queue._Costs.of", lambda self, job: self._of.setdefault(job, costs[job]))
    order = []

    def then(job, failure):
        order.append(job)
        return [follower] if job is first[1] else []

    work_off(first, then, setting, [Lane("process", lambda: ThreadPoolExecutor(1), 1, 1)], lambda progress: None)
    assert order == [first[1], follower, first[2], first[0]]


def test_what_is_left_is_told_from_what_was_done(setting, threads, monkeypatch):
    monkeypatch.setattr("ontrial.running.queue._SECONDS_BETWEEN_REPORTS", 0.0)
    _, told = done(setting, jobs(setting, noise(), 5))
    assert told[-1].finished == told[-1].jobs == 5
    assert told[-1].left == 0
    assert all(isinstance(each, Progress) and (each.left is None or each.left >= 0) for each in told)


@pytest.mark.parametrize("passed", [0.0, 10.0, 780.0])
def test_no_time_is_given_before_a_job_is_finished_however_long_it_takes(passed):
    assert seconds_left(whole=110.0, done=0.0, under_way=2.0, passed=passed) is None


def test_the_time_left_follows_from_what_was_finished():
    assert seconds_left(whole=110.0, done=10.0, under_way=0.0, passed=300.0) == 3000.0
    # of 16 equal jobs at once the first is finished: the others are nearly so, and count as half done
    assert seconds_left(whole=160.0, done=1.0, under_way=15.0, passed=60.0) == pytest.approx(60 * 151.5 / 8.5)
    assert seconds_left(whole=110.0, done=110.0, under_way=0.0, passed=780.0) == 0


def test_a_last_job_that_takes_long_is_never_said_to_be_over():
    left = [seconds_left(whole=2.0, done=1.0, under_way=1.0, passed=passed) for passed in (10.0, 100.0, 1000.0)]
    assert left == sorted(left)
    assert left[0] > 0


def test_a_first_job_that_takes_longer_than_estimated_does_not_count_down_to_0(setting, threads, monkeypatch):
    """The case of "about 0 s (0 of 110 jobs)": reports while nothing is finished give no time."""
    monkeypatch.setattr("ontrial.running.queue._SECONDS_BETWEEN_REPORTS", 0.0)
    monkeypatch.setattr(type(noise()), "estimate", lambda self, seeds: 1e-9 * seeds)
    _, told = done(setting, jobs(setting, noise(), 5))
    assert all(each.left is None for each in told if not each.finished)
    assert all(each.left > 0 for each in told if 0 < each.finished < each.jobs)


def test_a_job_whose_place_is_nowhere_fails_alone(setting, threads):
    [lost], [well] = jobs(setting, Doubled(noise(), place="abacus"), 1), jobs(setting, noise(), 1)
    outcomes, _ = done(setting, [lost, well])
    assert outcomes[well] is None
    assert str(outcomes[lost]).startswith("nothing here trains what belongs on 'abacus'")


def test_the_same_bits_whatever_the_number_of_workers(tmp_path):
    found = []
    for workers in (1, 2):
        setting = Setting(RunStore(tmp_path / str(workers)))
        whole = [*jobs(setting, noise()), *jobs(setting, noise(3.0))]
        outcomes, _ = done(setting, whole, workers)
        assert set(outcomes.values()) == {None}
        found.append([path.read_bytes() for path in sorted(setting.store.folder.glob("*/*.npz"))])
    assert found[0] == found[1]


def test_a_worker_that_dies_costs_its_own_job_a_retry_and_nothing_else(setting, tmp_path):
    [once], others = jobs(setting, deadly(str(tmp_path), deaths=1), 1), jobs(setting, noise())
    outcomes, _ = done(setting, [once, *others])
    assert outcomes == dict.fromkeys([once, *others])
    assert len(list(tmp_path.glob("death*"))) == 1
    assert all(is_stored(setting, job) for job in (once, *others))


def test_the_third_death_over_a_job_is_the_last_and_the_others_are_done(setting, tmp_path):
    [always], others = jobs(setting, deadly(str(tmp_path)), 1), jobs(setting, noise())
    outcomes, _ = done(setting, [*others[:2], always, *others[2:]], workers=2)
    assert len(list(tmp_path.glob("death*"))) == 3
    assert str(outcomes.pop(always)).startswith(f"{always} was given up: 3 workers died over it.")
    assert outcomes == dict.fromkeys(others)


def _race(folder, seeds, trained):
    setting = Setting(RunStore(Path(folder)))
    run_job(Shelf(setting).job(counted(trained), seeds), setting)


@pytest.mark.parametrize("other", [(0, 1, 2), (2, 3), (1,)])
def test_two_processes_train_a_seed_once(tmp_path, other):
    context = multiprocessing.get_context("spawn")
    (tmp_path / "trained").mkdir()
    racers = [
        context.Process(target=_race, args=(str(tmp_path / "runs"), seeds, str(tmp_path / "trained")))
        for seeds in ((0, 1, 2), other)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=60)
    assert [racer.exitcode for racer in racers] == [0, 0]
    trained = sorted(path.name[0] for path in (tmp_path / "trained").iterdir())
    assert trained == sorted({str(seed) for seed in (0, 1, 2, *other)})


def test_a_killed_session_loses_only_what_is_in_flight_and_its_workers_end(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from ontrial.running.queue import Setting
        from ontrial.running.store import RunStore
        from tests.running.planted import endless, noise
        from tests.running.test_queue import done, jobs

        if __name__ == "__main__":
            setting = Setting(RunStore(Path({str(tmp_path / "runs")!r})))
            done(setting, [*jobs(setting, noise()), *jobs(setting, endless(), 1)])
        """)
    )
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    setting = Setting(RunStore(tmp_path / "runs"))
    [stuck] = jobs(setting, endless(), 1)
    deadline = time.monotonic() + 60
    try:
        while not setting.store.lock(stuck.keys[0]).exists():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert all(is_stored(setting, job) for job in jobs(setting, noise()))
    assert list(setting.store.folder.glob("*/.*")) == []  # no part of a file is left
    while _alive(process.pid):  # the worker sees that its parent is gone
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _alive(session: int) -> list[str]:
    """Processes of a session, by /proc; none where there is no /proc."""
    alive = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(path.name)) == session and "Z" not in (path / "stat").read_text().split()[2]:
                alive.append(path.name)
        except OSError:
            continue
    return alive
