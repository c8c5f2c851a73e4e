"""Lanes: a process each, one thread in it; a device is one lane of threads, a cluster one lane of its own."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from ontrial.running import lanes as lanes_module
from ontrial.running.lanes import lanes


def threads_of_a_worker():
    return {name: os.environ.get(name) for name in lanes_module._THREADS}


def test_a_worker_computes_with_one_thread_and_the_session_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with lanes(1, 1, None, None) as [lane]:
        found = lane.submit(threads_of_a_worker).result(60)
    assert set(found.values()) == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_a_lane_is_handed_little_ahead(threads):
    stop = threading.Event()
    with lanes(1, 1, None, None) as [lane]:
        futures = []
        while lane.has_room():
            futures.append(lane.submit(stop.wait, 30))
        assert len(futures) == 2
        stop.set()
        for future in futures:
            future.result(30)
            lane.done(future)
        assert lane.has_room()


def test_a_device_is_one_lane_of_threads_of_this_process():
    with lanes(2, 3, "abacus", None) as found:
        assert [lane.place for lane in found] == ["process", "process", "abacus"]
        assert found[-1].workers == 3
        assert found[-1].submit(os.getpid).result(30) == os.getpid()


def test_a_cluster_takes_the_place_of_processes_and_is_left_open():
    with ThreadPoolExecutor(1) as cluster:
        with lanes(4, 1, None, cluster) as [lane]:
            assert (lane.place, lane.workers) == ("process", 4)
        assert cluster.submit(int, 3).result(30) == 3
