"""Products of matrices of the compiled loop, and what the first layer makes of images, whose pixels are mostly 0."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from models.compiled_layout import LANES, LANES_OF_IMAGES, Array, Network, Samples
from models.compiled_vectors import add_times, at, load, store, turn, where_positive

COMPILED: dict[str, Any] = dict(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})  # keep NaN


class Rows(NamedTuple):
    """Rows of numbers: where the first begins, how far it is to the next, and to the next number of the same row."""

    numbers: Array
    begin: int
    row: int
    step: int


def inner_function(function: Callable[..., None]) -> Callable[..., None]:
    """A function that compiled code alone calls."""
    without: dict[str, Any] = dict(no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return njit(**COMPILED, **without)(function)


@inner_function
def _write(out: Rows, place: int, total: Any, gate: Array, is_own_gate: bool) -> None:
    """Write LANES numbers, 0 where they, or those at the same place of a gate, if it is not empty, are not above 0."""
    if is_own_gate:  # in registers: a store that leaves out what stays is slow on some processors
        store(out.numbers, place, where_positive(total, total))
    elif len(gate):
        store(out.numbers, place, where_positive(total, load(gate, place, LANES)))
    else:
        store(out.numbers, place, total)


@inner_function
def multiply(
    rows: int, inner: int, left: Rows, right: Rows, first: Rows, out: Rows, gate: Array, is_own_gate: bool
) -> None:
    """LANES columns of a matrix product: out[row] = first[row] + the sum over i of left[row, i] right[i].

    Four rows at a time, so that the last may be up to three too many; see _write for the gates.
    """
    for row in range(0, rows, 4):
        start, begin = first.begin + row * first.row, left.begin + row * left.row
        a, b = load(first.numbers, start, LANES), load(first.numbers, start + first.row, LANES)
        c, d = load(first.numbers, start + 2 * first.row, LANES), load(first.numbers, start + 3 * first.row, LANES)
        for i in range(inner):
            here, vector = begin + i * left.step, load(right.numbers, right.begin + i * right.row, LANES)
            a = add_times(a, at(left.numbers, here), vector)
            b = add_times(b, at(left.numbers, here + left.row), vector)
            c = add_times(c, at(left.numbers, here + 2 * left.row), vector)
            d = add_times(d, at(left.numbers, here + 3 * left.row), vector)
        target = out.begin + row * out.row
        _write(out, target, a, gate, is_own_gate)
        _write(out, target + out.row, b, gate, is_own_gate)
        _write(out, target + 2 * out.row, c, gate, is_own_gate)
        _write(out, target + 3 * out.row, d, gate, is_own_gate)


@inner_function
def first_layer(net: Network, given: Samples, chosen: Array) -> None:
    """What the first layer answers to images, a block of units at a time, without what is 0."""
    values, answers, own = net.weights[0], net.signals[0], net.layers[1]
    for block in range(0, own.units, LANES_OF_IMAGES):
        start = own.start + block * own.rows
        for place in range(len(chosen)):
            total = load(values, start, LANES_OF_IMAGES)
            for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
                feature = np.intp(given.features[k])
                weights = load(values, start + (feature >> 16) * LANES_OF_IMAGES, LANES_OF_IMAGES)
                total = add_times(total, at(given.levels, feature & 0xFFFF), weights)
            if not net.is_tanh:
                total = where_positive(total, total)
            store(answers, own.offset + place * own.wide + block, total)


@inner_function
def first_gradient(net: Network, given: Samples, chosen: Array, is_first: bool) -> None:
    """Write, or add, what these images contribute to the gradient of the first layer's weights."""
    gradient, deltas, own = net.weights[1], net.signals[1], net.layers[1]
    nothing = gradient.dtype.type(0)
    for block in range(0, own.units, LANES_OF_IMAGES):
        start = own.start + block * own.rows
        moving = gradient[start : start + net.moving[0, 1] - net.moving[0, 0] if is_first else start]
        for i in range(len(moving)):
            moving[i] = nothing
        for place in range(len(chosen)):
            delta = load(deltas, own.offset + place * own.wide + block, LANES_OF_IMAGES)
            for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
                feature = np.intp(given.features[k])
                row = start + (feature >> 16) * LANES_OF_IMAGES
                total = load(gradient, row, LANES_OF_IMAGES)
                store(gradient, row, add_times(total, at(given.levels, feature & 0xFFFF), delta))


@inner_function
def turn_weights(net: Network) -> None:
    """Write the transposed weights of all layers but the first."""
    for layer in range(2, len(net.layers)):
        below, own = net.layers[layer - 1].units, net.layers[layer]
        for unit in range(0, own.units, 8):
            start = own.start + unit // LANES * LANES * own.rows + unit % LANES
            for row in range(0, below, 8):
                target = own.turned + row // LANES * LANES * own.wide + unit * LANES + row % LANES
                turn(net.weights[0], start + (1 + row) * LANES, LANES, net.turned, target, LANES)
