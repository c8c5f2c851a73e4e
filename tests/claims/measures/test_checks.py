"""A network that broke says nothing: no measure turns what is not finite into a number."""

import inspect

import numpy as np
import pytest

from claims.homework.measures import (
    barriers,
    batches,
    capacity,
    correlations,
    curves,
    images,
    paths,
    signals,
    sizes,
    spectra,
)
from ontrial.stats.verdicts import finite

ALPHAS = np.array([0.0, 0.5, 1.0])
CURVE = np.arange(1.0, 121.0).reshape(2, 60)  # (seed, record)
SIZES = np.arange(1.0, 61.0)

# Every measure of ours with the arrays that it reads, each of which is broken in turn; seed 1 is broken.
CALLS = {
    "barriers.barrier": (lambda loss: barriers.barrier(ALPHAS, loss), CURVE[:, :3]),
    "barriers.worse_end": (lambda accuracy: barriers.worse_end(ALPHAS, accuracy), CURVE[:, :3]),
    "batches.best_lead": (batches.best_lead, CURVE.T, CURVE.T),
    "batches.worst_lead": (batches.worst_lead, CURVE.T, CURVE.T),
    "batches.lowest_lead": (batches.lowest_lead, CURVE.T, CURVE.T),
    "batches.relative_spread": (batches.relative_spread, CURVE.T, CURVE.T),
    "batches.log_log_slope": (batches.log_log_slope, CURVE, CURVE),
    "batches.top_share": (lambda values: batches.top_share(values, 0.1), CURVE),
    "capacity.bits_per_parameter": (lambda loss: capacity.bits_per_parameter(loss, 10, 10), CURVE),
    "correlations.kendall_tau": (correlations.kendall_tau, CURVE.T, CURVE.T),
    "correlations.trend": (correlations.trend, CURVE),
    "correlations.spearman": (correlations.spearman, CURVE, CURVE),
    "correlations.pair_signs": (correlations.pair_signs, CURVE[:, 0], CURVE[:, 0]),
    "curves.steps_to_converge": (curves.steps_to_converge, CURVE, CURVE[:, 0]),
    "curves.mean_squared_error": (curves.mean_squared_error, CURVE, CURVE),
    "curves.late_drop": (lambda loss: curves.late_drop(loss, last=10), CURVE),
    "curves.relative_noise": (lambda one, two: curves.relative_noise(one, two, last=9), CURVE, CURVE),
    "curves.final": (lambda curve: curves.final(curve, last=3), CURVE),
    "curves.share_at_least": (lambda curve: curves.share_at_least(curve, 3.0, last=9), CURVE),
    "curves.lead": (curves.lead, CURVE[:, 0], CURVE[:, 0]),
    "curves.rise_since_lowest": (curves.rise_since_lowest, CURVE),
    "images.images_right": (lambda accuracy: images.images_right(accuracy, 10), CURVE),
    "images.gap_per_10_000": (lambda one, two: images.gap_per_10_000(one, two, 10, 10), CURVE, CURVE),
    "paths.largest_ratio": (paths.largest_ratio, CURVE.reshape(2, 4, 15)),
    "paths.plane": (paths.plane, CURVE.reshape(2, 4, 5, 3)),
    "paths.visible_movement": (paths.visible_movement, CURVE.reshape(2, 4, 5, 3)),
    "paths.path_length": (paths.path_length, CURVE.reshape(2, 10, 6)),
    "paths.relative_displacement": (
        paths.relative_displacement,
        CURVE.reshape(2, 4, 5, 3),
        CURVE[:, :12].reshape(2, 4, 3),
    ),
    "paths.share_of_way": (paths.share_of_way, *[CURVE[:, :12].reshape(2, 4, 3)] * 3),
    "paths.first_axis_share": (paths.first_axis_share, CURVE.reshape(2, 4, 5, 3)),
    "paths.own_plane": (paths.own_plane, CURVE.reshape(2, 4, 5, 3)),
    "signals.spikes": (signals.spikes, CURVE),
    "signals.slope_change": (signals.slope_change, CURVE),
    "signals.largest_changes": (signals.largest_changes, CURVE),
    "signals.coincidence": (lambda change: signals.coincidence(np.ones((2, 60), dtype=bool), change), CURVE),
    "signals.share_at_changes": (
        lambda change: signals.share_at_changes(np.ones((2, 60), dtype=bool), change),
        CURVE,
    ),
    "sizes.plateau_start": (lambda right: sizes.plateau_start(SIZES, right, within=3), CURVE.T),
    "sizes.smallest_gap": (sizes.smallest_gap, CURVE.T, CURVE.T),
    "sizes.knee": (lambda accuracy: sizes.knee(SIZES, accuracy), CURVE.T),
    "spectra.minimal_ratio": (spectra.minimal_ratio, CURVE),
    "spectra.negative_share": (spectra.negative_share, CURVE),
}
# `log_ratio` takes what is infinite, "never", and has a test of its own; the others take no measured number.
WITHOUT = {"curves.log_ratio", "images.per_10_000", "signals.share_with_spike", "paths.random_walks"}


def broken_at_seed_1(array, value):
    """The same with one number of its second seed broken: seeds are on the axis that is 2 long."""
    copy = array.copy()
    place = [0] * array.ndim
    place[array.shape.index(2)] = 1
    copy[tuple(place)] = value
    return copy


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CALLS)
def test_a_measure_of_what_is_not_finite_is_an_error_that_names_the_seed(name, value):
    measure, *arrays = CALLS[name]
    measure(*arrays)
    for place in range(len(arrays)):
        with pytest.raises(ValueError, match=r"not finite for seeds \[1\]"):
            measure(*(broken_at_seed_1(each, value) if at == place else each for at, each in enumerate(arrays)))


def test_no_measure_is_missing_here():
    rooms = (barriers, batches, capacity, correlations, curves, images, paths, signals, sizes, spectra)
    found = {
        f"{room.__name__.rpartition('.')[2]}.{name}"
        for room in rooms
        for name, what in vars(room).items()
        if inspect.isfunction(what) and what.__module__ == room.__name__ and not name.startswith("_")
    }
    assert found == set(CALLS) | WITHOUT


def test_numbers_stay_what_they_are():
    assert finite([1, 2], "x").tolist() == [1.0, 2.0]
    assert finite([], "x").shape == (0,)
    with pytest.raises(ValueError, match=r"x: not finite for seeds \[0, 2\]"):
        finite([[1, 2, 3], [np.nan, 2, np.inf]], "x", seed_axis=1)
