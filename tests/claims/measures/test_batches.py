"""Measures across batch sizes, and along the line between two networks, on numbers whose answer is known."""

import numpy as np
import pytest

from claims.homework.measures.landscape import barrier, worse_end
from claims.homework.measures.sizes import (
    best_lead,
    log_log_slope,
    lowest_lead,
    relative_spread,
    top_share,
    worst_lead,
)

INSIDE = np.array([[3.0, 1.0], [5.0, 2.0]])  # (configuration, seed)
OUTSIDE = np.array([[4.0, 6.0], [2.0, 7.0], [1.0, 5.0]])


def test_leads_compare_configurations_seed_by_seed():
    assert best_lead(INSIDE, OUTSIDE).tolist() == [1, -5]
    assert worst_lead(INSIDE, OUTSIDE).tolist() == [-1, -6]
    assert lowest_lead(INSIDE, OUTSIDE).tolist() == [-2, 4]
    assert best_lead(INSIDE, OUTSIDE[:1]).tolist() == [1, -4]


def test_spreads_are_compared_seed_by_seed():
    assert relative_spread(INSIDE, OUTSIDE).tolist() == [2 / 3, 1 / 2]
    alike, apart = np.ones((3, 2)), np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]])
    assert relative_spread(alike, apart).tolist() == [1, 0]  # in the first seed they are as alike as before
    assert relative_spread(apart, alike).tolist() == [1, np.inf]


def test_slope_of_a_power_law_and_of_noise_that_is_averaged():
    sizes = np.array([[5, 25, 125, 500, 1500]] * 2)
    norms = np.stack([3 * sizes[0] ** -0.4, 7 * sizes[1] ** 0.1])
    assert log_log_slope(sizes, norms) == pytest.approx([-0.4, 0.1])
    assert log_log_slope(sizes[0], norms) == pytest.approx([-0.4, 0.1])
    random = np.random.default_rng(3)
    means = np.array([[np.mean([np.linalg.norm(random.normal(size=(n, 4)).mean(0)) for _ in range(200)])
                       for n in (5, 25, 125, 500)]])  # fmt: skip
    assert log_log_slope(sizes[:1, :4], means) == pytest.approx([-0.5], abs=0.03)


def test_a_slope_of_logs_needs_positive_numbers():
    with pytest.raises(ValueError, match="positive"):
        log_log_slope([1, 2, 3], [[1.0, 0.0, 2.0]])
    with pytest.raises(ValueError, match="positive"):
        log_log_slope([0, 2, 3], [[1.0, 1.0, 2.0]])


def test_top_share_is_of_the_largest_terms():
    values = np.ones((3, 200))
    values[0, [3, 90]] = 100, 102  # two of 200 are the top 1 %
    values[2] = 0
    assert top_share(values, 0.01).tolist() == [202 / 400, 0.01, 0]
    assert top_share(np.array([[3.0, 1.0]]), 0.01).tolist() == [0.75]  # one at least


def test_barrier_is_the_highest_between_the_ends_over_the_higher_end():
    alphas = np.array([-0.5, 0.0, 0.5, 1.0, 1.5])
    loss = np.array([[9.0, 1.0, 5.0, 2.0, 9.0], [9.0, 3.0, 1.0, 2.0, 0.0]])
    assert barrier(alphas, loss).tolist() == [3, -2]
    assert worse_end(alphas, loss).tolist() == [1, 2]
    for measure in (barrier, worse_end):
        with pytest.raises(ValueError, match="ends"):
            measure(alphas[2:], loss[:, 2:])
