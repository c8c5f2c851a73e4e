"""Correlation over seeds: whether two measures go the same way from one seed to another."""

from dataclasses import dataclass

import numpy as np

from ontrial.stats.ranks import Array
from ontrial.stats.verdicts import Evidence, Interval


@dataclass(frozen=True, eq=False)
class Correlation:
    """Kendall's tau of two measures over seeds: 1 where all pairs of seeds agree, 0 where half do, -1 where none does.

    agreeing: the interval for the share of pairs that agree, p, from which tau is 2p - 1; as an aside, give that.
    `correlation < x`, `<= x`, `> x`, `>= x` and `.within(a, b)` return Evidence: that the share is in the same region.
    """

    agreeing: Interval

    def __lt__(self, tau: float) -> Evidence:
        return self.agreeing < _share(tau)

    def __le__(self, tau: float) -> Evidence:
        return self.agreeing <= _share(tau)

    def __gt__(self, tau: float) -> Evidence:
        return self.agreeing > _share(tau)

    def __ge__(self, tau: float) -> Evidence:
        return self.agreeing >= _share(tau)

    def within(self, low: float, high: float) -> Evidence:
        """Evidence that tau lies in low to high, both included."""
        return self.agreeing.within(_share(low), _share(high))

    def __eq__(self, other: object) -> bool:
        raise TypeError("a correlation equals no number: compare it with <, <=, >, >= or .within(low, high)")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("a correlation is neither true nor false: give `correlation > x` to claim.holds_if")


def concordance(first: Array, second: Array) -> Array:
    """For disjoint pairs of seeds in order, (pair,): 1 where both measures rise or both fall, -1 where one rises and
    the other falls, 0 where either is tied. A last seed without a partner waits. first, second: (seed,) each.

    >>> concordance(np.array([1, 2, 5, 3, 9]), np.array([0.1, 0.3, 0.2, 0.4, 7.0])).tolist()
    [1.0, -1.0]
    """
    steps = [np.diff(each[: len(each) // 2 * 2].reshape(-1, 2), axis=1)[:, 0] for each in (first, second)]
    return np.sign(steps[0]) * np.sign(steps[1])


def _share(tau: float) -> float:
    """The share of agreeing pairs where Kendall's tau is this. Raises ValueError for what is no tau."""
    if not -1 <= tau <= 1:
        raise ValueError(f"a correlation lies from -1 to 1, and is compared with {tau}")
    return (1 + tau) / 2
