"""Landscape: how far weights move in training, what a plane through them shows, and how the loss lies around them.

weights: (seed, series, snapshot, weight) everywhere; the series of one seed start from different weights. Every
function raises ValueError for a number that is not finite.
"""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite

# Share of the first principal axis of a long random walk in many dimensions, where axis k has a share
# proportional to 1 / k^2. Source: Antognini & Sohl-Dickstein, "PCA of high dimensional random walks with
# comparison to neural network training", NeurIPS 2018.
RANDOM_WALK_SHARE = 6 / np.pi**2


def largest_ratio(loss: ArrayLike) -> Array:
    """The last loss over the first, of the series where it fell least, (seed,). loss: (seed, series, record)."""
    curve = finite(loss, "loss")
    return (curve[..., -1] / curve[..., 0]).max(1)


def plane(weights: Array) -> Array:
    """The first two principal components of all points of a seed together, (seed, series, snapshot, 2).

    Of each axis's two directions, the one along which its largest loading is positive, as in scikit-learn's PCA.
    """
    points = finite(weights, "weights")
    points = points.reshape(len(weights), -1, weights.shape[-1])  # (seed, series * snapshot, weight)
    return np.reshape([_principal(cloud) for cloud in points], (*weights.shape[:-1], 2))


def _principal(cloud: Array) -> Array:
    """cloud: (point, coordinate); returns (point, 2)."""
    left, sizes, axes = np.linalg.svd(cloud - cloud.mean(0), full_matrices=False)
    largest = np.abs(axes[:2]).argmax(1)  # (axis,)
    return left[:, :2] * sizes[:2] * np.sign(axes[np.arange(2), largest])


def visible_movement(weights: Array) -> Array:
    """The longest path of a series in the common plane over the larger side of the plane's extent, (seed,)."""
    points = plane(weights)
    longest = path_length(points).max(1)  # (seed,)
    sides = np.ptp(points, axis=(1, 2))  # (seed, 2)
    return longest / sides.max(1)


def path_length(points: Array) -> Array:
    """Sum of the distances from each point to the next, (…,). points: (…, snapshot, coordinate)."""
    return np.linalg.norm(np.diff(finite(points, "points"), axis=-2), axis=-1).sum(-1)


def relative_displacement(weights: Array, initial: Array) -> Array:
    """Distance of each snapshot from the first over the norm of the initial weights, (seed, series, snapshot)."""
    distance = np.linalg.norm(_moved(weights), axis=-1)  # (seed, series, snapshot)
    return distance / np.linalg.norm(finite(initial, "initial weights"), axis=-1)[..., np.newaxis]


def share_of_way(early: Array, late: Array, initial: Array) -> Array:
    """How far weights are from their start early in training over how far they are late, median of the series, (seed,).

    early, late, initial: (seed, series, weight). 1 for a series that is at its start late in training.
    """
    start = finite(initial, "initial weights")
    gone, whole = (np.linalg.norm(finite(each, "weights") - start, axis=-1) for each in (early, late))  # (seed, series)
    return np.median(np.where(whole > 0, gone / np.where(whole > 0, whole, 1), 1), axis=1)


def first_axis_share(weights: Array) -> Array:
    """Share of a series' variance on its own first principal axis, median of the series, (seed,).

    0 for a series that does not move: there is no axis along which it did.
    """
    points = _about_own_mean(weights)  # (seed, series, snapshot, weight)
    if points.shape[-1] > points.shape[-2]:
        points = points.swapaxes(-1, -2)  # the same variances, from the smaller of both products
    products = points.swapaxes(-1, -2) @ points
    largest, total = np.linalg.eigvalsh(products)[..., -1], np.square(points).sum((-1, -2))  # (seed, series) each
    return np.median(np.where(total > 0, largest / np.where(total > 0, total, 1), 0), axis=1)


def own_plane(weights: Array) -> Array:
    """The first two principal components of every series about its own mean, (seed, series, snapshot, 2).

    Each starts at the origin, and is turned so that it ends to the right of it and above.
    """
    vectors, sizes, _ = np.linalg.svd(_about_own_mean(weights), full_matrices=False)
    points = (vectors * sizes[..., np.newaxis, :])[..., :2]
    points = points - points[..., :1, :]
    return np.where(points[..., -1:, :] < 0, -points, points)


def random_walks(weights: Array, seed: int = 0) -> Array:
    """Random walks with as many series, snapshots and weights, (seed, series, snapshot, weight): steps are N(0, 1)."""
    return np.random.default_rng(seed).standard_normal(weights.shape).cumsum(2)


def _moved(weights: Array) -> Array:
    """Weights less those of the first snapshot: exactly 0 where nothing moves, which a mean would round away."""
    points = finite(weights, "weights")
    return points - points[..., :1, :]


def _about_own_mean(weights: Array) -> Array:
    moved = _moved(weights)
    return moved - moved.mean(2, keepdims=True)


def barrier(alphas: Array, loss: ArrayLike) -> Array:
    """The largest loss between the two ends, less the larger of both ends, (seed,), in the unit of the loss.

    alphas: (alpha,), with 0 and 1, the ends, among them, or it raises ValueError; loss: (seed, alpha).
    Source: Frankle et al., "Linear mode connectivity and the lottery ticket hypothesis" (2020), section 2,
    there with the mean of both ends.
    """
    curve = finite(loss, "loss along the line")
    return curve[:, (alphas > 0) & (alphas < 1)].max(1) - _ends(alphas, curve).max(1)


def worse_end(alphas: Array, accuracy: ArrayLike) -> Array:
    """The smaller of both ends' accuracies, (seed,). alphas, accuracy: as for `barrier`."""
    return _ends(alphas, finite(accuracy, "accuracy along the line")).min(1)


def _ends(alphas: Array, curve: Array) -> Array:
    if not {0.0, 1.0} <= set(alphas.tolist()):
        raise ValueError("the ends, 0 and 1, must be among the alphas")
    return curve[:, np.isin(alphas, (0, 1))]


TOLERANCE = 1e-8  # relative: rounding leaves an eigenvalue of 0 at about 1e-16 of the largest
TOLERANCES = tuple(10.0**-power for power in range(4, 11))  # the sweep that shows what the choice decides


def minimal_ratio(eigenvalues: ArrayLike, tolerance: float = TOLERANCE) -> Array:
    """Share of eigenvalues that are above tolerance x the largest, (run,): 1 at a minimum that is flat nowhere.

    eigenvalues: (run, parameter). Where the largest is not above 0, none counts.
    """
    values = finite(eigenvalues, "eigenvalues")
    largest = values.max(1, keepdims=True)
    return (values > tolerance * largest.clip(min=0)).mean(1)


def negative_share(eigenvalues: ArrayLike, tolerance: float = TOLERANCE) -> Array:
    """Share of eigenvalues that are below -tolerance x the largest absolute one, (run,): 0 at a minimum.

    eigenvalues: (run, parameter).
    Source: the index of a critical point in Dauphin et al., "Identifying and attacking the saddle point
    problem in high-dimensional non-convex optimization" (2014), section 3.
    """
    values = finite(eigenvalues, "eigenvalues")
    largest = abs(values).max(1, keepdims=True)
    return (values < -tolerance * largest).mean(1)
