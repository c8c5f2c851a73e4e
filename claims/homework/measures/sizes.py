"""Sizes of networks and of batches: how a measure changes with them, and what a number of parameters can store.

Axes, unless another shape is named: (configuration, seed), a configuration a size; the first is reduced. Every function
raises ValueError for a number that is not finite.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite

_ROUNDING = 1e-9  # of a slope, in the unit of the measure


def plateau_start(sizes: ArrayLike, right: ArrayLike, within: float) -> Array:
    """The smallest size from which every size is about as good as the best one, (seed,); `inf` where there is none.

    sizes: (configuration,), ascending; right: images classified rightly, whole numbers (`images_right`); within: how
    many below the best still count.

    >>> plateau_start([1, 10, 100, 1000], [[50, 90], [90, 80], [90, 80], [89, 80]], within=2).tolist()
    [10.0, inf]
    """
    images = finite(right, "images right by size", seed_axis=1)
    near = images >= images.max(0) - within  # (configuration, seed)
    stays = np.logical_and.accumulate(near[::-1])[::-1]  # (configuration, seed): near from here on
    return np.where(stays.any(0), np.asarray(sizes, dtype=float)[stays.argmax(0)], np.inf)


def smallest_gap(ahead: ArrayLike, behind: ArrayLike) -> Array:
    """How far one measure, such as test loss, is ahead of another at the size where that is least, (seed,)."""
    return (finite(ahead, "what is ahead", seed_axis=1) - finite(behind, "what is behind", seed_axis=1)).min(0)


def knee(sizes: ArrayLike, accuracy: ArrayLike) -> Array:
    """Where returns diminish: the knee of a continuous two-piece line of accuracy against log size, (seed,).

    sizes: (configuration,), ascending. The line is the one of least squares, its knee anywhere from the second size to
    the last but one: at one of the inner sizes, or where the lines through the sizes on either side of a gap meet
    inside it. `inf` where it bends upwards or not at all: returns that never diminish.

    Raises ValueError for fewer than four sizes, through which a two-piece line always goes.
    Source: Hudson, "Fitting Segmented Curves Whose Join Points Have to Be Estimated", JASA 61 (1966).

    >>> knee([1, 10, 100, 1000, 10000], np.array([[0.1], [0.5], [0.9], [0.9], [0.9]])).round(6).tolist()
    [100.0]
    """
    x = np.log(np.asarray(sizes, dtype=float))  # (configuration,)
    if len(x) < 4:
        raise ValueError(f"a knee needs at least four sizes, not {len(x)}")
    return np.exp([_knee(x, column) for column in finite(accuracy, "accuracy by size", seed_axis=1).T])


def _knee(x: Array, y: Array) -> float:
    candidates = [*x[1:-1], *_meeting_points(x, y)]
    (_, bend), place = min((_bent_line(x, y, place), float(place)) for place in candidates)
    return place if bend < -_ROUNDING else np.inf


def _meeting_points(x: Array, y: Array) -> Iterator[float]:
    """Where the straight lines fitted to both sides of a gap meet, if that is in the gap."""
    for split in range(2, len(x) - 1):
        (left_slope, left), (right_slope, right) = (
            np.polyfit(x[part], y[part], 1) for part in (slice(split), slice(split, None))
        )
        if abs(left_slope - right_slope) > _ROUNDING:
            place = (right - left) / (left_slope - right_slope)
            if x[split - 1] <= place <= x[split]:
                yield float(place)


def _bent_line(x: Array, y: Array, place: float) -> tuple[float, float]:
    """Squared error of the best line that bends at a place, and by how much its slope changes there."""
    columns = np.stack([np.ones_like(x), x, np.maximum(x - place, 0)], axis=1)  # (configuration, 3)
    coefficients = np.linalg.lstsq(columns, y)[0]
    return float(np.square(columns @ coefficients - y).sum()), float(coefficients[2])


def best_lead(inside: ArrayLike, outside: ArrayLike) -> Array:
    """How far the highest inside is above the highest outside, (seed,)."""
    return _by_batch(inside).max(0) - _by_batch(outside).max(0)


def worst_lead(middle: ArrayLike, ends: ArrayLike) -> Array:
    """How far the lowest in the middle is above the highest at the ends, (seed,)."""
    return _by_batch(middle).min(0) - _by_batch(ends).max(0)


def lowest_lead(inside: ArrayLike, outside: ArrayLike) -> Array:
    """How far the lowest outside is above the lowest inside, (seed,)."""
    return _by_batch(outside).min(0) - _by_batch(inside).min(0)


def relative_spread(changed: ArrayLike, usual: ArrayLike) -> Array:
    """The largest less the smallest configuration, under one condition over the same under another, (seed,).

    1 where both are 0, `inf` where only the second is.
    """
    one, two = (np.ptp(_by_batch(values), axis=0) for values in (changed, usual))  # (seed,) each
    return np.where(two > 0, one / np.where(two > 0, two, 1), np.where(one > 0, np.inf, 1.0))


def log_log_slope(sizes: ArrayLike, norms: ArrayLike) -> Array:
    """Slope of the straight line through log norm against log size by least squares, (seed,).

    sizes: (size,) or (seed, size); norms: (seed, size); ValueError where one is not positive. -1/2 is that of the root
    mean square of means of independent samples whose own mean is zero; a mean of norms falls more slowly where few
    samples carry the square.
    """
    measured, given = finite(norms, "norms"), finite(sizes, "sizes")
    if not ((measured > 0).all() and (given > 0).all()):
        raise ValueError("a slope of logs needs positive sizes and norms")
    x, y = np.broadcast_arrays(np.log(given), np.log(measured))  # (seed, size)
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    return (x * y).sum(1) / (x * x).sum(1)


def top_share(values: ArrayLike, part: float) -> Array:
    """Share of a sum that its largest terms carry, (seed,); 0 where the sum is 0.

    values: (seed, sample), none below 0; part: share of the samples that are the largest, one sample at least.
    """
    terms = np.sort(finite(values, "terms of a sum"), axis=1)[:, ::-1]  # (seed, sample), the largest first
    most, total = terms[:, : max(1, round(part * terms.shape[1]))].sum(1), terms.sum(1)
    return np.where(total > 0, most / np.where(total > 0, total, 1), 0.0)


def _by_batch(values: ArrayLike) -> Array:
    return finite(values, "measure by batch size", seed_axis=1)


def bits_per_parameter(train_loss: ArrayLike, images: int, parameters: int, classes: int = 10) -> Array:
    """What a network knows of labels drawn at random, in bits per parameter; same shape as the loss.

    train_loss: cross-entropy over the training set, in nats, any shape. Guessing costs ln(classes) an image, and
    nothing but memory can lower that: what is below it, times the images, is in the weights. Negative where the network
    does worse than guessing.
    Source: Collins, Sohl-Dickstein & Sussillo, "Capacity and Trainability in Recurrent Neural Networks" (2017), who
    measure it so; Cover, IEEE Transactions on Electronic Computers 14 (1965): a linear threshold unit stores 2 bits.

    >>> bits_per_parameter(np.array([0.0, np.log(2)]), images=100, parameters=50, classes=2).tolist()
    [2.0, 0.0]
    """
    return (np.log(classes) - finite(train_loss, "training loss")) * images / np.log(2) / parameters
