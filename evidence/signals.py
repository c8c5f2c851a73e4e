"""Signals: spikes in a curve over steps, changes of slope in another, and whether they go together.

One set of parameters serves every claim. A spike is where the curve exceeds 1.5 times its running median
over 41 steps, with all such steps that follow one another within 10 merged into one spike, at the highest.
The change of slope at a step is the absolute difference of the mean slopes of the log of the loss over the
10 steps before and the 10 after. Both are judged only where the 41 steps around lie inside the curve: the
first and the last 20 steps have neither.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal, stats

Array = NDArray[np.floating]
Marks = NDArray[np.bool_]

WINDOW, FACTOR, NEAR, SPAN = 41, 1.5, 10, 10
_EDGE = WINDOW // 2
_JUDGED = slice(_EDGE, -_EDGE)


def spikes(curve: Array) -> Marks:
    """Where each spike is highest over its running median, (seed, step). curve: (seed, step), above 0."""
    windows = np.lib.stride_tricks.sliding_window_view(curve, WINDOW, axis=1)  # (seed, judged step, step in window)
    height = curve[:, _JUDGED] / np.median(windows, axis=-1)  # (seed, judged step)
    marks = np.zeros(curve.shape, dtype=bool)
    for row, heights in zip(marks[:, _JUDGED], height, strict=True):
        above = np.flatnonzero(heights > FACTOR)
        for spike in np.split(above, np.flatnonzero(np.diff(above) > NEAR) + 1):
            if len(spike):
                row[spike[heights[spike].argmax()]] = True
    return marks


def slope_change(loss: Array) -> Array:
    """Absolute change of the slope of ln(loss) at every step, in 1 / step, (seed, step); 0 at 10 steps of either end.

    loss: (seed, step), above 0.
    """
    log = np.log(loss.astype(float))
    slope = (log[:, SPAN:] - log[:, :-SPAN]) / SPAN  # (seed, step): the mean over the SPAN steps that follow
    change = np.zeros(log.shape)
    change[:, SPAN:-SPAN] = abs(slope[:, SPAN:] - slope[:, :-SPAN])
    return change


def largest_changes(change: Array, count: int = 3) -> Marks:
    """The largest changes of slope, (seed, step): peaks of the curve, at least 11 steps apart, the higher first.

    change: (seed, step). Fewer than `count` where there are no more peaks, as in a curve that never changes.
    Source: scipy.signal.find_peaks, with its `distance`.
    """
    marks = np.zeros(change.shape, dtype=bool)
    for row, values in zip(marks[:, _JUDGED], change[:, _JUDGED], strict=True):
        peaks, _ = signal.find_peaks(values, distance=NEAR + 1)
        row[peaks[np.argsort(-values[peaks], kind="stable")[:count]]] = True
    return marks


def coincidence(spike: Marks, change: Array) -> Array:
    """Mean percentile of the slope changes at the spikes, less the same under circular shifts, (seed,).

    spike, change: (seed, step). Percentiles are among the judged steps of the same seed; spikes are shifted
    together, round the judged steps, by every number of steps there is. 0, which is no coincidence, for a
    seed without a spike.
    """
    return np.array([_above_shifted(*pair) for pair in zip(spike[:, _JUDGED], change[:, _JUDGED], strict=True)])


def _above_shifted(spike: Marks, change: Array) -> float:
    places, steps = np.flatnonzero(spike), len(change)
    if len(places) == 0:
        return 0.0
    percentile = 100 * stats.rankdata(change) / steps  # (step,)
    shifted = (places + np.arange(steps)[:, np.newaxis]) % steps  # (shift, spike)
    return float(percentile[places].mean() - percentile[shifted].mean())


def share_with_spike(events: Marks, spike: Marks) -> Array:
    """Share of events that have a spike within 10 steps, (seed,); 0 for a seed without events.

    events, spike: (seed, step).
    """
    near = [np.convolve(row, np.ones(2 * NEAR + 1), mode="same") > 0 for row in spike]
    return (events & near).sum(1) / np.maximum(events.sum(1), 1)
