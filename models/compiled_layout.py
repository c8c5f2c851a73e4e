"""How the compiled loop of the CPU engine has its numbers in memory."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.experiment import Experiment
from models.sets import Sets

Array = NDArray[Any]
PARTS = ("train", "validation", "test")
START, ROWS, UNITS, OFFSET, WIDE = range(5)  # of Network.layers

_LANES = 8, 32  # units of the first layer that are computed at once
_VECTOR = 8  # that the widths of other layers are padded to
_ALIGNED = 16  # numbers, and so at least 64 bytes
_ROOM = 256  # samples that pass through a network at a time while whole sets are recorded


class Network(NamedTuple):
    """One network.

    weights (4, number): values, gradient, and Adam's first and second moments. A layer's are (unit below, unit),
    padded to whole vectors; the first unit that pads a hidden layer is 1 for every sample, so that its weights are the
    biases of the layer above. The first layer's are (block, 1 + feature, lane), biases first.
    signals (2, number): what every layer answers and the loss's derivative by it, (sample, unit), with room for so many
    samples. mask (number,): 0 for weights that stay 0, or empty. layers (layer + 1, 5): of layer l, the inputs being 0,
    START and ROWS of its weights, its UNITS without padding, the OFFSET of its signals, and how WIDE it is with
    padding. moving (range, 2): the weights that Adam moves; where (parameter,): each parameter of models.networks.
    """

    weights: Array
    signals: Array
    mask: Array
    layers: Array
    moving: Array
    where: Array
    room: int
    lanes: int
    is_tanh: bool
    is_function: bool
    rate: float


class Inputs(NamedTuple):
    """Training samples, then test samples, and of each only the features that are not 0.

    The first of a sample's is at `begin` (sample + 1,). features (feature,): the row of its weights in the upper 16 of
    32 bits, and in the lower ones where among the `levels` its value is. rows (feature,): of all features, first those
    that some training sample has: the weights of the others have no gradient, and Adam leaves them where they are.
    """

    begin: Array
    features: Array
    levels: Array
    rows: Array
    used: int


class Samples(NamedTuple):
    """The inputs of one seed, and what they should be answered.

    targets and truth (sample,): labels, or values; sets: samples of the training, validation and test set, as far as
    they are recorded, which end at `ends` (3,).
    """

    begin: Array
    features: Array
    levels: Array
    targets: Array
    truth: Array
    sets: Array
    ends: Array


class History(NamedTuple):
    """What a training records.

    done (3,): steps, records, and the sum of the source that was compiled; sums (3,): of the present batch;
    record_steps (record + 1,), the last never reached; records (record, set, 3): loss, accuracy, accuracy on the
    truth; batch_loss (epoch,); gradient_norm (step,), snapshots (snapshot, parameter), taken every so many steps,
    and best (1, parameter), which has the lowest (1,) validation loss: or empty.
    """

    done: Array
    sums: Array
    record_steps: Array
    records: Array
    batch_loss: Array
    gradient_norm: Array
    snapshots: Array
    every: int
    best: Array
    lowest: Array


def inputs_of(train: Array, test: Array, white: int, dtype: Any) -> Inputs:
    """Inputs (sample, feature), times `white`, as the compiled loop takes them."""
    used = np.asarray(train.any(0))
    rows = np.empty(len(used), np.int64)
    rows[np.argsort(~used, kind="stable")] = np.arange(1, len(used) + 1)  # row 0 is that of the biases
    both = np.concatenate([train, test])  # (sample, feature)
    bright = np.flatnonzero(both)
    shown = both.reshape(-1)[bright]
    levels, level = (np.arange(white + 1), shown) if white > 1 else np.unique(shown, return_inverse=True)
    return Inputs(
        begin=np.concatenate([[0], np.cumsum(np.count_nonzero(both, axis=1))]),
        features=(rows.astype(np.uint32) << 16)[bright % len(rows)] + level.astype(np.uint32),
        levels=(levels.astype(np.float32) / np.float32(white)).astype(dtype),
        rows=rows,
        used=int(used.sum()),
    )


def samples_of(experiment: Experiment, parts: Sets, seed: int, inputs: Inputs) -> tuple[Array, Samples]:
    """The samples that the seed of this row of the sets trains on, and all of its samples."""
    known = parts.train_targets.shape[1]
    rows = np.arange(known) if parts.train_rows is None else parts.train_rows[seed].numpy()
    validation = rows[:0] if parts.validation_rows is None else parts.validation_rows[seed].numpy()
    sets = dict(zip(PARTS, (rows, validation, known + np.arange(parts.test_targets.shape[1])), strict=True))
    chosen = [part if name in experiment.recorded else part[:0] for name, part in sets.items()]
    targets, truth = (
        np.concatenate([part[seed].numpy().reshape(-1) for part in (parts.train_targets, test)])
        for test in (parts.test_targets, parts.test_targets if parts.test_truth is None else parts.test_truth)
    )  # (sample,) each
    return rows, Samples(
        begin=inputs.begin,
        features=inputs.features,
        levels=inputs.levels,
        targets=targets.astype(experiment.dtype),
        truth=truth.astype(experiment.dtype),
        sets=np.concatenate(chosen),
        ends=np.cumsum([len(part) for part in chosen]),
    )


def network_of(experiment: Experiment, inputs: Inputs) -> Network:
    """A network of zeros, in buffers of its own."""
    widths, dtype, room = experiment.widths, np.dtype(experiment.dtype), max(experiment.batch, _ROOM)
    lanes = next((lanes for lanes in _LANES if widths[1] < lanes), _LANES[-1])
    wide = [0, _upto(widths[1] + 1, lanes), *(_upto(units + 1, _VECTOR) for units in widths[2:])]
    wide[-1] = 1 if widths[-1] == 1 else _upto(widths[-1], _VECTOR)
    layers, where = np.zeros((len(widths), 5), np.int64), []
    numbers = signals = 0
    for layer, (below, units) in enumerate(pairwise(widths), 1):
        rows = below + 1 if layer == 1 else wide[layer - 1]
        layers[layer] = numbers, rows, units, signals, wide[layer]
        column = np.arange(units)[:, None]
        if layer == 1:
            index = column // lanes * rows * lanes + np.append(inputs.rows, 0) * lanes + column % lanes
        else:
            index = numbers + np.arange(below + 1) * wide[layer] + column
        where += [index[:, :-1].reshape(-1), index[:, -1]]  # from (unit, unit below), and the biases last
        numbers += _upto(rows * wide[layer], _ALIGNED)
        signals += _upto(room * wide[layer], _ALIGNED)
    blocks = np.arange(0, wide[1], lanes) * int(layers[1, ROWS])
    moving = [(begin, begin + (inputs.used + 1) * lanes) for begin in blocks]
    return Network(
        weights=_zeros(4, numbers, dtype),
        signals=_zeros(2, signals, dtype),
        mask=np.ones(numbers if experiment.keep < 1 else 0, dtype),
        layers=layers,
        moving=np.array([*moving, (layers[2, START], numbers)]),
        where=np.concatenate(where),
        room=room,
        lanes=lanes,
        is_tanh=experiment.activation == "tanh",
        is_function=experiment.is_function,
        rate=float(experiment.learning_rate),
    )


def history_of(experiment: Experiment, net: Network) -> History:
    """The history of a training that has not begun."""
    return History(
        done=np.zeros(3, np.int64),
        sums=np.zeros(3),
        record_steps=np.array((*experiment.record_steps, -1)),
        records=np.zeros((len(experiment.record_steps), len(PARTS), 3)),
        batch_loss=np.zeros(experiment.passes),
        gradient_norm=np.zeros(experiment.steps if experiment.gradient_norms else 0),
        snapshots=np.zeros((len(experiment.snapshot_steps), len(net.where)), net.weights.dtype),
        every=experiment.snapshots_every or 1,
        best=np.tile(net.weights[0, net.where], (int(experiment.best_parameters), 1)),
        lowest=np.array([np.inf]),
    )


def _upto(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _zeros(rows: int, columns: int, dtype: Any) -> Array:
    """Zeros (row, column) from a multiple of 64 bytes on: kernels of libraries might round differently elsewhere."""
    size = rows * columns * dtype.itemsize
    buffer = np.zeros(size + 64, np.uint8)
    shift = -buffer.ctypes.data % 64
    return buffer[shift : shift + size].view(dtype).reshape(rows, columns)
