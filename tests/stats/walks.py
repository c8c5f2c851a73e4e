"""How often a rule of stopping errs, exactly: dynamic programming over the seeds on either side of a point."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ontrial.stats.ranks import ranks


def ever_crosses(seeds: int, alpha: float, share: float = 0.5, p0: float = 0.5) -> float:
    """The chance that one side ever has the evidence while seeds are added one by one.

    share: the chance of a seed to lie on this side.
    """
    limit = ranks(np.arange(seeds + 1), alpha, p0)
    alive, crossed = np.zeros(seeds + 1), 0.0  # (k,): the chance of k on this side without having crossed
    alive[0] = 1
    for n in range(1, seeds + 1):
        alive[1:] = (1 - share) * alive[1:] + share * alive[:-1]
        alive[0] *= 1 - share
        crossed += float(alive[limit[n] :].sum())
        alive[limit[n] :] = 0
    return crossed


def decided(looks: Sequence[int], alpha: float, left: float, right: float, p0: float = 0.5) -> tuple[float, float]:
    """The chances that the left and that the right side are first to have the evidence, at one of these looks.

    left, right: the chances of a seed to lie there; otherwise it is left out. p0: what the left is held against.
    """
    most = looks[-1] + 1
    alive: NDArray[np.floating] = np.zeros((most, most))  # (on the left, on the right)
    alive[0, 0] = 1
    of = np.add.outer(np.arange(most), np.arange(most))
    k = np.arange(most)
    won = (k[:, np.newaxis] >= ranks(of, alpha, p0), k >= ranks(of, alpha, 1 - p0))  # by side
    chances = [0.0, 0.0]
    for n in range(1, looks[-1] + 1):
        before = alive
        alive = (1 - left - right) * before
        alive[1:] += left * before[:-1]
        alive[:, 1:] += right * before[:, :-1]
        if n in looks:
            for side, crossed in enumerate(won):
                chances[side] += float(alive[crossed].sum())
                alive = np.where(crossed, 0, alive)
    return chances[0], chances[1]
