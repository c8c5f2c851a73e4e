"""What is trained: a frozen description of a training, without its seed."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from models.data import FEATURES, FUNCTIONS, OUTPUTS, TEST_SIZE, TRAINING_SIZE


@dataclass(frozen=True)
class Experiment:
    """A fully connected network and how it is trained.

    data: "cos", "arcsinh", "digits", "mnist" or "mnist-mini"; hidden: widths of the hidden layers;
    epochs: passes over the training data; batch_size: None, or more than there is, is full batch;
    kinks: where the first layer's ReLUs of a one-input network bend at the start: "default" is
    nn.Linear's initialisation, "even" spreads them over [-10, 10] at equal distances.

    Raises ValueError when a field makes no sense.
    """

    data: str
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int | None = None
    learning_rate: float = 1e-3
    activation: Literal["relu", "tanh"] = "relu"
    kinks: Literal["default", "even"] = "default"
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        if self.data not in FEATURES:
            raise ValueError(f"unknown data {self.data!r}: there are {', '.join(FEATURES)}")
        if self.epochs < 1 or (self.batch_size is not None and self.batch_size < 1):
            raise ValueError(f"epochs and batch_size must be at least 1: {self}")
        if not self.hidden or min(self.hidden) < 1:
            raise ValueError(f"hidden must name at least one layer of at least one unit: {self}")
        if self.kinks == "even" and FEATURES[self.data] != 1:
            raise ValueError(f"kinks lie on a line only for one input, and {self.data} has more: {self}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, input and output included."""
        return (FEATURES[self.data], *self.hidden, OUTPUTS[self.data])

    @property
    def depth(self) -> int:
        """Number of hidden layers."""
        return len(self.hidden)

    @property
    def batch(self) -> int:
        """Samples that one step sees (the last step of an epoch may see fewer)."""
        return min(self.batch_size or TRAINING_SIZE[self.data], TRAINING_SIZE[self.data])

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser updates in one pass over the training data."""
        return -(-TRAINING_SIZE[self.data] // self.batch)

    @property
    def steps(self) -> int:
        """Optimiser updates in the whole training."""
        return self.epochs * self.steps_per_epoch

    @property
    def is_function(self) -> bool:
        """Whether the data is a function of one variable: drawn anew for each seed, judged by MSE."""
        return self.data in FUNCTIONS

    @property
    def epochs_between_records(self) -> int:
        """Epochs from one record of whole-set losses to the next; a full-batch epoch is one short step."""
        return 20 if self.is_function else 1

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
    train, test = TRAINING_SIZE[experiment.data], TEST_SIZE[experiment.data]
    training = (6 * weights - 2 * widths[0] * widths[1]) * train * experiment.epochs
    records = experiment.epochs // experiment.epochs_between_records + 1
    return training + 2 * weights * (train + test) * records
