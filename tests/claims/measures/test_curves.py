"""Measures on curves whose answer is known."""

import numpy as np
import pytest

from claims.homework.measures import curves as measures
from ontrial.stats import verdicts


def test_steps_to_converge():
    loss = np.array([[5.0, 3.0, 1.0, 2.0, 0.5], [5.0, 4.0, 3.0, 2.0, 1.5], [0.1, 1.0, 1.0, 1.0, 1.0]])
    found = measures.steps_to_converge(loss, np.array([1.5, 1.0, 1.0]))
    assert found.tolist() == [2, np.inf, 0]


def test_log_ratio_of_never():
    first, second = np.array([10.0, np.inf, 5.0, np.inf]), np.array([20.0, 5.0, np.inf, np.inf])
    assert measures.log_ratio(first, second) == pytest.approx([-np.log(2), np.inf, -np.inf, 0])


@pytest.mark.parametrize("broken", [np.nan, 0.0, -1.0])
def test_a_ratio_has_a_log_where_both_are_positive(broken):
    for pair in (([1.0, broken], [1.0, 2.0]), ([1.0, 2.0], [broken, 1.0])):
        with pytest.raises(ValueError, match="positive"):
            measures.log_ratio(*pair)


def test_mean_squared_error_where():
    outputs, targets = np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 0.0, 0.0]])
    assert measures.mean_squared_error(outputs, targets) == pytest.approx([14 / 3])
    assert measures.mean_squared_error(outputs, targets, outputs > 1.5) == pytest.approx([6.5])


def test_late_drop_is_between_the_means_of_two_windows_over_the_whole_drop():
    falling, rising, stuck = (
        [9.0, 9.0, 5.0, 3.0, 2.0, 0.0],
        [9.0, 1.0, 1.0, 1.0, 3.0, 1.0],
        [1.0, 9.0, 1.0, 1.0, 1.0, 1.0],
    )
    found = measures.late_drop(np.array([falling, rising, stuck]), last=2)
    assert found.tolist() == [3 / 8, -1 / 7, np.inf]
    with pytest.raises(ValueError, match="5 epochs are fewer than two times the last 3"):
        measures.late_drop(np.array([falling]), last=3)


def test_late_drop_does_not_notice_the_noise_of_single_epochs():
    epochs = np.arange(101)
    noisy = np.exp(-epochs / 10)[np.newaxis] + 0.02 * (-1.0) ** epochs
    assert measures.late_drop(noisy, last=20)[0] < 0.001 < 0.01 < abs(noisy[0, -21] - noisy[0, -2]) / 0.9


def test_relative_noise():
    rough, smooth = np.array([[0.0, 4.0, 0.0, 4.0]]), np.array([[0.0, 1.0, 0.0, 1.0]])
    assert measures.relative_noise(rough, smooth, last=4) == pytest.approx([4])
    assert measures.relative_noise(rough, np.ones((1, 4)), last=4).tolist() == [0]


def test_curve_ends():
    curve = np.array([[0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 2.0, 2.0]])
    assert measures.final(curve, last=2).tolist() == [2, 2]
    assert measures.share_at_least(curve, 2, last=2).tolist() == [0.5, 1]
    assert measures.rise_since_lowest(np.array([[4.0, 2.0, 3.0], [4.0, 2.0, 1.0]])).tolist() == [1.5, 1]


def test_lead_is_over_the_best_of_the_others():
    assert measures.lead(np.array([0.9, 0.9]), np.array([0.8, 0.95]), np.array([0.85, 0.1])) == pytest.approx(
        [0.05, -0.05]
    )


def test_progress_is_of_the_one_that_learned_least():
    moved, stuck = np.array([[4.0, 1.0]]), np.array([[3.0, 3.0]])
    assert verdicts.progress(moved).tolist() == [0.25]
    assert verdicts.progress(moved, stuck).tolist() == [1]
