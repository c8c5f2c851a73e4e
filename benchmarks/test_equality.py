"""Loops that are compared must do the same work, and the tables must show what they did."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from benchmarks import table, toy_model, ways
from benchmarks.ways import CASES, SMALL_NET, Loop, Task
from benchmarks.ways_gpu import Captured, side_by_side
from claims.superposition.training import train
from models.data import Images

ALIKE = 0.001  # how far apart, as a share of how far they came, two loops may end by rounding

DEVICES = [("cpu", False), *([("cuda", False), ("cuda", True)] if torch.cuda.is_available() else [])]
each_case = pytest.mark.parametrize(("net", "batch"), CASES)


@each_case
@pytest.mark.parametrize("way", [ways.plain, ways.vmap])
def test_torch_trains_alike(images: Images, way: Callable[[Task], Loop], net: str, batch: int) -> None:
    task = ways.task(net, batch, 1 if way is ways.plain else 2, images)
    assert _share_apart(task, way(task), steps=20) < ALIKE


@each_case
@pytest.mark.parametrize("bytes_given", [False, True], ids=["floats", "bytes"])
def test_jax_trains_alike(
    images: Images, jax_scan: Callable[[Task, bool], Loop], net: str, batch: int, bytes_given: bool
) -> None:
    task = ways.task(net, batch, 2, images)
    assert _share_apart(task, jax_scan(task, bytes_given), steps=20) < ALIKE


@each_case
@pytest.mark.parametrize(("device", "graphs"), DEVICES)
def test_engine_of_a_device_trains_alike(images: Images, device: str, graphs: bool, net: str, batch: int) -> None:
    task, alike = ways.task(net, batch, 2, images), ALIKE if device == "cpu" else 10 * ALIKE  # another order of sums
    assert _share_apart(task, side_by_side([Captured(task, device, graphs)]), steps=60) < alike


def test_stacks_side_by_side_train_alike(images: Images) -> None:
    task = ways.task(SMALL_NET, 50, 2, images)
    stacks = side_by_side([Captured(task, device, graphs) for device, graphs in 2 * DEVICES])
    assert _share_apart(task, stacks, steps=60) < 10 * ALIKE


def test_our_loop_goes_on_where_it_stopped(images: Images) -> None:
    task = ways.task(SMALL_NET, 50, 1, images)
    whole, parts = ways.ours(task), ways.ours(task)
    whole.run(1300)  # an epoch has 1,200
    for steps in (7, 1200, 93):
        parts.run(steps)
    assert torch.equal(whole.parameters(), parts.parameters())


@pytest.mark.parametrize(("relu", "bias"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize(("features", "hidden"), [(5, 2), (20, 5)])
def test_toy_models_train_alike_one_by_one_and_together(features: int, hidden: int, relu: bool, bias: bool) -> None:
    """The gradient that is written out is autograd's; a seed, or a sparsity, is trained as it is alone, bit by bit."""
    sparsities, seeds = (0.0, 0.8), (3, 4, 5)
    together = train(features, hidden, sparsities, 0.9, relu, bias, 200, 64, 100, seeds)
    for row, column in product(range(3), range(2)):
        options = (features, hidden, sparsities[column], 0.9, relu, bias, 200, 64)
        alone = train(*options, 100, [seeds[row]])
        assert all(np.array_equal(found[0], together[name][row, column]) for name, found in alone.items())
        weights, biases, losses = toy_model.plain(*options, seeds[row])
        assert together["weights"][row, column, -1] == pytest.approx(weights.numpy(), abs=1e-5)
        assert together["biases"][row, column, -1] == pytest.approx(biases.numpy(), abs=1e-5)
        assert together["train_loss"][row, column] == pytest.approx(losses[::2], rel=1e-4)
        assert losses[-1] < losses[0]


def test_the_loss_of_toy_models_is_of_fresh_samples() -> None:
    """Drawn here in another way: a value with probability 1 − S, and 0 else."""
    found = train(5, 2, 0.5, 0.9, True, True, 100, 64, 100, [1])
    inputs = np.random.default_rng(9).random((100_000, 5)) * (np.random.default_rng(8).random((100_000, 5)) < 0.5)
    weights, biases = found["weights"][0, -1], found["biases"][0, -1]
    errors = np.maximum(inputs @ weights.T @ weights + biases, 0) - inputs
    assert found["feature_loss"][0] == pytest.approx(0.9 ** np.arange(5) * np.square(errors).mean(0), rel=0.05)


def _share_apart(task: Task, loop: Loop, steps: int) -> float:
    """How far a loop and ours end apart, as a share of how far they came; for the nets that the task has.

    Single weights may differ by more: Adam divides gradients that are nearly zero by themselves.
    """
    start, other = task.initial_parameters(), ways.ours(task)  # (seed, parameter)
    loop.run(steps)
    other.run(steps)
    wanted = other.parameters()
    found = loop.parameters().view(-1, *wanted.shape)  # (stack, seed, parameter)
    return float((found - wanted).flatten(1).norm(dim=1).max() / (wanted - start).norm())


def _row(way: str, times_plain: float, batch: int = 50) -> dict[str, object]:
    row = {"way": way, "net": SMALL_NET, "batch": batch, "seeds": 1, "images_per_second": 1000 * times_plain}
    found = row | {"times_plain": times_plain, "times_ours": times_plain / 12.3, "share": 0.05, "gflops": 15.3}
    return {"extra_info": found}


GPU = {"way": "captured", "net": SMALL_NET, "batch": 50, "seeds": 24, "streams": 8, "microseconds": 0.59}
MEASURED = {
    "machine_info": {"cpu": "planted cores", "torch": "2", "device": "planted"},
    "benchmarks": [_row("plain", 1.0), _row("dataloader", 0.5), _row("ours", 12.3), _row("ours", 9.0, batch=5)],
}


def test_tables_put_the_fastest_way_first_and_name_the_device() -> None:
    said, header, _, *lines = [line for line in table.in_words(MEASURED).splitlines() if line]
    assert said.startswith("planted cores, torch 2; matrix products on one thread: 15.3 GFLOP/s.")
    assert "take 20 times what their products alone would. The largest of them reaches 5 %" in said
    assert "DataLoader takes about 25 times as long as our training on the small net at batch 50" in said
    assert header.startswith("| net | batch | way | images a second |")
    assert lines[0] == "| 784-30-10 | 50 | ours, 1 net | 12,300 | 4,065 | 12 | 1.0 | 5.0 % |"
    assert [line.split("|")[6].strip() for line in lines] == ["12", "1.0", "0.5", "9.0"]
    *_, title, _, _, line = [
        line
        for line in table.in_words(
            MEASURED | {"benchmarks": [*MEASURED["benchmarks"], {"extra_info": GPU | {"in_blocks": 0.9}}]}
        ).splitlines()
        if line
    ]
    assert (title, line) == ("On one planted:", "| 784-30-10 | 50 | captured | 24 | 8 | 0.59 | 90 % |")


def test_the_table_of_the_toy_model_has_a_row_a_size() -> None:
    row = {"features": 5, "hidden": 2, "networks": 10, "microseconds": 144.2, "plain_microseconds": 612.4}
    words = table.toy_model_in_words(MEASURED | {"benchmarks": [{"extra_info": row | {"times_plain": 4.25}}]})
    assert words.splitlines()[0] == "planted cores, torch 2, one thread."
    assert words.splitlines()[-1] == "| 5 | 2 | 10 | 144 | 612 | 4.2 |"


def test_the_document_is_not_stale() -> None:
    assert table.document() == table.DOCUMENT.read_text(encoding="utf-8"), "run: python -m benchmarks.table"
