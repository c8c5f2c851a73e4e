"""Images a second of every way to train, and what our engines must gain over the others."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import ways
from benchmarks.conftest import ROUNDS
from benchmarks.table import times_products
from benchmarks.ways import CASES, LARGEST_NET, NETS, SMALL_NET, Loop, Task
from benchmarks.ways_gpu import BLOCK, Captured, side_by_side
from claims.homework.test_number_of_parameters import EXPERIMENTS
from models.data import Images

Timed = Callable[[str, Task, Loop], dict[str, Any]]

STACKED = {net: 2 if net == LARGEST_NET else 6 for net in NETS}  # networks at once, as JAX is about fastest with
LEAST_TIMES_PLAIN = {50: 4.0, 5: 8.0}  # batch -> what our engine must gain on small nets
LEAST_TIMES_DATALOADER = 15.0
LEAST_SHARE = {SMALL_NET: 0.45, LARGEST_NET: 0.8}  # of the matrix-product rate, at batch 50
MOST_TIMES_PRODUCTS = 2.5  # of the ten sizes of claims P together

each_case = pytest.mark.parametrize(("net", "batch"), CASES)
on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@each_case
def test_plain(timed: Timed, images: Images, net: str, batch: int) -> None:
    timed("plain", task := ways.task(net, batch, 1, images), ways.plain(task))


@pytest.mark.parametrize(("net", "batch"), [case for case in CASES if case[0] != LARGEST_NET])  # one of the ten sizes
def test_ours(timed: Timed, images: Images, net: str, batch: int) -> None:
    row = timed("ours", task := ways.task(net, batch, 1, images), ways.ours(task))
    assert row["times_plain"] >= LEAST_TIMES_PLAIN[batch]
    assert batch != 50 or row["share"] >= LEAST_SHARE.get(net, 0)


@each_case
def test_vmap(timed: Timed, images: Images, net: str, batch: int) -> None:
    timed("vmap", task := ways.task(net, batch, STACKED[net], images), ways.vmap(task))


@each_case
@pytest.mark.parametrize("way", ["jax", "jax uint8"])
def test_ours_is_ahead_of_jax(
    timed: Timed, images: Images, jax_scan: Callable[[Task, bool], Loop], net: str, batch: int, way: str
) -> None:
    row = timed(way, task := ways.task(net, batch, STACKED[net], images), jax_scan(task, way == "jax uint8"))
    assert row["times_ours"] < 1


def test_ours_gains_over_dataloader(timed: Timed, images: Images, root: Path | None) -> None:
    if root is None:
        pytest.skip("DataLoader reads MNIST itself: give --data-root FOLDER (or set DATA_ROOT)")
    row = timed("dataloader", task := ways.task(SMALL_NET, 50, 1, images), ways.dataloader(task, root))
    assert 1 / row["times_ours"] >= LEAST_TIMES_DATALOADER


@pytest.fixture(scope="module")
def found() -> dict[Any, Any]:
    """What the tests of this module measured, for those that compare."""
    return {}


@pytest.mark.parametrize("size", EXPERIMENTS)
def test_a_size_of_claims_p(timed: Timed, images: Images, found: dict[Any, Any], size: int) -> None:
    row = found[size] = timed("ours", task := Task(EXPERIMENTS[size], 1, images), ways.ours(task))
    assert row["times_plain"] >= 1
    assert row["share"] >= LEAST_SHARE.get(task.net, 0)


def test_ten_sizes_cost_little_more_than_their_products(found: dict[Any, Any]) -> None:
    if missing := EXPERIMENTS.keys() - found.keys():
        pytest.skip(f"not timed in this session: sizes {sorted(missing)}")
    assert times_products([found[size] for size in EXPERIMENTS]) <= MOST_TIMES_PRODUCTS


@on_gpu
@pytest.mark.parametrize("networks", [24, 64])  # of a stack
@pytest.mark.parametrize("way", ["plain calls", "captured", "captured, side by side"])  # slow before fast
def test_graphs_gain_over_plain_calls(
    benchmark: BenchmarkFixture, images: Images, found: dict[Any, Any], way: str, networks: int
) -> None:
    task = ways.task(SMALL_NET, 50, networks, images)
    stacks = [Captured(task, "cuda", way != "plain calls") for _ in range(8 if way.endswith("side by side") else 1)]
    steps = 10 * BLOCK
    benchmark.group = f"{task.net}, batch 50, on the device"
    benchmark.pedantic(side_by_side(stacks).run, args=(steps,), rounds=ROUNDS, warmup_rounds=3)  # type: ignore[no-untyped-call]
    if benchmark.stats is None:
        pytest.skip("nothing is timed with --benchmark-disable")
    seconds = benchmark.stats.stats.data
    taken = 1e6 * median(seconds) / (steps * networks * len(stacks))
    benchmark.extra_info |= {"way": way, "net": task.net, "batch": 50, "seeds": networks, "streams": len(stacks)}
    benchmark.extra_info |= {"microseconds": taken, "in_blocks": stacks[0].seconds_in_blocks() / seconds[-1]}
    assert taken < found.get(networks, float("inf"))
    found[networks] = taken
