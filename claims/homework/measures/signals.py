"""Signals: spikes in a curve over steps, changes of slope in another, and whether they go together.

A spike is where the curve exceeds 1.5 times its running median over a window of steps, 41 by default, with all
such steps that follow one another within 10 merged into one spike, at the highest. The change of slope at a step
is the absolute difference of the mean slopes of the log of the loss over the 10 steps before and the 10 after. Both
are judged only where a whole window lies inside the curve: with one of 41 the first and the last 20 steps have neither.

Every function raises ValueError for a number that is not finite.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from claims.homework.measures.correlations import mean_ranks
from ontrial import Array, finite

Marks = NDArray[np.bool_]

WINDOW, FACTOR, NEAR, SPAN = 41, 1.5, 10, 10
_JUDGED = slice(WINDOW // 2, -(WINDOW // 2))


def spikes(curve: ArrayLike, window: int = WINDOW, near: int = NEAR) -> Marks:
    """Where each spike is highest over its running median, (seed, step).

    curve: (seed, step), above 0; window: steps of the running median, an odd number, or it raises ValueError; near:
    steps within which what is high is one spike. A run of a quarter of the learning rate takes four times the steps, so
    a window of 161 and 40 apart are the same part of it.
    """
    heights = finite(curve, "curve")
    if window % 2 == 0 or window > heights.shape[1]:
        raise ValueError(f"a window is an odd number of steps, {heights.shape[1]} at most, not {window}")
    marks = np.zeros(heights.shape, dtype=bool)
    judged = slice(window // 2, heights.shape[1] - window // 2)
    for row, values in zip(marks[:, judged], heights, strict=True):
        relative = (values / ndimage.median_filter(values, size=window))[judged]
        above = np.flatnonzero(relative > FACTOR)
        for spike in np.split(above, np.flatnonzero(np.diff(above) > near) + 1):
            if len(spike):
                row[spike[relative[spike].argmax()]] = True
    return marks


def slope_change(loss: ArrayLike) -> Array:
    """Absolute change of the slope of ln(loss) at every step, in 1 / step, (seed, step); 0 at 10 steps of either end.

    loss: (seed, step), above 0.
    """
    log = finite(np.log(finite(loss, "loss")), "log of the loss")
    slope = (log[:, SPAN:] - log[:, :-SPAN]) / SPAN  # (seed, step): the mean over the SPAN steps that follow
    change = np.zeros(log.shape)
    change[:, SPAN:-SPAN] = abs(slope[:, SPAN:] - slope[:, :-SPAN])
    return change


def largest_changes(change: ArrayLike, count: int = 3) -> Marks:
    """The largest changes of slope, (seed, step): peaks of the curve, at least 11 steps apart, the higher first.

    change: (seed, step). Fewer than `count` where there are no more peaks, as in a curve that never changes.
    Source: scipy.signal.find_peaks, with its `distance`.
    """
    changes = finite(change, "change of slope")
    marks = np.zeros(changes.shape, dtype=bool)
    for row, values in zip(marks[:, _JUDGED], changes[:, _JUDGED], strict=True):
        row[highest_peaks(values, count, NEAR + 1)] = True
    return marks


def coincidence(spike: Marks, change: ArrayLike) -> Array:
    """Mean percentile of the slope changes at the spikes, less 50, (seed,): 0 by chance, 50 at most.

    spike, change: (seed, step). Percentiles are among the judged steps of the same seed, and their mean over these is
    50. 0 for a seed without a spike, of which nothing can be said: judge it `among=spike.any(1)`.
    Source: scipy.stats.percentileofscore, kind "mean".
    """
    changes = finite(change, "change of slope")
    return np.array([_above_middle(*pair) for pair in zip(spike[:, _JUDGED], changes[:, _JUDGED], strict=True)])


def _above_middle(spike: Marks, change: Array) -> float:
    if not spike.any():
        return 0.0
    percentile = 100 * (mean_ranks(change) - 0.5) / len(change)  # (step,)
    return float(percentile[spike].mean() - 50)


def share_at_changes(spike: Marks, change: ArrayLike, upper: float = 0.25) -> Array:
    """Share of the spikes that lie at a change of slope in the upper part of those of all judged steps, (seed,).

    spike, change: (seed, step); upper: which part, and the share by chance. 0 for a seed without a spike.
    """
    changes = finite(change, "change of slope")[:, _JUDGED]
    judged = spike[:, _JUDGED]
    percentiles = (mean_ranks(changes) - 0.5) / changes.shape[1]  # (seed, step), as shares
    return (judged & (percentiles > 1 - upper)).sum(1) / np.maximum(judged.sum(1), 1)


def share_with_spike(events: Marks, spike: Marks) -> Array:
    """Share of events that have a spike within 10 steps, (seed,); 0 for a seed without events. Both: (seed, step)."""
    near = [np.convolve(row, np.ones(2 * NEAR + 1), mode="same") > 0 for row in spike]
    return (events & near).sum(1) / np.maximum(events.sum(1), 1)


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
