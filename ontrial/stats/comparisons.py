"""The report's own numbers: beside ours over seeds, and under the same test. They decide nothing; our seeds do."""

import math
import re
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ontrial.stats.verdicts import Evidence, Interval, Verdict

OwnVerdict = Literal["yes", "no", "cannot be read", "not given"]
_UNIT = re.compile(r"(?<=\s)\(([^()]+)\)")  # in brackets, after a space


@dataclass(frozen=True)
class Read:
    """A number that was read off a figure, and by how much it may be wrong."""

    value: float
    error: float


Own = float | Read | None
ByUnit = Mapping[str, Own | Sequence[Own]]


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

    of: what they are numbers of, which a name completes: "test loss at epoch"; reported: by name, such as an epoch or a
    configuration; values: likewise, (seed,) each. Raises ValueError for a value that is not a number.
    """
    found = []
    for name in (each for each in reported if each in values):
        numbers = np.asarray(values[name], dtype=float)  # (seed,)
        what = f"{of} {name:,}" if isinstance(name, int) else f"{of} {name}"
        if np.isnan(numbers).any():
            raise ValueError(f"{what}: not a number for seeds {np.flatnonzero(np.isnan(numbers)).tolist()}")
        ours = numbers.tolist()
        found.append(Comparison(what, reported[name], len(ours), statistics.median(ours), min(ours), max(ours)))
    return tuple(found)


def own_verdict(evidence: Sequence[Evidence], numbers: ByUnit) -> OwnVerdict:
    """Whether a claim holds by the report's own numbers, under the same test as ours.

    numbers: by words that name the unit (what a measure has in brackets must be among them), one number for each
    condition whose measure contains the words, in the order of the conditions; None where the report gives nothing.
    Conditions that no words name, such as that training lowered the loss, are left out. One number outside its region
    is a "no", whatever else is missing; a "yes" takes all of them. A number that was read off a figure is inside or
    outside only if it is so with its error to either side.

    Raises TypeError or ValueError where the words or the numbers do not fit the conditions.

    >>> from ontrial import exactly
    >>> own_verdict([exactly(3, "spikes").within(2, 4), exactly(1, "loss") < 2], {"spikes": 5})
    'no'
    """
    if not isinstance(numbers, Mapping):
        raise TypeError(f'own_numbers: name the unit of each in words of its measure, {{"nats": 0.5}}, not {numbers}')
    verdicts: list[Verdict | None] = []  # None where the report gives nothing
    for words, given in numbers.items():
        values = np.atleast_1d(np.asarray(given, dtype=object)).tolist()
        named = [each for each in evidence if words and words in each.interval.measure]
        measures = "; ".join(each.interval.measure for each in named or evidence)
        if values and len(values) != len(named):
            raise ValueError(f"own_numbers: {len(values)} in {words!r}, for {len(named)} conditions in it: {measures}")
        units = [_UNIT.findall(each.interval.measure) for each in named]
        if not all(any(unit in words for unit in found) for found in units if found):
            raise ValueError(f"own_numbers: {words!r} does not name the unit of {measures}")
        verdicts += [_own_verdict(each, value) for value, each in zip(values, named, strict=False)]
    if Verdict.REFUTED in verdicts:
        return "no"
    if Verdict.INCONCLUSIVE in verdicts:
        return "cannot be read"
    return "yes" if verdicts and None not in verdicts else "not given"


def _own_verdict(evidence: Evidence, own: Own) -> Verdict | None:
    """The verdict on one condition by one number of the report; digits that no figure gives decide nothing."""
    if own is None:
        return None
    if isinstance(own, Read):
        low, high = round(own.value - own.error, 9), round(own.value + own.error, 9)
    else:
        low = high = float(own)
    if math.isnan(low):
        raise ValueError(f"the report's own numbers are numbers, not {own}")
    return Evidence(Interval("", low, low, high, 0, ()), evidence.region).verdict
