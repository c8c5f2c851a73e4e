"""Correlations: how one thing goes with another, within a seed or over pairs of seeds.

Every function raises ValueError for a value that is not finite. Ranks and tau are written out, since importing
scipy.stats takes longer than judging a suite whose runs are all in the store.
"""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite


def kendall_tau(configurations: ArrayLike, values: ArrayLike) -> Array:
    """Kendall's tau-b of a measure with the configuration, seed by seed, (seed,); 0 where either never changes.

    configurations: (configuration,), such as batch sizes, or another measure of them, (configuration, seed);
    values: (configuration, seed).
    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945); scipy.stats.kendalltau.

    >>> kendall_tau([1, 2, 3], np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])).tolist()
    [1.0, -1.0]
    """
    measured = finite(values, "Kendall tau of a measure", seed_axis=1)
    given = finite(configurations, "Kendall tau with a configuration", seed_axis=-1)
    columns = np.broadcast_to(given if given.ndim == 2 else given[:, np.newaxis], measured.shape)
    return np.array([tau_b(one, two) for one, two in zip(columns.T, measured.T, strict=True)])


def trend(curve: ArrayLike) -> Array:
    """Kendall's tau-b of a curve with its record's number, seed by seed, (seed,). curve: (seed, record).

    1 where it only climbs, -1 where it only falls, 0 where it never changes.
    """
    records = finite(curve, "trend of a curve").T  # (record, seed)
    return kendall_tau(np.arange(len(records)), records)


def spearman(first: ArrayLike, second: ArrayLike) -> Array:
    """Spearman's rank correlation of two curves, seed by seed, (seed,); 0 where one of them is constant.

    first, second: (…, point), of which the last axis is correlated.
    Source: Spearman, American Journal of Psychology 15 (1904): Pearson's correlation of the ranks.
    """
    ranked = (mean_ranks(finite(part, "Spearman's correlation")) for part in (first, second))
    one, two = (ranks - ranks.mean(-1, keepdims=True) for ranks in ranked)  # (…, point)
    spread = np.sqrt((one**2).sum(-1) * (two**2).sum(-1))  # (…,)
    return np.where(spread > 0, (one * two).sum(-1) / np.where(spread > 0, spread, 1), 0.0)


def pair_signs(first: ArrayLike, second: ArrayLike) -> Array:
    """Whether two measures go the same way from one run to another, for disjoint pairs of runs, (pair,).

    1 where they are concordant, -1 where discordant, 0 where either is tied. The first run is paired with the second,
    the third with the fourth, so that runs added at the end leave the pairs as they are, and pairs are independent as
    runs are; a last one without a partner waits.

    first, second: (run,) each, of the same runs.
    Source: Kendall, "A new measure of rank correlation", Biometrika 30 (1938), whose tau is the mean of such signs.

    >>> pair_signs([1, 2, 5, 3, 9], [0.1, 0.3, 0.2, 0.4, 7.0]).tolist()
    [1.0, -1.0]
    """
    one, two = (finite(part, "concordance of pairs of runs") for part in (first, second))
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError(f"pairs need two numbers a run, (run,) each, not arrays of {one.shape} and {two.shape}")
    steps = [np.diff(part[: len(part) // 2 * 2].reshape(-1, 2), axis=1)[:, 0] for part in (one, two)]  # (pair,) each
    return np.sign(steps[0]) * np.sign(steps[1])


def mean_ranks(values: Array) -> Array:
    """Ranks from 1 on along the last axis, of which those that are tied share the mean, (…, point).
    Source: scipy.stats.rankdata.
    """
    found = np.empty(values.shape)
    for ranks, row in zip(found.reshape(-1, values.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True):
        ordered = np.sort(row)
        ranks[:] = (np.searchsorted(ordered, row, "left") + np.searchsorted(ordered, row, "right") + 1) / 2
    return found


def tau_b(one: Array, two: Array) -> float:
    """Kendall's tau-b of two columns, (point,) each; 0 where one of them is constant, of which it says nothing.
    Source: scipy.stats.kendalltau, to the last bit.
    """
    signs = [(part[:, np.newaxis] > part).astype(np.int8) - (part[:, np.newaxis] < part) for part in (one, two)]
    untied = [np.count_nonzero(each) // 2 for each in signs]  # pairs
    if not all(untied):
        return 0.0
    concordant = int((signs[0] * signs[1]).sum(dtype=np.int64)) // 2  # less those that are discordant
    tau = concordant / np.sqrt(untied[0]) / np.sqrt(untied[1])
    return float(min(1.0, max(-1.0, tau)))
