"""The compiled loop of the CPU engine: steps and records of one network, without Python in between."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from models import compiled_vectors
from models.compiled_layout import OFFSET, ROWS, START, UNITS, WIDE, Array, History, Network, Samples
from models.compiled_vectors import add_times, fetch, load, product, store

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's defaults
_COMPILED: dict[str, Any] = dict(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})  # keep NaN


def _inner(function: Callable[..., None]) -> Callable[..., None]:
    """A function that compiled code alone calls."""
    without: dict[str, Any] = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return njit(**_COMPILED, **without)(function)


def _first_layer(lanes: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Its product with the inputs, and that of its gradient, a block of units at a time, without what is 0."""

    @_inner
    def forwards(net: Network, given: Samples, chosen: Array) -> None:
        values, answers, wide = net.weights[0], net.signals[0], net.layers[1, WIDE]
        for block in range(0, wide, lanes):
            start = block * net.layers[1, ROWS]
            for place in range(len(chosen)):
                total = load(values, start, lanes)
                for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
                    feature = np.intp(given.features[k])
                    weights = load(values, start + (feature >> 16) * lanes, lanes)
                    total = add_times(total, given.levels[feature & 0xFFFF], weights)
                store(answers, net.layers[1, OFFSET] + place * wide + block, total)

    @_inner
    def gradient(net: Network, given: Samples, chosen: Array) -> None:
        gradient, deltas, wide = net.weights[1], net.signals[1], net.layers[1, WIDE]
        one = deltas.dtype.type(1)
        for block in range(0, wide, lanes):
            start = block * net.layers[1, ROWS]
            own = gradient[start : start + net.moving[0, 1]]
            for i in range(len(own)):
                own[i] = 0
            for place in range(len(chosen)):
                delta = load(deltas, net.layers[1, OFFSET] + place * wide + block, lanes)
                store(gradient, start, add_times(load(gradient, start, lanes), one, delta))
                for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
                    feature = np.intp(given.features[k])
                    at, level = start + (feature >> 16) * lanes, given.levels[feature & 0xFFFF]
                    store(gradient, at, add_times(load(gradient, at, lanes), level, delta))

    return forwards, gradient


_forwards8, _gradient8 = _first_layer(8)
_forwards32, _gradient32 = _first_layer(32)


@_inner
def _forwards(net: Network, given: Samples, chosen: Array, sums: Array) -> None:
    """Write what every layer answers to these samples, and the derivative of their mean loss by the last one's answers.

    Adds to sums (3,) their losses, how many were right, and how many by the truth.
    """
    samples, values, answers = len(chosen), net.weights[0], net.signals[0]
    if net.lanes == 32:
        _forwards32(net, given, chosen)
    else:
        _forwards8(net, given, chosen)
    for layer in range(1, len(net.layers) - 1):
        begin, wide, units = net.layers[layer, OFFSET], net.layers[layer, WIDE], net.layers[layer, UNITS]
        own = answers[begin : begin + samples * wide]
        if net.is_tanh:
            for i in range(len(own)):
                own[i] = np.tanh(own[i])
        else:
            for i in range(len(own)):
                own[i] = 0 if own[i] < 0 else own[i]  # and so NaN where it is NaN
        for place in range(samples):
            own[place * wide + units] = 1
        start, above, columns = net.layers[layer + 1, START], net.layers[layer + 1, OFFSET], net.layers[layer + 1, WIDE]
        product((samples, columns, wide), (answers, begin, wide, 0), (values, start, columns, 0),
                 (answers, above, columns, 0))  # fmt: skip
    deltas, wide, units = net.signals[1], net.layers[-1, WIDE], net.layers[-1, UNITS]
    share = values.dtype.type(1 / samples)
    for place in range(samples):
        begin, target = net.layers[-1, OFFSET] + place * wide, given.targets[chosen[place]]
        if net.is_function:
            error = answers[begin] - target
            deltas[begin] = (share + share) * error
            sums[0] += np.float64(error) * error
            continue
        found, exponentials, label = begin, share - share, begin + np.intp(target)
        for i in range(begin, begin + units):
            found = i if answers[i] > answers[found] else found
        for i in range(begin, begin + units):
            deltas[i] = np.exp(answers[i] - answers[found])
            exponentials += deltas[i]
        for i in range(begin, begin + units):
            deltas[i] *= share / exponentials
        deltas[label] -= share
        sums[0] += np.log(exponentials) + answers[found] - answers[label]
        sums[1] += found == label
        sums[2] += found - begin == given.truth[chosen[place]]


