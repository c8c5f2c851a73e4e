"""What ontrial is given: experiments to train, and probes, which are questions to trained networks."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from models import data, pace
from models.experiment import Experiment, parameter_count
from models.rounding import rounding
from models.training import Question, ask, train
from ontrial.running.reached import reached
from ontrial.running.sources import module_digest
from ontrial.trainings import FUNCTIONS, IMAGES, Arrays, Looks, Scale, Training

# What a question costs: seconds to begin, seconds a seed, and epochs of training of the network that it asks.
_COSTS = {
    "sensitivity": (0.0, 0.0, 4),
    "interpolation": (0.0, 0.0, 50),
    "largest_eigenvalue": (0.0, 0.0, 15),
    "frozen_gradients": (0.0, 0.8, 20),
    "stationary_points": (4.0, 0.0, 600),  # it is compiled first
}


@dataclass(frozen=True)
class ExperimentTraining(Training):
    """The training of an experiment's networks.

    root, device: where the data lie and what it is trained on, which `at` fills in.
    """

    experiment: Experiment
    root: Path | None = field(default=None, compare=False)
    device: str = field(default="cpu", compare=False)

    def __str__(self) -> str:
        return str(self.experiment)

    @property
    def judged_on(self) -> str:
        """What a verdict is judged on: "functions", or the images, of which a miniature is one in thirty."""
        return "functions" if self.experiment.is_function else self.experiment.data.removesuffix("-mini")

    @property
    def looks(self) -> Looks:
        """At which numbers of seeds a claim is looked at in full."""
        return FUNCTIONS if self.experiment.is_function else IMAGES

    @property
    def shared(self) -> frozenset[str]:
        """Names of the arrays that all seeds share."""
        return self.experiment.shared

    @property
    def place(self) -> str:
        """A process on the CPU, else the device."""
        return "process" if self.device == "cpu" else self.device

    def at(self, scale: Scale) -> Self:
        """The experiment as a tier trains it, with its data and device."""
        return replace(self, experiment=self.experiment.at(scale), **_place(scale))

    def terms(self) -> dict[str, Any]:
        """The experiment's fields that differ from their defaults."""
        return self.experiment.terms()

    def defaults(self) -> dict[str, Any]:
        """The experiment's other fields."""
        return self.experiment.defaults()

    def describe(self) -> dict[str, Any]:
        """All that the result depends on but the seed. Raises DataError where data is missing."""
        return self.terms() | {
            "data_digest": data.digest(self.experiment.data, self.root),
            "source": module_digest(train.__module__),
            "rounding": rounding(self.device),
        }

    def estimate(self, seeds: int) -> float:
        """Seconds that so many seeds take, on one core or on the device."""
        return pace.estimate(self.experiment, seeds, self.device)

    def settings(self) -> dict[str, Any]:
        """What a reader wants to know of it: widths, parameters, steps, and the fields that were declared."""
        widths = self.experiment.widths
        counts = {"widths": list(widths), "parameters": parameter_count(*widths), "steps": self.experiment.steps}
        return counts | {name: value for name, value in self.terms().items() if name != "hidden"}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays] = ()) -> Arrays:  # noqa: ARG002
        """What training recorded, see models.training.train."""
        return train(self.experiment, seeds, self.root, self.device)


@dataclass(frozen=True)
class Probe:
    """A question to the trained networks of one experiment, or of two that share their seeds.

    ask: a function of models.probes or models.stationary_points; root, device: as of ExperimentTraining.
    """

    ask: Question
    experiment: Experiment
    other: Experiment | None = None
    root: Path | None = field(default=None, compare=False)
    device: str = field(default="cpu", compare=False)

    def __str__(self) -> str:
        return f"{self.name} of {' and '.join(map(str, self.needs))}"

    @property
    def name(self) -> str:
        """The question's name."""
        return self.ask.__name__

    @property
    def judged_on(self) -> str:
        """What its networks are judged on."""
        return self.needs[0].judged_on

    @property
    def looks(self) -> Looks:
        """Those of its networks."""
        return self.needs[0].looks

    @property
    def shared(self) -> frozenset[str]:
        """No array."""
        return frozenset()

    @property
    def needs(self) -> tuple[ExperimentTraining, ...]:
        """The networks that are asked."""
        experiments = (self.experiment,) if self.other is None else (self.experiment, self.other)
        return tuple(ExperimentTraining(each, self.root, self.device) for each in experiments)

    @property
    def place(self) -> str:
        """Where its networks are trained."""
        return self.needs[0].place

    def at(self, scale: Scale) -> Self:
        """With its experiments as the tier trains them."""
        other = None if self.other is None else self.other.at(scale)
        return replace(self, experiment=self.experiment.at(scale), other=other, **_place(scale))

    def terms(self) -> dict[str, Any]:
        """The question, and the terms of the networks."""
        return {"probe": self.name, "networks": [each.terms() for each in self.needs]}

    def defaults(self) -> dict[str, Any]:
        """The defaults of the networks."""
        return {"networks": [each.defaults() for each in self.needs]}

    def code(self) -> dict[str, str]:
        """Digests of the question's code."""
        return reached(self.name, Path(inspect.getfile(self.ask)))

    def describe(self) -> dict[str, Any]:
        """The question, its source with all that it runs through, and what decides rounding."""
        return {
            "probe": self.name,
            "source": module_digest(self.ask.__module__),
            "rounding": rounding(self.device),
        }

    def estimate(self, seeds: int) -> float:
        """Seconds, from those of training the networks; of no seeds, what it takes to begin."""
        begin, seconds, epochs = _COSTS.get(self.name, (0.0, 0.0, 1))
        trained = self.needs[0].estimate(seeds) - self.needs[0].estimate(0)
        return begin + seeds * seconds + epochs * trained / self.experiment.passes

    def settings(self) -> dict[str, Any]:
        """Those of its first network, and what is asked."""
        return self.needs[0].settings() | {"asked": self.name.replace("_", " ")}

    def train(self, seeds: Sequence[int], needed: Sequence[Arrays]) -> Arrays:
        """Ask the networks of these seeds, see models.training.ask."""
        experiments = [each.experiment for each in self.needs]
        return ask(self.ask, experiments, seeds, needed, self.root, self.device)


def _place(scale: Scale) -> dict[str, Any]:
    """Where the data lie and what is trained on, as the command line says."""
    root = scale.options.get("data_root")
    return {"root": Path(root) if root else None, "device": scale.options.get("device") or "cpu"}
