"""The `claim` fixture: what a claim's test is given, and where it leaves its evidence."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ontrial.stats.comparisons import ByUnit, Comparison
from ontrial.stats.correlation import Correlation, concordance
from ontrial.stats.verdicts import (
    Evidence,
    Interval,
    Verdict,
    finite,
    judge,
    median_interval,
    progress,
    share_interval,
)
from ontrial.trainings import Run, require_finite


@dataclass
class Claim:
    """The `claim` fixture: makes intervals, takes a figure, and judges.

    alpha: the error allowed at each side of an interval; seeds: of this look, None where nothing is trained; fixed:
    conditions that an earlier look decided, by their place in `holds_if`.

    A test may set figure: a Drawing, or any matplotlib Figure; asides: intervals that are recorded with the evidence
    but decide nothing; reported: the report's own numbers beside ours; own_numbers: what those numbers are for
    conditions of `holds_if`, by words of the measure that name its unit (see `own_verdict`).
    """

    id: str
    alpha: float
    seeds: tuple[int, ...] | None = None
    fixed: Mapping[int, Evidence] = field(default_factory=dict)
    figure: Any = None
    asides: tuple[Interval, ...] = ()
    reported: tuple[Comparison, ...] = ()
    own_numbers: ByUnit = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = field(default=(), init=False)
    at_this_look: tuple[Evidence, ...] = field(default=(), init=False)  # as given to holds_if, fixed conditions too

    def median(
        self,
        values: ArrayLike,
        measure: str,
        *,
        among: ArrayLike | None = None,
        never: bool = False,
        of_pairs: bool = False,
    ) -> Interval:
        """The interval for the median over seeds of one number a seed, (seed,).

        among: the seeds that the sentence speaks of, (seed,), true or false; never: whether `inf` means "never";
        of_pairs: whether there is a number for each of some disjoint pairs of seeds, (pair,), and `among` is of pairs.

        Raises ValueError for another number of values than seeds, for NaN, and for `inf` that means nothing.
        """
        if of_pairs:
            pairs = np.asarray(values, dtype=float)
            if self.seeds is not None and 2 * len(pairs) > len(self.seeds):
                raise ValueError(f"{measure}: {len(pairs)} disjoint pairs cannot come from {len(self.seeds)} seeds")
            return median_interval(pairs, measure, self.alpha, among=among, never=never)
        self._require_one_each(values, measure)
        return median_interval(values, measure, self.alpha, among=among, never=never, seeds=self.seeds)

    def share(self, successes: ArrayLike, measure: str, *, among: ArrayLike | None = None) -> Interval:
        """The interval for the share of seeds that succeed, (seed,), true or false. among: as for `median`."""
        self._require_one_each(successes, measure)
        return share_interval(successes, measure, self.alpha, among=among, seeds=self.seeds)

    def correlation(self, first: ArrayLike, second: ArrayLike, measure: str) -> Correlation:
        """Kendall's tau of two measures over seeds, (seed,) each, to compare with a number from -1 to 1.

        What is estimated is the chance that the seed that has more of one has more of the other, of two seeds that
        differ in both. Seeds are paired in order, the first with the second, the third with the fourth: pairs are
        independent, and more seeds leave earlier pairs as they are, so that the interval is valid at any number of
        seeds. n is the number of pairs without ties, too few to decide anything in the fast tier. measure: what
        correlates, such as "sharpness and test error".

        Raises ValueError for another number of values than seeds, and for one that is not finite.
        Sources: Kendall, "A new measure of rank correlation", Biometrika 30 (1938); without ties it is the gamma of
        Goodman & Kruskal, "Measures of association for cross classifications" (1954).
        """
        for values in (first, second):
            self._require_one_each(values, measure)
        signs = concordance(finite(first, measure), finite(second, measure))  # (pair,)
        what = f"share of pairs of seeds in the same order by {measure}"
        return Correlation(share_interval(signs > 0, what, self.alpha, among=signs != 0))

    def argmax(self, values: Mapping[Hashable, ArrayLike], name: Hashable, measure: str) -> Interval:
        """The interval for the share of seeds in which the configuration of this name has the largest value.

        values: by name, (seed,) each; a tie for the largest counts as another's. To claim that it is the largest
        more often than not, compare the share with 1 / 2.

        Raises ValueError for a name that has no values or is the only one, another number of values than seeds, and a
        value that is not finite.
        """
        others = [other for other in values if other != name]
        if name not in values or not others:
            raise ValueError(f"{measure}: argmax compares {name!r} with others, but the values are of {list(values)}")
        for each in values.values():
            self._require_one_each(each, measure)
        best = np.max([finite(values[other], f"{measure}, {other}") for other in others], axis=0)  # (seed,)
        own = finite(values[name], f"{measure}, {name}")
        return self.share(own > best, f"share of seeds in which {name} has the largest {measure}")

    def jointly(self, *evidence: Evidence) -> Interval:
        """The share of seeds in which all of these conditions hold at once, for an aside.

        Raises ValueError for conditions that are not of the same seeds.
        """
        met = zip(*([value in each.region for value in each.interval.values] for each in evidence), strict=True)
        return self.share([all(seed) for seed in met], "share of seeds in which all conditions hold at once")

    def learned(self, *runs: Run) -> Evidence:
        """Evidence that training did something in every one of these runs: its loss fell.

        The precondition of claims that untrained networks would meet as well. Raises Diverged where a `train_loss` is
        not finite.
        """
        for run in runs:
            require_finite(run, ["train_loss"])
        losses = [run.train_loss.reshape(run.n, -1, run.train_loss.shape[-1]) for run in runs]  # (seed, net, record)
        fallen = progress(*(loss[:, net] for loss in losses for net in range(loss.shape[1])))  # (seed,)
        return self.median(fallen, "final / first training loss") < 1

    @property
    def verdict(self) -> Verdict:
        return judge(*self.evidence) if self.evidence else Verdict.NOT_RUN

    def holds_if(self, *evidence: Evidence) -> None:
        """Judge the claim; the last statement of its test. Whatever the test does afterwards, this verdict counts.

        Raises RuntimeError when the claim was judged before, TypeError for what is no evidence, ValueError for
        conditions that are not those of an earlier look.
        """
        if self.evidence:
            raise RuntimeError(f"claim {self.id} was judged before: give holds_if all evidence at once")
        judge(*evidence)
        evidence = tuple(map(_plain, evidence))
        if wrong := [each.interval.measure for each in evidence if each.interval.alpha not in (0, self.alpha)]:
            raise ValueError(
                f"{', '.join(wrong)}: an interval of another error than {self.alpha:g} a side; use claim.median"
            )
        for place, fixed in self.fixed.items():
            if place >= len(evidence) or _condition(evidence[place]) != _condition(fixed):
                raise ValueError(f"claim {self.id} has other conditions than at an earlier look")
        self.at_this_look = evidence
        self.evidence = tuple(self.fixed.get(place, each) for place, each in enumerate(evidence))

    def _require_one_each(self, values: ArrayLike, measure: str) -> None:
        found = len(np.asarray(values))
        if self.seeds is not None and found != len(self.seeds):
            raise ValueError(
                f"{measure}: {found} numbers for {len(self.seeds)} seeds. Give one a seed; `among=` leaves seeds out"
            )


def _condition(evidence: Evidence) -> tuple[object, ...]:
    return (evidence.interval.measure, evidence.interval.statistic, evidence.region)


def _plain(evidence: Evidence) -> Evidence:
    """The same evidence with Python's own numbers as limits: an int stays an int, since a lock records its digits.

    Raises TypeError for a measure that is no text, ValueError for one that cannot be encoded.
    """
    measure, region = evidence.interval.measure, evidence.region
    if not isinstance(measure, str) or not measure.strip():
        raise TypeError(f'a measure is named by text, such as "test loss (nats)", not by {measure!r}')
    measure.encode()
    low, high = (int(end) if isinstance(end, Integral) else float(end) for end in (region.low, region.high))
    return Evidence(evidence.interval, replace(region, low=low, high=high))
