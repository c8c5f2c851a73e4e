"""Curves: what is read off losses and accuracies as training goes on, one number a seed.

Axes: (seed, …); where a function says (…, epoch) any leading axes will do, and the last is reduced. Every function
raises ValueError for a loss or an accuracy that is not finite. Accuracies are compared as whole images, so that a tie
at a region's border is one on every machine and tier: a border is a number of images per 10,000, times the number of
records where these are summed.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ontrial import Array, finite


def steps_to_converge(train_loss: ArrayLike, threshold: ArrayLike) -> Array:
    """The first step at which the training loss is below a threshold, (seed,); `inf` where it never is.

    train_loss: (seed, step), entry k after k steps; threshold: (seed,), in the unit of the loss.
    """
    limit = finite(threshold, "threshold of convergence")
    below = finite(train_loss, "training loss") < limit[:, np.newaxis]  # (seed, step)
    return np.where(below.any(1), below.argmax(1), np.inf)


def log_ratio(first: ArrayLike, second: ArrayLike) -> Array:
    """Natural log of first / second, of positive numbers; 0 where both are `inf`: never is no sooner than never."""
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not ((one > 0) & (two > 0)).all():
        raise ValueError("the log of a ratio needs positive numbers")
    with np.errstate(invalid="ignore"):
        difference = np.log(one) - np.log(two)
    return np.where(np.isinf(one) & np.isinf(two), 0.0, difference)


def mean_squared_error(outputs: ArrayLike, targets: ArrayLike, where: NDArray[np.bool_] | None = None) -> Array:
    """Mean squared error over the samples of each seed, (seed,).

    outputs, targets: (seed, sample); where: (seed, sample), the samples that count, all by default.
    """
    error = finite(outputs, "outputs") - finite(targets, "targets")
    return np.mean(np.square(error), axis=1, where=True if where is None else where)


def late_drop(loss: ArrayLike, last: int) -> Array:
    """How far the mean loss of the last epochs is below that of as many before, as a share of the whole drop, (seed,).

    loss: (seed, epoch), entry k after k epochs, 2 x last epochs at least. The whole drop is from before training to the
    mean of the last epochs; `inf` where there is none: training that never began has not converged.
    """
    curve = finite(loss, "loss")
    if curve.shape[1] - 1 < 2 * last:
        raise ValueError(f"{curve.shape[1] - 1} epochs are fewer than two times the last {last}")
    before, late = curve[:, -2 * last : -last].mean(1), curve[:, -last:].mean(1)  # (seed,) each
    whole = curve[:, 0] - late
    return np.where(whole > 0, (before - late) / np.where(whole > 0, whole, 1), np.inf)


def relative_noise(noisy: ArrayLike, smooth: ArrayLike, last: int) -> Array:
    """Standard deviation of one curve over that of another, over the last epochs, (seed,).

    0 where the smooth curve does not move: with nothing learned, noise cannot be said to persist.
    """
    deviation, moving = (np.std(finite(curve, "loss")[:, -last:], axis=1) for curve in (noisy, smooth))  # (seed,) each
    return np.where(moving > 0, deviation / np.where(moving > 0, moving, 1), 0.0)


def final(curve: ArrayLike, last: int) -> Array:
    """Mean over the last epochs, (…,). curve: (…, epoch)."""
    return finite(curve, "curve")[..., -last:].mean(-1)


def share_at_least(curve: ArrayLike, level: float, last: int) -> Array:
    """Share of the last epochs at which a curve is at a level or above, (seed,). curve: (seed, epoch)."""
    return (finite(curve, "curve")[:, -last:] >= level).mean(1)


def lead(first: ArrayLike, *others: ArrayLike) -> Array:
    """How far the first is above the best of the others, seed by seed, (seed,)."""
    return finite(first, "first") - np.max([finite(each, "others") for each in others], axis=0)


def rise_since_lowest(loss: ArrayLike) -> Array:
    """The final loss over the lowest, (seed,); 1 where it never rose. loss: (seed, epoch)."""
    curve = finite(loss, "loss")
    return curve[:, -1] / curve.min(1)


_NEAR_WHOLE = 0.02  # images: a share kept in single precision is as near as that to a whole number of 60,000


def images_right(accuracy: ArrayLike, size: int, last: int | None = None) -> Array:
    """How many images are classified rightly, whole numbers, or their sum over the last records.

    accuracy: (…, record), shares of a set of so many images; last: how many records are summed, (…,); the shape stays
    where it is None. Raises ValueError where a share is that of no whole number of images, and for fewer records.

    >>> images_right(np.array([[0.25, 0.5, 0.75]]), size=4, last=2).tolist()
    [5.0]
    """
    shares = finite(accuracy, "accuracy")
    right = np.rint(shares * size)
    if (abs(shares * size - right) > _NEAR_WHOLE).any():
        raise ValueError(f"accuracies that are shares of no whole number of {size:,} images")
    if last is None:
        return right
    if right.shape[-1] < last:
        raise ValueError(f"{right.shape[-1]} records are fewer than the last {last}")
    return right[..., -last:].sum(-1)


def per_10_000(images: ArrayLike, size: int) -> Array:
    """Whole images of a set, or sums and differences of them, as they would be of 10,000; same shape.

    One division of whole numbers, so that what is exactly at a border stays there. Take differences first.
    """
    return np.asarray(images, dtype=float) * 10_000 / size


def gap_per_10_000(train_accuracy: ArrayLike, test_accuracy: ArrayLike, train_size: int, test_size: int) -> Array:
    """How many more of 10,000 images are classified rightly in training than in test; the shape of the accuracies.

    >>> gap_per_10_000(np.array([0.75]), np.array([0.5]), train_size=8, test_size=4).tolist()
    [2500.0]
    """
    train, test = images_right(train_accuracy, train_size), images_right(test_accuracy, test_size)
    return (train * test_size - test * train_size) * 10_000 / (train_size * test_size)
