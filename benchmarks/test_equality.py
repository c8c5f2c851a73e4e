"""Loops that are compared must do the same work, and their summary must show what they did."""

from collections.abc import Callable

import pytest
import torch

from benchmarks import ways
from benchmarks.summary import DeviceRow, Row, Summary, device_table, lacking, table
from benchmarks.tasks import CASES, SMALL_NET, Task
from benchmarks.ways import Loop
from benchmarks.ways_device import Captured, side_by_side

MakeTask = Callable[[str, int, int], Task]

ALIKE = 0.001  # so far apart, as a share of how far they came, two loops may end by rounding

DEVICES = [("cpu", False), *([("cuda", False), ("cuda", True)] if torch.cuda.is_available() else [])]
each_case = pytest.mark.parametrize(("net", "batch"), CASES)


@each_case
@pytest.mark.parametrize("way", [ways.plain, ways.vmap])
def test_torch_trains_alike(task: MakeTask, way: Callable[[Task], Loop], net: str, batch: int) -> None:
    given = task(net, batch, 1 if way is ways.plain else 2)
    assert _share_apart(given, way(given), ways.ours(given), steps=20) < ALIKE


@each_case
@pytest.mark.parametrize("bytes_given", [False, True], ids=["floats", "bytes"])
def test_jax_trains_alike(
    task: MakeTask, jax_scan: Callable[..., Loop], net: str, batch: int, bytes_given: bool
) -> None:
    given = task(net, batch, 2)
    assert _share_apart(given, jax_scan(given, bytes_given, stride=20), ways.ours(given), steps=20) < ALIKE


@each_case
@pytest.mark.parametrize(("device", "graphs"), DEVICES)
def test_engine_of_a_device_trains_alike(task: MakeTask, device: str, graphs: bool, net: str, batch: int) -> None:
    given, alike = task(net, batch, 2), ALIKE if device == "cpu" else 10 * ALIKE  # another order of all sums
    assert _share_apart(given, Captured(given, device, graphs).loop, ways.ours(given), steps=60) < alike


def test_stacks_side_by_side_train_alike(task: MakeTask) -> None:
    given = task(SMALL_NET, 50, 2)
    stacks = side_by_side([Captured(given, device, graphs) for device, graphs in 2 * DEVICES])
    assert _share_apart(given, stacks, ways.ours(given), steps=60) < 10 * ALIKE


def test_our_loop_goes_on_where_it_stopped(task: MakeTask) -> None:
    given = task(SMALL_NET, 50, 1)
    whole, parts = ways.ours(given), ways.ours(given)
    whole.run(1300)  # an epoch has 1,200
    for steps in (7, 1200, 93):
        parts.run(steps)
    assert torch.equal(whole.parameters(), parts.parameters())


def test_table_puts_fastest_way_first() -> None:
    rows = [_row("plain", 1.0), _row("dataloader", 0.083), _row("ours", 12.3)]
    summary: Summary = {"cpu": "", "torch": "", "matrix_product_rate": 100.0, "rows": rows, "ten_sizes": None}
    header, _, *lines = table(summary).splitlines()
    assert header.startswith("| net | batch | way | images a second |")
    assert lines[0] == "| 784-30-10 | 50 | ours, 1 net | 12,300 | 4,065 | 12 | 1.0 | 5.0 % |"
    assert [line.split("|")[6].strip() for line in lines] == ["12", "1.0", "0.083"]
    assert device_table(None, []) == ""


def test_table_of_a_device_names_it() -> None:
    row: DeviceRow = {
        "way": "captured",
        "net": SMALL_NET,
        "batch": 50,
        "seeds": 24,
        "streams": 8,
        "microseconds": 0.59,
        "in_blocks": 0.9,
    }
    *_, title, _, _, _, line = device_table("planted", [row]).splitlines()
    assert title == "On one planted:"
    assert line == "| 784-30-10 | 50 | captured | 24 | 8 | 0.59 | 90 % |"


def test_part_of_session_is_told_from_whole() -> None:
    assert lacking([_row("plain", 1.0), _row("ours", 9.0)], [(SMALL_NET, 50)]) == []
    assert lacking([_row("plain", 1.0)], [(SMALL_NET, 50)]) == ["ours 784-30-10 at batch 50"]


def _share_apart(task: Task, loop: Loop, other: Loop, steps: int) -> float:
    """How far apart two loops end, as a share of how far they came; for the nets that the task has.

    Single weights may differ by more: Adam divides gradients that are nearly zero by themselves.
    """
    start = ways.initial_parameters(task)  # (seed, parameter)
    loop.run(steps)
    other.run(steps)
    found, wanted = loop.parameters(), other.parameters()
    found = found.view(-1, *wanted.shape)  # (stack, seed, parameter)
    return float((found - wanted).flatten(1).norm(dim=1).max() / (wanted - start).norm())


def _row(way: str, times_plain: float) -> Row:
    return {
        "way": way,
        "net": SMALL_NET,
        "batch": 50,
        "seeds": 1,
        "images_per_second": 1000 * times_plain,
        "times_plain": times_plain,
        "times_ours": times_plain / 12.3,
        "share": 0.05,
    }
