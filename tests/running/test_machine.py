"""The machine: the cores that may be used, and what is written beside what a training cost."""

import os

import numpy as np
import pytest

from ontrial.running import machine


def test_the_rate_is_that_of_matrix_products(monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: float(next(ticks)))  # every product takes a second
    assert machine.matrix_product_rate() == 2 * max(machine._SIDES) ** 3


def test_the_factors_are_the_same_at_every_call_and_leave_the_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    for one, two in zip(machine.square_factors(), machine.square_factors(), strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_processor_is_named(monkeypatch, tmp_path):
    assert machine.cpu()
    monkeypatch.setattr(machine, "Path", lambda name: tmp_path / "nothing")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "planted")
    assert machine.cpu() == "planted"


@pytest.fixture
def many_cores(monkeypatch, tmp_path):
    """A machine of 64 cores, all of which this process may use, without control groups."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("max 100000", 64), ("400000 100000", 4), ("150000 100000", 2), ("10000 100000", 1), ("nonsense", 64), (None, 64)],
)
def test_a_containers_limit_is_respected(many_cores, limit, cores):
    if limit is not None:
        (many_cores / "cpu.max").write_text(limit + "\n")
    assert machine.cores() == cores


def test_only_cores_that_the_process_is_bound_to_count(many_cores, monkeypatch):
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 5, 7}, raising=False)
    assert machine.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.cores() == 1
