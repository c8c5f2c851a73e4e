"""Ranks: how many of n seeds must lie on one side of a point before they exclude it, whenever one stops."""

from functools import lru_cache
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.floating]

_SMALLEST_TAIL = 1e-290  # below it a tail probability loses digits, and then underflows


def log_evidence(k: ArrayLike, n: ArrayLike, p0: float = 0.5) -> Array:
    """The log of the evidence E(k, n) against "a seed lies on this side with probability at most p0", in nats.

    E(k, n) = B(k+1, n-k+1) P(Beta(k+1, n-k+1) > p0) / (p0^k (1-p0)^(n-k+1)), of k among n seeds on this side.

    It is the likelihood ratio of p to p0, averaged over p uniform on (p0, 1). Seeds are independent and alike. Where p
    is p0, E is a martingale that starts at 1 as seeds are added; where p is less, it falls on average. By Ville's
    inequality it then ever reaches 1 / alpha, at any n, with probability at most alpha: one may look after every seed,
    and stop for any reason. E grows with k. For the other side take n - k and 1 - p0.

    k, n: shapes that broadcast, 0 <= k <= n. Raises ValueError for a p0 that is not between 0 and 1.
    Sources: Ville, Étude critique de la notion de collectif (1939); Robbins, "Statistical methods related to the law of
    the iterated logarithm", Annals of Mathematical Statistics 41 (1970); Howard & Ramdas, "Sequential estimation of
    quantiles with applications to A/B testing and best-arm identification", Bernoulli 28 (2022).

    >>> log_evidence([7, 8], 8).round(2).tolist()
    [1.94, 4.04]
    """
    if not 0 < p0 < 1:
        raise ValueError(f"p0 must lie between 0 and 1, not at {p0}")
    on_side, of = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    tail = special.betaincc(on_side + 1, of - on_side + 1, p0)
    likelihood = special.xlogy(on_side, p0) + (of - on_side + 1) * np.log1p(-p0)
    found = special.betaln(on_side + 1, of - on_side + 1) + np.log(np.maximum(tail, _SMALLEST_TAIL)) - likelihood
    low = tail < _SMALLEST_TAIL
    return np.where(low, _log_by_series(np.where(low, on_side, 0), of, (1 - p0) / p0), found)


def _log_by_series(k: Array, n: Array, odds: float) -> Array:
    """The same as a sum of positive terms, which ends soon where k is so small that the tail underflows.

    P(Beta(k+1, n-k+1) > p0) is the chance of at most k successes among n + 1, whose terms fall from the k-th down.
    """
    term = total = 1 / (n + 1 - k)
    step = 0
    while (term > 1e-17 * total).any():
        term = term * odds * np.maximum(k - step, 0) / (n + 2 - k + step)
        total, step = total + term, step + 1
    return np.log(total)


def ranks(n: ArrayLike, alpha: float, p0: float = 0.5) -> NDArray[np.int64]:
    """The smallest k for which k of n seeds on one side have evidence of at least 1 / alpha, in the shape of n.

    n + 1 where not even all n seeds have it. Raises ValueError for an alpha that is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not at {alpha}")
    seeds = np.asarray(n, dtype=np.int64)
    low, high = np.zeros_like(seeds), seeds + 1  # the rank lies in low to high, since evidence grows with k
    while (open_ := low < high).any():
        middle = (low + high) // 2
        reached = log_evidence(np.minimum(middle, seeds), seeds, p0) >= -np.log(alpha)
        low, high = np.where(open_ & ~reached, middle + 1, low), np.where(open_ & reached, middle, high)
    return low


@lru_cache(maxsize=4096)
def rank(n: int, alpha: float, p0: float = 0.5) -> int:
    """`ranks` of one n.

    >>> [rank(n, 1 / 4000) for n in (14, 15, 16, 24, 320)]
    [15, 15, 16, 22, 201]
    """
    return int(ranks(n, alpha, p0))


def fewest(alpha: float, p0: float = 0.5) -> int:
    """The fewest seeds that can decide anything, if all of them agree.

    >>> fewest(1 / 4000), fewest(1 / 4000, 0.9)
    (15, 101)
    """
    return next(n for n in count(1) if rank(n, alpha, p0) <= n)
