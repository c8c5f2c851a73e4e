"""What the claims read off weights, (…, hidden, feature): one number for each network, (…,), unless a shape is named.

Words as in the paper: the norm of a feature is that of its column of weights.
"""

import numpy as np
from scipy.stats import kendalltau

from claims.superposition.report import FRACTIONS
from ontrial import Array, Run, finite

REPRESENTED = 0.5  # of the squared norm, from which a feature is represented
SUPERPOSED = 0.5  # of the interference, from which a represented feature is in superposition
OPPOSITE, APART = -0.9, 0.3  # cosines: at most that to the partner, at most that in size to all others


def final(run: Run) -> Array:
    """The weights after training, (seed, hidden, feature) or (seed, sparsity, hidden, feature).

    Raises ValueError where one is not finite.
    """
    return finite(run.weights[..., -1, :, :], "weights")


def squared_norms(weights: Array) -> Array:
    """(…, feature)."""
    return np.square(weights, dtype=float).sum(-2)


def represented(weights: Array) -> Array:
    """Which features are, (…, feature)."""
    return squared_norms(weights) >= REPRESENTED


def projections(weights: Array) -> Array:
    """Of every other feature on the direction of each, (…, feature, other), 0 on its own; 0 for a norm of 0."""
    columns = np.asarray(weights, dtype=float)
    norms = np.sqrt(squared_norms(columns))[..., np.newaxis, :]  # (…, 1, feature)
    directions = np.divide(columns, norms, out=np.zeros_like(columns), where=norms > 0)
    found = directions.mT @ columns
    return found * (1 - np.eye(found.shape[-1]))


def cosines(weights: Array) -> Array:
    """Between features, (…, feature, feature), 0 of a feature with itself."""
    norms = np.sqrt(squared_norms(weights))[..., np.newaxis, :]
    found = projections(weights)
    return np.divide(found, norms, out=np.zeros_like(found), where=norms > 0)


def interference(weights: Array) -> Array:
    """How strongly the other features fall on the direction of each, (…, feature)."""
    return np.square(projections(weights)).sum(-1)


def dimensionality(weights: Array) -> Array:
    """The share of a dimension that each feature has, (…, feature); 0 for a norm of 0.

    Source: Elhage et al. (2022), "The Geometry of Superposition": squared norm over the sum of all squared projections.
    """
    squares = squared_norms(weights)
    total = squares + interference(weights)
    return np.divide(squares, total, out=np.zeros_like(squares), where=squares > 0)


def superposed(weights: Array) -> Array:
    """Which features are represented and share their direction with others, (…, feature)."""
    return represented(weights) & (interference(weights) >= SUPERPOSED)


def antipodal_pairs(weights: Array) -> Array:
    """How many pairs of represented features point in opposite directions and far from every other represented one."""
    there = represented(weights)
    found = np.where(there[..., np.newaxis] & there[..., np.newaxis, :], cosines(weights), 0.0)
    is_partner = found <= OPPOSITE  # (…, feature, other)
    is_near = (abs(found) > APART) & ~is_partner
    has_one = (is_partner.sum(-1) == 1) & ~is_near.any(-1)  # (…, feature)
    return (is_partner & has_one[..., np.newaxis] & has_one[..., np.newaxis, :]).sum((-2, -1)) // 2


def is_pentagon(weights: Array) -> Array:
    """Whether all of five features in the plane are represented, neighbours at 72° ± 15°."""
    angles = np.sort(np.degrees(np.arctan2(weights[..., 1, :], weights[..., 0, :])))  # (…, feature)
    steps = np.diff(angles, append=angles[..., :1] + 360)
    return represented(weights).all(-1) & (abs(steps - 72) <= 15).all(-1)


def largest_interference(weights: Array) -> Array:
    """Among represented features; 0 where none is."""
    return np.where(represented(weights), interference(weights), 0.0).max(-1)


def share_of_first(weights: Array) -> Array:
    """The share of the represented features that are among the first, one for each dimension; 0 without any."""
    there, hidden = represented(weights), weights.shape[-2]
    return there[..., :hidden].sum(-1) / np.maximum(there.sum(-1), 1)


def rank_lead(weights: Array) -> Array:
    """Mean rank of the features in superposition less that of the other represented ones; 0 without either."""
    shared = superposed(weights)
    own = represented(weights) & ~shared
    ranks = np.arange(weights.shape[-1])
    first, second = ((ranks * which).sum(-1) / np.maximum(which.sum(-1), 1) for which in (shared, own))
    return np.where(shared.any(-1) & own.any(-1), first - second, 0.0)


def tau_with(settings: list[float], numbers: Array) -> Array:
    """Kendall's tau-b of a number with a setting, seed by seed; 0 where it never changes. numbers: (setting, seed)."""
    found = [kendalltau(settings, seed).statistic if np.ptp(seed) else 0.0 for seed in numbers.T]
    return np.array(found)


def dimensions_per_feature(weights: Array) -> Array:
    """Hidden dimensions over the sum of the squared norms, which counts the features."""
    return weights.shape[-2] / squared_norms(weights).sum(-1)


def near(values: Array, centre: float, width: float = 0.05) -> Array:
    return abs(values - centre) <= width


def share_with_partner(weights: Array) -> Array:
    """The share of the represented features that have a represented one opposite to them; 0 without any."""
    there = represented(weights)
    has_partner = ((cosines(weights) <= OPPOSITE) & there[..., np.newaxis, :]).any(-1) & there
    return has_partner.sum(-1) / np.maximum(there.sum(-1), 1)


def clustering(values: Array, counted: Array, width: float = 0.02) -> Array:
    """The share of a seed's values near one of FRACTIONS, less its mean with all of them shifted, (seed,).

    Shifted by 0.040, 0.041, … 0.060, up and down. values, counted: (seed, …), what is there and which of it counts.
    """
    rest = tuple(range(1, values.ndim))

    def share(shift: float) -> Array:
        hit = np.any([near(values, centre + shift, width) for centre in FRACTIONS.values()], axis=0)
        return (hit & counted).sum(rest) / np.maximum(counted.sum(rest), 1)

    shifts = np.arange(40, 61) / 1000
    return share(0.0) - np.mean([share(sign * shift) for sign in (-1, 1) for shift in shifts], axis=0)
