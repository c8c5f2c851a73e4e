"""Compiled first and second derivatives of small tanh networks with a squared error."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models import networks
from models.cpu.vectors import add_product, add_times, inner, load, store, sum_of
from models.experiment import Experiment, parameter_count

Array = NDArray[Any]

_LANES = 16  # samples at once: what registers hold


class Network(NamedTuple):
    """What one network's derivatives depend on besides its parameters, and buffers to compute them.

    Signals are the features, then one that is always 1, then the outputs of units, layer by layer. The first unit is
    the signal `fixed`, the first output unit is the unit `hidden`. begin (unit + 1,): where the parameters of each
    unit begin; source (parameter,): the signal that each weighs.
    inputs (feature, sample), targets (output, sample) and share (sample,), the weight of a squared error in the loss,
    flat: padded to a multiple of _LANES with samples of weight 0.
    forth (signal, 1 + unit, lane), flat: each signal, and its derivatives by the sum of each unit; back (unit,
    1 + unit, lane), flat: the loss's derivative by the sum of each unit, and its derivatives likewise; a row of these
    has `wide` numbers.
    """

    begin: Array
    source: Array
    fixed: int
    hidden: int
    inputs: Array
    targets: Array
    share: Array
    forth: Array
    back: Array
    wide: int


def network_of(experiment: Experiment, inputs: Tensor, targets: Tensor) -> Network:
    """A network as compiled code takes it: inputs (sample, feature); targets (sample, output).

    Raises ValueError for another activation than tanh, or for labels, whose derivatives are not implemented.
    """
    if experiment.activation != "tanh" or targets.dtype == torch.int64:
        raise ValueError(f"second derivatives are written out for tanh and squared error only, not for {experiment}")
    features, *widths = experiment.widths
    fixed, units = features + 1, sum(widths)
    below, sources = range(features), []
    for width in widths:
        sources += [[*below, features]] * width
        below = range(fixed + len(sources) - width, fixed + len(sources))
    missing = -len(inputs) % _LANES
    forth = np.zeros((fixed + units, 1 + units, _LANES))  # (signal, 1 + unit, lane)
    forth[features, 0] = 1
    return Network(
        begin=np.cumsum([0, *map(len, sources)]),
        source=np.concatenate(sources),
        fixed=fixed,
        hidden=units - widths[-1],
        inputs=np.pad(numbers(inputs).T, ((0, 0), (0, missing))).reshape(-1),  # from (feature, sample)
        targets=np.pad(numbers(targets).T, ((0, 0), (0, missing))).reshape(-1),  # from (output, sample)
        share=np.pad(np.full(len(inputs), 1 / targets.numel()), (0, missing)),
        forth=forth.reshape(-1),
        back=np.zeros_like(forth[fixed:]).reshape(-1),
        wide=(1 + units) * _LANES,
    )


def order(experiment: Experiment) -> Array:
    """The index in models.networks of each parameter of compiled code, (parameter,): unit by unit, biases last."""
    places = torch.arange(parameter_count(*experiment.widths)).unsqueeze(0)
    layers = networks.layers(places, experiment.widths)
    return torch.cat([torch.cat([x.weight[0], x.bias[0].T], 1).flatten() for x in layers]).numpy()


def numbers(values: Tensor) -> Array:
    return values.cpu().double().numpy()


@inner
def _forwards(net: Network, point: Array, first: int) -> None:
    """Write the signals of _LANES samples from `first` on, and their derivatives, and clear `back`."""
    begin, forth, wide = net.begin, net.forth, net.wide
    always = (net.fixed - 1) * wide
    one, zero = load(forth, always, _LANES), load(forth, always + _LANES, _LANES)
    for feature in range(net.fixed - 1):
        store(forth, feature * wide, load(net.inputs, feature * len(net.share) + first, _LANES))
    for unit in range(len(begin) - 1):
        own, end, slope = (net.fixed + unit) * wide, (1 + unit) * _LANES, one
        for at in range(0, end, _LANES):
            total = zero
            for p in range(begin[unit], begin[unit + 1]):
                total = add_times(total, point[p], load(forth, net.source[p] * wide + at, _LANES))
            store(forth, own + at, add_product(zero, slope, total))
            store(net.back, unit * wide + at, zero)
            if at == 0 and unit < net.hidden:
                for i in range(own, own + _LANES):
                    forth[i] = np.tanh(forth[i])
                answer = load(forth, own, _LANES)
                slope = add_product(one, add_times(zero, -1.0, answer), answer)
        store(forth, own + end, slope)
        store(net.back, unit * wide + end, zero)


@inner
def _backwards(net: Network, point: Array, first: int) -> float:
    """Write the loss's derivatives by the sum of each unit, and theirs; returns these samples' part of the loss."""
    begin, forth, back, wide, loss = net.begin, net.forth, net.back, net.wide, 0.0
    zero = load(forth, (net.fixed - 1) * wide + _LANES, _LANES)
    for unit in range(len(begin) - 2, -1, -1):
        above, own, end = (net.fixed + unit) * wide, unit * wide, (2 + unit) * _LANES
        answer, slope = load(forth, above, _LANES), load(forth, above + end - _LANES, _LANES)
        by_answer = load(back, own, _LANES)
        if unit < net.hidden:
            bend = add_product(zero, add_times(zero, -2.0, answer), by_answer)
            store(back, own, add_product(zero, slope, by_answer))
        else:
            targets = load(net.targets, (unit - net.hidden) * len(net.share) + first, _LANES)
            error, bend = add_times(answer, -1.0, targets), add_times(zero, 2.0, load(net.share, first, _LANES))
            by_answer = add_product(zero, bend, error)
            store(back, own, by_answer)
            loss += 0.5 * sum_of(add_product(zero, by_answer, error))
        for at in range(_LANES, end, _LANES):
            curve = add_product(zero, slope, load(back, own + at, _LANES))
            store(back, own + at, add_product(curve, bend, load(forth, above + at, _LANES)))
        for p in range(begin[unit], begin[unit + 1]):
            below = net.source[p] - net.fixed
            for at in range(0, (2 + below) * _LANES if below >= 0 else 0, _LANES):
                place = below * wide + at
                store(back, place, add_times(load(back, place, _LANES), point[p], load(back, own + at, _LANES)))
    return loss


@inner
def derive(net: Network, point: Array) -> tuple[float, Array, Array]:
    """Loss, gradient (parameter,) and Hessian (parameter, parameter) at a point (parameter,).

    With a_n the sum of unit n, d_n the loss's derivative by a_n, and b_nj that of d_n by a_j, the second derivative
    by a weight from signal h_k to unit n and one from h_i to unit j, which is not above n, is the sum over samples of
      (b_nj h_k + d_n dh_k/da_j) h_i.

    Source: Bishop, "Exact calculation of the Hessian matrix for the multilayer perceptron" (1992).
    """
    begin, source, forth, back, wide, loss = net.begin, net.source, net.forth, net.back, net.wide, 0.0
    gradient, hessian = np.zeros(len(point)), np.zeros((len(point), len(point)))
    zero = load(forth, (net.fixed - 1) * wide + _LANES, _LANES)
    for first in range(0, len(net.share), _LANES):
        _forwards(net, point, first)
        loss += _backwards(net, point, first)
        for unit in range(len(begin) - 1):
            delta = load(back, unit * wide, _LANES)
            for p in range(begin[unit], begin[unit + 1]):
                signal = load(forth, source[p] * wide, _LANES)
                gradient[p] += sum_of(add_product(zero, delta, signal))
                for other in range(unit + 1):
                    at = (1 + other) * _LANES
                    mixed = add_product(zero, load(back, unit * wide + at, _LANES), signal)
                    mixed = add_product(mixed, delta, load(forth, source[p] * wide + at, _LANES))
                    for q in range(begin[other], begin[other + 1]):
                        hessian[p, q] += sum_of(add_product(zero, mixed, load(forth, source[q] * wide, _LANES)))
    for p in range(len(point)):
        for q in range(p):
            hessian[q, p] = hessian[p, q]
    return loss, gradient, hessian
