"""Tiers: all that differs between the quick check and the full reproduction."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from models.experiment import Experiment
from models.probing import Probe

Tier = Literal["fast", "full"]
DATASETS = ("digits", "mnist")


@dataclass(frozen=True)
class Scale:
    """How large a trial is.

    dataset: what stands for MNIST in the claims' experiments; seeds and function_seeds: for images and
    for functions; second_look: for images where `seeds` were too few to decide; single_runs: of
    experiments whose claims correlate over runs; confidence: of every interval; most_epochs: longer
    trainings on images stop there; may_abstain: whether an inconclusive claim is skipped where it would
    otherwise fail.
    """

    tier: Tier
    dataset: str
    seeds: int
    function_seeds: int
    second_look: int
    single_runs: int
    confidence: float
    most_epochs: int | None
    may_abstain: bool

    def looking_again(self) -> "Scale":
        """The scale of a second look, with more seeds for images."""
        return replace(self, seeds=self.second_look)

    def applied(self, wanted: Experiment | Probe) -> Experiment | Probe:
        """The experiment, or the probe's experiments, as this tier trains them."""
        if isinstance(wanted, Experiment):
            return self.experiment(wanted)
        other = None if wanted.other is None else self.experiment(wanted.other)
        return replace(wanted, experiment=self.experiment(wanted.experiment), other=other)

    def experiment(self, declared: Experiment) -> Experiment:
        """The experiment on the tier's dataset, and no longer than it allows."""
        if declared.is_function:
            return declared
        epochs = declared.epochs if self.most_epochs is None else min(declared.epochs, self.most_epochs)
        mini = self.tier == "fast" and self.dataset == "mnist"
        return replace(declared, data="mnist-mini" if mini else self.dataset, epochs=epochs)

    def seeds_for(self, wanted: Experiment | Probe) -> int:
        """How many networks an experiment trains: one a seed, or a series a seed."""
        if isinstance(wanted, Probe):
            return self.single_runs if wanted.single_runs else self.seeds_for(wanted.experiment)
        return (self.function_seeds if wanted.is_function else self.seeds) * wanted.series

    def dataset_of(self, wanted: Iterable[Experiment | Probe]) -> str:
        """What a claim with these experiments is judged on: the tier's images, `functions`, or `counts`."""
        kinds = {(each.experiment if isinstance(each, Probe) else each).is_function for each in wanted}
        return "counts" if not kinds else "functions" if kinds == {True} else self.dataset


FAST = Scale(
    tier="fast",
    dataset="digits",
    seeds=8,
    function_seeds=8,
    second_look=8,
    single_runs=40,
    confidence=0.99,
    most_epochs=100,
    may_abstain=True,
)
FULL = Scale(
    tier="full",
    dataset="mnist",
    seeds=12,
    function_seeds=160,
    second_look=24,
    single_runs=300,
    confidence=0.999,
    most_epochs=None,
    may_abstain=False,
)


def scale(tier: str, dataset: str | None = None, seeds: int | None = None) -> Scale:
    """The scale of a tier, with another dataset or number of seeds where they are named.

    Raises ValueError for a tier, a dataset or a number of seeds that cannot be.
    """
    tiers = {"fast": FAST, "full": FULL}
    if tier not in tiers:
        raise ValueError(f"unknown tier {tier!r}: there are {' and '.join(tiers)}")
    if dataset is not None and dataset not in DATASETS:
        raise ValueError(f"unknown dataset {dataset!r}: there are {' and '.join(DATASETS)}")
    chosen = tiers[tier]
    return replace(
        chosen,
        dataset=dataset or chosen.dataset,
        seeds=seeds or chosen.seeds,
        function_seeds=seeds or chosen.function_seeds,
        second_look=seeds or chosen.second_look,
        single_runs=max(seeds or 0, chosen.single_runs),
    )
