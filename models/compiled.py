"""The engine for a CPU: one network after the other through a compiled loop, on one thread."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from models import networks
from models.compiled_steps import LANES, ROWS, History, Network, Samples, run
from models.experiment import Experiment
from models.seeding import generator
from models.training import Arrays, Sets

Array = NDArray[Any]

_VECTOR = 8  # that widths are padded to
_ALIGNED = 16  # numbers, and so at least 64 bytes
_PARTS = ("train", "validation", "test")
_ORDERED = 100_000  # samples that are put in order at a time
_ROOM = 256  # samples that pass through a network at a time while whole sets are recorded


def train(experiment: Experiment, seeds: Sequence[int], parts: Sets) -> Arrays:
    """Train the networks of these seeds, member by member of each seed's series: see models.training.train.

    parts: as models.training.raw_sets gives them. Answers (seed * series, …). The bits of a network depend on
    nothing but its seed and its place in the series.
    """
    initial = networks.initial_parameters(experiment, seeds).numpy()
    initial = initial.reshape(len(seeds), experiment.series, -1)  # (seed, series, parameter)
    masks = networks.kept(experiment, seeds).view(initial.shape).numpy() if experiment.keep < 1 else None
    found, inputs, dtype = [], None, np.dtype(experiment.dtype)
    with threadpool_limits(1), _without_denormals():
        for row, seed in enumerate(seeds):
            if inputs is None or experiment.is_function:  # functions have inputs of each seed's own
                own = row if experiment.is_function else ...
                inputs = _Inputs(parts.train_inputs[own].numpy(), parts.test_inputs[own].numpy(), parts.white, dtype)
            rows, given = _samples(experiment, parts, row, inputs)
            for member in range(experiment.series):
                net = _network(experiment, inputs.used)
                net.weights[0, net.where] = initial[row, member]
                if masks is not None:
                    net.mask[net.where] = masks[row, member]
                found.append(_trained(experiment, net, given, rows, generator(seed, "order", member)))
    arrays = {name: np.stack([each[name] for each in found]) for name in found[0]}
    steps = np.array(experiment.record_steps)
    arrays |= {"epoch": -(-steps // experiment.steps_per_epoch), "record_step": steps}
    return arrays | ({"snapshot_step": np.array(experiment.snapshot_steps)} if experiment.snapshots_every else {})


def _trained(experiment: Experiment, net: Network, given: Samples, rows: Array, random: torch.Generator) -> Arrays:
    """Train one network on these rows and answer what was recorded, without the axis of seeds."""
    steps, dtype, parameters = experiment.steps, net.weights.dtype, len(net.where)
    history = History(
        done=np.zeros(2, np.int64),
        record_steps=np.array((*experiment.record_steps, -1)),
        records=np.zeros((len(experiment.record_steps), len(_PARTS), 3)),
        batch_loss=np.zeros(experiment.passes),
        gradient_norm=np.zeros(steps if experiment.gradient_norms else 0),
        snapshots=np.zeros((len(experiment.snapshot_steps), parameters), dtype),
        every=experiment.snapshots_every or 1,
        best=np.tile(net.weights[0, net.where], (int(experiment.best_parameters), 1)),
        lowest=np.array([np.inf]),
    )
    if experiment.batch == len(rows):  # the order of samples changes nothing
        run(net, given, rows[None], experiment.passes, len(rows), steps, history)
    while history.done[0] < steps:
        passes = max(1, _ORDERED // len(rows))
        order = np.stack([rows[torch.randperm(len(rows), generator=random).numpy()] for _ in range(passes)])
        run(net, given, order, passes, experiment.batch, steps, history)
    return _found(experiment, net, history)


def _found(experiment: Experiment, net: Network, history: History) -> Arrays:
    """What was recorded, by its names."""
    found: Arrays = {}
    for part in experiment.recorded_sizes:
        loss, accuracy, on_truth = history.records[:, _PARTS.index(part)].T  # (record,) each
        found[f"{part}_loss"] = loss
        if not experiment.is_function:
            found[f"{part}_accuracy"] = accuracy
        if part == "test" and experiment.labels == "random":
            found["test_accuracy_on_truth"] = on_truth
    gradient = torch.from_numpy(net.weights[1, net.where].astype(np.float64))
    layers = networks.layers(gradient.unsqueeze(0), experiment.widths)
    found["batch_loss"] = history.batch_loss
    found["last_gradient_norms"] = np.array([float(part.norm()) for x in layers for part in (x.weight, x.bias)])
    found["parameters"] = net.weights[0, net.where]
    optional = {"gradient_norm": experiment.gradient_norms, "snapshots": experiment.snapshots_every}
    found |= {name: getattr(history, name) for name, wanted in optional.items() if wanted}
    return found | ({"best_parameters": history.best[0]} if experiment.best_parameters else {})


class _Inputs:
    """Inputs as the compiled loop takes them: only what is not 0, in an order of features of its own.

    First come the features that training needs, then one that is always 1, then the others: the weights of pixels that
    are 0 in all training images have no gradient, and Adam leaves them where they are.
    train, test: (sample, feature), times `white`; used: (feature,), which are needed.
    """

    def __init__(self, train: Array, test: Array, white: int, dtype: Any) -> None:
        self.used = train.any(0)
        place = _places(self.used)
        both = np.empty((len(train) + len(test), len(place)), train.dtype)  # (sample, row)
        both[: len(train), place[:-1]], both[len(train) :, place[:-1]], both[:, place[-1]] = train, test, white
        bright = both != 0
        self.begin = np.concatenate([[0], np.cumsum(bright.sum(1))])
        levels, of = (np.arange(256), both[bright]) if white > 1 else np.unique(both[bright], return_inverse=True)
        self.features = (np.nonzero(bright)[1].astype(np.uint32) << 16) + of.astype(np.uint32)
        self.levels = (levels.astype(np.float32) / white).astype(dtype)


def _places(used: Array) -> Array:
    """The row of each feature's weights, and last that of the feature which is always 1: (feature + 1,)."""
    place, needed = np.empty(len(used) + 1, np.int64), int(used.sum())
    place[:-1][used], place[:-1][~used] = np.arange(needed), np.arange(needed + 1, len(place))
    place[-1] = needed
    return place


