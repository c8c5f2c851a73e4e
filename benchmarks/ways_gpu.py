"""Our engine for a GPU: a stack of networks, blocks of whose steps are captured or called plainly."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from torch import Tensor

from benchmarks.ways import Loop, Task
from models.data import Sets
from models.gpu.engine import Samples, drawn_orders
from models.gpu.graphs import Graphs, own_stream
from models.gpu.stack import Stack

BLOCK = 60  # steps that are captured at a time


class Captured:
    """A stack of networks in training on a device, on a stream of its own; with graphs, or by plain calls."""

    def __init__(self, task: Task, device: str, graphs: bool) -> None:
        self._task, self._place = task, torch.device(device)
        images, count = task.images, task.seeds
        labels, test = (part.expand(count, -1) for part in (images.train_labels, images.test_labels))
        parts = Sets(images.train_pixels, labels, images.test_pixels, test, white=images.white)
        orders = drawn_orders(task.experiment, range(count), self._place)
        with torch.no_grad(), own_stream(self._place):
            self._stack = Stack(task.experiment, task.initial_parameters().to(self._place))
            self._samples = Samples(task.experiment, parts, count, orders, self._place)
            self._done = torch.zeros((), device=self._place)
        self._graphs = Graphs(self._place if graphs else torch.device("cpu"))  # which does all plainly
        self._step, self._timed = 0, []  # type: int, list[tuple[Any, Any]]

    def seconds_in_blocks(self) -> float:
        """Seconds of the device that the blocks of the last run took, from the first to the last kernel of each."""
        return sum(begun.elapsed_time(ended) for begun, ended in self._timed) / 1000

    def parameters(self) -> Tensor:
        """As they are now, (seed, parameter)."""
        return self._stack.parameters.cpu()

    @torch.no_grad()
    def run(self, steps: int) -> None:
        """Take so many more steps, a multiple of BLOCK, and wait for the device."""
        self._timed = []
        with own_stream(self._place):
            for _ in range(steps // BLOCK):
                first = self._step % self._task.experiment.steps_per_epoch
                kind = self._samples.choose(first, first + BLOCK)
                events = [torch.cuda.Event(enable_timing=True) for _ in range(2 * (self._place.type == "cuda"))]
                if events:
                    events[0].record()
                self._graphs.run(kind, partial(self._block, kind))
                if events:
                    events[1].record()
                    self._timed.append((events[0], events[1]))
                self._step += BLOCK

    def _block(self, kind: tuple[int, int]) -> Tensor:
        numbers = self._done + torch.arange(1, kind[0] + 1, device=self._done.device)
        for number, (inputs, aim) in zip(numbers, self._samples.batches(kind), strict=True):
            self._stack.step(inputs, aim, number)
        return self._done.add_(kind[0])


def side_by_side(stacks: list[Captured]) -> Loop:
    """All of these at once, a thread and a stream each."""
    pool = ThreadPoolExecutor(len(stacks))

    def run(steps: int) -> None:
        list(pool.map(lambda each: each.run(steps), stacks))

    return Loop(run, lambda: torch.cat([each.parameters() for each in stacks]))
