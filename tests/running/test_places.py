"""Where trainings run: in processes, with their threads; in one process for a device; in threads of the session."""

import os
from dataclasses import replace

import numpy as np
import pytest

from ontrial import training
from ontrial.running import machine
from ontrial.running.plan import Plan
from tests.running.planted import Doubled, complete, job, on_trial
from tests.running.test_workers import jobs, run


@training
def environment(*, seed):
    import os
    import time

    from threadpoolctl import threadpool_info

    began = time.monotonic()
    time.sleep(0.3)
    blas = {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}
    variables = [int(os.environ[name]) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONHASHSEED")]
    return {"variables": variables, "blas": sorted(blas), "times": [began, time.monotonic()]}


def test_a_training_computes_with_its_threads_the_session_with_its_own_and_no_more_at_once(setting, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    wide, narrow = (jobs(replace(environment(), threads=each), 2) for each in (2, 1))
    assert set(run(setting, [*narrow, *wide], workers=2).values()) == {None}
    assert dict(os.environ) == before
    found = [setting.store.load(each.keys[0]).arrays for each in (*wide, *narrow)]
    assert [each["variables"].tolist() for each in found] == [[2, 2, 0], [2, 2, 0], [1, 1, 0], [1, 1, 0]]
    assert [each["blas"].tolist() for each in found] == [[2], [2], [1], [1]]
    spans = [each["times"] for each in found]
    for begin, end in spans[:2]:
        assert sum(begin < later and earlier < end for earlier, later in spans) == 1


def test_a_job_has_the_threads_of_what_it_needs():
    assert job(Doubled(replace(process(), threads=3)), 0).threads == 3


def test_threads_are_those_of_a_training_while_it_trains(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    with machine.threads(before + 1):
        assert (torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]) == (before + 1, str(before + 1))
    assert torch.get_num_threads() == before
    assert "OMP_NUM_THREADS" not in os.environ


@training
def process(*, seed):
    import os

    return {"process": os.getpid(), "value": np.float64(seed)}


def test_what_is_needed_is_trained_at_its_own_place(setting):
    trial = on_trial({"twice": Doubled(replace(process(), place="abacus"))}, 3)
    assert set(complete(Plan(setting, 1), trial).runs(trial)["twice"].process) == {os.getpid()}


def test_a_device_is_one_process_other_places_are_threads_and_a_cluster_replaces_processes(setting, threads):
    def where(job):
        return int(setting.store.load(job.keys[0]).arrays["process"])

    device = [job(replace(process(), place="device"), *seeds) for seeds in ((0,), (1, 2))]
    here, there, elsewhere = job(replace(process(), place="abacus"), 3), job(process(), 4), job(process(), 5)
    assert set(run(setting, [here, there, *device], 9, cluster=threads).values()) == {None}
    assert run(setting, [elsewhere]) == {elsewhere: None}
    assert [where(each) == os.getpid() for each in (here, there, elsewhere)] == [True, True, False]
    assert where(device[0]) == where(device[1]) != os.getpid()
    assert threads.submit(int, 3).result(30) == 3  # it is not closed
