"""The engine for a GPU: all seeds of an experiment as one stack, blocks of steps captured in CUDA graphs.

Every call has its own stream, so that calls in the threads of one process run concurrently. On the CPU, where there
are no graphs, the same steps are called one by one.
"""

import threading
from collections import defaultdict
from collections.abc import Generator, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import pairwise, repeat
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models import networks
from models.data import Sets, generator, raw_sets
from models.experiment import TEST_SIZE, Experiment
from models.gpu.graphs import Graphs, own_stream
from models.gpu.stack import Stack, aims, with_one
from ontrial.trainings import Arrays

_STEPS = 60  # of one graph, at most
_GATHERED = 2**28  # bytes of images that one graph gathers, at most
_OUTPUTS = 2**25  # numbers that one layer outputs while complete sets are evaluated, at most

_LOADING = threading.Lock()
_PIXELS: dict[tuple[Hashable, ...], Tensor] = {}  # (image, pixel) uint8, for all calls

Kind = tuple[int, int]  # of a block: how many steps, and how many samples each of them sees


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: str) -> Arrays:
    """Train the networks of these seeds, member by member of each seed's series; see models.training.train.

    Returns (seed * series, …). Nothing but rounding depends on the device and on the other networks of the stack.
    """
    torch.set_float32_matmul_precision("highest")  # no TF32
    parts, place = raw_sets(experiment, seeds, root), torch.device(device)
    with torch.no_grad(), own_stream(place), closing(drawn_orders(experiment, seeds, place)) as orders:
        start = networks.initial_parameters(experiment, seeds).flatten(0, -2).to(place)  # (network, parameter)
        stack, samples = Stack(experiment, start), Samples(experiment, parts, len(start), orders, place)
        with closing(Graphs(place)) as graphs:
            return _train(experiment, stack, samples, graphs)


