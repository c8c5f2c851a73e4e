"""Measures that compare batch sizes, one number a seed. Pure functions of arrays.

Axes: (configuration, seed), a configuration a batch size; the first is reduced.
"""

import numpy as np

from evidence.correlations import Array


def best_lead(inside: Array, outside: Array) -> Array:
    """How far the highest inside is above the highest outside, (seed,). Both: (configuration, seed)."""
    return inside.max(0) - outside.max(0)


def worst_lead(middle: Array, ends: Array) -> Array:
    """How far the lowest in the middle is above the highest at the ends, (seed,). Both: (configuration, seed)."""
    return middle.min(0) - ends.max(0)


def lowest_lead(inside: Array, outside: Array) -> Array:
    """How far the lowest outside is above the lowest inside, (seed,). Both: (configuration, seed)."""
    return outside.min(0) - inside.min(0)


def spread(values: Array) -> Array:
    """The largest less the smallest, (seed,). values: (configuration, seed)."""
    return np.ptp(values, axis=0)


def log_log_slope(sizes: Array, norms: Array) -> Array:
    """Slope of the straight line through log norm against log size by least squares, (seed,).

    sizes, norms: (seed, size), positive. -1/2 is the mean of independent samples whose own mean is zero.
    """
    x, y = np.log(sizes), np.log(norms)
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    return (x * y).sum(1) / (x * x).sum(1)
