"""The ten sizes of claims P: what training them costs beside their matrix products."""

from collections.abc import Callable

import pytest

from benchmarks import ways
from benchmarks.rounds import Session, rounded
from benchmarks.tasks import Task
from benchmarks.ways import Loop
from claims.homework.test_number_of_parameters import EXPERIMENTS
from models.data import Images

MOST_TIMES_PRODUCTS = 2.5
LEAST_SHARE_OF_LARGEST = 0.8


@pytest.mark.parametrize("size", EXPERIMENTS)
def test_size(images: Images, timed: Callable[[str, Task, Loop], None], size: int) -> None:
    timed("ours", given := Task(EXPERIMENTS[size], 1, images), ways.ours(given))


def test_ten_sizes_cost_little_more_than_their_products(images: Images, measured: Session) -> None:
    tasks = [Task(experiment, 1, images) for experiment in EXPERIMENTS.values()]
    shares = _shares(measured, tasks)
    products = [task.operations_an_image for task in tasks]  # of equally many images each
    taken = [count / shares[task.net] for count, task in zip(products, tasks, strict=True)]
    measured.ten_sizes = rounded(sum(taken) / sum(products))
    assert measured.ten_sizes <= MOST_TIMES_PRODUCTS


def test_largest_size_mostly_multiplies(images: Images, measured: Session) -> None:
    largest = Task(EXPERIMENTS[max(EXPERIMENTS)], 1, images)
    assert _shares(measured, [largest])[largest.net] >= LEAST_SHARE_OF_LARGEST


def _shares(measured: Session, tasks: list[Task]) -> dict[str, float]:
    """Of the matrix-product rate, by net; skips where a task was not timed."""
    shares = {row["net"]: row["share"] for row in measured.rows if (row["way"], row["batch"]) == ("ours", 50)}
    if missing := [task.net for task in tasks if task.net not in shares]:
        pytest.skip(f"{', '.join(missing)} not timed in this session: run all of this file")
    return shares