def _train(experiment: Experiment, stack: Stack, samples: "Samples", graphs: Graphs) -> Arrays:
    history: defaultdict[str, list[Tensor]] = defaultdict(list)  # (time, network, …) each
    done = torch.zeros((), device=samples.device)  # steps, counted where a graph can read it

    def record(values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            history[name].append(value.clone())  # the next replay overwrites it

    def record_scores() -> None:
        record(graphs.run("record", lambda: samples.scores(stack.parameters)))

    def make_steps(kind: Kind) -> dict[str, Tensor]:
        losses, norms = [], []
        numbers = done + torch.arange(1, kind[0] + 1, device=done.device)
        for number, (inputs, aim) in zip(numbers, samples.batches(kind), strict=True):
            stack.step(inputs, aim, number)
            if experiment.gradient_norms:
                norms.append(stack.gradient_norms.norm(dim=1))
            if experiment.steps_per_epoch == 1:
                losses.append(stack.batch_loss(aim))
        done.add_(kind[0])
        found = {"gradient_norm": norms, "batch_loss": losses or [stack.batch_loss(aim)]}
        return {name: torch.stack(each) for name, each in found.items() if each}  # (step, network) each

    snapshot_steps, record_steps = set(experiment.snapshot_steps), set(experiment.record_steps)
    record_scores()
    for first, last in pairwise(block_ends(experiment, samples.count)):
        kind = samples.choose(first, last)
        written = dict(graphs.run(kind, partial(make_steps, kind)))
        if last % experiment.steps_per_epoch and last != experiment.steps:
            del written["batch_loss"]  # only an epoch's last one is recorded
        record(written)
        if last in snapshot_steps:
            record({"snapshots": stack.parameters.unsqueeze(0)})
        if last in record_steps:
            record_scores()
    arrays = {name: torch.cat(each).transpose(0, 1).contiguous() for name, each in history.items()}
    arrays |= {"last_gradient_norms": stack.gradient_norms, "parameters": stack.parameters}
    steps = np.array(experiment.record_steps)
    axes = {"record_step": steps, "epoch": -(-steps // experiment.steps_per_epoch)}
    axes |= {"snapshot_step": np.array(experiment.snapshot_steps)} if experiment.snapshot_steps else {}
    return axes | {name: each.cpu().numpy() for name, each in arrays.items()}


def block_ends(experiment: Experiment, count: int) -> list[int]:
    """Steps done after each block of steps of `count` networks, 0 first; few kinds, since each is captured.

    Records, snapshots, new orders and smaller batches come between blocks.
    """
    whole, most, stops = experiment.steps_per_epoch, _STEPS, {*experiment.record_steps, *experiment.snapshot_steps}
    if whole > 1:
        stops |= {*range(0, experiment.steps, whole)}
        most = max(1, min(most, _GATHERED // (count * experiment.batch * experiment.widths[0])))
        if experiment.training_size % experiment.batch:
            stops |= {*range(whole - 1, experiment.steps, whole)}
    ends = [0]
    for first, last in pairwise(sorted(stops)):
        ends += [*range(first + most, last, most), last]
    return ends


class Samples:
    """The data of `count` networks, at fixed addresses from one block of steps to the next."""

    def __init__(
        self, experiment: Experiment, parts: Sets, count: int, orders: Iterator[Tensor], device: torch.device
    ) -> None:
        self.count, self.device = count, device
        self._experiment, self._orders, self._white = experiment, orders, parts.white
        self._dtype = getattr(torch, experiment.dtype)

        def placed(part: Tensor) -> Tensor:
            if part.dtype == torch.uint8:
                return _shared(part, device, experiment.data, part is parts.test_inputs, len(part))
            part = part.repeat_interleave(experiment.series, 0)  # a row for each network
            return part.to(device, self._dtype if part.is_floating_point() else part.dtype)

        self._own = {name: placed(part) for name, part in vars(parts).items() if isinstance(part, Tensor)}
        self._batches: dict[Kind, tuple[Tensor, Tensor]] = {}  # chosen samples (step, network, sample), and inputs
        self._whole: tuple[Tensor, Tensor] | None = None  # inputs and aims where every step sees all samples
        if experiment.steps_per_epoch == 1:
            inputs, targets = self._some("train", slice(None))
            self._whole = with_one(inputs.expand(count, -1, -1)), aims(targets, experiment.widths[-1], self._dtype)
        self._order = torch.empty(count, experiment.training_size, dtype=torch.int64, device=device)
        self._first_rows = torch.arange(count, device=device).unsqueeze(1) * self._own["train_targets"].shape[1]

    def choose(self, first: int, last: int) -> Kind:
        """Copy the samples of the steps from first to last into place; returns the kind of this block."""
        step, size = first % self._experiment.steps_per_epoch, self._experiment.batch
        kind = last - first, min(size, self._experiment.training_size - step * size)
        if self._whole is None:
            if step == 0:
                self._order.copy_(next(self._orders), non_blocking=True)
            chosen = self._order[:, step * size : step * size + kind[0] * kind[1]].unflatten(1, kind).transpose(0, 1)
            if kind not in self._batches:
                inputs = chosen.new_ones(*chosen.shape[1:], self._experiment.widths[0] + 1, dtype=self._dtype)
                self._batches[kind] = chosen.clone(memory_format=torch.contiguous_format), inputs
            self._batches[kind][0].copy_(chosen)
        return kind

    def batches(self, kind: Kind) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and aims of each step of a block, as Stack.step takes them."""
        if self._whole is not None:
            yield from repeat(self._whole, kind[0])
            return
        chosen, inputs = self._batches[kind]
        own = (chosen + self._first_rows).flatten()  # for rows of each network's own, one network after another
        table = self._own["train_inputs"]
        if table.ndim == 2:  # shared images, gathered eight pixels at a time
            rows = table.view(torch.int64).index_select(0, chosen.flatten()).view(torch.uint8)
        else:
            rows = table.flatten(0, 1).index_select(0, own)
        targets = self._own["train_targets"].flatten(0, 1).index_select(0, own).unflatten(0, chosen.shape)
        each_aim = aims(targets, self._experiment.widths[-1], self._dtype)  # (step, network, output, sample)
        for numbers, aim in zip(rows.unflatten(0, chosen.shape), each_aim, strict=True):
            torch.div(numbers, self._white, out=inputs[:, :, :-1])
            yield inputs, aim

    def scores(self, parameters: Tensor) -> dict[str, Tensor]:
        """Loss over each set, and accuracy for images: (1, network)."""
        experiment = self._experiment
        widest = max(experiment.widths[self._white > 1 :])  # networks share the images themselves
        most, found = max(1, _OUTPUTS // (self.count * widest)), dict[str, Tensor]()
        for part, size in (("train", experiment.training_size), ("test", TEST_SIZE[experiment.data])):
            totals: dict[str, Tensor] = defaultdict(lambda: parameters.new_zeros(self.count, dtype=torch.float64))
            for rows in (slice(start, min(size, start + most)) for start in range(0, size, most)):
                inputs, targets = self._some(part, rows)
                outputs = networks.outputs(parameters, experiment, inputs)  # (network, sample, output)
                totals[f"{part}_loss"] += networks.loss(outputs, targets).double() * targets.shape[1]
                if not experiment.is_function:
                    totals[f"{part}_accuracy"] += (outputs.argmax(2) == targets).sum(1)
                if part == "test" and "test_truth" in self._own:
                    totals["test_accuracy_on_truth"] += (outputs.argmax(2) == self._own["test_truth"][:, rows]).sum(1)
            found |= {name: (total / size).unsqueeze(0) for name, total in totals.items()}
        return found

    def _some(self, part: str, rows: slice) -> tuple[Tensor, Tensor]:
        """Inputs, in [0, 1] for images, and targets of some samples of a set."""
        inputs, targets = self._own[f"{part}_inputs"][..., rows, :], self._own[f"{part}_targets"][:, rows]
        return (inputs.float() / self._white).to(self._dtype) if inputs.dtype == torch.uint8 else inputs, targets


def _shared(pixels: Tensor, device: torch.device, *name: Hashable) -> Tensor:
    """Images on the device, once for all calls."""
    with _LOADING:
        if (device, *name) not in _PIXELS:
            _PIXELS[device, *name] = pixels.contiguous().to(device)
        return _PIXELS[device, *name]


def drawn_orders(experiment: Experiment, seeds: Sequence[int], device: torch.device) -> Generator[Tensor]:
    """The samples of epoch after epoch in each network's order, (network, sample), drawn one epoch ahead."""
    randoms = [generator(seed, "order", member) for seed in seeds for member in range(experiment.series)]

    def drawn() -> Tensor:
        order = torch.stack([torch.randperm(experiment.training_size, generator=random) for random in randoms])
        return order.pin_memory() if device.type == "cuda" else order

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(drawn)
        while True:
            order, ahead = ahead.result(), pool.submit(drawn)
            yield order
