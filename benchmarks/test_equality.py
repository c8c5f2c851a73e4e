"""Loops that are compared must do the same work, and their summary must show what they did."""

from collections.abc import Callable

import pytest

from benchmarks import ways
from benchmarks.summary import Row, Summary, lacking, table
from benchmarks.tasks import Task
from benchmarks.ways import Loop
from models import networks

MakeTask = Callable[[str, int, int], Task]


@pytest.mark.parametrize("way", [ways.vmap, ways.autograd])
def test_ways_of_stacking_train_alike(task: MakeTask, way: Callable[[Task], Loop]) -> None:
    given = task("784-30-10", 50, 3)
    assert _share_apart(given, way(given), ways.stacked(given), steps=20) < 0.01


def test_jax_trains_alike(task: MakeTask, jax_scan: Callable[[Task], Loop]) -> None:
    given = task("784-30-10", 50, 3)
    assert _share_apart(given, jax_scan(given), ways.stacked(given), steps=100) < 0.01


def test_plain_loop_trains_as_first_net_of_stack(task: MakeTask) -> None:
    given = task("784-30-10", 50, 1)
    assert _share_apart(given, ways.plain(given), ways.stacked(task("784-30-10", 50, 3)), steps=20) < 0.01


def test_table_puts_fastest_way_first() -> None:
    rows = [_row("plain", 1.0), _row("dataloader", 0.083), _row("stacked", 12.3)]
    summary: Summary = {"cpu": "", "torch": "", "matrix_product_rate": 100.0, "rows": rows}
    header, _, *lines = table(summary).splitlines()
    assert header.startswith("| net | batch | way | images a second |")
    assert lines[0] == "| 784-30-10 | 50 | stacked, 6 nets | 12,300 | 12 | 5.0 % |"
    assert [line.split("|")[5].strip() for line in lines] == ["12", "1.0", "0.083"]


def test_part_of_session_is_told_from_whole() -> None:
    assert lacking([_row("plain", 1.0), _row("stacked", 9.0)], ["784-30-10"], [50]) == []
    assert lacking([_row("plain", 1.0)], ["784-30-10"], [50]) == ["stacked 784-30-10 at batch 50"]


def _share_apart(task: Task, loop: Loop, other: Loop, steps: int) -> float:
    """How far apart two loops end, as a share of how far they came; for the nets that the task has.

    Single weights may differ by more: Adam divides gradients that are nearly zero by themselves.
    """
    start = networks.initial_parameters(task.experiment, range(task.seeds))  # (seed, parameter)
    loop.run(steps)
    other.run(steps)
    ends = [each.parameters()[: task.seeds] for each in (loop, other)]
    return float((ends[0] - ends[1]).norm() / (ends[1] - start).norm())


def _row(way: str, times_plain: float) -> Row:
    return {
        "way": way,
        "net": "784-30-10",
        "batch": 50,
        "seeds": 6 if way == "stacked" else 1,
        "images_per_second": 1000 * times_plain,
        "times_plain": times_plain,
        "share": 0.05,
    }
