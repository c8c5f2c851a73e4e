"""Correlations: how one thing goes with another, within a seed or over many single runs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from evidence.intervals import Interval, TooFewSeeds

Array = NDArray[np.floating]

FEWEST_RUNS = 10  # fewer points than this resample to nearly nothing
_RESAMPLES = 9999


def kendall_tau(configurations: ArrayLike, values: Array) -> Array:
    """Kendall's tau-b of a measure with the configuration, seed by seed, (seed,); 0 where it never changes.

    configurations: (configuration,), such as batch sizes; values: (configuration, seed).

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945); scipy.stats.kendalltau.

    >>> kendall_tau([1, 2, 3], np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])).tolist()
    [1.0, -1.0]
    """
    return np.array([_defined(stats.kendalltau(configurations, column).statistic) for column in values.T])


def trend(curve: Array) -> Array:
    """Kendall's tau-b of a curve with its record's number, seed by seed, (seed,). curve: (seed, record).

    1 where it only climbs, -1 where it only falls, 0 where it never changes.
    """
    return kendall_tau(np.arange(curve.shape[1]), curve.T)


def spearman(first: Array, second: Array) -> Array:
    """Spearman's rank correlation of two curves, seed by seed, (seed,); 0 where one of them is constant.

    first, second: (…, point), of which the last axis is correlated.

    Source: Spearman, American Journal of Psychology 15 (1904): Pearson's correlation of the ranks.
    """
    one, two = (stats.rankdata(part, axis=-1) for part in (first, second))  # (seed, point)
    one, two = (ranks - ranks.mean(-1, keepdims=True) for ranks in (one, two))
    spread = np.sqrt((one**2).sum(-1) * (two**2).sum(-1))  # (seed,)
    return np.where(spread > 0, (one * two).sum(-1) / np.where(spread > 0, spread, 1), 0.0)


def rank_correlation_interval(
    first: ArrayLike, second: ArrayLike, measure: str, confidence: float, seed: int = 0
) -> Interval:
    """The bootstrap interval of Spearman's rank correlation of two numbers over single runs.

    first, second: (run,); runs are drawn with replacement, in pairs, 9,999 times; the interval is the
    percentile one. Its `values` are the first numbers, (run,).

    Raises TooFewSeeds for fewer than 10 runs.
    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; scipy.stats.bootstrap.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if len(one) < FEWEST_RUNS:
        raise TooFewSeeds(f"{len(one)} runs are too few for a correlation over runs: at least {FEWEST_RUNS} are needed")
    drawn = stats.bootstrap(
        (one, two),
        lambda *pair, axis: spearman(*pair),  # noqa: ARG005
        paired=True,
        vectorized=True,
        n_resamples=_RESAMPLES,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    numbers = (float(spearman(one, two)), float(drawn.low), float(drawn.high))
    return Interval(measure, *numbers, confidence, tuple(one.tolist()), "correlation")


def _defined(correlation: float) -> float:
    return 0.0 if np.isnan(correlation) else float(correlation)
