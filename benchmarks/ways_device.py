"""The project's engine for a GPU: a stack of networks, blocks of whose steps are captured or called plainly."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.tasks import Task
from benchmarks.ways import Loop, initial_parameters
from models.data import Sets
from models.gpu.engine import Samples, drawn_orders
from models.gpu.graphs import Graphs, own_stream
from models.gpu.stack import Stack

_BLOCK = 60  # steps that are captured at a time


class Captured:
    """A stack of networks in training on a device, on a stream of its own; with graphs, or by plain calls."""

    def __init__(self, task: Task, device: str, graphs: bool) -> None:
        self._task, self._place = task, torch.device(device)
        images, count = task.images, task.seeds
        labels, test = (part.expand(count, -1) for part in (images.train_labels, images.test_labels))
        parts = Sets(images.train_pixels, labels, images.test_pixels, test, white=images.white)
        orders = drawn_orders(task.experiment, range(count), self._place)
        with torch.no_grad(), own_stream(self._place):
            self._stack = Stack(task.experiment, initial_parameters(task).to(self._place))
            self._samples = Samples(task.experiment, parts, count, orders, self._place)
            self._done = torch.zeros((), device=self._place)
        self._graphs = Graphs(self._place if graphs else torch.device("cpu"))  # which does all plainly
        self._step, self._timed = 0, []  # type: int, list[tuple[Any, Any]]

    @property
    def loop(self) -> Loop:
        """The training, to be timed or held against others."""
        return Loop(self.run, lambda: self._stack.parameters.cpu(), stride=_BLOCK)

    def seconds_in_blocks(self) -> float:
        """Seconds of the device that the blocks of the last run took, from the first to the last kernel of each."""
        return sum(begun.elapsed_time(ended) for begun, ended in self._timed) / 1000

    @torch.no_grad()
    def run(self, steps: int) -> None:
        """Take so many more steps, a multiple of the block's, and wait for the device."""
        self._timed = []
        with own_stream(self._place):
            for _ in range(steps // _BLOCK):
                first = self._step % self._task.experiment.steps_per_epoch
                kind = self._samples.choose(first, first + _BLOCK)
                events = self._events()
                self._graphs.run(kind, partial(self._block, kind))
                if events:
                    events[1].record()
                    self._timed.append(events)
                self._step += _BLOCK

    def _events(self) -> tuple[Any, Any] | None:
        if self._place.type != "cuda":
            return None
        begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begun.record()
        return begun, ended

    def _block(self, kind: tuple[int, int]) -> Tensor:
        numbers = self._done + torch.arange(1, kind[0] + 1, device=self._done.device)
        for number, (inputs, aim) in zip(numbers, self._samples.batches(kind), strict=True):
            self._stack.step(inputs, aim, number)
        return self._done.add_(kind[0])


def side_by_side(loops: list[Captured]) -> Loop:
    """All of these at once, a thread and a stream each."""
    pool = ThreadPoolExecutor(len(loops))

    def run(steps: int) -> None:
        for future in [pool.submit(each.run, steps) for each in loops]:
            future.result()

    return Loop(run, lambda: torch.cat([each.loop.parameters() for each in loops]), stride=_BLOCK)
