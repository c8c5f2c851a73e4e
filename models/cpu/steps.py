"""The compiled loop of the CPU engine: steps and records of one network, without Python in between."""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.cpu import layout, products, vectors
from models.cpu.layout import CHUNK, LANES, Array, History, Network, Samples
from models.cpu.products import (
    Rows,
    first_gradient,
    first_layer,
    multiply,
    one_gradient,
    one_output,
    transpose_weights,
)
from models.cpu.vectors import add_times, fetch, inner, load, store, stored

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's defaults


@inner
def _losses(net: Network, given: Samples, chosen: Array, share: float, sums: Array) -> None:
    """Write `share` of the derivative of these samples' losses by the outputs of the last layer.

    Adds to sums (3,) their losses, how many are right, and how many are right by the true labels.
    """
    outputs, deltas, last = net.signals[0], net.signals[1], net.layers[-1]
    part = outputs.dtype.type(share)
    for place in range(len(chosen)):
        begin, target = last.offset + place * last.wide, given.targets[chosen[place]]
        if net.is_function:
            error = outputs[begin] - target
            deltas[begin] = (part + part) * error
            sums[0] += np.float64(error) * error
            continue
        found, exponentials, label = begin, part - part, begin + np.intp(target)
        for i in range(begin, begin + last.units):
            found = i if outputs[i] > outputs[found] else found
        for i in range(begin, begin + last.units):
            deltas[i] = np.exp(outputs[i] - outputs[found])
            exponentials += deltas[i]
        for i in range(begin, begin + last.units):
            deltas[i] *= part / exponentials
        deltas[label] -= part
        sums[0] += np.log(exponentials) + outputs[found] - outputs[label]
        sums[1] += found == label
        sums[2] += found - begin == given.truth[chosen[place]]


@inner
def _forwards(net: Network, given: Samples, chosen: Array, share: float, sums: Array) -> None:
    """Write the outputs of every layer for these samples, then their losses as _losses does."""
    samples, values, outputs = len(chosen), net.weights[0], net.signals[0]
    for layer in range(1, len(net.layers)):
        below, own, is_last = net.layers[layer - 1], net.layers[layer], layer == len(net.layers) - 1
        if layer == 1 and not net.is_function:
            first_layer(net, given, chosen)
        elif own.block == 1:
            one_output(net, samples)
        else:
            for place in range(samples if layer == 1 else 0):
                for feature in range(below.units):
                    outputs[place * below.wide + feature] = given.points[chosen[place], feature]
            for block in range(0, own.units, LANES):
                start = own.start + block * own.rows
                multiply(samples, below.units, Rows(outputs, below.offset, below.wide, 1),
                         Rows(values, start + LANES, LANES, 1), Rows(values, start, 0, 1),
                         Rows(outputs, own.offset + block, own.wide, 1), outputs[:0],
                         not net.is_tanh and not is_last)  # fmt: skip
        for place in range(samples if net.is_tanh and not is_last else 0):
            begin = own.offset + place * own.wide
            for i in range(begin, begin + own.units):  # not the padding: tanh is slow
                outputs[i] = np.tanh(outputs[i])
    _losses(net, given, chosen, share, sums)


@inner
def _backwards(net: Network, given: Samples, chosen: Array, is_first: bool) -> None:
    """Write, or add, the gradient of the samples that just went through _forwards."""
    samples, values, gradient, one = len(chosen), net.weights[0], net.weights[1], net.weights.dtype.type(1)
    outputs, deltas, nothing = net.signals[0], net.signals[1], Rows(net.weights[0], 0, 0, 1)
    for layer in range(len(net.layers) - 1, 0, -1):
        below, own = net.layers[layer - 1], net.layers[layer]
        if layer > 1:
            gate = outputs[: 0 if net.is_tanh else len(outputs)]
            for block in range(0, below.units, LANES):
                weights = Rows(net.transposed, own.transposed + block * own.wide, LANES, 1)
                if own.block == 1:
                    weights = Rows(values, own.start + 1 + block, LANES, 1)
                multiply(samples, own.units, Rows(deltas, own.offset, own.wide, 1), weights, nothing,
                         Rows(deltas, below.offset + block, below.wide, 1), gate, False)  # fmt: skip
            for i in range(below.offset, below.offset + samples * below.wide if net.is_tanh else below.offset):
                deltas[i] *= one - outputs[i] * outputs[i]
        if own.block == 1:
            one_gradient(net, samples, is_first)
            continue
        if layer == 1 and not net.is_function:
            first_gradient(net, given, chosen, is_first)
        else:
            for block in range(0, own.units, LANES):
                here = Rows(gradient, own.start + block * own.rows + LANES, LANES, 1)
                multiply(below.units, samples, Rows(outputs, below.offset, 1, below.wide),
                         Rows(deltas, own.offset + block, own.wide, 1), nothing if is_first else here,
                         here, outputs[:0], False)  # fmt: skip
        for block in range(0, own.units if layer > 1 or not net.is_function else 0, LANES):
            at = own.start + block // own.block * own.block * own.rows + block % own.block
            total = load(values if is_first else gradient, 0 if is_first else at, LANES)
            for place in range(samples):
                begin = own.offset + place * own.wide + block
                total = add_times(total, one, load(deltas, begin, LANES))
            store(gradient, at, total)