@_inner
def _backwards(net: Network, given: Samples, chosen: Array) -> None:
    """Write the gradient of the mean loss of the samples that were just answered."""
    samples, values, gradient, one = len(chosen), net.weights[0], net.weights[1], net.weights.dtype.type(1)
    answers, deltas = net.signals[0], net.signals[1]
    for layer in range(len(net.layers) - 1, 1, -1):
        start, above, columns = net.layers[layer, START], net.layers[layer, OFFSET], net.layers[layer, WIDE]
        begin, wide = net.layers[layer - 1, OFFSET], net.layers[layer - 1, WIDE]
        product((wide, columns, samples), (answers, begin, wide, 1), (deltas, above, columns, 0),
                 (gradient, start, columns, 0))  # fmt: skip
        product((samples, wide, columns), (deltas, above, columns, 0), (values, start, columns, 1),
                 (deltas, begin, wide, 0))  # fmt: skip
        own, below = deltas[begin : begin + samples * wide], answers[begin : begin + samples * wide]
        if net.is_tanh:
            for i in range(len(own)):
                own[i] *= one - below[i] * below[i]
        else:
            for i in range(len(own)):
                own[i] = 0 if below[i] <= 0 else own[i]
        for place in range(samples):
            own[place * wide + net.layers[layer - 1, UNITS]] = 0  # of the unit that is always 1
    if net.lanes == 32:
        _gradient32(net, given, chosen)
    else:
        _gradient8(net, given, chosen)
    for i in range(len(net.mask)):
        gradient[i] *= net.mask[i]


@_inner
def _adam(net: Network, number: int) -> None:
    """The update that is `number`, from 1. Source: Kingma & Ba 2015, section 2, its more efficient order."""
    kind = net.weights.dtype.type
    unbiased = np.sqrt(1 - _BETA2**number)
    rate, epsilon = kind(net.rate * unbiased / (1 - _BETA1**number)), kind(_EPSILON * unbiased)
    beta1, beta2, rest1, rest2 = kind(_BETA1), kind(_BETA2), kind(1 - _BETA1), kind(1 - _BETA2)
    for index in range(len(net.moving)):
        begin, end = net.moving[index, 0], net.moving[index, 1]
        values, gradient = net.weights[0, begin:end], net.weights[1, begin:end]
        first, second = net.weights[2, begin:end], net.weights[3, begin:end]
        for i in range(len(values)):
            mean = beta1 * first[i] + rest1 * gradient[i]
            square = beta2 * second[i] + rest2 * (gradient[i] * gradient[i])
            first[i], second[i] = mean, square
            values[i] -= rate * mean / (np.sqrt(square) + epsilon)


@_inner
def _record(net: Network, given: Samples, history: History) -> None:
    """Record losses and accuracies over the whole sets, and keep the parameters where they validate best."""
    record, begin = history.records[history.done[1]], 0
    for part in range(len(record)):
        end = given.ends[part]
        for first in range(begin, end, net.room):
            _forwards(net, given, given.sets[first : min(first + net.room, end)], record[part])
        for score in range(3):
            record[part, score] /= end - begin
        begin = end
    history.done[1] += 1
    if len(history.best) and record[1, 0] < history.lowest[0]:
        history.lowest[0] = record[1, 0]
        _keep_parameters(net, history.best[0])


@_inner
def _keep_parameters(net: Network, kept: Array) -> None:
    for index in range(len(net.where)):
        kept[index] = net.weights[0, net.where[index]]


def _loop(source: int) -> Callable[..., None]:
    def run(net: Network, given: Samples, order: Array, passes: int, batch: int, steps: int, history: History) -> None:
        """Go on training: so many passes, until all steps are done.

        order (pass, sample): the training set, of each pass in turn, then from the first again.
        """
        history.done[2] = source
        if history.done[1] == 0:
            _record(net, given, history)
        for index in range(passes):
            ordered = order[index % len(order)]
            for begin in range(0, len(ordered), batch):
                step, chosen, sums = history.done[0], ordered[begin : begin + batch], history.sums
                if step == steps:
                    return
                for sample in ordered[begin + batch : begin + 2 * batch]:
                    for k in range(given.begin[sample], given.begin[sample + 1], 16):
                        fetch(given.features, k)
                sums[0] = 0
                _forwards(net, given, chosen, sums)
                history.batch_loss[step // -(-len(ordered) // batch)] = sums[0] / len(chosen)
                _backwards(net, given, chosen)
                if len(history.gradient_norm):
                    squares = 0.0
                    for number in net.weights[1]:
                        squares += np.float64(number) * number
                    history.gradient_norm[step] = np.sqrt(squares)
                _adam(net, step + 1)
                if len(history.snapshots) and step % history.every == 0:
                    _keep_parameters(net, history.snapshots[step // history.every])
                history.done[0] = step + 1
                if step + 1 == history.record_steps[history.done[1]]:
                    _record(net, given, history)

    return njit(cache=True, **_COMPILED)(run)


# Numba stores what it compiled by the source of `run` alone: as a value in it, the sum of what it calls is a part.
SOURCE = zlib.crc32(b"".join(Path(path).read_bytes() for path in (__file__, str(compiled_vectors.__file__))))
run = _loop(SOURCE)
