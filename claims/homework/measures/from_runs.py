"""What the claims of this report read off their runs: one number a seed, (seed,), unless another shape is named."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from claims.homework.measures.correlations import kendall_tau
from claims.homework.measures.curves import (
    final,
    gap_per_10_000,
    images_right,
    mean_squared_error,
    per_10_000,
    steps_to_converge,
)
from claims.homework.report import READING_ERROR
from models.data import Stream
from models.experiment import TEST_SIZE
from models.runs import experiment_of, samples
from ontrial import Comparison, Read, Run, Runs, beside_report

Array = NDArray[np.floating]
Marks = NDArray[np.bool_]
Lead = Callable[[Array, Array], Array]


def of(runs: Mapping[tuple[Hashable, Hashable], Run], name: Hashable) -> dict[Hashable, Run]:
    """The runs whose name has two parts, one of them this, by the other: those on "cos", by model."""
    return {next(part for part in key if part != name): run for key, run in runs.items() if name in key}


def steps(run: Run) -> Array:
    """Steps until the training loss is below 5 % of the target's variance; `inf` where it never is."""
    return steps_to_converge(run.batch_loss, 0.05 * samples(run, "training data").variance)


def converged(run: Run) -> Marks:
    """Which seeds ever came below that."""
    return np.isfinite(steps(run))


def relative_error(run: Run, stream: Stream) -> Array:
    """MSE / variance of the target, both on the points of one stream."""
    points = samples(run, stream)
    return mean_squared_error(points.outputs, points.targets) / points.variance


def centre_error(run: Run) -> Array:
    """Test MSE on abs(x) < 5."""
    test = samples(run, "test data")
    return mean_squared_error(test.outputs, test.targets, abs(test.inputs) < 5)


def edge_error(run: Run) -> Array:
    """Test MSE on abs(x) > 9."""
    test = samples(run, "test data")
    return mean_squared_error(test.outputs, test.targets, abs(test.inputs) > 9)


def edge_lead(first: Run, second: Run) -> Array:
    """By how many powers of ten the second's test MSE on abs(x) > 9 is below the first's."""
    return np.log10(edge_error(first)) - np.log10(edge_error(second))


def right(run: Run, part: str, last: int | None = None) -> Array:
    """Images of the "train" or "test" set classified rightly, per 10,000, (seed, record), or the sum of the last."""
    images = set_size(run, part)
    return per_10_000(images_right(run.arrays[f"{part}_accuracy"], images, last), images)


def mean_accuracy(run: Run, part: str, last: int) -> Array:
    """Accuracy over the last records together, a share of images: all that were right by all there were."""
    images = set_size(run, part)
    return images_right(run.arrays[f"{part}_accuracy"], images, last) / (last * images)


def ahead(run: Run) -> Array:
    """How many more images per 10,000 are right in training than in test, (seed, record)."""
    sizes = (set_size(run, part) for part in ("train", "test"))
    return gap_per_10_000(run.train_accuracy, run.test_accuracy, *sizes)


def set_size(run: Run, part: str) -> int:
    """Images of the "train" or the "test" set of a run."""
    experiment = experiment_of(run)
    return experiment.training_size if part == "train" else TEST_SIZE[experiment.data]


def loss_gap(run: Run) -> Array:
    """Test − train loss after the last epoch, in nats."""
    return run.test_loss[:, -1] - run.train_loss[:, -1]


def gains(images: Sequence[Array] | Array) -> Array:
    """From 178k to 952k parameters, from 178k to the best of the larger three, and from 17k to 178k, (3, …).

    images: right at 17k, 178k, 396k, 654k and 952k parameters, (5, …).
    """
    small, middle, *larger = images
    return np.stack([larger[-1] - middle, np.max(larger, axis=0) - middle, middle - small])


def late_gain(run: Run) -> Array:
    """Test images right per 10,000 at the last two of ten records less those at the fifth and sixth, (seed,)."""
    images = right(run, "test")  # (seed, record)
    return images[:, -2:].sum(1) - images[:, -6:-4].sum(1)


def own(numbers: Mapping[int, float]) -> Array:
    """The report's numbers as if of one seed, (configuration, 1). numbers: by configuration."""
    return np.array([[value] for value in numbers.values()])


def own_tau(numbers: Mapping[int, float] | None) -> tuple[float, ...]:
    """Kendall's tau of the report's numbers with what they are by, such as sizes; nothing where it gives none."""
    return tuple(kendall_tau(list(numbers), own(numbers)).tolist()) if numbers else ()


def beside(
    runs: Mapping[Hashable, Run], name: str, reported: Mapping[Hashable, float] | None, by: str
) -> tuple[Comparison, ...]:
    """The report's numbers, by configuration, of what was recorded last, beside ours. by: such as "size"."""
    values = {key: run.arrays[name][:, -1] for key, run in runs.items()}
    return beside_report(f"{name.replace('_', ' ')} at {by}", reported or {}, values)


def late_images(runs: Mapping[int, Run], part: str, last: int = 3) -> dict[int, Array]:
    """Images of a set right per 10,000, summed over the last records, by configuration."""
    return {key: right(run, part, last) for key, run in runs.items()}


def late_losses(runs: Mapping[int, Run], part: str, last: int = 3) -> dict[int, Array]:
    """Loss on a set, mean of the last records, by configuration."""
    return {key: final(run.arrays[f"{part}_loss"], last) for key, run in runs.items()}


def compared(
    how: Lead, values: Mapping[int, Array] | Mapping[int, float], first: Sequence[int], others: Sequence[int]
) -> Array:
    """How far some configurations are ahead of others. values: by configuration, (seed,) each, or the report's."""
    return how(*(np.stack([values[key] for key in group]) for group in (first, others)))


def read_off(
    how: Lead, numbers: Mapping[str, Mapping[int, float]], name: str, first: Sequence[int], others: Sequence[int]
) -> Read:
    """The same of the report's numbers, which have a reading error; accuracies as images of 30,000."""
    quantity = name.partition("_")[2]
    scale = 30_000 if quantity == "accuracy" else 1
    lead = float(compared(how, numbers[name], first, others))
    return Read(scale * lead, scale * 2 * READING_ERROR[quantity])


def last_gradients(runs: Runs) -> Array:
    """The last mini-batch's gradient, its norm as the mean over parameter tensors, (configuration, seed)."""
    return runs.last_gradient_norms.mean(2)


def batches(runs: Mapping[int, Run]) -> Array:
    """The batch sizes that were trained with, (configuration,): none larger than the training set."""
    return np.array([experiment_of(run).batch for run in runs.values()])