@inner
def _adam(net: Network, number: int) -> None:
    """Update `number`, from 1. Source: Kingma & Ba 2015, section 2, its more efficient order."""
    kind = net.weights.dtype.type
    unbiased = np.sqrt(1 - _BETA2**number)
    rate, epsilon = kind(net.rate * unbiased / (1 - _BETA1**number)), kind(_EPSILON * unbiased)
    beta1, beta2, rest1, rest2 = kind(_BETA1), kind(_BETA2), kind(1 - _BETA1), kind(1 - _BETA2)
    for index in range(len(net.updated)):
        begin, end = net.updated[index, 0], net.updated[index, 1]
        values, gradient = net.weights[0, begin:end], net.weights[1, begin:end]
        first, second = net.weights[2, begin:end], net.weights[3, begin:end]
        for i in range(len(values)):
            mean = beta1 * first[i] + rest1 * gradient[i]
            square = beta2 * second[i] + rest2 * (gradient[i] * gradient[i])
            first[i], second[i] = mean, square
            values[i] -= rate * mean / (np.sqrt(square) + epsilon)


@inner
def _step(net: Network, given: Samples, chosen: Array, history: History) -> None:
    """Make one step on these samples, CHUNK at a time, and record what is recorded at every step."""
    step, share = history.done[0], 1 / len(chosen)
    history.sums[0] = 0
    transpose_weights(net)
    for first in range(0, len(chosen), CHUNK):
        few = chosen[first : first + CHUNK]
        _forwards(net, given, few, share, history.sums)
        _backwards(net, given, few, first == 0)
    if len(history.gradient_norm):
        squares = 0.0
        for number in net.weights[1]:
            squares += np.float64(number) * number
        history.gradient_norm[step] = np.sqrt(squares)
    _adam(net, step + 1)
    if len(history.snapshots) and step % history.every == 0:
        snapshot = history.snapshots[step // history.every]
        for index in range(len(net.where)):
            snapshot[index] = net.weights[0, net.where[index]]
    history.done[0] = step + 1


@inner
def _record(net: Network, given: Samples, history: History) -> None:
    """Record losses and accuracies over the complete sets."""
    record, begin = history.records[history.done[1]], 0
    for part in range(len(record)):
        end = given.ends[part]
        for first in range(begin, end, CHUNK):
            _forwards(net, given, given.sets[first : min(first + CHUNK, end)], 0.0, record[part])
        for score in range(3):
            record[part, score] /= end - begin
        begin = end
    history.done[1] += 1


def _loop(source: int) -> Callable[..., None]:
    def run(net: Network, given: Samples, order: Array, passes: int, batch: int, steps: int, history: History) -> None:
        """Train for more passes, until all steps are done. order (pass, sample): of each pass, then again."""
        _ = source  # a value in it is part of numba's cache key
        if history.done[1] == 0:
            _record(net, given, history)
        for index in range(passes):
            ordered = order[index % len(order)]
            for begin in range(0, len(ordered), batch):
                if history.done[0] == steps:
                    return
                for sample in ordered[begin + batch : begin + batch + CHUNK]:
                    for k in range(given.begin[sample], given.begin[sample + 1], 16):
                        fetch(given.features, k)
                chosen, epoch = ordered[begin : begin + batch], history.done[0] // -(-len(ordered) // batch)
                _step(net, given, chosen, history)
                history.batch_loss[epoch] = history.sums[0] / len(chosen)
                if history.done[0] == history.record_steps[history.done[1]]:
                    _record(net, given, history)

    return stored(run)


# Of all that `run` calls, so that numba's cache returns nothing that was compiled from an older source.
_CALLED = __file__, layout.__file__, products.__file__, vectors.__file__
SOURCE = zlib.crc32(b"".join(Path(str(path)).read_bytes() for path in _CALLED))
run = _loop(SOURCE)
