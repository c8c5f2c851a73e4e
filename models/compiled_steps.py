"""The compiled loop of the CPU engine: steps and records of one network, without Python in between.

All that is compiled stands in this file, since numba compiles a stored function anew only where its own file changed.
Arrays are few and flat, since numba spends seconds on every kind of view.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

Array = NDArray[Any]
LANES = (16, 32)  # units of the first layer that are computed at once
START, ROWS, UNITS, OFFSET, WIDE = range(5)  # of Network.layers
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's defaults
_COMPILED = dict(nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})  # NaN stays NaN
_INNER = dict(_COMPILED, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # called by compiled code alone


class Network(NamedTuple):
    """One network.

    weights (4, number): values, gradient, and Adam's first and second moments. A layer's are (unit below, unit),
    padded to whole vectors; the first unit that pads a hidden layer is 1 for every sample, so that its weights are the
    biases of the layer above. The first layer's are (block, feature, lane), one more feature being 1.
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


class Samples(NamedTuple):
    """Training samples, then test samples.

    Of each only the features that are not 0, the first at `begin` (sample + 1,): `features` (feature,) has the row
    of its weights in the upper 16 of its 32 bits, and in the lower ones where among the `levels` its value is.
    targets and truth (sample,): labels, or values. sets: samples of the training, validation and test set, which end at
    `ends` (3,).
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

    done (2,): steps and records; record_steps (record + 1,), the last never reached; records (record, set, 3): loss,
    accuracy, accuracy on the truth; batch_loss (epoch,); gradient_norm (step,), snapshots (snapshot, parameter), taken
    every so many steps, and best (1, parameter), which has the lowest (1,) validation loss: or empty.
    """

    done: Array
    record_steps: Array
    records: Array
    batch_loss: Array
    gradient_norm: Array
    snapshots: Array
    every: int
    best: Array
    lowest: Array


class Vector(types.Type):  # type: ignore[misc]
    """So many numbers of one type, in registers."""

    def __init__(self, dtype: Any, lanes: int) -> None:
        self.dtype, self.lanes = dtype, lanes
        super().__init__(name=f"Vector({dtype}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector: Vector) -> None:
        number = ir.FloatType() if vector.dtype == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(number, vector.lanes))


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any, of: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), of.as_pointer())


@intrinsic(prefer_literal=True)
def _zeros(_: Any, array: Any, lanes: Any) -> Any:
    vector = Vector(array.dtype, lanes.literal_value)
    return vector(array, lanes), lambda context, *_: ir.Constant(context.get_value_type(vector), None)


@intrinsic(prefer_literal=True)
def _load(_: Any, array: Any, index: Any, lanes: Any) -> Any:
    vector = Vector(array.dtype, lanes.literal_value)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        of = context.get_value_type(vector)
        loaded = builder.load(_address(context, builder, signature.args[0], given[0], given[1], of))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return vector(array, types.intp, lanes), generate


@intrinsic
def _store(_: Any, array: Any, index: Any, vector: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _address(context, builder, signature.args[0], given[0], given[1], given[2].type)
        builder.store(given[2], place).align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), generate


@intrinsic
def _fetch(_: Any, array: Any, index: Any) -> Any:
    """Have the cache fetch what will be needed, and do not wait for it."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        byte, flag = ir.IntType(8), ir.IntType(32)
        kinds = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), flag, flag, flag])
        place = _address(context, builder, signature.args[0], given[0], given[1], byte)
        call = cgutils.get_or_insert_function(builder.module, kinds, "llvm.prefetch.p0")
        builder.call(call, [place, *(ir.Constant(flag, value) for value in (0, 2, 1))])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def _add_times(_: Any, total: Any, number: Any, vector: Any) -> Any:
    """The vector `total` plus a number times another vector, rounded once where the processor can."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        of, nothing = given[0].type, ir.Constant(given[0].type, ir.Undefined)
        one = builder.insert_element(nothing, given[1], ir.Constant(ir.IntType(32), 0))
        all_lanes = ir.Constant(ir.VectorType(ir.IntType(32), of.count), None)
        name = f"llvm.fmuladd.v{of.count}f{vector.dtype.bitwidth}"
        fused = cgutils.get_or_insert_function(builder.module, ir.FunctionType(of, [of] * 3), name)
        return builder.call(fused, [builder.shuffle_vector(one, nothing, all_lanes), given[2], given[0]])

    return total(total, total.dtype, vector), generate


