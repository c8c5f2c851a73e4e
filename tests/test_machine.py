"""The machine that is written beside what a training cost."""

import torch

from models import machine


def test_the_rate_is_that_of_matrix_products(monkeypatch):
    ticks = iter(range(1000))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: float(next(ticks)))  # every product takes a second
    assert machine.matrix_product_rate() == 2 * max(machine._SIDES) ** 3


def test_the_factors_are_the_same_at_every_call_and_leave_the_global_random_state_alone():
    before = torch.get_rng_state()
    for one, two in zip(machine.square_factors(), machine.square_factors(), strict=True):
        assert torch.equal(one, two)
    assert torch.equal(before, torch.get_rng_state())


def test_the_processor_is_named(monkeypatch, tmp_path):
    assert machine.cpu()
    monkeypatch.setattr(machine, "Path", lambda name: tmp_path / "nothing")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "planted")
    assert machine.cpu() == "planted"
