"""Measures of weights, of the line between two networks and of curvature, on data whose result is known."""

import numpy as np
import pytest

from claims.homework.measures import landscape
from claims.homework.measures.landscape import TOLERANCE, TOLERANCES, minimal_ratio, negative_share

STILL = np.full((2, 8, 20, 3), 0.1, dtype=np.float32)  # (seed, series, snapshot, weight)
TIMES = np.linspace(0, 1, 20)
ALPHAS = np.array([-0.5, 0.0, 0.5, 1.0, 1.5])
LINE = np.array([[9.0, 1.0, 5.0, 2.0, 9.0], [9.0, 3.0, 1.0, 2.0, 0.0]])  # (seed, alpha)


def moving(*direction):
    """Eight series of one seed that start a unit apart on the first axis and move along a direction."""
    starts = np.arange(8)[:, np.newaxis, np.newaxis] * np.array([1.0, 0, 0])  # (series, 1, weight)
    return (starts + TIMES[:, np.newaxis] * np.array(direction))[np.newaxis]  # (seed, series, snapshot, weight)


ANGLES = 2 * np.pi * np.arange(20) / 20
CIRCLE = np.broadcast_to(np.stack([np.cos(ANGLES), np.sin(ANGLES), np.zeros(20)], -1), (1, 8, 20, 3))
LOSS = np.array([[[4.0, 1.0], [4.0, 3.0]], [[2.0, 1.0], [2.0, 2.0]]])
START = np.ones((1, 3, 2))
LATE = START + np.array([[[3.0, 4.0], [0.0, 10.0], [0.0, 0.0]]])
EARLY = START + np.array([[[0.3, 0.4], [0.0, 4.0], [5.0, 0.0]]])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (landscape.largest_ratio(LOSS), [0.75, 1]),
        (np.ptp(landscape.plane(moving(0.0, 2.0, 0.0)), axis=(1, 2)), np.array([[7, 2]])),  # distances stay
        (landscape.visible_movement(moving(0.0, 2.0, 0.0)), [2 / 7]),
        (landscape.visible_movement(moving(0.0, 0.0, 0.0)), [0]),
        (landscape.path_length(np.array([[[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]])), [10]),
        (landscape.share_of_way(EARLY, LATE, START), [0.4]),  # of 0.1, 0.4, and 1 where nothing moved
        (landscape.share_of_way(START, START, START), [1]),
        (landscape.first_axis_share(moving(1.0, 2.0, 3.0)), [1]),
        (landscape.first_axis_share(CIRCLE), [0.5]),
        (landscape.first_axis_share(STILL), [0, 0]),
        (landscape.own_plane(moving(0.0, -3.0, 4.0))[:, :, 0], np.zeros((1, 8, 2))),
        (landscape.own_plane(moving(0.0, -3.0, 4.0))[:, :, -1, 0], np.full((1, 8), 5)),  # it ends to the right
        (landscape.own_plane(STILL), np.zeros((2, 8, 20, 2))),
        (landscape.barrier(ALPHAS, LINE), [3, -2]),
        (landscape.worse_end(ALPHAS, LINE), [1, 2]),
    ],
)
def test_measures_of_weights_and_of_the_line_between(found, expected):
    assert found == pytest.approx(expected)


def test_relative_displacement():
    initial = np.full((1, 8, 3), 10 / np.sqrt(3))
    found = landscape.relative_displacement(moving(0.0, 3.0, 4.0), initial)  # (seed, series, snapshot)
    assert found[0] == pytest.approx(np.broadcast_to(0.5 * TIMES, (8, 20)))
    assert landscape.relative_displacement(STILL, initial.repeat(2, 0)).max() == 0


def test_first_axis_share_of_random_walks_is_the_known_limit_in_many_dimensions_and_above_it_in_few():
    many, few = (landscape.random_walks(np.empty(shape), seed=1) for shape in ((1, 8, 200, 3000), (40, 8, 200, 23)))
    assert landscape.first_axis_share(many) == pytest.approx([landscape.RANDOM_WALK_SHARE], abs=0.01)
    assert 0.61 < np.median(landscape.first_axis_share(few)) < 0.63


@pytest.mark.parametrize("measure", [landscape.barrier, landscape.worse_end])
def test_a_line_needs_its_ends(measure):
    with pytest.raises(ValueError, match="ends"):
        measure(ALPHAS[2:], LINE[:, 2:])


EIGENVALUES = np.array([[-1.0, -1e-3, 0.0, 100.0], [2e-6, 1e-5, 50.0, 100.0], [-4.0, -3.0, -2.0, -1.0], [0.0] * 4])
ROUNDED = np.array([[-1e-14, 1e-14, 2.0, 100.0]])  # what rounding leaves of a zero has no sign
SADDLE = np.array([[-100.0, -1e-7, 1e-7, 1.0]])  # measured by its largest eigenvalue of either sign


@pytest.mark.parametrize(
    ("eigenvalues", "tolerance", "ratio", "negative"),
    [
        (EIGENVALUES, TOLERANCE, [1 / 4, 1, 0, 0], [2 / 4, 0, 1, 0]),
        (EIGENVALUES, 1e-4, [1 / 4, 2 / 4, 0, 0], [1 / 4, 0, 1, 0]),
        *((scale * ROUNDED, TOLERANCE, [0.5], [0]) for scale in (1e-9, 1.0, 1e9)),
        (SADDLE, TOLERANCE, [0.5], [0.25]),
    ],
)
def test_what_is_small_beside_the_largest_eigenvalue_has_no_sign(eigenvalues, tolerance, ratio, negative):
    assert minimal_ratio(eigenvalues, tolerance).tolist() == ratio
    assert negative_share(eigenvalues, tolerance).tolist() == negative


def test_the_tolerance_judged_is_one_of_those_swept():
    assert min(abs(np.array(TOLERANCES) - TOLERANCE)) < 1e-20
    assert tuple(sorted(TOLERANCES, reverse=True)) == TOLERANCES