@intrinsic
def _product(_: Any, shape: Any, left: Any, right: Any, out: Any) -> Any:
    """Matrix product through the BLAS of scipy.

    shape: rows, columns, and what is summed over; left, right, out: array, where the matrix begins, its width, and
    whether its transpose is meant, 1 or 0.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        number, byte, size, pointer = left[0].dtype, ir.IntType(8), cgutils.intp_t, cgutils.voidptr_t

        def letter(text: str) -> Any:
            return ir.Constant(byte, ord(text))

        def scalar(value: float) -> Any:
            return builder.bitcast(cgutils.alloca_once_value(builder, context.get_constant(number, value)), pointer)

        def matrix(index: int) -> tuple[Any, Any, Any]:
            array, begin, width, turned = cgutils.unpack_tuple(builder, given[index])
            place = _address(context, builder, signature.args[index][0], array, begin, byte)
            return place, width, builder.select(cgutils.is_not_null(builder, turned), letter("t"), letter("n"))

        # The library counts columns first: it takes ours for transposed, and is asked for the transpose.
        rows, columns, inner = cgutils.unpack_tuple(builder, given[0])
        (a, width_a, turn_a), (b, width_b, turn_b), (c, width_c, _) = matrix(2), matrix(1), matrix(3)
        kinds = [byte] * 3 + [size] * 3 + [pointer, pointer, size, pointer, size, pointer, pointer, size]
        call = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), kinds), "numba_xxgemm")
        precision = letter("s" if number == types.float32 else "d")
        builder.call(call, [precision, turn_a, turn_b, columns, rows, inner, scalar(1), a, width_a, b, width_b,
                            scalar(0), c, width_c])  # fmt: skip
        return context.get_dummy_value()

    return types.void(shape, left, right, out), generate


def _first_layer(lanes: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Its product with the inputs, and that of its gradient, a block of units at a time."""

    @njit(**_INNER)
    def forwards(net: Network, given: Samples, chosen: Array) -> None:
        values, answers, wide = net.weights[0], net.signals[0], net.layers[1, WIDE]
        for block in range(0, wide, lanes):
            start = block * net.layers[1, ROWS]
            for place in range(len(chosen)):
                total = _zeros(values, lanes)
                for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
                    feature = np.intp(given.features[k])
                    weights = _load(values, start + (feature >> 16) * lanes, lanes)
                    total = _add_times(total, given.levels[feature & 0xFFFF], weights)
                _store(answers, net.layers[1, OFFSET] + place * wide + block, total)

    @njit(**_INNER)
    def gradient(net: Network, given: Samples, chosen: Array) -> None:
        gradient, deltas, wide = net.weights[1], net.signals[1], net.layers[1, WIDE]
        for block in range(0, wide, lanes):
            start = block * net.layers[1, ROWS]
            own = gradient[start : start + net.moving[0, 1]]
            for i in range(len(own)):
                own[i] = 0
            for place in range(len(chosen)):
                delta = _load(deltas, net.layers[1, OFFSET] + place * wide + block, lanes)
                for k in range(given.begin[chosen[place]], given.begin[chosen[place] + 1]):
                    feature = np.intp(given.features[k])
                    at, level = start + (feature >> 16) * lanes, given.levels[feature & 0xFFFF]
                    _store(gradient, at, _add_times(_load(gradient, at, lanes), level, delta))

    return forwards, gradient


_forwards16, _gradient16 = _first_layer(16)
_forwards32, _gradient32 = _first_layer(32)


@njit(**_INNER)
def _forwards(net: Network, given: Samples, chosen: Array) -> None:
    """Write what every layer answers to these samples."""
    samples, values, answers = len(chosen), net.weights[0], net.signals[0]
    if net.lanes == 32:
        _forwards32(net, given, chosen)
    else:
        _forwards16(net, given, chosen)
    for layer in range(1, len(net.layers) - 1):
        begin, wide, units = net.layers[layer, OFFSET], net.layers[layer, WIDE], net.layers[layer, UNITS]
        if net.is_tanh:
            for i in range(begin, begin + samples * wide):
                answers[i] = np.tanh(answers[i])
        else:
            for i in range(begin, begin + samples * wide):
                answers[i] = 0 if answers[i] < 0 else answers[i]  # and so NaN where it is NaN
        for place in range(samples):
            answers[begin + place * wide + units] = 1
        start, above, columns = net.layers[layer + 1, START], net.layers[layer + 1, OFFSET], net.layers[layer + 1, WIDE]
        _product((samples, columns, wide), (answers, begin, wide, 0), (values, start, columns, 0),
                 (answers, above, columns, 0))  # fmt: skip


@njit(**_INNER)
def _scores(net: Network, given: Samples, chosen: Array, sums: Array) -> None:
    """Add up over the samples that were just answered: losses, right answers, and right ones by the truth: (3,)."""
    answers, wide, units = net.signals[0], net.layers[-1, WIDE], net.layers[-1, UNITS]
    for place in range(len(chosen)):
        begin, target = net.layers[-1, OFFSET] + place * wide, given.targets[chosen[place]]
        if net.is_function:
            sums[0] += np.float64(answers[begin] - target) ** 2
            continue
        found, exponentials = begin, answers.dtype.type(0)
        for i in range(begin, begin + units):
            found = i if answers[i] > answers[found] else found
        for i in range(begin, begin + units):
            exponentials += np.exp(answers[i] - answers[found])
        sums[0] += np.log(exponentials) + answers[found] - answers[begin + np.intp(target)]
        sums[1] += found - begin == target
        sums[2] += found - begin == given.truth[chosen[place]]


