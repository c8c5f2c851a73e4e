"""Images a second of every way to train on a core, and what our engine must gain over the others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import ways
from benchmarks.rounds import Session
from benchmarks.summary import Row
from benchmarks.tasks import CASES, LARGEST_NET, NETS, SMALL_NET, Task
from benchmarks.ways import Loop

MakeTask = Callable[[str, int, int], Task]
Timed = Callable[[str, Task, Loop], None]

STACKED = {net: 2 if net == LARGEST_NET else 6 for net in NETS}  # networks at once, as JAX is about fastest with
JAX_WAYS = {"jax": False, "jax uint8": True}  # name -> whether it is given images as bytes
LEAST_TIMES_PLAIN = {50: 4.0, 5: 8.0}  # batch -> what our engine must gain on small nets
LEAST_TIMES_DATALOADER = 15.0
LEAST_SHARE = 0.45  # of the matrix-product rate, on the small net at batch 50

each_case = pytest.mark.parametrize(("net", "batch"), CASES)


@each_case
def test_plain(task: MakeTask, timed: Timed, net: str, batch: int) -> None:
    timed("plain", given := task(net, batch, 1), ways.plain(given))


@pytest.mark.parametrize(("net", "batch"), [case for case in CASES if case[0] != LARGEST_NET])  # see test_sizes
def test_ours(task: MakeTask, timed: Timed, net: str, batch: int) -> None:
    timed("ours", given := task(net, batch, 1), ways.ours(given))


@each_case
def test_vmap(task: MakeTask, timed: Timed, net: str, batch: int) -> None:
    timed("vmap", given := task(net, batch, STACKED[net]), ways.vmap(given))


@each_case
@pytest.mark.parametrize("way", JAX_WAYS)
def test_jax(task: MakeTask, timed: Timed, jax_scan: Callable[..., Loop], net: str, batch: int, way: str) -> None:
    stride = 20 if net == LARGEST_NET else 100  # steps in one compiled call: few calls, and no long rounds
    timed(way, given := task(net, batch, STACKED[net]), jax_scan(given, JAX_WAYS[way], stride))


def test_dataloader(task: MakeTask, timed: Timed, root: Path | None) -> None:
    if root is None:
        pytest.skip("DataLoader reads MNIST itself: give --data-root FOLDER (or set DATA_ROOT)")
    timed("dataloader", given := task(SMALL_NET, 50, 1), ways.dataloader(given, root))


@each_case
@pytest.mark.parametrize("way", JAX_WAYS)
def test_ours_is_ahead_of_jax(measured: Session, net: str, batch: int, way: str) -> None:
    assert _row(measured, way, net, batch)["times_ours"] < 1


@each_case
def test_ours_gains_over_plain_loop(measured: Session, net: str, batch: int) -> None:
    least = 1.0 if net == LARGEST_NET else LEAST_TIMES_PLAIN[batch]
    assert _row(measured, "ours", net, batch)["times_plain"] >= least


def test_ours_gains_over_dataloader(measured: Session) -> None:
    assert 1 / _row(measured, "dataloader", SMALL_NET, 50)["times_ours"] >= LEAST_TIMES_DATALOADER


def test_ours_mostly_multiplies_on_the_small_net(measured: Session) -> None:
    assert _row(measured, "ours", SMALL_NET, 50)["share"] >= LEAST_SHARE


def _row(measured: Session, way: str, net: str, batch: int) -> Row:
    """What one way gained; skips where it was not timed."""
    found = [row for row in measured.rows if (row["way"], row["net"], row["batch"]) == (way, net, batch)]
    if not found:
        pytest.skip(f"{way} {net} at batch {batch} was not timed in this session")
    return found[0]
