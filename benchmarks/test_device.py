"""Time of a network's step on a GPU: plain calls, one graph, and graphs side by side; all skip where there is none."""

from collections.abc import Callable

import pytest
import torch

from benchmarks.rounds import Session
from benchmarks.tasks import SMALL_NET, Task
from benchmarks.ways_device import Captured

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
WAYS = {"plain calls": (False, 1), "captured": (True, 1), "captured, side by side": (True, 8)}  # graphs, streams
NETWORKS = 24, 64  # of a stack

MakeTask = Callable[[str, int, int], Task]


@pytest.mark.parametrize("networks", NETWORKS)
@pytest.mark.parametrize("way", WAYS)
def test_device(
    task: MakeTask, timed_on_device: Callable[[str, Task, list[Captured]], None], way: str, networks: int
) -> None:
    (graphs, streams), given = WAYS[way], task(SMALL_NET, 50, networks)
    timed_on_device(way, given, [Captured(given, "cuda", graphs) for _ in range(streams)])


@pytest.mark.parametrize("networks", NETWORKS)
def test_graphs_gain_over_plain_calls(measured: Session, networks: int) -> None:
    taken = {row["way"]: row["microseconds"] for row in measured.device_rows if row["seeds"] == networks}
    if taken.keys() != WAYS.keys():
        pytest.skip("not all ways were timed in this session")
    assert taken["captured, side by side"] < taken["captured"] < taken["plain calls"]
