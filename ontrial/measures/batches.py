"""Measures that compare batch sizes, one number a seed. Pure functions of arrays.

Axes: (configuration, seed), a configuration a batch size; the first is reduced. Every function raises ValueError for a
number that is not finite.
"""

import numpy as np
from numpy.typing import ArrayLike

from ontrial.measures.checks import Array, finite


def best_lead(inside: ArrayLike, outside: ArrayLike) -> Array:
    """How far the highest inside is above the highest outside, (seed,). Both: (configuration, seed)."""
    return _by_batch(inside).max(0) - _by_batch(outside).max(0)


def worst_lead(middle: ArrayLike, ends: ArrayLike) -> Array:
    """How far the lowest in the middle is above the highest at the ends, (seed,). Both: (configuration, seed)."""
    return _by_batch(middle).min(0) - _by_batch(ends).max(0)


def lowest_lead(inside: ArrayLike, outside: ArrayLike) -> Array:
    """How far the lowest outside is above the lowest inside, (seed,). Both: (configuration, seed)."""
    return _by_batch(outside).min(0) - _by_batch(inside).min(0)


def relative_spread(changed: ArrayLike, usual: ArrayLike) -> Array:
    """How far configurations lie apart under one condition over how far they do under another, (seed,).

    Apart: the largest less the smallest. changed, usual: (configuration, seed). 1 where they lie apart under neither,
    `inf` where only under the first.
    """
    one, two = (np.ptp(_by_batch(values), axis=0) for values in (changed, usual))  # (seed,) each
    return np.where(two > 0, one / np.where(two > 0, two, 1), np.where(one > 0, np.inf, 1.0))


def log_log_slope(sizes: ArrayLike, norms: ArrayLike) -> Array:
    """Slope of the straight line through log norm against log size by least squares, (seed,).

    sizes: (size,) or (seed, size); norms: (seed, size); both positive. -1/2 is the mean of independent samples whose
    own mean is zero.

    Raises ValueError as well for a number that is not positive.
    """
    measured, given = finite(norms, "norms"), finite(sizes, "sizes")
    if not ((measured > 0).all() and (given > 0).all()):
        raise ValueError("a slope of logs needs positive sizes and norms")
    x, y = np.broadcast_arrays(np.log(given), np.log(measured))  # (seed, size)
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    return (x * y).sum(1) / (x * x).sum(1)


def _by_batch(values: ArrayLike) -> Array:
    return finite(values, "measure by batch size", seed_axis=1)
