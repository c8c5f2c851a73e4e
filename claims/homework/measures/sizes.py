"""Sizes: where a measure stops growing with the number of parameters, and what no size closes, one number a seed.

Every function raises ValueError for a number that is not finite.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite

_ROUNDING = 1e-9  # of a slope, in the unit of the measure


def plateau_start(sizes: ArrayLike, right: ArrayLike, within: float) -> Array:
    """The smallest size from which every size is about as good as the best one, (seed,).

    sizes: (configuration,), ascending, in parameters; right: (configuration, seed), images answered right, whole
    numbers (`images_right`); within: how many below the best still count. `inf` where even the largest size is further
    below.

    >>> plateau_start([1, 10, 100, 1000], [[50, 90], [90, 80], [90, 80], [89, 80]], within=2).tolist()
    [10.0, inf]
    """
    images = finite(right, "images right by size", seed_axis=1)
    near = images >= images.max(0) - within  # (configuration, seed)
    stays = np.logical_and.accumulate(near[::-1])[::-1]  # (configuration, seed): near from here on
    return np.where(stays.any(0), np.asarray(sizes, dtype=float)[stays.argmax(0)], np.inf)


def smallest_gap(ahead: ArrayLike, behind: ArrayLike) -> Array:
    """How far one measure is ahead of another at the size where that is least, (seed,).

    ahead, behind: (configuration, seed) each, such as test and training loss.
    """
    return (finite(ahead, "what is ahead", seed_axis=1) - finite(behind, "what is behind", seed_axis=1)).min(0)


def knee(sizes: ArrayLike, accuracy: ArrayLike) -> Array:
    """Where returns diminish: the knee of a continuous two-piece line of accuracy against log size, (seed,).

    sizes: (configuration,), ascending, in parameters; accuracy: (configuration, seed). The line is the one of least
    squares, its knee anywhere from the second size to the last but one. `inf` where it bends upwards or not at all:
    returns that never diminish.

    No search: the best knee lies at one of the inner sizes, or where the lines through the sizes on either side of
    a gap meet inside that gap.

    Raises ValueError for fewer than four sizes, through which a two-piece line always goes.
    Source: Hudson, "Fitting Segmented Curves Whose Join Points Have to Be Interval", JASA 61 (1966).

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
