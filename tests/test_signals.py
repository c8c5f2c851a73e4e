"""Spikes, changes of slope and their coincidence, on signals whose answer is known."""

import numpy as np
import pytest

from evidence import signals

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


def test_coincidence_is_0_for_spikes_anywhere_and_for_a_loss_that_never_changes():
    random = np.random.default_rng(0)
    places = random.integers(20, STEPS - 20, (200, 3))
    spike = np.concatenate([marks(*row) for row in places])  # (seed, step)
    noise = random.random(spike.shape)
    assert signals.coincidence(spike, noise).mean() == pytest.approx(0, abs=3)
    assert signals.coincidence(marks(100), np.zeros((1, STEPS))) == pytest.approx([0], abs=1e-9)


def test_the_null_is_the_mean_over_every_circular_shift():
    random = np.random.default_rng(1)
    change, judged = random.random((1, STEPS)), slice(20, -20)
    ranks = change[0, judged].argsort().argsort() + 1
    percentile = 100 * ranks / len(ranks)
    spike = marks(30, 200)
    rolled = [percentile[np.roll(spike[0, judged], shift)].mean() for shift in range(len(ranks))]
    expected = percentile[spike[0, judged]].mean() - np.mean(rolled)
    assert signals.coincidence(spike, change) == pytest.approx([expected])


def test_share_with_spike():
    events, spike = marks(100, 200, 300), marks(110, 189, 300)
    assert signals.share_with_spike(events, spike) == pytest.approx([2 / 3])
    assert signals.share_with_spike(marks(), spike).tolist() == [0]
    assert signals.share_with_spike(events, marks()).tolist() == [0]
