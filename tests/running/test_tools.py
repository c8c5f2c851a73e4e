"""What a function may be given beside its settings: progress, and a checkpoint from which a killed run goes on."""

import os
import random
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ontrial import Checkpoint, Progress, training
from ontrial.running import jobs, workers
from ontrial.running.jobs import Setting, run_job
from ontrial.running.workers import run_jobs
from tests.running.planted import LOOKS, Doubled, job, noise


@training(looks=LOOKS)
def telling(store: str, seconds: float, *, seed: int, progress: Progress):
    """Says that it is half done, and records how much of its job that is."""
    progress(1, 2)
    time.sleep(seconds)
    noted = [float(path.read_text()) for path in Path(store).glob("locks/*.done")]
    return {"value": np.array(noted[0] if noted else 0.0)}


def test_progress_is_a_part_of_the_whole_job_and_rarely_written(setting, monkeypatch):
    of = telling(str(setting.store.folder), 0.0)
    run_job(job(of, 7), setting)
    assert setting.store.load(job(of, 7).keys[0]).arrays["value"] == 0
    monkeypatch.setattr(jobs, "_SECONDS_BETWEEN_NOTES", 0.0)
    run_job(job(Doubled(of), 0, 1), setting)
    noted = [setting.store.load(key).arrays["value"] for key in job(of, 0, 1).keys]
    assert noted == [0.125, 0.375]  # of two seeds of it, and of what needs it
    assert setting.store.reached(job(Doubled(of), 0, 1).keys[0]) == 0
    assert list(setting.store.folder.glob("locks/*")) == []


def test_progress_moves_the_bar_and_the_time_left_before_any_job_is_done(setting, monkeypatch, threads):
    monkeypatch.setattr(jobs, "_SECONDS_BETWEEN_NOTES", 0.0)
    monkeypatch.setattr(workers, "_SECONDS_BETWEEN_REPORTS", 0.05)
    found = []
    first = replace(job(telling(str(setting.store.folder), 1.0), 0), seconds=1.0)
    run_jobs([first], lambda job, failure: [], setting, found.append, 1, threads)
    assert (0.5, 0) in {(each.part, each.finished) for each in found}
    assert all(each.left > 0 for each in found if each.part == 0.5)


STEPS = 60


@training(looks=LOOKS)
def walking(folder: str, steps: int = STEPS, *, seed: int, checkpoint: Checkpoint):
    """A random walk with the global generators, which leaves its process and a sign for each step."""
    state = checkpoint.load() or {"step": np.array(0), "walk": np.zeros(steps)}
    walk = state["walk"]
    for step in range(int(state["step"]), steps):
        walk[step] = walk[step - 1] + np.random.normal() + random.gauss(0, 1)
        with Path(folder, f"{seed}-{os.getpid()}").open("a") as file:
            file.write(".")
        time.sleep(0.01)
        checkpoint.save({"step": step + 1, "walk": walk})
    return {"walk": walk}


def test_a_killed_run_goes_on_from_its_checkpoint_with_the_same_result(setting, tmp_path):
    """Killed at random points, while it saves too."""
    whole, killed, delays = tmp_path / "whole", tmp_path / "killed", random.Random(0)
    whole.mkdir()
    killed.mkdir()
    expected = walking(str(whole)).train((0, 1))["walk"]
    victim, begun, deaths = job(walking(str(killed)), 0, 1), set(), []

    def kill():
        while len(deaths) < workers.MOST_DEATHS - 1:
            if new := [path for path in killed.iterdir() if path not in begun and path.stat().st_size > 2]:
                begun.update(new)
                time.sleep(delays.uniform(0, 0.4))
                os.kill(int(new[0].name.split("-")[1]), signal.SIGKILL)
                deaths.append(new[0])
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    failures = []
    run_jobs([victim], lambda job, failure: failures.append(failure) or [], setting, lambda progress: None, 1)
    killer.join(30)
    assert (failures, len(deaths)) == ([None], 2)
    np.testing.assert_array_equal([setting.store.load(key).arrays["walk"] for key in victim.keys], expected)
    steps = sum(path.stat().st_size for path in killed.iterdir())
    assert 2 * STEPS <= steps <= 2 * STEPS + len(deaths)  # each death costs the step that was under way
    assert list(setting.store.folder.glob("??/*.checkpoint")) == []


@pytest.mark.parametrize(("damaged", "fresh"), [(False, False), (True, False), (False, True)])
def test_a_checkpoint_that_is_damaged_or_of_before_a_fresh_session_is_not_used(setting, tmp_path, damaged, fresh):
    of = job(walking(str(tmp_path), 4), 0)
    saved = setting.store.checkpoint(of.keys[0])
    saved.save({"step": 3, "walk": np.full(4, 9.0)})
    if damaged:
        saved.path.write_bytes(saved.path.read_bytes()[:-30])
    run_job(of, Setting(setting.store, fresh, repeat=False))
    first = setting.store.load(of.keys[0]).arrays["walk"][0]
    assert (first == 9.0) == (not damaged and not fresh)


def test_a_checkpoint_holds_arrays_alone_and_without_a_run_nothing():
    checkpoint = Checkpoint()
    checkpoint.save({"state": np.ones(3), "text": np.array("a")})
    assert checkpoint.load() is None
    with pytest.raises(ValueError, match="Object arrays"):
        checkpoint.save({"state": object()})


def test_no_seed_begins_while_the_session_stops(setting):
    of = job(noise(), 0, 1, 2)
    with setting.stopping():
        run_job(of, setting)
    assert not any(map(setting.store.has, of.keys))
    run_job(of, setting)
    assert all(map(setting.store.has, of.keys))