@njit(**_INNER)
def _derivative_of_loss(net: Network, given: Samples, chosen: Array) -> None:
    """Write the derivative of the samples' mean loss by what the last layer answered to them."""
    answers, deltas, wide, units = net.signals[0], net.signals[1], net.layers[-1, WIDE], net.layers[-1, UNITS]
    share = answers.dtype.type(1 / len(chosen))
    for place in range(len(chosen)):
        begin, target = net.layers[-1, OFFSET] + place * wide, given.targets[chosen[place]]
        if net.is_function:
            deltas[begin] = (share + share) * (answers[begin] - target)
            continue
        most, exponentials = answers[begin], answers.dtype.type(0)
        for i in range(begin, begin + units):
            most = answers[i] if answers[i] > most else most
        for i in range(begin, begin + units):
            deltas[i] = np.exp(answers[i] - most)
            exponentials += deltas[i]
        for i in range(begin, begin + units):
            deltas[i] *= share / exponentials
        deltas[begin + np.intp(target)] -= share


@njit(**_INNER)
def _backwards(net: Network, given: Samples, chosen: Array) -> None:
    """Write the gradient of the mean loss of the samples that were just answered."""
    samples, values, gradient, one = len(chosen), net.weights[0], net.weights[1], net.weights.dtype.type(1)
    answers, deltas = net.signals[0], net.signals[1]
    _derivative_of_loss(net, given, chosen)
    for layer in range(len(net.layers) - 1, 1, -1):
        start, above, columns = net.layers[layer, START], net.layers[layer, OFFSET], net.layers[layer, WIDE]
        begin, wide = net.layers[layer - 1, OFFSET], net.layers[layer - 1, WIDE]
        _product((wide, columns, samples), (answers, begin, wide, 1), (deltas, above, columns, 0),
                 (gradient, start, columns, 0))  # fmt: skip
        _product((samples, wide, columns), (deltas, above, columns, 0), (values, start, columns, 1),
                 (deltas, begin, wide, 0))  # fmt: skip
        if net.is_tanh:
            for i in range(begin, begin + samples * wide):
                deltas[i] *= one - answers[i] * answers[i]
        else:
            for i in range(begin, begin + samples * wide):
                deltas[i] = 0 if answers[i] <= 0 else deltas[i]
        for place in range(samples):
            deltas[begin + place * wide + net.layers[layer - 1, UNITS]] = 0  # of the unit that is always 1
    if net.lanes == 32:
        _gradient32(net, given, chosen)
    else:
        _gradient16(net, given, chosen)
    for i in range(len(net.mask)):
        gradient[i] *= net.mask[i]


@njit(**_INNER)
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


@njit(**_INNER)
def _record(net: Network, given: Samples, history: History) -> None:
    """Record losses and accuracies over the whole sets, and keep the parameters where they validate best."""
    record, begin = history.records[history.done[1]], 0
    for part in range(3):
        end = given.ends[part]
        for first in range(begin, end, net.room):
            chosen = given.sets[first : min(first + net.room, end)]
            _forwards(net, given, chosen)
            _scores(net, given, chosen, record[part])
        for score in range(3):
            record[part, score] /= end - begin
        begin = end
    history.done[1] += 1
    if len(history.best) and record[1, 0] < history.lowest[0]:
        history.lowest[0] = record[1, 0]
        _keep_parameters(net, history.best[0])


@njit(**_INNER)
def _keep_parameters(net: Network, kept: Array) -> None:
    for index in range(len(net.where)):
        kept[index] = net.weights[0, net.where[index]]


@njit(cache=True, **_COMPILED)
def run(net: Network, given: Samples, order: Array, passes: int, batch: int, steps: int, history: History) -> None:
    """Go on training: so many passes, until all steps are done.

    order (pass, sample): the training set, of each pass in turn, then from the first again.
    """
    if history.done[1] == 0:
        _record(net, given, history)
    for index in range(passes):
        ordered = order[index % len(order)]
        for begin in range(0, len(ordered), batch):
            step, chosen = history.done[0], ordered[begin : begin + batch]
            if step == steps:
                return
            for sample in ordered[begin + batch : begin + 2 * batch]:
                for k in range(given.begin[sample], given.begin[sample + 1], 16):
                    _fetch(given.features, k)
            _forwards(net, given, chosen)
            if begin + batch >= len(ordered) or step + 1 == steps:
                sums = np.zeros(3)
                _scores(net, given, chosen, sums)
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
