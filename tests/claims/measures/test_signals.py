"""Spikes, changes of slope and their coincidence, on signals whose result is known."""

import numpy as np
import pytest
from scipy import stats

from claims.homework.measures import signals

STEPS = 400
FLAT = np.zeros((1, STEPS))


def spiky(*places, height=3.0):
    """A falling curve of one seed, with a factor `height` at some steps, (seed, step)."""
    curve = np.exp(-np.arange(STEPS) / 200)[np.newaxis]
    curve[:, list(places)] *= height
    return curve


def kinked(*places):
    """A loss of one seed whose log changes its slope by 0.1 at some steps, up and down in turn, (seed, step)."""
    slopes = np.zeros(STEPS)
    for index, place in enumerate(places):
        slopes[place:] += 0.1 * (-1) ** index
    return np.exp(np.concatenate([[0], slopes[:-1].cumsum()]))[np.newaxis]


def marks(*places):
    found = np.zeros((1, STEPS), dtype=bool)
    found[:, list(places)] = True
    return found


DOUBLED = spiky(60, 70, 81, 120, 131)  # 60-70 lie 10 apart and are one; 70-81 and 120-131 lie 11 apart
DOUBLED[0, [70, 120]] *= 2


@pytest.mark.parametrize(
    ("curve", "options", "places"),
    [
        (spiky(60, 150, 300), {}, [60, 150, 300]),
        (DOUBLED, {}, [70, 81, 120, 131]),  # within 10 steps they are one, at the highest
        (spiky(), {}, []),
        (np.ones((1, STEPS)), {}, []),
        (spiky(200, height=1.49), {}, []),
        (spiky(200, height=1.51), {}, [200]),
        (spiky(5, 19, 20, 379, 380, 395), {}, [20, 379]),  # only where a whole window lies inside
        (spiky(50, 79, 80, 200, 319, 320, 350), {"window": 161, "near": 0}, [80, 200, 319]),
        (spiky(100, 130), {}, [100, 130]),
        (spiky(100, 130), {"near": 40}, [100]),
    ],
)
def test_spikes_are_where_they_were_planted(curve, options, places):
    assert np.flatnonzero(signals.spikes(curve, **options)[0]).tolist() == places


def test_small_noise_has_no_spikes_and_a_long_one_only_in_a_long_window():
    assert not signals.spikes(np.exp(0.05 * np.random.default_rng(0).standard_normal((20, STEPS)))).any()
    curve = spiky(*range(150, 175))  # longer than half of 41 steps: its own median
    assert not signals.spikes(curve)[0, 155:170].any()
    assert signals.spikes(curve, window=161, near=40).sum() == 1


def test_a_window_four_times_as_long_finds_the_same_in_a_curve_four_times_as_slow():
    curve = np.concatenate([spiky(60, 70, 81, 150, 300), spiky(19, 20, 379, 380), spiky(200, height=1.4)])
    slow = curve.repeat(4, axis=1)
    found = [signals.spikes(*each).sum(1).tolist() for each in ((curve,), (slow, 161, 40), (slow,))]
    assert found[0] == found[1] == [4, 2, 0] != found[2]


@pytest.mark.parametrize("window", [40, STEPS + 1])
def test_a_window_has_a_middle_and_lies_inside_the_curve(window):
    with pytest.raises(ValueError, match="odd number of steps"):
        signals.spikes(spiky(), window=window)


def test_a_kink_is_found_with_its_size_and_a_straight_line_has_none():
    assert signals.slope_change(np.exp(-0.01 * np.arange(STEPS))[np.newaxis]) == pytest.approx(FLAT)
    change = signals.slope_change(kinked(100, 250))
    assert np.flatnonzero(signals.largest_changes(change, count=2)[0]).tolist() == [100, 250]
    # at 105 half of the ten steps before lie before the kink
    assert change[0, [100, 250, 105, 89, 111]] == pytest.approx([0.1, 0.1, 0.05, 0, 0])


@pytest.mark.parametrize(
    ("heights", "places"),
    [
        ({100: 5, 108: 4, 200: 3, 300: 2, 350: 1}, [100, 200, 300]),  # events of their own
        ({}, []),
        ({5: 1, 19: 1, 380: 1, 395: 1}, []),  # the first and last 20 steps are not judged
        ({21: 1, 378: 1}, [21, 378]),
    ],
)
def test_the_largest_changes(heights, places):
    change = FLAT.copy()
    change[0, list(heights)] = list(heights.values())
    assert np.flatnonzero(signals.largest_changes(change)[0]).tolist() == places


def test_coincidence_is_the_mean_percentile_above_the_middle():
    change = np.random.default_rng(1).random((1, STEPS))
    percentiles = [stats.percentileofscore(change[0, 20:-20], change[0, step], kind="mean") for step in (30, 200)]
    assert signals.coincidence(marks(30, 200), change) == pytest.approx([np.mean(percentiles) - 50])
    kinks = signals.slope_change(kinked(100, 250)) + 1e-6 * change
    assert signals.coincidence(marks(100, 250), kinks) == pytest.approx([50], abs=1)
    assert signals.coincidence(marks(150, 300), kinks)[0] < 20


def test_by_chance_there_is_no_coincidence():
    random = np.random.default_rng(2)
    change, everywhere = random.random((200, STEPS)), marks(*range(20, STEPS - 20))
    assert signals.coincidence(everywhere, change[:1]) == pytest.approx([0], abs=1e-9)
    for spike, flat in ((marks(), change[:1]), (marks(100), FLAT)):  # no spike, and a loss that never changes
        assert signals.coincidence(spike, flat).tolist() == [0]
    spike = np.concatenate([marks(*row) for row in random.integers(20, STEPS - 20, (200, 3))])
    assert signals.coincidence(spike, change).mean() == pytest.approx(0, abs=3)


RISING = np.arange(STEPS, dtype=float)[np.newaxis]  # the judged steps are 20 to 379, their upper quarter from 290


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (signals.share_with_spike(marks(100, 200, 300), marks(110, 189, 300)), 2 / 3),
        (signals.share_with_spike(marks(), marks(110)), 0),
        (signals.share_with_spike(marks(100, 200), marks()), 0),
        (signals.share_at_changes(marks(100, 289, 290, 379), RISING), 0.5),
        (signals.share_at_changes(marks(100, 289, 290, 379), RISING, upper=0.5), 0.75),
        (signals.share_at_changes(marks(), RISING), 0),
        (signals.share_at_changes(marks(100), np.ones((1, STEPS))), 0),  # all alike: none is upper
        (signals.share_at_changes(np.ones((1, STEPS), dtype=bool), RISING), 0.25),  # that part, by chance
    ],
)
def test_shares_of_spikes_and_of_changes(found, expected):
    assert found == pytest.approx([expected])
