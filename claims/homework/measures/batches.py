"""Measures of batches, one number a seed: how batch sizes compare, and how unequal the samples of a batch are.

Axes, unless another shape is named: (configuration, seed), a configuration a batch size; the first is reduced. Every
function raises ValueError for a number that is not finite.
"""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite


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

    sizes: (size,) or (seed, size); norms: (seed, size); both positive. -1/2 is that of the root mean
    square of means of independent samples whose own mean is zero; a mean of norms falls more slowly where few samples
    carry the square.

    Raises ValueError as well for a number that is not positive.
    """
    measured, given = finite(norms, "norms"), finite(sizes, "sizes")
    if not ((measured > 0).all() and (given > 0).all()):
        raise ValueError("a slope of logs needs positive sizes and norms")
    x, y = np.broadcast_arrays(np.log(given), np.log(measured))  # (seed, size)
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    return (x * y).sum(1) / (x * x).sum(1)


def top_share(values: ArrayLike, part: float) -> Array:
    """Share of a sum that its largest terms carry, (seed,); 0 where the sum is 0.

    values: (seed, sample), none below 0; part: share of the samples that are the largest, one sample at least.
    """
    terms = np.sort(finite(values, "terms of a sum"), axis=1)[:, ::-1]  # (seed, sample), the largest first
    most, total = terms[:, : max(1, round(part * terms.shape[1]))].sum(1), terms.sum(1)
    return np.where(total > 0, most / np.where(total > 0, total, 1), 0.0)


def _by_batch(values: ArrayLike) -> Array:
    return finite(values, "measure by batch size", seed_axis=1)
