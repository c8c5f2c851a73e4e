"""Signs of eigenvalues, with what counts as zero."""

import numpy as np
import pytest

from claims.homework.measures.landscape import TOLERANCE, TOLERANCES, minimal_ratio, negative_share

EIGENVALUES = np.array([[-1.0, -1e-3, 0.0, 100.0], [2e-6, 1e-5, 50.0, 100.0], [-4.0, -3.0, -2.0, -1.0], [0.0] * 4])


@pytest.mark.parametrize(
    ("tolerance", "ratio", "negative"),
    [(TOLERANCE, [1 / 4, 1, 0, 0], [2 / 4, 0, 1, 0]), (1e-4, [1 / 4, 2 / 4, 0, 0], [1 / 4, 0, 1, 0])],
)
def test_what_is_small_beside_the_largest_has_no_sign(tolerance, ratio, negative):
    assert minimal_ratio(EIGENVALUES, tolerance).tolist() == ratio
    assert negative_share(EIGENVALUES, tolerance).tolist() == negative


def test_what_rounding_leaves_of_a_zero_has_no_sign_and_the_scale_does_not_matter():
    noise = np.array([[-1e-14, 1e-14, 2.0, 100.0]])
    for scale in (1e-9, 1.0, 1e9):
        assert minimal_ratio(scale * noise).tolist() == [0.5]
        assert negative_share(scale * noise).tolist() == [0]


def test_a_saddle_is_measured_against_its_largest_eigenvalue_of_either_sign():
    saddle = np.array([[-100.0, -1e-7, 1e-7, 1.0]])
    assert negative_share(saddle).tolist() == [0.25]
    assert minimal_ratio(saddle).tolist() == [0.5]


def test_the_tolerance_judged_is_one_of_those_swept():
    assert min(abs(np.array(TOLERANCES) - TOLERANCE)) < 1e-20
    assert tuple(sorted(TOLERANCES, reverse=True)) == TOLERANCES
