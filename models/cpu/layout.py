"""The memory layout of the compiled loop."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.data import Sets
from models.experiment import Experiment

Array = NDArray[Any]
LAYER = np.dtype([(name, np.int64) for name in ("start", "rows", "units", "offset", "wide", "block", "transposed")])

LANES, LANES_OF_IMAGES = 16, 32  # units of a layer that are computed at once; the first layer's, of images
CHUNK = 64  # samples that pass through a network at a time, so that its outputs stay in the cache
_ALIAS = 128  # rows at multiples of this many numbers evict each other from the cache
_TILE = 8  # rows of weights are padded to multiples of this: 4 are multiplied at once, 8 transposed


class Network(NamedTuple):
    """One network.

    weights (4, number): values, gradient, and Adam's first and second moments. First a vector of zeros, then each
    layer's (block, 1 + unit below, lane), biases first, padded with zeros; for a function's one output, blocks of one
    lane. transposed (number,): the values of all layers but the first, as (block of units below, unit, lane). signals
    (2, number): the outputs of every layer and the loss's derivative by them, (sample, unit), for CHUNK samples.
    layers (layer + 1,): LAYERs, the inputs first: start of the weights, rows of a block of them, units without
    padding, offset of the signals, width of these with padding, lanes of a block, start in `transposed`. updated
    (range, 2): the weights that Adam updates; where (parameter,): index of each parameter of models.networks. images:
    a buffer for the images of a step, sorted by feature, which end at `ends` (row + 1,).
    """

    weights: Array
    transposed: Array
    signals: Array
    layers: Array
    updated: Array
    where: Array
    images: Array
    ends: Array
    is_tanh: bool
    is_function: bool
    rate: float


class Inputs(NamedTuple):
    """Training samples, then test samples: the points of a function, or of images only the features that are not 0.

    points (sample, 2): a function's variable, and 1, whose weights are the biases; empty for images. The first feature
    of an image is at `begin` (sample + 1,). features (feature,): the row of its weights in the upper 16 of 32 bits, the
    index of its value in `levels` in the lower ones. rows (feature,): of all features, the `used` ones that some
    training sample has first: the weights of the others have no gradient, and Adam leaves them unchanged.
    """

    points: Array
    begin: Array
    features: Array
    levels: Array
    rows: Array
    used: int


class Samples(NamedTuple):
    """The inputs of one seed with their targets.

    targets and truth (sample,): labels, or values; sets (sample,): indices of the training set, then the test set,
    which end at `ends` (2,).
    """

    points: Array
    begin: Array
    features: Array
    levels: Array
    targets: Array
    truth: Array
    sets: Array
    ends: Array


class History(NamedTuple):
    """What a training records.

    done (2,): steps and records; sums (3,): of the present batch; record_steps (record + 1,), the last never reached;
    records (record, set, 3): loss, accuracy, accuracy on the truth; batch_loss (epoch,); gradient_norm (step,) and
    snapshots (snapshot, parameter), taken every `every` steps: or empty.
    """

    done: Array
    sums: Array
    record_steps: Array
    records: Array
    batch_loss: Array
    gradient_norm: Array
    snapshots: Array
    every: int


def inputs_of(train: Array, test: Array, white: int, dtype: Any) -> Inputs:
    """Inputs (sample, feature), times `white`, as the compiled loop takes them; images where `white` is not 1."""
    used = np.asarray(train.any(0))
    rows = np.empty(len(used), np.int64)
    rows[np.argsort(~used, kind="stable")] = np.arange(1, len(used) + 1)  # row 0 is that of the biases
    both = np.concatenate([train, test])  # (sample, feature)
    points, both = (both[:0], both) if white > 1 else (np.insert(both, 1, 1, axis=1), np.zeros_like(both))
    bright = np.flatnonzero(both)
    shown = both.reshape(-1)[bright]
    return Inputs(
        points=points.astype(dtype),
        begin=np.concatenate([[0], np.cumsum(np.count_nonzero(both, axis=1))]),
        features=(rows.astype(np.uint32) << 16)[bright % len(rows)] + shown.astype(np.uint32),
        levels=(np.arange(white + 1, dtype=np.float32) / np.float32(white)).astype(dtype),
        rows=rows,
        used=int(used.sum()),
    )


def samples_of(experiment: Experiment, parts: Sets, row: int, inputs: Inputs) -> Samples:
    """The samples of the seed of this row of the sets."""
    test_truth = parts.test_targets if parts.test_truth is None else parts.test_truth
    targets, truth = (
        np.concatenate([part[row].numpy().reshape(-1) for part in (parts.train_targets, test)])
        for test in (parts.test_targets, test_truth)
    )  # (sample,) each
    return Samples(
        *inputs[:4],
        targets=targets.astype(experiment.dtype),
        truth=truth.astype(experiment.dtype),
        sets=np.arange(len(targets)),
        ends=np.array([experiment.training_size, len(targets)]),
    )


def network_of(experiment: Experiment, inputs: Inputs) -> Network:
    """A network of zeros."""
    widths, dtype, is_function = experiment.widths, np.dtype(experiment.dtype), experiment.is_function
    layers, where, updated = np.zeros(len(widths), LAYER), [], []
    layers[0]["units"], layers[0]["wide"] = widths[0] + is_function, _TILE
    numbers, transposed, signals = LANES_OF_IMAGES, 0, CHUNK * _TILE * is_function
    for layer, (below, units) in enumerate(pairwise(widths), 1):
        is_image, is_one = layer == 1 and not is_function, is_function and layer == len(widths) - 1
        lanes = 1 if is_one else LANES_OF_IMAGES if is_image else LANES
        rows, padded = 1 + _upto(below, LANES if is_one else _TILE), _upto(units, lanes)
        wide = padded + LANES * (padded % _ALIAS == 0)
        layers[layer] = numbers, rows, units, signals, wide, lanes, transposed
        column, row = np.arange(units)[:, None], inputs.rows if layer == 1 else np.arange(1, below + 1)
        bias = 2 if layer == 1 and is_function else 0
        index = numbers + (column // lanes * rows + np.append(row, bias)) * lanes + column % lanes  # (unit, unit below)
        where += [index[:, :-1].reshape(-1), index[:, -1]]  # the biases last
        used = (inputs.used + 1 if is_image else rows) * lanes
        updated += [(begin, begin + used) for begin in range(numbers, numbers + rows * padded, rows * lanes)]
        numbers += _upto(rows * padded, LANES)
        signals += _upto(CHUNK * wide, LANES)
        transposed += 0 if layer == 1 or is_one else int(layers[layer - 1]["wide"]) * wide
    return Network(
        weights=_zeros(4, numbers, dtype),
        transposed=_zeros(1, transposed, dtype)[0],
        signals=_zeros(2, signals, dtype),
        layers=layers,
        updated=np.array(updated),
        where=np.concatenate(where),
        images=np.zeros(CHUNK * int(np.diff(inputs.begin).max()), np.uint32),
        ends=np.zeros(inputs.used + 2, np.int64),
        is_tanh=experiment.activation == "tanh",
        is_function=is_function,
        rate=float(experiment.learning_rate),
    )


def history_of(experiment: Experiment, net: Network) -> History:
    return History(
        done=np.zeros(2, np.int64),
        sums=np.zeros(3),
        record_steps=np.array((*experiment.record_steps, -1)),
        records=np.zeros((len(experiment.record_steps), 2, 3)),
        batch_loss=np.zeros(experiment.passes),
        gradient_norm=np.zeros(experiment.steps if experiment.gradient_norms else 0),
        snapshots=np.zeros((len(experiment.snapshot_steps), len(net.where)), net.weights.dtype),
        every=experiment.snapshots_every or 1,
    )


def _upto(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _zeros(rows: int, columns: int, dtype: Any) -> Array:
    """Zeros (row, column) at a multiple of 64 bytes: libraries might round differently at other addresses."""
    size = rows * columns * dtype.itemsize
    buffer = np.zeros(size + 64, np.uint8)
    shift = -buffer.ctypes.data % 64
    return buffer[shift : shift + size].view(dtype).reshape(rows, columns)
