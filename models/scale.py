"""Tiers: all that differs between the quick check and the full reproduction."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from models.experiment import Experiment

Tier = Literal["fast", "full"]
DATASETS = ("digits", "mnist")


@dataclass(frozen=True)
class Scale:
    """How large a trial is.

    dataset: what stands for MNIST in the claims' experiments; seeds and function_seeds: for images and
    for functions; confidence: of every interval; most_epochs: longer trainings on images stop there;
    may_abstain: whether an inconclusive claim is skipped where it would otherwise fail.
    """

    tier: Tier
    dataset: str
    seeds: int
    function_seeds: int
    confidence: float
    most_epochs: int | None
    may_abstain: bool

    def applied(self, experiment: Experiment) -> Experiment:
        """The experiment as this tier trains it: on its dataset, and no longer than it allows."""
        if experiment.is_function:
            return experiment
        epochs = experiment.epochs if self.most_epochs is None else min(experiment.epochs, self.most_epochs)
        mini = self.tier == "fast" and self.dataset == "mnist"
        return replace(experiment, data="mnist-mini" if mini else self.dataset, epochs=epochs)

    def seeds_for(self, experiment: Experiment) -> int:
        """How many seeds an experiment is trained for."""
        return self.function_seeds if experiment.is_function else self.seeds

    def dataset_of(self, experiments: Iterable[Experiment]) -> str:
        """What a claim with these experiments is judged on: the tier's images, `functions`, or `counts`."""
        kinds = {experiment.is_function for experiment in experiments}
        return "counts" if not kinds else "functions" if kinds == {True} else self.dataset


FAST = Scale("fast", "digits", 8, 8, confidence=0.99, most_epochs=100, may_abstain=True)
FULL = Scale("full", "mnist", 12, 80, confidence=0.999, most_epochs=None, may_abstain=False)


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
    )
