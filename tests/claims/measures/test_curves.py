"""Measures of curves and of whole images, on numbers whose result is known."""

from fractions import Fraction

import numpy as np
import pytest

from claims.homework.measures import curves
from claims.homework.measures.curves import gap_per_10_000, images_right, per_10_000
from ontrial.stats.verdicts import median_interval

DROPS = np.array([[9.0, 9.0, 5.0, 3.0, 2.0, 0.0], [9.0, 1.0, 1.0, 1.0, 3.0, 1.0], [1.0, 9.0, 1.0, 1.0, 1.0, 1.0]])
ROUGH, SMOOTH = np.array([[0.0, 4.0, 0.0, 4.0]]), np.array([[0.0, 1.0, 0.0, 1.0]])
OUTPUTS, TARGETS = np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3))
ENDS = np.array([[0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 2.0, 2.0]])
LOSS = np.array([[5.0, 3.0, 1.0, 2.0, 0.5], [5.0, 4.0, 3.0, 2.0, 1.5], [0.1, 1.0, 1.0, 1.0, 1.0]])
FIRST, SECOND = np.array([10.0, np.inf, 5.0, np.inf]), np.array([20.0, 5.0, np.inf, np.inf])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (curves.steps_to_converge(LOSS, np.array([1.5, 1.0, 1.0])), [2, np.inf, 0]),
        (curves.log_ratio(FIRST, SECOND), [-np.log(2), np.inf, -np.inf, 0]),  # never is no sooner than never
        (curves.mean_squared_error(OUTPUTS, TARGETS), [14 / 3]),
        (curves.mean_squared_error(OUTPUTS, TARGETS, OUTPUTS > 1.5), [6.5]),
        (curves.late_drop(DROPS, last=2), [3 / 8, -1 / 7, np.inf]),
        (curves.relative_noise(ROUGH, SMOOTH, last=4), [4]),
        (curves.relative_noise(ROUGH, np.ones((1, 4)), last=4), [0]),
        (curves.final(ENDS, last=2), [2, 2]),
        (curves.share_at_least(ENDS, 2, last=2), [0.5, 1]),
        (curves.rise_since_lowest(np.array([[4.0, 2.0, 3.0], [4.0, 2.0, 1.0]])), [1.5, 1]),
        (curves.lead(np.array([0.9, 0.9]), np.array([0.8, 0.95]), np.array([0.85, 0.1])), [0.05, -0.05]),
    ],
)
def test_measures_of_curves(found, expected):
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("broken", [np.nan, 0.0, -1.0])
def test_a_ratio_has_a_log_where_both_are_positive(broken):
    for pair in (([1.0, broken], [1.0, 2.0]), ([1.0, 2.0], [broken, 1.0])):
        with pytest.raises(ValueError, match="positive"):
            curves.log_ratio(*pair)


def test_late_drop_needs_epochs_and_does_not_notice_the_noise_of_single_ones():
    with pytest.raises(ValueError, match="5 epochs are fewer than two times the last 3"):
        curves.late_drop(DROPS, last=3)
    epochs = np.arange(101)
    noisy = np.exp(-epochs / 10)[np.newaxis] + 0.02 * (-1.0) ** epochs
    assert curves.late_drop(noisy, last=20)[0] < 0.001 < 0.01 < abs(noisy[0, -21] - noisy[0, -2]) / 0.9


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("size", [360, 10_000, 60_000])
def test_every_share_is_that_of_its_images(size, kind):
    whole = np.arange(size + 1)
    assert images_right((whole / size).astype(kind), size).tolist() == whole.tolist()


def test_the_sum_over_the_last_records():
    accuracy = np.array([[0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7, 0.6]])
    assert images_right(accuracy, 10).tolist() == [[1, 2, 3, 4], [9, 8, 7, 6]]
    assert images_right(accuracy, 10, last=3).tolist() == [9, 21]
    assert images_right(np.stack([accuracy, accuracy]), 10, last=1).shape == (2, 2)  # (configuration, seed)
    with pytest.raises(ValueError, match="4 records are fewer"):
        images_right(accuracy, 10, last=5)
    with pytest.raises(ValueError, match="no whole number of 360 images"):
        images_right(np.array([0.9837]), 360)


def test_a_gain_of_exactly_50_images_is_at_the_border_and_one_more_beyond():
    records = 3
    for base in range(9000, 9950, 7):
        before, after, more = (np.full((16, records), each / 10_000) for each in (base, base + 50, base + 50))
        more[:, -1] += 1e-4
        gains = [images_right(each, 10_000, records) - images_right(before, 10_000, records) for each in (after, more)]
        exact, beyond = (median_interval(per_10_000(gain, 10_000), "images", 1 / 4000) for gain in gains)
        verdicts = [(exact <= 150).verdict, (exact > 150).verdict, (beyond > 150).verdict]
        assert verdicts == ["holds", "refuted", "holds"]


@pytest.mark.parametrize("size", [360, 1_000, 2_000, 10_000])
def test_images_per_10000_are_at_a_whole_border_where_they_should_be(size):
    differences = np.arange(-size, size + 1)
    found = per_10_000(differences, size)
    exact = [Fraction(int(each) * 10_000, size) for each in differences]
    for border in (-500, -50, 0, 50, 150, 500):
        assert (found > border).tolist() == [each > border for each in exact]
        assert (found >= border).tolist() == [each >= border for each in exact]


def test_a_gap_is_exact_though_its_sets_differ_in_size():
    train, test = np.array([59_400, 59_401, 59_399, 60_000, 6]), np.array([9_900, 9_900, 9_900, 9_800, 1])
    found = gap_per_10_000(train / 60_000, test / 10_000, train_size=60_000, test_size=10_000)
    assert found[[0, 3, 4]].tolist() == [0, 200, 0]  # 200 is 0.02, at R2's border
    assert found[1:3] == pytest.approx([1 / 6, -1 / 6])
    assert 0.14 - 0.12 > 0.02  # as a difference of shares it would not be
    assert gap_per_10_000(np.array([0.14]), np.array([0.12]), 60_000, 10_000).tolist() == [200]
