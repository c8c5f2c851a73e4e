"""The solver of stationary points, compiled: Levenberg-Marquardt on the gradient of one network's loss."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from torch import Tensor

from models.cpu import hessian as compiled_hessian
from models.cpu import vectors as compiled_vectors
from models.cpu.hessian import Array, Network, network_of, numbers, order
from models.cpu.vectors import COMPILED, inner, stored, without_collector
from models.experiment import Experiment


class Found(NamedTuple):
    """Where the solver ended: point (parameter,), the loss there, its gradient and Hessian, and iterations."""

    point: Array
    loss: float
    gradient: Array
    hessian: Array
    iterations: int


def solved(
    experiment: Experiment, parameters: Tensor, inputs: Tensor, targets: Tensor, almost_zero: float, most: int
) -> Found:
    """Where the solver ends from one network's parameters (parameter,), after at most `most` iterations.

    inputs: (sample, feature); targets: (sample, output); almost_zero: converged when the gradient's norm is below.

    Raises ValueError for networks that `network_of` does not support.
    """
    net, start = network_of(experiment, inputs, targets), numbers(parameters)[order(experiment)]
    with without_collector():
        damping = first_damping(run(net, start, 0.0, 0.0, 0).hessian)
        return run(net, start, damping, almost_zero, most)


def spectrum(hessian: Array) -> Array:
    """Eigenvalues of a symmetric matrix (parameter, parameter), ascending: (parameter,), NaN if it is not finite."""
    return np.linalg.eigvalsh(hessian) if np.isfinite(hessian).all() else np.full(len(hessian), np.nan)


def first_damping(hessian: Array) -> float:
    return 1e-3 * float(np.square(spectrum(hessian)).max())


@inner
def _tried(point: Array, gradient: Array, hessian: Array, damping: float) -> Array:
    """The point plus a step -(H^2 + damping)^-1 H g, which is the real part of -(H + i sqrt(damping))^-1 g.

    So H^2, which would cost half of the digits, is never formed. By Gauss-Jordan elimination with column pivots.
    """
    size = len(point)
    rows, tried = np.zeros((2 * size, size + 1)), np.zeros(size)  # imaginary parts lie below the real ones
    for i in range(size):
        for j in range(size):
            rows[i, j] = hessian[i, j]
        rows[i, size], rows[size + i, i] = -gradient[i], np.sqrt(damping)
    for k in range(size):
        pivot, largest = k, 0.0
        for i in range(k, size):
            square = rows[i, k] * rows[i, k] + rows[size + i, k] * rows[size + i, k]
            if square > largest:
                pivot, largest = i, square
        x, y = rows[pivot, k] / largest, -rows[size + pivot, k] / largest  # of 1 / pivot
        for j in range(k, size + 1):
            a, b = rows[pivot, j], rows[size + pivot, j]
            rows[pivot, j], rows[size + pivot, j] = rows[k, j], rows[size + k, j]
            rows[k, j], rows[size + k, j] = a * x - b * y, a * y + b * x
        for i in range(size):
            x, y = rows[i, k], rows[size + i, k]
            for j in range(size + 1 if i == k else k + 1, size + 1):
                rows[i, j] -= x * rows[k, j] - y * rows[size + k, j]
                rows[size + i, j] -= x * rows[size + k, j] + y * rows[k, j]
    for i in range(size):
        tried[i] = point[i] + rows[i, size]
    return tried


@inner
def _norm(gradient: Array) -> float:
    total = 0.0
    for slope in gradient:
        total += slope * slope
    return np.sqrt(total)


def solver(derive: Callable[..., Any]) -> Callable[..., Found]:
    """A compiled function that solves gradient = 0 by Levenberg-Marquardt.

    derive: compiled, from `given` and a point (parameter,) to loss, gradient (parameter,) and Hessian (parameter,
    parameter). The solver takes `given`, the start, the first damping, and ends when the norm of the gradient is below
    almost_zero, or after most_iterations.

    The step minimises |g + H d|^2 + damping |d|^2, and is taken only where the norm of g falls. Nothing prefers a
    minimum: saddles and maxima have a gradient of zero as well.

    Source: Levenberg, Quarterly of Applied Mathematics 2 (1944); Marquardt, SIAM Journal 11 (1963).
    """

    def solve(given: Any, start: Array, damping: float, almost_zero: float, most_iterations: int) -> Found:
        point, iterations = start, 0
        loss, gradient, hessian = derive(given, point)
        while iterations < most_iterations and _norm(gradient) >= almost_zero:  # false where it is not a number
            tried = _tried(point, gradient, hessian, damping)
            loss_there, gradient_there, hessian_there = derive(given, tried)
            if _norm(gradient_there) < _norm(gradient):
                point, loss, gradient, hessian = tried, loss_there, gradient_there, hessian_there
                damping *= 1 / 3
            else:
                damping *= 4
            iterations += 1
        return Found(point, loss, gradient, hessian, iterations)

    return njit(inline="always", **COMPILED)(solve)


_solve = solver(compiled_hessian.derive)


def _cached(source: int) -> Callable[..., Found]:
    def run(net: Network, start: Array, damping: float, almost_zero: float, most_iterations: int) -> Found:
        _ = source  # a value in it is part of numba's cache key
        return _solve(net, start, damping, almost_zero, most_iterations)

    return stored(run)


# Of all that `run` calls, so that numba's cache returns nothing that was compiled from an older source.
SOURCE = zlib.crc32(
    b"".join(Path(str(path)).read_bytes() for path in (__file__, compiled_hessian.__file__, compiled_vectors.__file__))
)
run = _cached(SOURCE)
