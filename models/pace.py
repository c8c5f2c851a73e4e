"""Pace: how long a training will take before any has run."""

from models.experiment import Experiment, floating_point_operations


def estimate(experiment: Experiment, seeds: int) -> float:
    """Seconds that so many seeds take on one core."""
    widths = experiment.widths
    calls = experiment.steps * len(widths) * 2e-6
    elements = experiment.samples * sum(widths) * 1e-9
    return seeds * (experiment.series * (calls + elements) + floating_point_operations(experiment) / 3e10)
