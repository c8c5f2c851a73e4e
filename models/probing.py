"""Probing: questions to trained networks, as trainings that need those networks and leave what they found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from models.experiment import Experiment
from models.rounding import rounding, without_denormals
from models.sets import Sets, sets
from ontrial.running.sources import module_digest
from ontrial.trainings import Arrays, Looks, TierLike

# What a question costs: seconds to begin, seconds a seed, and epochs of training of the network that it asks.
_COSTS = {
    "sensitivity": (0.0, 0.0, 4),
    "interpolation": (0.0, 0.0, 50),
    "largest_eigenvalue": (0.0, 0.0, 15),
    "frozen_gradients": (0.0, 0.8, 20),
    "stationary_points": (4.0, 0.0, 600),  # it is compiled first
}


@dataclass(frozen=True)
class Trained:
    """Trained networks as a question finds them: parameters (seed, parameter), their seeds, and their data."""

    experiment: Experiment
    seeds: tuple[int, ...]
    parameters: torch.Tensor
    data: Sets


@dataclass(frozen=True)
class Probe:
    """A question to the trained networks of one experiment, or of two that share their seeds.

    ask: a function of models.probes or models.stationary_points, of Trained (or of two) to arrays that begin with
    the axis of seeds.
    """

    ask: Callable[..., Arrays]
    experiment: Experiment
    other: Experiment | None = None

    def __str__(self) -> str:
        return f"{self.name} of {' and '.join(map(str, self.needs))}"

    @property
    def name(self) -> str:
        """The question's name."""
        return self.ask.__name__

    @property
    def judged_on(self) -> str:
        """What its networks are judged on."""
        return self.experiment.judged_on

    @property
    def looks(self) -> Looks:
        """Those of its networks."""
        return self.experiment.looks

    @property
    def shared(self) -> frozenset[str]:
        """No array."""
        return frozenset()

    @property
    def needs(self) -> tuple[Experiment, ...]:
        """The experiments whose networks are asked."""
        return (self.experiment,) if self.other is None else (self.experiment, self.other)

    @property
    def place(self) -> str:
        """Where its networks are trained."""
        return self.experiment.place

    def at(self, scale: TierLike) -> "Probe":
        """With its experiments as the tier trains them."""
        other = None if self.other is None else self.other.at(scale)
        return replace(self, experiment=self.experiment.at(scale), other=other)

    def terms(self) -> dict[str, Any]:
        """The question, and the terms of the experiments."""
        return {"probe": self.name, "networks": [each.terms() for each in self.needs]}

    def defaults(self) -> dict[str, Any]:
        """The defaults of the experiments."""
        return {"networks": [each.defaults() for each in self.needs]}

    def code(self) -> dict[str, str]:
        """None yet."""
        return {}

    def describe(self) -> dict[str, Any]:
        """The question, its source with all that it runs through, and what decides rounding."""
        return {
            "probe": self.name,
            "source": module_digest(self.ask.__module__),
            "rounding": rounding(self.experiment.device),
        }

    def estimate(self, seeds: int) -> float:
        """Seconds, from those of training the networks; of no seeds, what it takes to begin."""
        begin, seconds, epochs = _COSTS.get(self.name, (0.0, 0.0, 1))
        trained = self.experiment.estimate(seeds) - self.experiment.estimate(0)
        return begin + seeds * seconds + epochs * trained / self.experiment.passes

    def settings(self) -> dict[str, Any]:
        """Those of its first experiment, and what is asked."""
        return self.experiment.settings() | {"asked": self.name.replace("_", " ")}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        """Ask the networks of these seeds: one after another on the CPU, so that no answer hangs on its company."""
        with threadpool_limits(1), without_denormals():
            if self.place != "process":
                return self._asked(tuple(seeds), needed)
            rows = [
                self._asked((seed,), [{"parameters": arrays["parameters"][row : row + 1]} for arrays in needed])
                for row, seed in enumerate(seeds)
            ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _asked(self, seeds: tuple[int, ...], needed: Sequence[Arrays]) -> Arrays:
        device = torch.device(self.experiment.device)
        trained = [
            Trained(
                experiment,
                seeds,
                torch.from_numpy(arrays["parameters"]).to(device),
                sets(experiment, seeds, experiment.root, device),
            )
            for experiment, arrays in zip(self.needs, needed, strict=True)
        ]
        return self.ask(*trained)
