"""Measures of weights' paths, on paths whose answer is known."""

import numpy as np
import pytest

from claims.homework.measures import paths

STILL = np.full((2, 8, 20, 3), 0.1, dtype=np.float32)  # (seed, series, snapshot, weight)
TIMES = np.linspace(0, 1, 20)


def moving(direction):
    """Eight series of one seed that start a unit apart on the first axis and move along a direction."""
    starts = np.arange(8)[:, np.newaxis, np.newaxis] * np.array([1.0, 0, 0])  # (series, 1, weight)
    return (starts + TIMES[:, np.newaxis] * direction)[np.newaxis]  # (seed, series, snapshot, weight)


def test_largest_ratio_is_of_the_series_that_fell_least():
    loss = np.array([[[4.0, 1.0], [4.0, 3.0]], [[2.0, 1.0], [2.0, 2.0]]])
    assert paths.largest_ratio(loss).tolist() == [0.75, 1]


def test_plane_keeps_distances_of_points_that_lie_in_one():
    points = moving(np.array([0.0, 2.0, 0.0]))
    found = paths.plane(points)
    assert found.shape == (1, 8, 20, 2)
    assert np.ptp(found, axis=(1, 2)) == pytest.approx(np.array([[7, 2]]))


def test_visible_movement():
    sideways = moving(np.array([0.0, 2.0, 0.0]))
    assert paths.visible_movement(sideways) == pytest.approx([2 / 7])
    assert paths.visible_movement(np.concatenate([moving(np.zeros(3)), sideways])) == pytest.approx([0, 2 / 7])


def test_path_length_counts_every_turn():
    assert paths.path_length(np.array([[[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]])).tolist() == [10]


def test_relative_displacement():
    weights = moving(np.array([0.0, 3.0, 4.0]))
    initial = np.full((1, 8, 3), 10 / np.sqrt(3))
    found = paths.relative_displacement(weights, initial)
    assert found.shape == (1, 8, 20)
    assert found[0, :, 0] == pytest.approx(np.zeros(8))
    assert found[0, :, -1] == pytest.approx(np.full(8, 0.5))
    assert paths.relative_displacement(STILL, initial.repeat(2, 0)).max() == 0


def test_share_of_way_is_the_median_of_the_series():
    start = np.ones((1, 3, 2))
    late = start + np.array([[[3.0, 4.0], [0.0, 10.0], [0.0, 0.0]]])
    early = start + np.array([[[0.3, 0.4], [0.0, 4.0], [5.0, 0.0]]])
    assert paths.share_of_way(early, late, start) == pytest.approx([0.4])  # of 0.1, 0.4, and 1 where nothing moved
    assert paths.share_of_way(start, start, start).tolist() == [1]


def test_first_axis_share_of_a_line_of_a_circle_and_of_nothing():
    angles = 2 * np.pi * np.arange(20) / 20
    circle = np.stack([np.cos(angles), np.sin(angles), np.zeros(20)], -1)  # (snapshot, weight)
    assert paths.first_axis_share(moving(np.array([1.0, 2.0, 3.0]))) == pytest.approx([1])
    assert paths.first_axis_share(np.broadcast_to(circle, (1, 8, 20, 3))) == pytest.approx([0.5])
    assert paths.first_axis_share(STILL).tolist() == [0, 0]


def test_first_axis_share_of_random_walks_in_many_dimensions_is_the_known_limit():
    walks = paths.random_walks(np.empty((1, 8, 200, 3000)), seed=1)
    assert paths.first_axis_share(walks) == pytest.approx([paths.RANDOM_WALK_SHARE], abs=0.01)


def test_random_walks_in_few_dimensions_lie_above_the_limit():
    share = paths.first_axis_share(paths.random_walks(np.empty((40, 8, 200, 23))))
    assert 0.61 < np.median(share) < 0.63


def test_own_plane_starts_at_the_origin_and_ends_to_the_right():
    found = paths.own_plane(moving(np.array([0.0, -3.0, 4.0])))
    assert found[:, :, 0].tolist() == np.zeros((1, 8, 2)).tolist()
    assert found[:, :, -1, 0] == pytest.approx(np.full((1, 8), 5))
    assert paths.own_plane(STILL).tolist() == np.zeros((2, 8, 20, 2)).tolist()
