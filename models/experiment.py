"""What is trained: a frozen description of a training, without its seed."""

import math
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Literal, Self

from models.data import FEATURES, FUNCTIONS, OUTPUTS, TEST_SIZE, TRAINING_SIZE
from ontrial.trainings import Scale

_FAST_EPOCHS = 100  # the fast tier's longest training on images

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Experiment:
    """A fully connected network and how it is trained.

    data: "cos", "arcsinh", "digits", "mnist" or "mnist-mini"; hidden: widths of the hidden layers; epochs: passes over
    the training data; batch_size: None, or more than there is, is full batch; steps_of_batch: make as many steps as
    batches of this size make in these epochs, so that batch sizes are compared after equally many updates; images: use
    the first so many training images only; validation: so many of them, drawn for each seed, are for validation and not
    trained on; labels: "random" ones are uniform on the classes, for training and for test, drawn for each seed;
    initialisation: two trainings of one seed start from the same weights where this is the same; weights: "default" is
    nn.Linear's initialisation, "glorot" Glorot's Gaussian with biases of 0; kinks: where the first layer's ReLUs of a
    one-input network bend at the start, "even" spreads them over [-10, 10] at equal distances; keep: share of each
    layer's weights that are trained, drawn for each seed, the others stay 0; series: how many trainings share the data
    of one seed, which then stands for all of them.
    records: about how often losses over the whole sets are recorded; records_every: steps from one record to the next,
    in place of that; recorded: of which sets, where there are; best_parameters: whether the parameters at the lowest
    recorded validation loss are kept; gradient_norms: whether the gradient's norm is kept at every step;
    snapshots_every: keep the parameters after steps 1, 1 + k, …

    Raises ValueError when a field makes no sense, alone or beside another.
    """

    data: str
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int | None = None
    learning_rate: float = 1e-3
    steps_of_batch: int | None = None
    images: int | None = None
    validation: int = 0
    labels: Literal["true", "random"] = "true"
    activation: Literal["relu", "tanh"] = "relu"
    initialisation: Literal["first", "second"] = "first"
    weights: Literal["default", "glorot"] = "default"
    kinks: Literal["default", "even"] = "default"
    keep: float = 1.0
    dtype: Literal["float32", "float64"] = "float32"
    series: int = 1
    records: int = 100
    records_every: int | None = None
    recorded: tuple[Part, ...] = ("train", "validation", "test")
    best_parameters: bool = False
    gradient_norms: bool = False
    snapshots_every: int | None = None

    def __post_init__(self) -> None:
        if self.data not in FEATURES:
            raise ValueError(f"unknown data {self.data!r}: there are {', '.join(FEATURES)}")
        counts = self.epochs, self.batch_size, self.steps_of_batch, self.images, self.series, self.records
        if any(count is not None and count < 1 for count in (*counts, self.records_every, self.snapshots_every)):
            raise ValueError(f"every number of something must be at least 1: {self}")
        for problem, wrong in _nonsense(self).items():
            if wrong:
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
    def images_used(self) -> int:
        """Samples that are trained on or validate."""
        return min(self.images or TRAINING_SIZE[self.data], TRAINING_SIZE[self.data])

    @property
    def training_size(self) -> int:
        """Samples in the training set."""
        return self.images_used - self.validation

    @property
    def batch(self) -> int:
        """Samples that one step sees (the last step of an epoch may see fewer)."""
        return min(self.batch_size or self.training_size, self.training_size)

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser updates in one pass over the training data."""
        return -(-self.training_size // self.batch)

    @property
    def steps(self) -> int:
        """Optimiser updates in the whole training."""
        counted = min(self.steps_of_batch or self.batch, self.training_size)
        return self.epochs * -(-self.training_size // counted)

    @property
    def passes(self) -> int:
        """Epochs that are begun: `epochs`, or as many as `steps_of_batch` asks for, the last perhaps cut short."""
        return -(-self.steps // self.steps_per_epoch)

    @property
    def samples(self) -> int:
        """Samples seen in the whole training, repetitions counted."""
        whole, rest = divmod(self.steps, self.steps_per_epoch)
        return whole * self.training_size + rest * self.batch

    @property
    def is_function(self) -> bool:
        """Whether the data is a function of one variable: drawn anew for each seed, judged by MSE."""
        return self.data in FUNCTIONS

    @property
    def epochs_between_records(self) -> int:
        """Epochs from one record of whole-set losses to the next, where they are not counted in steps."""
        return max(1, self.passes // self.records)

    @property
    def record_steps(self) -> tuple[int, ...]:
        """Steps done at each record, 0 first and all of them last."""
        between = self.records_every or self.epochs_between_records * self.steps_per_epoch
        return (*range(0, self.steps, between), self.steps)

    @property
    def snapshot_steps(self) -> tuple[int, ...]:
        """Steps done at each snapshot."""
        return tuple(range(1, self.steps + 1, self.snapshots_every)) if self.snapshots_every else ()

    @property
    def recorded_sizes(self) -> dict[Part, int]:
        """Samples in each set that is recorded."""
        sizes = {"train": self.training_size, "validation": self.validation, "test": TEST_SIZE[self.data]}
        return {part: sizes[part] for part in self.recorded if sizes[part]}

    @property
    def shared(self) -> frozenset[str]:
        """Names of the recorded arrays that all seeds share."""
        return frozenset({"epoch", "record_step", "snapshot_step"})

    def at(self, scale: Scale) -> Self:
        """The experiment as a tier trains it: on its dataset, no longer than it allows."""
        if self.is_function:
            return self
        fast = scale.tier == "fast"
        name = scale.options.get("dataset") or ("digits" if fast else "mnist")
        name = "mnist-mini" if fast and name == "mnist" else name
        validation = math.ceil(self.validation * TRAINING_SIZE[name] / TRAINING_SIZE[self.data])  # the same share
        epochs = min(self.epochs, _FAST_EPOCHS) if fast else self.epochs
        return replace(self, data=name, validation=validation, epochs=epochs)

    def terms(self) -> dict[str, Any]:
        """The fields that differ from their defaults, so that a new field leaves old names standing."""
        values = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        return {name: value for name, (value, default) in values.items() if value != default}

    def defaults(self) -> dict[str, Any]:
        """The fields that are at their defaults, JSON."""
        left = {each.name: each.default for each in fields(self) if each.name not in self.terms()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in left.items()}


def _nonsense(of: Experiment) -> dict[str, bool]:
    """What may be wrong with an experiment, and whether it is."""
    named = set(of.recorded)
    own_labels = of.labels == "random" or of.images is not None or of.validation != 0
    return {
        "hidden must name at least one layer of at least one unit": not of.hidden or min(of.hidden) < 1,
        "the learning rate must be a number of at least 0": not 0 <= of.learning_rate < math.inf,
        "kinks lie on a line only for one input": of.kinks == "even" and FEATURES[of.data] != 1,
        "kinks are those of ReLUs, and tanh has none": of.kinks == "even" and of.activation != "relu",
        "kinks must not be asked of weights that keep leaves at 0": of.kinks == "even" and of.keep != 1,
        "labels, images and validation must be left out where the data has none": of.is_function and own_labels,
        "validation must leave images to train on": not 0 <= of.validation < of.images_used,
        "keep must be a share above 0, 1 at most": not 0 < of.keep <= 1,
        "records and records_every must not both be given": of.records != 100 and of.records_every is not None,
        "recorded must name sets, each once": not named or len(named) != len(of.recorded),
        "recorded must be of train, validation and test": not named <= {"train", "validation", "test"},
        "best_parameters must have a validation set that is recorded": of.best_parameters
        and not (of.validation and "validation" in of.recorded),
    }


def parameter_count(*widths: int) -> int:
    """Weights and biases of a fully connected network with these layers, input and output included."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(widths))
