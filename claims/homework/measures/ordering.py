"""Ordering: ranks, ties and peaks of numbers, as scipy.stats and scipy.signal have them.

Written out, since importing those two takes longer than judging a suite whose runs are all in the store.
"""

import numpy as np
from numpy.typing import NDArray

from ontrial import Array


def mean_ranks(values: Array) -> Array:
    """Ranks from 1 on along the last axis, of which those that are tied share the mean, (…, point).

    Source: scipy.stats.rankdata.
    """
    found = np.empty(values.shape)
    for ranks, row in zip(found.reshape(-1, values.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True):
        ordered = np.sort(row)
        ranks[:] = (np.searchsorted(ordered, row, "left") + np.searchsorted(ordered, row, "right") + 1) / 2
    return found


def tau_b(one: Array, two: Array) -> float:
    """Kendall's tau-b of two columns, (point,) each; 0 where one of them is constant, of which it says nothing.

    Source: scipy.stats.kendalltau, to the last bit.
    """
    signs = [(part[:, np.newaxis] > part).astype(np.int8) - (part[:, np.newaxis] < part) for part in (one, two)]
    untied = [np.count_nonzero(each) // 2 for each in signs]  # pairs
    if not all(untied):
        return 0.0
    concordant = int((signs[0] * signs[1]).sum(dtype=np.int64)) // 2  # less those that are discordant
    tau = concordant / np.sqrt(untied[0]) / np.sqrt(untied[1])
    return float(min(1.0, max(-1.0, tau)))


def highest_peaks(values: Array, count: int, apart: int) -> NDArray[np.intp]:
    """Places of the highest peaks, (peak,), fewer than `count` where there are no more; a flat one's is its middle.

    values: (point,); apart: of two peaks that are closer than this only the higher counts. The first of those that are
    as high as each other is taken. Source: scipy.signal.find_peaks, with its `distance`.
    """
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])  # of stretches of one height
    ends = np.concatenate([starts[1:], [len(values)]]) - 1
    rises = np.diff(values[starts]) > 0
    tops = np.flatnonzero(rises[:-1] & ~rises[1:]) + 1
    peaks = (starts[tops] + ends[tops]) // 2
    taken: list[int] = []
    for place in peaks[np.argsort(values[peaks])[::-1]]:
        if len(taken) >= count and values[place] < values[taken[-1]]:
            break
        if all(abs(place - other) >= apart for other in taken):
            taken.append(int(place))
    found = np.array(sorted(taken), dtype=np.intp)
    return found[np.argsort(-values[found], kind="stable")[:count]]