def _samples(experiment: Experiment, parts: Sets, row: int, inputs: _Inputs) -> tuple[Array, Samples]:
    """The rows that one seed trains on, and all its samples."""
    known = parts.train_targets.shape[1]
    rows = np.arange(known) if parts.train_rows is None else parts.train_rows[row].numpy()
    validation = rows[:0] if parts.validation_rows is None else parts.validation_rows[row].numpy()
    sets = dict(zip(_PARTS, (rows, validation, known + np.arange(parts.test_targets.shape[1])), strict=True))
    sets = {part: chosen if part in experiment.recorded else chosen[:0] for part, chosen in sets.items()}
    targets, truth = (
        np.concatenate([part[row].numpy().reshape(-1) for part in (parts.train_targets, test)]).astype(experiment.dtype)
        for test in (parts.test_targets, parts.test_targets if parts.test_truth is None else parts.test_truth)
    )
    ends = np.cumsum([len(chosen) for chosen in sets.values()])
    samples = Samples(
        inputs.begin, inputs.features, inputs.levels, targets, truth, np.concatenate([*sets.values()]), ends
    )
    return rows, samples


def _network(experiment: Experiment, used: Array) -> Network:
    """A network of zeros, in buffers of its own. used: (feature,), which it needs to train."""
    widths, dtype, room = experiment.widths, np.dtype(experiment.dtype), max(experiment.batch, _ROOM)
    lanes = next((lanes for lanes in LANES if widths[1] < lanes), LANES[-1])
    wide = [0, _upto(widths[1] + 1, lanes), *(_upto(units + 1, _VECTOR) for units in widths[2:])]
    wide[-1] = 1 if widths[-1] == 1 else _upto(widths[-1], _VECTOR)
    layers = np.zeros((len(widths), 5), np.int64)
    numbers = signals = 0
    where = []
    for layer, (below, units) in enumerate(pairwise(widths), 1):
        rows = below + 1 if layer == 1 else wide[layer - 1]
        layers[layer] = numbers, rows, units, signals, wide[layer]
        row, column = np.arange(below + 1), np.arange(units)[:, None]  # the last row holds the biases
        index = numbers + row * wide[layer] + column  # (unit, unit below + 1)
        if layer == 1:
            index = column // lanes * rows * lanes + _places(used) * lanes + column % lanes
        where += [index[:, :-1].reshape(-1), index[:, -1]]
        numbers += _upto(rows * wide[layer], _ALIGNED)
        signals += _upto(room * wide[layer], _ALIGNED)
    blocks = np.arange(0, wide[1], lanes) * layers[1, ROWS]
    moving = [(begin, begin + (int(used.sum()) + 1) * lanes) for begin in blocks]
    moving.append((_upto(int(layers[1, ROWS]) * wide[1], _ALIGNED), numbers))
    return Network(
        weights=_zeros(4, numbers, dtype),
        signals=_zeros(2, signals, dtype),
        mask=np.ones(numbers if experiment.keep < 1 else 0, dtype),
        layers=layers,
        moving=np.array(moving),
        where=np.concatenate(where),
        room=room,
        lanes=lanes,
        is_tanh=experiment.activation == "tanh",
        is_function=experiment.is_function,
        rate=float(experiment.learning_rate),
    )


def _upto(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _zeros(rows: int, columns: int, dtype: Any) -> Array:
    """Zeros (row, column) that begin at a multiple of 64 bytes, where kernels of libraries might round differently."""
    size = rows * columns * dtype.itemsize
    buffer = np.zeros(size + 64, np.uint8)
    shift = -buffer.ctypes.data % 64
    return buffer[shift : shift + size].view(dtype).reshape(rows, columns)


@contextmanager
def _without_denormals() -> Iterator[None]:
    """Numbers too small to be normal are 0, on this thread: Adam makes them by the thousand, and they are slow."""
    before = float(np.float32(1e-38) * np.float32(0.1)) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
