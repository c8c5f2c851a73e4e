"""What every measure requires of its arrays before it may turn them into numbers."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating]


def finite(values: ArrayLike, what: str, seed_axis: int = 0) -> Array:
    """The values as floats, same shape, if all are finite.

    A comparison, a rank or a maximum would make an ordinary number of one that is not: a network that broke would then
    speak for or against a claim.

    Raises ValueError naming what is broken and for which seeds, by their places along their axis.
    """
    numbers = np.asarray(values, dtype=float)
    broken = ~np.isfinite(numbers)
    if broken.any():
        seeds = np.unique(np.nonzero(broken)[seed_axis]).tolist() if numbers.ndim else []
        raise ValueError(f"{what}: not finite for seeds {seeds}; a network that broke says nothing for a claim")
    return numbers


def progress(*losses: ArrayLike) -> Array:
    """The final training loss over the first, of the network that learned least, (seed,).

    losses: (seed, record) each, a network each. Below 1 every network has learned something: the
    precondition of a claim that untrained networks would meet as well.
    """
    curves = [finite(loss, "training loss") for loss in losses]
    return np.max([curve[:, -1] / curve[:, 0] for curve in curves], axis=0)
