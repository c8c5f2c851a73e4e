"""Measures of the straight line between two networks, one number a seed. Pure functions of arrays."""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite


def barrier(alphas: Array, loss: ArrayLike) -> Array:
    """The largest loss between the two ends, less the larger of both ends, (seed,), in the unit of the loss.

    alphas: (alpha,), with 0 and 1, the ends, among them; loss: (seed, alpha).

    Raises ValueError where an end is missing, or a loss is not finite.
    Source: Frankle et al., "Linear mode connectivity and the lottery ticket hypothesis" (2020), section 2,
    there with the mean of both ends.
    """
    curve = finite(loss, "loss along the line")
    return curve[:, (alphas > 0) & (alphas < 1)].max(1) - _ends(alphas, curve).max(1)


def worse_end(alphas: Array, accuracy: ArrayLike) -> Array:
    """The smaller of both ends' accuracies, (seed,). alphas: (alpha,); accuracy: (seed, alpha).

    Raises ValueError where an end is missing, or an accuracy is not finite.
    """
    return _ends(alphas, finite(accuracy, "accuracy along the line")).min(1)


def _ends(alphas: Array, curve: Array) -> Array:
    """What a curve, (seed, alpha), is at both ends, (seed, end)."""
    if not {0.0, 1.0} <= set(alphas.tolist()):
        raise ValueError("the ends, 0 and 1, must be among the alphas")
    return curve[:, np.isin(alphas, (0, 1))]
