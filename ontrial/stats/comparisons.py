"""The report's own numbers: beside ours over seeds, and put to the same test. They decide nothing; our seeds do."""

import math
import re
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ontrial.stats.intervals import Interval
from ontrial.stats.verdicts import Evidence, Region, Verdict

OwnVerdict = Literal["yes", "no", "cannot be read", "not given"]


@dataclass(frozen=True)
class Read:
    """A number that was read off a figure, and how far it may be off."""

    value: float
    error: float


Own = float | Read | None
ByUnit = Mapping[str, Own | Sequence[Own]]
_UNIT = re.compile(r"(?<=\s)\(([^()]+)\)")  # in brackets, after a space


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


def own_verdict(evidence: Sequence[Evidence], numbers: ByUnit) -> OwnVerdict:
    """Whether a claim holds by the report's own numbers, put to the same test as ours.

    numbers: one for each condition whose measure contains these words, in the order of the conditions, None where the
    report gives nothing. The words name the unit: what a measure has in brackets must be among them. Conditions that
    no words name, such as that training lowered the loss, are not asked about. One number outside its region is a
    "no", whatever else is missing; a "yes" takes all of them. One that was read off a figure is inside or outside only
    if it is as far as it may be off to either side.

    Raises TypeError where the words are missing, ValueError where no measure contains them, where they lack its unit,
    for another number of numbers than conditions, or for one that is not a number.

    >>> from ontrial.stats.intervals import exactly
    >>> own_verdict([exactly(3, "spikes").within(2, 4), exactly(1, "loss") < 2], {"spikes": 5})
    'no'
    """
    if not isinstance(numbers, Mapping):
        raise TypeError(f'own_numbers: name the unit of each in words of its measure, {{"nats": 0.5}}, not {numbers}')
    put: list[tuple[tuple[float, float] | None, Region]] = []  # lowest and highest
    for words, given in numbers.items():
        values = np.atleast_1d(np.asarray(given, dtype=object)).tolist()
        named = [each for each in evidence if words and words in each.interval.measure]
        measures = "; ".join(each.interval.measure for each in named or evidence)
        if values and len(values) != len(named):
            raise ValueError(f"own_numbers: {len(values)} in {words!r}, for {len(named)} conditions in it: {measures}")
        units = [_UNIT.findall(each.interval.measure) for each in named]
        if not all(any(unit in words for unit in found) for found in units if found):
            raise ValueError(f"own_numbers: {words!r} does not name the unit of {measures}")
        put += [(_ends(value), each.region) for value, each in zip(values, named, strict=False)]
    known = [(ends, region) for ends, region in put if ends is not None]
    if any(math.isnan(end) for ends, _ in known for end in ends):
        raise ValueError(f"the report's own numbers are numbers, not {dict(numbers)}")
    inside = [Evidence(Interval("", low, low, high, 0, ()), region).verdict for (low, high), region in known]
    if Verdict.REFUTED in inside:
        return "no"
    if Verdict.INCONCLUSIVE in inside:
        return "cannot be read"
    return "yes" if put and len(known) == len(put) else "not given"


def _ends(own: Own) -> tuple[float, float] | None:
    """The lowest and the highest that a number of the report may be; digits that no figure gives decide nothing."""
    if own is None:
        return None
    if isinstance(own, Read):
        return round(own.value - own.error, 9), round(own.value + own.error, 9)
    return float(own), float(own)


def _word(name: Hashable) -> str:
    return f"{name:,}" if isinstance(name, int) else str(name)


def _comparison(of: str, reported: float, values: ArrayLike) -> Comparison:
    numbers = np.asarray(values, dtype=float)  # (seed,)
    if np.isnan(numbers).any():
        raise ValueError(f"{of}: not a number for seeds {np.flatnonzero(np.isnan(numbers)).tolist()}")
    ours = numbers.tolist()
    return Comparison(of, reported, len(ours), statistics.median(ours), min(ours), max(ours))
