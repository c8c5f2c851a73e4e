"""Measures across batch sizes, and along the line between two networks, on numbers whose answer is known."""

import numpy as np
import pytest

from evidence.batches import best_lead, log_log_slope, lowest_lead, spread, worst_lead
from evidence.paths_between import barrier

INSIDE = np.array([[3.0, 1.0], [5.0, 2.0]])  # (configuration, seed)
OUTSIDE = np.array([[4.0, 6.0], [2.0, 7.0], [1.0, 5.0]])


def test_leads_compare_configurations_seed_by_seed():
    assert best_lead(INSIDE, OUTSIDE).tolist() == [1, -5]
    assert worst_lead(INSIDE, OUTSIDE).tolist() == [-1, -6]
    assert lowest_lead(INSIDE, OUTSIDE).tolist() == [-2, 4]
    assert spread(OUTSIDE).tolist() == [3, 2]


def test_slope_of_a_power_law_and_of_noise_that_is_averaged():
    sizes = np.array([[5, 25, 125, 500, 1500]] * 2)
    norms = np.stack([3 * sizes[0] ** -0.4, 7 * sizes[1] ** 0.1])
    assert log_log_slope(sizes, norms) == pytest.approx([-0.4, 0.1])
    random = np.random.default_rng(3)
    means = np.array([[np.mean([np.linalg.norm(random.normal(size=(n, 4)).mean(0)) for _ in range(200)])
                       for n in (5, 25, 125, 500)]])  # fmt: skip
    assert log_log_slope(sizes[:1, :4], means) == pytest.approx([-0.5], abs=0.03)


def test_barrier_is_the_highest_between_the_ends_over_the_higher_end():
    alphas = np.array([-0.5, 0.0, 0.5, 1.0, 1.5])
    loss = np.array([[9.0, 1.0, 5.0, 2.0, 9.0], [9.0, 3.0, 1.0, 2.0, 0.0]])
    assert barrier(alphas, loss).tolist() == [3, -2]
    with pytest.raises(ValueError, match="ends"):
        barrier(alphas[2:], loss[:, 2:])
