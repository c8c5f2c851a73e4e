"""The ten sizes of claims P: what training them costs beyond their matrix products."""

from collections.abc import Callable

import pytest
from torch import Tensor

from benchmarks import ways
from benchmarks.rounds import Session, rounded
from benchmarks.tasks import Task
from benchmarks.ways import Loop
from claims.homework.test_number_of_parameters import EXPERIMENTS
from ontrial.running.queue import seeds_a_job

MOST_TIMES_PRODUCTS = 2.5


@pytest.mark.parametrize("size", EXPERIMENTS)
def test_size(training_set: tuple[Tensor, Tensor], timed: Callable[[str, Task, Loop], None], size: int) -> None:
    timed("stacked", given := _task(size, *training_set), ways.stacked(given))


def test_ten_sizes_cost_little_more_than_their_products(training_set: tuple[Tensor, Tensor], measured: Session) -> None:
    shares = {row["net"]: row["share"] for row in measured.rows if (row["way"], row["batch"]) == ("stacked", 50)}
    tasks = [_task(size, *training_set) for size in EXPERIMENTS]
    if missing := [task.net for task in tasks if task.net not in shares]:
        pytest.skip(f"{', '.join(missing)} not timed in this session: run all of this file")
    products = [task.operations_an_image for task in tasks]  # of equally many images each
    taken = [count / shares[task.net] for count, task in zip(products, tasks, strict=True)]
    measured.ten_sizes = rounded(sum(taken) / sum(products))
    assert measured.ten_sizes <= MOST_TIMES_PRODUCTS


def _task(size: int, inputs: Tensor, labels: Tensor) -> Task:
    """The stack of networks of this size that the trainer's queue would make."""
    experiment = EXPERIMENTS[size]
    return Task(experiment, seeds_a_job(experiment), inputs, labels)
