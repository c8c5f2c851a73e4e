"""Measures: what is read off a run, one number a seed. Pure functions of arrays.

Axes: (seed, …); where a function says (…, epoch) any leading axes will do, and the last is reduced.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def steps_to_converge(train_loss: Array, threshold: Array) -> Array:
    """The first step at which the training loss is below a threshold, (seed,); `inf` where it never is.

    train_loss: (seed, step), entry k after k steps; threshold: (seed,), in the unit of the loss.
    """
    below = train_loss < threshold[:, np.newaxis]  # (seed, step)
    return np.where(below.any(1), below.argmax(1), np.inf)


def log_ratio(first: Array, second: Array) -> Array:
    """Natural log of first / second, of positive numbers; 0 where both are `inf`: never is no sooner than never."""
    with np.errstate(invalid="ignore"):
        difference = np.log(first) - np.log(second)
    return np.where(np.isinf(first) & np.isinf(second), 0.0, difference)


def mean_squared_error(outputs: Array, targets: Array, where: NDArray[np.bool_] | None = None) -> Array:
    """Mean squared error over the samples of each seed, (seed,).

    outputs, targets: (seed, sample); where: (seed, sample), the samples that count, all by default.
    """
    return np.mean(np.square(outputs.astype(float) - targets), axis=1, where=True if where is None else where)


def drop_at_end(loss: Array, last: int, since: int = 1) -> Array:
    """Drop over the last epochs as a share of the total drop since an early epoch, (seed,).

    loss: (seed, epoch), entry k after k epochs. Where it has not dropped at all, it has not converged
    but never begun: `inf`.
    """
    total = loss[:, since] - loss[:, -1]
    return np.where(total > 0, (loss[:, -1 - last] - loss[:, -1]) / np.where(total > 0, total, 1), np.inf)


def relative_noise(noisy: Array, smooth: Array, last: int) -> Array:
    """Standard deviation of one curve over that of another, over the last epochs, (seed,).

    noisy, smooth: (seed, epoch). 0 where the smooth curve does not move: with nothing learned, noise
    cannot be said to persist.
    """
    moving = np.std(smooth[:, -last:], axis=1)
    return np.where(moving > 0, np.std(noisy[:, -last:], axis=1) / np.where(moving > 0, moving, 1), 0.0)


def final(curve: Array, last: int) -> Array:
    """Mean over the last epochs, (…,). curve: (…, epoch)."""
    return curve[..., -last:].mean(-1)


def share_at_least(curve: Array, level: float, last: int) -> Array:
    """Share of the last epochs at which a curve is at a level or above, (seed,). curve: (seed, epoch)."""
    return (curve[:, -last:] >= level).mean(1)


def lead(first: Array, *others: Array) -> Array:
    """How far the first is above the best of the others, seed by seed, (seed,)."""
    return first - np.max(others, axis=0)


def rise_since_lowest(loss: Array) -> Array:
    """The final loss over the lowest, (seed,); 1 where it never rose. loss: (seed, epoch)."""
    return loss[:, -1] / loss.min(1)


def progress(*losses: Array) -> Array:
    """The final training loss over the first, of the network that learned least, (seed,).

    losses: (seed, record) each, a network each. Below 1 every network has learned something: the
    precondition of a claim that untrained networks would meet as well.
    """
    return np.max([loss[:, -1] / loss[:, 0] for loss in losses], axis=0)
