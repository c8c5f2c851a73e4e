"""Matrix products of the compiled loop, those of the first layer with images, whose pixels are mostly 0, among them."""

from typing import Any, NamedTuple

import numpy as np

from models.cpu.layout import LANES, LANES_OF_IMAGES, Array, Network, Samples
from models.cpu.vectors import add_product, add_times, at, inner, load, store, sum_of, transpose, where_positive


class Rows(NamedTuple):
    """Rows of numbers: where the first begins, the distance to the next row, and to the next number of a row."""

    numbers: Array
    begin: int
    row: int
    step: int


@inner
def _write(out: Rows, place: int, total: Any, gate: Array, is_own_gate: bool) -> None:
    """Write LANES numbers, 0 where they, or those at the same place of a gate that is not empty, are not above 0."""
    if is_own_gate:  # in registers: a masked store is slow on some processors
        store(out.numbers, place, where_positive(total, total))
    elif len(gate):
        store(out.numbers, place, where_positive(total, load(gate, place, LANES)))
    else:
        store(out.numbers, place, total)


@inner
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


@inner
def first_layer(net: Network, given: Samples, chosen: Array) -> None:
    """Write the outputs of the first layer for images, a block of units at a time, without pixels that are 0."""
    values, outputs, own = net.weights[0], net.signals[0], net.layers[1]
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
            store(outputs, own.offset + place * own.wide + block, total)


@inner
def first_gradient(net: Network, given: Samples, chosen: Array, is_first: bool) -> None:
    """Write, or add, these images' gradient of the first layer's weights, feature by feature, each written once."""
    gradient, deltas, own, ends, images = net.weights[1], net.signals[1], net.layers[1], net.ends, net.images
    ends[:] = 0
    for place in range(len(chosen)):
        for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
            ends[(at(given.features, k) >> 16) + np.uint32(1)] += 1
    for row in range(1, len(ends)):
        ends[row] += ends[row - 1]
    for place in range(len(chosen)):  # the begin of a row's images becomes their end
        for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
            feature = at(given.features, k)
            end = at(ends, feature >> 16)
            images[np.uint64(end)] = np.uint32(place << 16) | (feature & 0xFFFF)
            ends[feature >> 16] = end + 1
    for block in range(0, own.units, LANES_OF_IMAGES):
        start, k = own.start + block * own.rows, 0
        for row in range(1, len(ends) - 1):
            here = start + row * LANES_OF_IMAGES
            total = load(net.weights[0] if is_first else gradient, 0 if is_first else here, LANES_OF_IMAGES)
            while k < ends[row]:
                image = np.intp(at(images, k))
                delta = load(deltas, own.offset + (image >> 16) * own.wide + block, LANES_OF_IMAGES)
                total = add_times(total, at(given.levels, image & 0xFFFF), delta)
                k += 1
            store(gradient, here, total)


@inner
def one_output(net: Network, samples: int) -> None:
    """Write the outputs of a last layer of one unit."""
    values, outputs, below, own = net.weights[0], net.signals[0], net.layers[-2], net.layers[-1]
    for place in range(samples):
        total, begin = load(values, 0, LANES), below.offset + place * below.wide
        for block in range(0, below.units, LANES):
            total = add_product(total, load(outputs, begin + block, LANES), load(values, own.start + 1 + block, LANES))
        outputs[own.offset + place] = values[own.start] + sum_of(total)


@inner
def one_gradient(net: Network, samples: int, is_first: bool) -> None:
    """Write, or add, the samples' gradient of a last layer of one unit."""
    gradient, outputs, deltas = net.weights[1], net.signals[0], net.signals[1]
    below, own = net.layers[-2], net.layers[-1]
    for block in range(0, below.units, LANES):
        place = own.start + 1 + block
        total = load(net.weights[0], 0, LANES) if is_first else load(gradient, place, LANES)
        for sample in range(samples):
            row = load(outputs, below.offset + sample * below.wide + block, LANES)
            total = add_times(total, at(deltas, own.offset + sample), row)
        store(gradient, place, total)
    total = gradient.dtype.type(0) if is_first else gradient[own.start]
    for sample in range(samples):
        total += deltas[own.offset + sample]
    gradient[own.start] = total


@inner
def transpose_weights(net: Network) -> None:
    """Write the transposed weights of all layers but the first."""
    for layer in range(2, len(net.layers)):
        below, own = net.layers[layer - 1].units, net.layers[layer]
        for unit in range(0, own.units if own.block > 1 else 0, 8):
            start = own.start + unit // LANES * LANES * own.rows + unit % LANES
            for row in range(0, below, 8):
                target = own.transposed + row // LANES * LANES * own.wide + unit * LANES + row % LANES
                transpose(net.weights[0], start + (1 + row) * LANES, LANES, net.transposed, target, LANES)
