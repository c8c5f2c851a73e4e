"""Comparisons: a number of the report beside ours, over seeds. They decide nothing; the claim's region does."""

import statistics
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Comparison:
    """What the report says of something, and the median and range of n seeds of ours."""

    of: str
    reported: float
    n: int
    median: float
    low: float
    high: float

    @property
    def differs(self) -> bool:
        """Whether the report's number lies outside the range of all our seeds."""
        return not self.low <= self.reported <= self.high


def beside_report(
    of: str, reported: Mapping[Hashable, float], values: Mapping[Hashable, ArrayLike]
) -> tuple[Comparison, ...]:
    """The report's numbers beside ours, those that both have, in the report's order.

    of: what they are numbers of, which a name completes: "test loss at epoch"; reported: by name, such as
    an epoch or a configuration; values: likewise, (seed,) each.
    """
    return tuple(
        _comparison(f"{of} {_word(name)}", reported[name], values[name]) for name in reported if name in values
    )


def _word(name: Hashable) -> str:
    return f"{name:,}" if isinstance(name, int) else str(name)


def _comparison(of: str, reported: float, values: ArrayLike) -> Comparison:
    numbers = np.asarray(values, dtype=float).tolist()  # (seed,)
    return Comparison(of, reported, len(numbers), statistics.median(numbers), min(numbers), max(numbers))
