"""Images: accuracies as whole images, so that a tie at a region's border is one on every machine and tier.

A region's border is a number of images per 10,000; where records are summed, the border times their number.
"""

import numpy as np
from numpy.typing import ArrayLike

from ontrial import Array, finite

_NEAR_WHOLE = 0.02  # images: a share kept in single precision is as near as that to a whole number of 60,000


def images_right(accuracy: ArrayLike, size: int, last: int | None = None) -> Array:
    """How many images are answered right, whole numbers, or their sum over the last records.

    accuracy: (…, record), shares of the set; size: its images; last: how many records are summed, (…,); without it
    nothing is, and the shape stays.

    Raises ValueError where a share is that of no whole number of images, and where there are fewer records.

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

    One division of whole numbers, so that what is exactly at a border comes out there. Take differences first.
    """
    return np.asarray(images, dtype=float) * 10_000 / size


def gap_per_10_000(train_accuracy: ArrayLike, test_accuracy: ArrayLike, train_size: int, test_size: int) -> Array:
    """How many more of 10,000 images are answered right in training than in test; the shape of the accuracies.

    train_accuracy, test_accuracy: (…, record), shares of sets of these sizes.

    Raises ValueError as `images_right` does.

    >>> gap_per_10_000(np.array([0.75]), np.array([0.5]), train_size=8, test_size=4).tolist()
    [2500.0]
    """
    train, test = images_right(train_accuracy, train_size), images_right(test_accuracy, test_size)
    return (train * test_size - test * train_size) * 10_000 / (train_size * test_size)
