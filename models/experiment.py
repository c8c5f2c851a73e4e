"""What is trained: a frozen description of a training, without its seed, that knows no engine."""

import math
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

IMAGES = ("digits", "mnist", "mnist-mini")
FEATURES = {"cos": 1, "arcsinh": 1, "digits": 64, "mnist": 784, "mnist-mini": 784}
OUTPUTS = {"cos": 1, "arcsinh": 1, "digits": 10, "mnist": 10, "mnist-mini": 10}
TRAINING_SIZE = {"cos": 1000, "arcsinh": 1000, "digits": 1437, "mnist": 60_000, "mnist-mini": 2000}
TEST_SIZE = {"cos": 1000, "arcsinh": 1000, "digits": 360, "mnist": 10_000, "mnist-mini": 1000}

_FAST_EPOCHS = 100  # the fast tier's longest training on images


@dataclass(frozen=True)
class Experiment:
    """A fully connected network and how it is trained.

    data: "cos", "arcsinh", "digits", "mnist" or "mnist-mini"; hidden: widths of the hidden layers; epochs: passes over
    the training data; batch_size: None, or more than there are samples, is full batch; steps_of_batch: take as many
    steps as batches of this size take in these epochs, so that batch sizes are compared after equally many updates;
    images: use only this many training images; labels: "random" labels are uniform on the classes, for training and
    for test, drawn for each seed; initialisation: two trainings of one seed start from the same weights where this is
    the same; kinks: where the first layer's ReLUs of a one-input network bend at the start, "even" spreads them over
    [-10, 10] at equal distances; series: networks of each seed, which share its data.
    records: about how often losses over the complete sets are recorded; gradient_norms: record the gradient's norm at
    every step; snapshots_every: record the parameters after steps 1, 1 + k, …

    Raises ValueError when a field makes no sense, alone or beside another.
    """

    data: str
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int | None = None
    learning_rate: float = 1e-3
    steps_of_batch: int | None = None
    images: int | None = None
    labels: Literal["true", "random"] = "true"
    activation: Literal["relu", "tanh"] = "relu"
    initialisation: Literal["first", "second"] = "first"
    kinks: Literal["default", "even"] = "default"
    dtype: Literal["float32", "float64"] = "float32"
    series: int = 1
    records: int = 100
    gradient_norms: bool = False
    snapshots_every: int | None = None

    # Not fields: the code that registrations lock (training_size, networks.initial_parameters) reads these constants.
    validation: ClassVar[int] = 0
    weights: ClassVar[str] = "default"
    keep: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if self.data not in FEATURES:
            raise ValueError(f"unknown data {self.data!r}: there are {', '.join(FEATURES)}")
        counts = self.epochs, self.batch_size, self.steps_of_batch, self.images, self.series, self.records
        own_labels = self.labels == "random" or self.images is not None
        for problem, is_wrong in {
            "every count must be at least 1": any(each is not None and each < 1 for each in counts),
            "snapshots_every must be at least 1": self.snapshots_every is not None and self.snapshots_every < 1,
            "hidden must name at least one layer of at least one unit": not self.hidden or min(self.hidden) < 1,
            "the learning rate must be a number of at least 0": not 0 <= self.learning_rate < math.inf,
            "kinks lie on a line only for one input": self.kinks == "even" and FEATURES[self.data] != 1,
            "kinks are those of ReLUs, and tanh has none": self.kinks == "even" and self.activation != "relu",
            "labels and images must be left out for a function": self.is_function and own_labels,
        }.items():
            if is_wrong:
                raise ValueError(f"{problem}: {self}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, input and output included."""
        return (FEATURES[self.data], *self.hidden, OUTPUTS[self.data])

    @property
    def depth(self) -> int:
        """Number of hidden layers."""
        return len(self.hidden)

    @property
    def is_function(self) -> bool:
        """Whether the data is a function of one variable: drawn for each seed, scored by mean squared error."""
        return self.data not in IMAGES

    @property
    def images_used(self) -> int:
        return min(self.images or TRAINING_SIZE[self.data], TRAINING_SIZE[self.data])

    @property
    def training_size(self) -> int:
        """Samples in the training set."""
        return self.images_used - self.validation

    @property
    def batch(self) -> int:
        """Samples in one step (the last step of an epoch may have fewer)."""
        return min(self.batch_size or self.training_size, self.training_size)

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.training_size // self.batch)

    @property
    def steps(self) -> int:
        """Optimiser updates in the complete training."""
        counted = min(self.steps_of_batch or self.batch, self.training_size)
        return self.epochs * -(-self.training_size // counted)

    @property
    def passes(self) -> int:
        """Epochs that are begun: `epochs`, or as many as `steps_of_batch` leads to, the last perhaps cut short."""
        return -(-self.steps // self.steps_per_epoch)

    @property
    def epochs_between_records(self) -> int:
        return max(1, self.passes // self.records)

    @property
    def record_steps(self) -> tuple[int, ...]:
        """Steps done at each record, 0 first and all of them last."""
        return (*range(0, self.steps, self.epochs_between_records * self.steps_per_epoch), self.steps)

    @property
    def snapshot_steps(self) -> tuple[int, ...]:
        """Steps done at each snapshot."""
        return tuple(range(1, self.steps + 1, self.snapshots_every)) if self.snapshots_every else ()

    def at(self, tier: str, dataset: str | None) -> Self:
        """The experiment as a tier trains it: on its dataset, in the fast tier for at most 100 epochs."""
        if self.is_function:
            return self
        fast = tier == "fast"
        name = dataset or ("digits" if fast else "mnist")
        name = "mnist-mini" if fast and name == "mnist" else name
        return replace(self, data=name, epochs=min(self.epochs, _FAST_EPOCHS) if fast else self.epochs)

    def terms(self) -> dict[str, Any]:
        """The fields that differ from their defaults, so that a new field leaves old names as they are."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) != each.default
        }

    def defaults(self) -> dict[str, Any]:
        """The fields that are at their defaults."""
        return {each.name: each.default for each in fields(self) if each.name not in self.terms()}


def parameter_count(*widths: int) -> int:
    """Weights and biases of a fully connected network with these layers, input and output included."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(widths))
