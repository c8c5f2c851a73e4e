"""A claim on trial: what its test is handed, what the test leaves, and what was expected of it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence import intervals
from evidence.comparisons import Comparison
from evidence.correlations import rank_correlation_interval
from evidence.intervals import Interval, TooFewSeeds
from evidence.measures import progress
from evidence.verdicts import Evidence, Inconclusive, Refuted, Verdict, judge

KINDS = ("said", "asked", "beyond")


@dataclass(frozen=True)
class Sentence:
    """One claim of the report: an id, what it says in our words, where, and who says it.

    kind: "said" by the report, "asked" by its assignment and left blank, or "beyond" both: the control.
    Raises ValueError for another kind.
    """

    id: str
    statement: str
    source: str
    kind: str = "said"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"claim {self.id} is of kind {self.kind!r}: there are {', '.join(KINDS)}")


class Trained(Protocol):
    """Anything with training losses, (seed, record)."""

    @property
    def train_loss(self) -> NDArray[np.floating]:
        """Losses over the whole training set."""


@dataclass
class Trial:
    """The `claim` fixture: makes intervals at the tier's confidence, takes a figure, and judges.

    case: which of a parametrised claim's cases this is, such as "deep"; empty where there is one;
    asides: intervals that are kept with the evidence but decide nothing, such as a sweep of a tolerance;
    reported: the report's own numbers beside ours.
    """

    sentence: Sentence
    case: str
    confidence: float
    figure: Any = None
    asides: tuple[Interval, ...] = ()
    reported: tuple[Comparison, ...] = ()
    evidence: tuple[Evidence, ...] = field(default=(), init=False)

    def median(self, values: ArrayLike, measure: str) -> Interval:
        """The interval for the median over seeds of one number a seed, (seed,), at the tier's confidence."""
        return intervals.median_interval(values, measure, self.confidence)

    def share(self, successes: ArrayLike, measure: str) -> Interval:
        """The interval for the share of seeds that succeed, (seed,), at the tier's confidence."""
        return intervals.share_interval(successes, measure, self.confidence)

    def rank_correlation(self, first: ArrayLike, second: ArrayLike, measure: str) -> Interval:
        """The interval for Spearman's rank correlation over single runs, (run,) each, at the tier's confidence.

        So few runs that none can be had leave it anywhere from -1 to 1: they cannot decide.
        """
        try:
            return rank_correlation_interval(first, second, measure, self.confidence)
        except TooFewSeeds:
            values = np.asarray(first, dtype=float)
            return Interval(measure, 0.0, -1.0, 1.0, self.confidence, tuple(values.tolist()), "correlation")

    def learned(self, *runs: Trained) -> Evidence:
        """Evidence that training did something in every one of these runs: its loss fell.

        The precondition of claims that untrained networks would meet as well.
        """
        fallen = progress(*(run.train_loss for run in runs))  # (seed,)
        return self.median(fallen, "final / first training loss") < 1

    @property
    def verdict(self) -> Verdict:
        """What follows from the evidence; NOT_RUN before there is any."""
        return judge(*self.evidence) if self.evidence else Verdict.NOT_RUN

    def holds_if(self, *evidence: Evidence) -> None:
        """Judge the claim; the last statement of its test.

        Raises Refuted where any condition is refuted, Inconclusive where the seeds cannot decide, and
        RuntimeError when the claim was judged before.
        """
        if self.evidence:
            raise RuntimeError(f"claim {self.sentence.id} was judged before: give holds_if all evidence at once")
        verdict = judge(*evidence)
        self.evidence = evidence
        failure: dict[Verdict, type[Exception]] = {
            Verdict.REFUTED: Refuted,
            Verdict.INCONCLUSIVE: Inconclusive,
        }
        if verdict in failure:
            __tracebackhide__ = True  # a verdict is no crash: its message says all there is to see
            deciding = [str(item) for item in evidence if item.verdict is verdict]
            raise failure[verdict](f"{self.sentence.id} is {verdict}: {'; '.join(deciding)}")


@dataclass(frozen=True)
class Expectation:
    """A verdict other than "holds" that is known, with its reason.

    at: the tier it is for; on: the dataset; case: words of the case, such as "arcsinh"; None is any.
    """

    verdict: Verdict
    reason: str
    at: str | None = None
    on: str | None = None
    case: str | None = None

    def applies(self, tier: str, dataset: str, case: str) -> bool:
        """Whether it speaks of this tier, dataset and case."""
        words = set((self.case or "").split()) <= set(case.split())
        return self.at in (None, tier) and self.on in (None, dataset) and words

    @property
    def failure(self) -> type[Exception]:
        """What `holds_if` raises when the expectation is met."""
        return Refuted if self.verdict is Verdict.REFUTED else Inconclusive
