"""Spikes, changes of slope and their coincidence, on signals whose answer is known."""

import numpy as np
import pytest
from scipy import stats

from claims.homework.measures import signals

STEPS = 400


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


def test_planted_spikes_are_found_where_they_are():
    assert np.flatnonzero(signals.spikes(spiky(60, 150, 300))[0]).tolist() == [60, 150, 300]


def test_spikes_within_10_steps_are_one_at_the_highest():
    curve = spiky(60, 70, 81, 120, 131)
    curve[0, 70] *= 2
    curve[0, 120] *= 2
    # 60-70 lie 10 apart and are one; 70-81 and 120-131 lie 11 apart
    assert np.flatnonzero(signals.spikes(curve)[0]).tolist() == [70, 81, 120, 131]


def test_a_smooth_fall_small_noise_and_a_flat_curve_have_no_spikes():
    noise = np.exp(0.05 * np.random.default_rng(0).standard_normal((20, STEPS)))
    assert not signals.spikes(spiky()).any()
    assert not signals.spikes(noise).any()
    assert not signals.spikes(np.ones((1, STEPS))).any()


def test_what_is_just_high_enough_is_no_spike():
    assert not signals.spikes(spiky(200, height=1.49)).any()
    assert signals.spikes(spiky(200, height=1.51)).sum() == 1


def test_the_first_and_last_20_steps_are_not_judged():
    found = signals.spikes(spiky(5, 19, 20, 379, 380, 395))
    assert np.flatnonzero(found[0]).tolist() == [20, 379]
    assert not signals.largest_changes(1.0 * marks(5, 19, 380, 395)).any()
    assert signals.largest_changes(1.0 * marks(21, 378)).sum() == 2


def test_a_straight_line_changes_no_slope():
    assert signals.slope_change(np.exp(-0.01 * np.arange(STEPS))[np.newaxis]) == pytest.approx(np.zeros((1, STEPS)))


def test_a_kink_is_found_with_its_size():
    change = signals.slope_change(kinked(100, 250))
    assert np.flatnonzero(signals.largest_changes(change, count=2)[0]).tolist() == [100, 250]
    assert change[0, [100, 250]] == pytest.approx([0.1, 0.1])
    assert change[0, 105] == pytest.approx(0.05)  # half of the ten steps before it lie before the kink
    assert change[0, [89, 111]] == pytest.approx([0, 0])


def test_the_largest_changes_are_events_of_their_own():
    change = np.zeros((1, STEPS))
    change[0, [100, 108, 200, 300, 350]] = [5, 4, 3, 2, 1]
    assert np.flatnonzero(signals.largest_changes(change)[0]).tolist() == [100, 200, 300]
    assert signals.largest_changes(np.zeros((1, STEPS))).sum() == 0


def test_coincidence_of_spikes_with_kinks_and_beside_them():
    change = signals.slope_change(kinked(100, 250))
    change = change + 1e-6 * np.random.default_rng(0).random(change.shape)
    assert signals.coincidence(marks(100, 250), change) == pytest.approx([50], abs=1)
    assert signals.coincidence(marks(150, 300), change)[0] < 20
    assert signals.coincidence(marks(), change).tolist() == [0]


def test_coincidence_is_the_mean_percentile_above_the_middle():
    change = np.random.default_rng(1).random((1, STEPS))
    judged = change[0, 20:-20]
    percentiles = [stats.percentileofscore(judged, change[0, step], kind="mean") for step in (30, 200)]
    assert signals.coincidence(marks(30, 200), change) == pytest.approx([np.mean(percentiles) - 50])


def test_by_chance_there_is_no_coincidence():
    change = np.random.default_rng(2).random((1, STEPS))
    everywhere = marks(*range(20, STEPS - 20))
    assert signals.coincidence(everywhere, change) == pytest.approx([0], abs=1e-9)
    assert signals.coincidence(marks(100), np.zeros((1, STEPS))).tolist() == [0]  # a loss that never changes
    rows = np.random.default_rng(3).random((200, STEPS))
    spike = np.concatenate([marks(*row) for row in np.random.default_rng(4).integers(20, STEPS - 20, (200, 3))])
    assert signals.coincidence(spike, rows).mean() == pytest.approx(0, abs=3)


def test_a_window_four_times_as_long_finds_the_same_in_a_curve_four_times_as_slow():
    curve = np.concatenate([spiky(60, 70, 81, 150, 300), spiky(19, 20, 379, 380), spiky(200, height=1.4)])
    slow = curve.repeat(4, axis=1)
    assert (
        signals.spikes(slow, window=161, near=40).sum(1).tolist() == signals.spikes(curve).sum(1).tolist() == [4, 2, 0]
    )
    assert signals.spikes(slow).sum(1).tolist() != [4, 2, 0]


def test_the_window_and_what_is_near_decide_what_a_spike_is():
    curve = spiky(*range(150, 175))  # longer than half of 41 steps: its own median
    assert not signals.spikes(curve)[0, 155:170].any()
    assert signals.spikes(curve, window=161, near=40).sum() == 1
    assert signals.spikes(spiky(100, 130)).sum() == 2
    assert signals.spikes(spiky(100, 130), near=40).sum() == 1


def test_only_where_a_whole_window_lies_inside_is_judged():
    found = signals.spikes(spiky(50, 79, 80, 200, 319, 320, 350), window=161, near=0)
    assert np.flatnonzero(found[0]).tolist() == [80, 200, 319]


@pytest.mark.parametrize("window", [40, STEPS + 1])
def test_a_window_has_a_middle_and_lies_inside_the_curve(window):
    with pytest.raises(ValueError, match="odd number of steps"):
        signals.spikes(spiky(), window=window)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_number_has_no_spikes_and_no_slopes_it_is_an_error(broken):
    curve = np.ones((3, STEPS))
    curve[2, 7] = broken
    for measure in (signals.spikes, signals.slope_change, signals.largest_changes):
        with pytest.raises(ValueError, match=r"not finite for seeds \[2\]"):
            measure(curve)
    with pytest.raises(ValueError, match="not finite"):
        signals.coincidence(np.zeros((3, STEPS), dtype=bool), curve)


def test_share_with_spike():
    events, spike = marks(100, 200, 300), marks(110, 189, 300)
    assert signals.share_with_spike(events, spike) == pytest.approx([2 / 3])
    assert signals.share_with_spike(marks(), spike).tolist() == [0]
    assert signals.share_with_spike(events, marks()).tolist() == [0]


def test_share_of_spikes_at_changes_in_the_upper_quarter():
    change = np.arange(STEPS, dtype=float)[np.newaxis]  # the judged steps are 20 to 379, their upper quarter from 290
    assert signals.share_at_changes(marks(100, 289, 290, 379), change).tolist() == [0.5]
    assert signals.share_at_changes(marks(100, 289, 290, 379), change, upper=0.5).tolist() == [0.75]
    assert signals.share_at_changes(marks(), change).tolist() == [0]
    assert signals.share_at_changes(marks(100), np.ones((1, STEPS))).tolist() == [0]  # all alike: none is upper
    every = signals.share_at_changes(np.ones((1, STEPS), dtype=bool), change)
    assert every.tolist() == [0.25]
