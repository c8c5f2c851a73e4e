"""Whole images: sums, differences and gaps that are exact at a region's border."""

from fractions import Fraction

import numpy as np
import pytest

from claims.homework.measures.curves import gap_per_10_000, images_right, per_10_000
from ontrial.stats.verdicts import median_interval


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


def test_accuracies_of_another_set_are_refused():
    with pytest.raises(ValueError, match="no whole number of 360 images"):
        images_right(np.array([0.9837]), 360)
    with pytest.raises(ValueError, match=r"accuracy: not finite for seeds \[1\]"):
        images_right(np.array([[0.5], [np.nan]]), 10)


def test_a_gain_of_exactly_50_images_is_at_the_border_and_one_more_beyond():
    records = 3
    for base in range(9000, 9950, 7):
        before, after, more = (np.full((16, records), each / 10_000) for each in (base, base + 50, base + 50))
        more[:, -1] += 1e-4
        gains = [images_right(each, 10_000, records) - images_right(before, 10_000, records) for each in (after, more)]
        exact, beyond = (median_interval(per_10_000(gain, 10_000), "images", 1 / 4000) for gain in gains)
        assert (exact <= 50 * records).verdict == "holds"
        assert (exact > 50 * records).verdict == "refuted"
        assert (beyond > 50 * records).verdict == "holds"


@pytest.mark.parametrize("size", [360, 1_000, 2_000, 10_000])
def test_images_per_10000_are_at_a_whole_border_where_they_should_be(size):
    differences = np.arange(-size, size + 1)
    found = per_10_000(differences, size)
    exact = [Fraction(int(each) * 10_000, size) for each in differences]
    for border in (-500, -50, 0, 50, 150, 500):
        assert (found > border).tolist() == [each > border for each in exact]
        assert (found >= border).tolist() == [each >= border for each in exact]


def test_a_gap_is_exact_though_its_sets_differ_in_size():
    train = np.array([59_400, 59_401, 59_399, 60_000, 6])
    test = np.array([9_900, 9_900, 9_900, 9_800, 1])
    found = gap_per_10_000(train / 60_000, test / 10_000, train_size=60_000, test_size=10_000)
    assert found[[0, 3, 4]].tolist() == [0, 200, 0]
    assert found[1:3] == pytest.approx([1 / 6, -1 / 6])
    assert found[3] == 200  # 0.02, at R2's border
    assert 0.14 - 0.12 > 0.02  # as a difference of shares it would not be
    assert gap_per_10_000(np.array([0.14]), np.array([0.12]), 60_000, 10_000).tolist() == [200]
