"""Spectra: what the signs of a Hessian's eigenvalues say of the point that it was taken at."""

from numpy.typing import ArrayLike

from ontrial import Array, finite

TOLERANCE = 1e-8  # relative: rounding leaves an eigenvalue of 0 at about 1e-16 of the largest
TOLERANCES = tuple(10.0**-power for power in range(4, 11))  # the sweep that shows what the choice decides


def minimal_ratio(eigenvalues: ArrayLike, tolerance: float = TOLERANCE) -> Array:
    """Share of eigenvalues that are above tolerance x the largest, (run,): 1 at a minimum that is flat nowhere.

    eigenvalues: (run, parameter). Where the largest is not above 0, none counts.

    Raises ValueError for an eigenvalue that is not finite.
    """
    values = finite(eigenvalues, "eigenvalues")
    largest = values.max(1, keepdims=True)
    return (values > tolerance * largest.clip(min=0)).mean(1)


def negative_share(eigenvalues: ArrayLike, tolerance: float = TOLERANCE) -> Array:
    """Share of eigenvalues that are below -tolerance x the largest absolute one, (run,): 0 at a minimum.

    eigenvalues: (run, parameter).

    Raises ValueError for an eigenvalue that is not finite.
    Source: the index of a critical point in Dauphin et al., "Identifying and attacking the saddle point
    problem in high-dimensional non-convex optimization" (2014), section 3.
    """
    values = finite(eigenvalues, "eigenvalues")
    largest = abs(values).max(1, keepdims=True)
    return (values < -tolerance * largest).mean(1)
