"""Numbers as a reader wants them, whatever their size."""

import numpy as np
import pytest

from ontrial.publish.panels import short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.99e-5, "1 × 10⁻⁴"), (9.94e-5, "9.9 × 10⁻⁵"), (6e-5, "6 × 10⁻⁵"), (-7.31e-12, "−7.3 × 10⁻¹²"),
        (1e-4, "0.0001"), (0.0, "0"), (float("inf"), "∞"), (float("nan"), "–"), (1234.5, "1,234"), (0.28749, "0.287"),
    ],
)  # fmt: skip
def test_a_number_is_short(value, text):
    assert short(value) == text


def test_every_magnitude_can_be_shown():
    for value in np.concatenate([sign * 10.0 ** np.linspace(-300, 300, 6001) for sign in (1, -1)]):
        assert short(float(value))
