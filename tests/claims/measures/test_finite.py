"""A network that diverged says nothing: no measure turns what is not finite into a number."""

import inspect

import numpy as np
import pytest

from claims.homework.measures import correlations, curves, landscape, signals, sizes

ALPHAS = np.array([0.0, 0.5, 1.0])
CURVE = np.arange(1.0, 121.0).reshape(2, 60)  # (seed, record)
SERIES, VECTORS = CURVE.reshape(2, 4, 5, 3), CURVE[:, :12].reshape(2, 4, 3)
SPIKES = np.ones((2, 60), dtype=bool)
SIZES = np.arange(1.0, 61.0)

# Every measure with the arrays that it reads, each of which is broken in turn at seed 1.
CALLS = {
    correlations.kendall_tau: (correlations.kendall_tau, CURVE.T, CURVE.T),
    correlations.trend: (correlations.trend, CURVE),
    correlations.spearman: (correlations.spearman, CURVE, CURVE),
    correlations.pair_signs: (correlations.pair_signs, CURVE[:, 0], CURVE[:, 0]),
    curves.steps_to_converge: (curves.steps_to_converge, CURVE, CURVE[:, 0]),
    curves.mean_squared_error: (curves.mean_squared_error, CURVE, CURVE),
    curves.late_drop: (lambda loss: curves.late_drop(loss, last=10), CURVE),
    curves.relative_noise: (lambda one, two: curves.relative_noise(one, two, last=9), CURVE, CURVE),
    curves.final: (lambda curve: curves.final(curve, last=3), CURVE),
    curves.share_at_least: (lambda curve: curves.share_at_least(curve, 3.0, last=9), CURVE),
    curves.lead: (curves.lead, CURVE[:, 0], CURVE[:, 0]),
    curves.rise_since_lowest: (curves.rise_since_lowest, CURVE),
    curves.images_right: (lambda accuracy: curves.images_right(accuracy, 10), CURVE),
    curves.gap_per_10_000: (lambda one, two: curves.gap_per_10_000(one, two, 10, 10), CURVE, CURVE),
    landscape.largest_ratio: (landscape.largest_ratio, CURVE.reshape(2, 4, 15)),
    landscape.plane: (landscape.plane, SERIES),
    landscape.visible_movement: (landscape.visible_movement, SERIES),
    landscape.path_length: (landscape.path_length, CURVE.reshape(2, 10, 6)),
    landscape.relative_displacement: (landscape.relative_displacement, SERIES, VECTORS),
    landscape.share_of_way: (landscape.share_of_way, VECTORS, VECTORS, VECTORS),
    landscape.first_axis_share: (landscape.first_axis_share, SERIES),
    landscape.own_plane: (landscape.own_plane, SERIES),
    landscape.barrier: (lambda loss: landscape.barrier(ALPHAS, loss), CURVE[:, :3]),
    landscape.worse_end: (lambda accuracy: landscape.worse_end(ALPHAS, accuracy), CURVE[:, :3]),
    landscape.minimal_ratio: (landscape.minimal_ratio, CURVE),
    landscape.negative_share: (landscape.negative_share, CURVE),
    signals.spikes: (signals.spikes, CURVE),
    signals.slope_change: (signals.slope_change, CURVE),
    signals.largest_changes: (signals.largest_changes, CURVE),
    signals.coincidence: (lambda change: signals.coincidence(SPIKES, change), CURVE),
    signals.share_at_changes: (lambda change: signals.share_at_changes(SPIKES, change), CURVE),
    sizes.plateau_start: (lambda right: sizes.plateau_start(SIZES, right, within=3), CURVE.T),
    sizes.smallest_gap: (sizes.smallest_gap, CURVE.T, CURVE.T),
    sizes.knee: (lambda accuracy: sizes.knee(SIZES, accuracy), CURVE.T),
    sizes.best_lead: (sizes.best_lead, CURVE.T, CURVE.T),
    sizes.worst_lead: (sizes.worst_lead, CURVE.T, CURVE.T),
    sizes.lowest_lead: (sizes.lowest_lead, CURVE.T, CURVE.T),
    sizes.relative_spread: (sizes.relative_spread, CURVE.T, CURVE.T),
    sizes.log_log_slope: (sizes.log_log_slope, CURVE, CURVE),
    sizes.top_share: (lambda values: sizes.top_share(values, 0.1), CURVE),
    sizes.bits_per_parameter: (lambda loss: sizes.bits_per_parameter(loss, 10, 10), CURVE),
}
# `log_ratio` takes what is infinite, "never"; the others take no measured number, or one that was checked.
WITHOUT = {
    correlations.mean_ranks,
    correlations.tau_b,
    curves.log_ratio,
    curves.per_10_000,
    landscape.random_walks,
    signals.share_with_spike,
    signals.highest_peaks,
}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CALLS, ids=lambda measure: measure.__name__)
def test_a_measure_of_what_is_not_finite_is_an_error_that_names_the_seed(name, value):
    measure, *arrays = CALLS[name]
    measure(*arrays)
    for place, array in enumerate(arrays):
        broken = array.copy()
        broken[tuple(int(length == 2) for length in array.shape)] = value  # seeds are on the axis that is 2 long
        with pytest.raises(ValueError, match=r"not finite for seeds \[1\]"):
            measure(*(broken if at == place else each for at, each in enumerate(arrays)))


def test_no_measure_is_missing_here():
    found = {
        what
        for module in (correlations, curves, landscape, signals, sizes)
        for name, what in vars(module).items()
        if inspect.isfunction(what) and what.__module__ == module.__name__ and not name.startswith("_")
    }
    assert found == set(CALLS) | WITHOUT
