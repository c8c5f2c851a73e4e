"""Measures of the straight line between two networks, one number a seed. Pure functions of arrays."""

import numpy as np

from evidence.correlations import Array


def barrier(alphas: Array, loss: Array) -> Array:
    """The largest loss between the two ends, less the larger of both ends, (seed,), in the unit of the loss.

    alphas: (alpha,), with 0 and 1, the ends, among them; loss: (seed, alpha).

    Raises ValueError where an end is missing.
    Source: Frankle et al., "Linear mode connectivity and the lottery ticket hypothesis" (2020), section 2,
    there with the mean of both ends.
    """
    if not {0.0, 1.0} <= set(alphas.tolist()):
        raise ValueError("the ends, 0 and 1, must be among the alphas")
    ends = loss[:, np.isin(alphas, (0, 1))]  # (seed, end)
    return loss[:, (alphas > 0) & (alphas < 1)].max(1) - ends.max(1)
