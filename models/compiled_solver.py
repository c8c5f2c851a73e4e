"""The solver of stationary points, compiled: Levenberg-Marquardt on the gradient of one network's loss."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from torch import Tensor

from models import compiled_hessian, compiled_vectors
from models.compiled_hessian import Array, Network, network_of, numbers, order
from models.compiled_vectors import COMPILED, inner, stored, without_collector
from models.experiment import Experiment


class Found(NamedTuple):
    """Where the solver ended: point (parameter,), the loss there, its gradient and Hessian, and steps tried."""

    point: Array
    loss: float
    gradient: Array
    hessian: Array
    iterations: int


def solved(
    experiment: Experiment, parameters: Tensor, inputs: Tensor, targets: Tensor, almost_zero: float, most: int
) -> Found:
    """Where the solver comes to from one net's parameters (parameter,), in `most` steps at most.

    inputs: (sample, feature); targets: (sample, output); almost_zero: what the gradient's norm has to be below.

    Raises ValueError for networks that `network_of` cannot take.
    """
    net, start = network_of(experiment, inputs, targets), numbers(parameters)[order(experiment)]
    with without_collector():
        damping = first_damping(run(net, start, 0.0, 0.0, 0).hessian)
        return run(net, start, damping, almost_zero, most)


def derivatives(parameters: Tensor, experiment: Experiment, inputs: Tensor, targets: Tensor) -> tuple[Array, Array]:
    """Gradient (parameter,) and Hessian (parameter, parameter) of one net's mean squared error.

    parameters: (parameter,); inputs: (sample, feature); targets: (sample, output).

    Raises ValueError for networks that `network_of` cannot take.
    """
    net, places = network_of(experiment, inputs, targets), order(experiment)
    there, back = run(net, numbers(parameters)[places], 0.0, 0.0, 0), np.argsort(places)
    return there.gradient[back], there.hessian[np.ix_(back, back)]


def spectrum(hessian: Array) -> Array:
    """Eigenvalues of a symmetric matrix (parameter, parameter), ascending: (parameter,), NaN if it is not finite."""
    return np.linalg.eigvalsh(hessian) if np.isfinite(hessian).all() else np.full(len(hessian), np.nan)


def first_damping(hessian: Array) -> float:
    """What the solver's damping starts with, by the Hessian at the start, (parameter, parameter)."""
    return 1e-3 * float(np.square(spectrum(hessian)).max())


@inner
def _tried(point: Array, gradient: Array, hessian: Array, damping: float) -> Array:
    """Where the step from a point leads: -(H^2 + damping)^-1 H g, the real part of -(H + i sqrt(damping))^-1 g.

    So H^2, which would cost half of the digits, is never formed. By Gauss-Jordan elimination with pivots by column.
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

    derive: compiled, from what is given and a point (parameter,) to loss, gradient (parameter,) and Hessian
    (parameter, parameter). The solver takes what is given to derive, the point to start at, the damping to start with,
    and is done when the norm of the gradient is below almost_zero, or after most_iterations tried steps.

    The step minimises |g + H d|^2 + damping |d|^2, and is made only where the norm of g falls. Nothing prefers a
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
        """Solve gradient = 0 for one network: see `solver`."""
        _ = source  # by this, too, numba stores what it compiled
        return _solve(net, start, damping, almost_zero, most_iterations)

    return stored(run)


# The sum of all that `run` calls, so that nothing is taken from the cache that an older source was compiled to.
SOURCE = zlib.crc32(
    b"".join(Path(str(path)).read_bytes() for path in (__file__, compiled_hessian.__file__, compiled_vectors.__file__))
)
run = _cached(SOURCE)
