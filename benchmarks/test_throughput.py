"""Images a second of every way to train, and what the stack of nets must gain over the others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import ways
from benchmarks.rounds import Session
from benchmarks.tasks import BATCHES, NETS, Task, experiment
from benchmarks.ways import Loop
from ontrial.running.queue import seeds_a_job

MakeTask = Callable[[str, int, int], Task]
Timed = Callable[[str, Task, Loop], None]

CASES = [(net, batch) for net in NETS for batch in BATCHES]
# As many nets as one job of the trainer stacks, and twelve: all seeds of a full trial.
STACKS = [(*case, seeds) for case in CASES for seeds in sorted({seeds_a_job(experiment(*case)), 12})]
SMALL_NET, OTHERS_SEEDS = "784-30-10", 6
LEAST_TIMES_PLAIN = {50: 4.0, 5: 8.0}  # batch -> what a stack must gain
LEAST_TIMES_DATALOADER = 60.0


@pytest.mark.parametrize(("net", "batch"), CASES)
def test_plain(task: MakeTask, timed: Timed, net: str, batch: int) -> None:
    timed("plain", given := task(net, batch, 1), ways.plain(given))


@pytest.mark.parametrize(("net", "batch", "seeds"), STACKS)
def test_stacked(task: MakeTask, timed: Timed, net: str, batch: int, seeds: int) -> None:
    timed("stacked", given := task(net, batch, seeds), ways.stacked(given))


def test_dataloader(task: MakeTask, timed: Timed, root: Path | None) -> None:
    if root is None:
        pytest.skip("DataLoader reads MNIST itself: give --data-root FOLDER (or set DATA_ROOT)")
    timed("dataloader", given := task(SMALL_NET, 50, 1), ways.dataloader(given, root))


@pytest.mark.parametrize("batch", BATCHES)
def test_vmap(task: MakeTask, timed: Timed, batch: int) -> None:
    timed("vmap", given := task(SMALL_NET, batch, OTHERS_SEEDS), ways.vmap(given))


@pytest.mark.parametrize("batch", BATCHES)
def test_autograd(task: MakeTask, timed: Timed, batch: int) -> None:
    timed("autograd", given := task(SMALL_NET, batch, OTHERS_SEEDS), ways.autograd(given))


@pytest.mark.parametrize(("net", "batch"), CASES)
def test_jax(task: MakeTask, timed: Timed, jax_scan: Callable[[Task], Loop], net: str, batch: int) -> None:
    timed("jax", given := task(net, batch, OTHERS_SEEDS), jax_scan(given))


@pytest.mark.parametrize(("net", "batch"), CASES)
def test_stack_gains_over_plain_loop(measured: Session, net: str, batch: int) -> None:
    assert _times_plain(measured, "stacked", net, batch) >= LEAST_TIMES_PLAIN[batch]


def test_stack_gains_over_dataloader(measured: Session, root: Path | None) -> None:
    if root is None:
        pytest.skip("the DataLoader loop was not timed: give --data-root FOLDER (or set DATA_ROOT)")
    stacked, homework = (_times_plain(measured, way, SMALL_NET, 50) for way in ("stacked", "dataloader"))
    assert stacked / homework >= LEAST_TIMES_DATALOADER


def _times_plain(measured: Session, way: str, net: str, batch: int) -> float:
    """What a way gained over the plain loop, in the stack that the trainer itself would choose."""
    seeds = {"stacked": seeds_a_job(experiment(net, batch)), "dataloader": 1}[way]
    key = (way, net, batch, seeds)
    found = [r["times_plain"] for r in measured.rows if (r["way"], r["net"], r["batch"], r["seeds"]) == key]
    if not found:
        pytest.skip(f"{way} {net} at batch {batch} was not timed in this session: run all of benchmarks/")
    return found[0]
