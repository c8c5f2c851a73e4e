"""The report's own numbers: beside ours over seeds, and put to the same test. They decide nothing; our seeds do."""

import math
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ontrial.evidence.verdicts import Evidence


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

    Raises ValueError for a value that is not a number.
    """
    return tuple(
        _comparison(f"{of} {_word(name)}", reported[name], values[name]) for name in reported if name in values
    )


def own_verdict(evidence: Sequence[Evidence], numbers: Sequence[float | None]) -> Literal["yes", "no", "not given"]:
    """Whether a claim holds by the report's own numbers, put to the same test as ours.

    numbers: what the report gives for the first conditions, in their order; None where it gives nothing. Conditions
    after them, such as that training lowered the loss, are not asked about. One number outside its region is a "no",
    whatever else is missing; a "yes" takes all of them.

    Raises ValueError for more numbers than conditions, or for one that is not a number.

    >>> from ontrial.evidence.intervals import exactly
    >>> own_verdict([exactly(3, "spikes").within(2, 4), exactly(1, "loss") < 2], [5])
    'no'
    """
    if len(numbers) > len(evidence):
        raise ValueError(f"{len(numbers)} numbers of the report for {len(evidence)} conditions")
    if any(number is not None and math.isnan(number) for number in numbers):
        raise ValueError(f"the report's own numbers are numbers, not {list(numbers)}")
    # The report's numbers may be fewer than the conditions: what follows them it is not asked about.
    given = [(number, item.region) for number, item in zip(numbers, evidence, strict=False) if number is not None]
    if any(number not in region for number, region in given):
        return "no"
    return "yes" if given and len(given) == len(numbers) else "not given"


def _word(name: Hashable) -> str:
    return f"{name:,}" if isinstance(name, int) else str(name)


def _comparison(of: str, reported: float, values: ArrayLike) -> Comparison:
    numbers = np.asarray(values, dtype=float)  # (seed,)
    if np.isnan(numbers).any():
        raise ValueError(f"{of}: not a number for seeds {np.flatnonzero(np.isnan(numbers)).tolist()}")
    ours = numbers.tolist()
    return Comparison(of, reported, len(ours), statistics.median(ours), min(ours), max(ours))
