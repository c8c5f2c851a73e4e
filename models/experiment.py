"""What is trained: a frozen description of a training, without its seed."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from models.data import FEATURES, FUNCTIONS, OUTPUTS, TEST_SIZE, TRAINING_SIZE


@dataclass(frozen=True)
class Experiment:
    """A fully connected network and how it is trained.

    data: "cos", "arcsinh", "digits", "mnist" or "mnist-mini"; hidden: widths of the hidden layers;
    epochs: passes over the training data; batch_size: None, or more than there is, is full batch;
    steps_of_batch: make as many steps as batches of this size make in these epochs, so that batch
    sizes are compared after equally many updates; images: train on the first so many only;
    labels: "random" ones are uniform on the classes, for training and for test, drawn for each seed;
    initialisation: two trainings of one seed start from the same weights where this is the same;
    kinks: where the first layer's ReLUs of a one-input network bend at the start: "default" is
    nn.Linear's initialisation, "even" spreads them over [-10, 10] at equal distances;
    series: how many trainings share the data of one seed, which then stands for all of them;
    records: about how often losses over the whole sets are recorded; gradient_norms: whether the
    gradient's norm is kept at every step; snapshots_every: keep the parameters after steps 1, 1 + k, …

    Raises ValueError when a field makes no sense.
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

    def __post_init__(self) -> None:
        if self.data not in FEATURES:
            raise ValueError(f"unknown data {self.data!r}: there are {', '.join(FEATURES)}")
        counts = (self.epochs, self.batch_size, self.steps_of_batch, self.images, self.series, self.records)
        if any(count is not None and count < 1 for count in (*counts, self.snapshots_every)):
            raise ValueError(f"every number of something must be at least 1: {self}")
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden must name at least one layer of at least one unit: {self}")
        if self.kinks == "even" and FEATURES[self.data] != 1:
            raise ValueError(f"kinks lie on a line only for one input, and {self.data} has more: {self}")
        if self.is_function and (self.labels == "random" or self.images is not None):
            raise ValueError(f"labels and images must be left out where {self.data} has none: {self}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, input and output included."""
        return (FEATURES[self.data], *self.hidden, OUTPUTS[self.data])

    @property
    def depth(self) -> int:
        """Number of hidden layers."""
        return len(self.hidden)

    @property
    def training_size(self) -> int:
        """Samples in the training set."""
        return min(self.images or TRAINING_SIZE[self.data], TRAINING_SIZE[self.data])

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
        """Epochs from one record of whole-set losses to the next."""
        return max(1, self.passes // self.records)

    def description(self) -> dict[str, Any]:
        """The fields that differ from their defaults, so that a new field leaves old names standing."""
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


def parameter_count(*widths: int) -> int:
    """Weights and biases of a fully connected network with these layers, input and output included."""
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(widths, widths[1:], strict=False))


def floating_point_operations(experiment: Experiment) -> float:
    """Multiplications and additions of the matrix products that one seed's training needs.

    A step costs 2 per weight and sample forwards, 2 for the weights' gradient and 2 for the inputs'
    (which the first layer does not need); a record is a forward pass over both sets.
    """
    widths = experiment.widths
    weights = sum(fan_in * fan_out for fan_in, fan_out in zip(widths, widths[1:], strict=False))
    training = (6 * weights - 2 * widths[0] * widths[1]) * experiment.samples
    records = experiment.passes // experiment.epochs_between_records + 1
    return training + 2 * weights * (experiment.training_size + TEST_SIZE[experiment.data]) * records
