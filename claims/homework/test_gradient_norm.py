"""Part 2, Task 2: observe the gradient norm during training. One network on cos(x), every step.

Outcome: 3 of 6 hold; G2, G5, G6 refuted (full, functions, 32 to 363 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.homework.figures.gradient import loss_above_norm, norm_and_spikes
from claims.homework.measures.signals import (
    coincidence,
    largest_changes,
    share_at_changes,
    share_with_spike,
    slope_change,
    spikes,
)
from claims.homework.report import SPIKES
from models.experiment import Experiment, parameter_count
from ontrial import beside_report

HIDDEN = (5, 10, 5)
assert parameter_count(1, *HIDDEN, 1) == 131  # as the report counts them

EXPERIMENTS = {
    "lr": Experiment("cos", HIDDEN, epochs=1000, gradient_norms=True),
    "lr / 4": Experiment("cos", HIDDEN, epochs=4000, learning_rate=2.5e-4, gradient_norms=True),
}

SOURCE = "Part 2, Task 2, Figs. 9-10"
BEYOND = dict(source=SOURCE, kind="beyond")


@pytest.mark.claim("G1", "spikes of the gradient norm coincide with changes of slope", source=SOURCE)
def test_spikes_coincide_with_changes_of_slope(claim, runs):
    spike = spikes(runs["lr"].gradient_norm)
    above = coincidence(spike, slope_change(runs["lr"].batch_loss))
    claim.figure = loss_above_norm(runs, SPIKES)
    claim.holds_if(claim.median(above, "mean percentile of slope change at spikes − 50", among=spike.any(1)) > 0)


@pytest.mark.claim("G2", "every change of slope shows as a spike", source=SOURCE)
def test_every_change_of_slope_shows_as_a_spike(claim, runs):
    spike, change = spikes(runs["lr"].gradient_norm), slope_change(runs["lr"].batch_loss)
    three, ten = (share_with_spike(largest_changes(change, count), spike) for count in (3, 10))
    claim.figure = loss_above_norm(runs, SPIKES)
    claim.asides = (claim.median(ten, "share of the 10 largest slope changes with a spike within 10 steps"),)
    claim.holds_if(claim.median(three, "share of the 3 largest slope changes with a spike within 10 steps") > 0.5)


@pytest.mark.claim("G3", "the gradient norm falls as training goes on", **BEYOND)
def test_gradient_norm_falls(claim, runs):
    norm = runs["lr"].gradient_norm
    ratio = np.median(norm[:, -100:], axis=1) / np.median(norm[:, :100], axis=1)
    claim.figure = norm_and_spikes(runs, SPIKES)
    claim.holds_if(claim.median(ratio, "gradient norm, median of the last 100 steps / of the first 100") < 1)


@pytest.mark.claim(
    "G4", "spikes are a step-size effect: a quarter of the learning rate for four times the steps gives fewer", **BEYOND
)
def test_smaller_steps_give_fewer_spikes(claim, runs):
    at_quarter = spikes(runs["lr / 4"].gradient_norm, window=161, near=40).sum(1)
    fewer = spikes(runs["lr"].gradient_norm).sum(1) - at_quarter
    claim.figure = norm_and_spikes(runs, SPIKES)
    claim.asides = (claim.share(fewer > 0, "share of seeds with fewer"), claim.share(fewer < 0, "with more"))
    measure = "number of spikes, at lr − at lr / 4, where they differ"
    claim.holds_if(claim.median(fewer, measure, among=fewer != 0) > 0)


@pytest.mark.claim("G5", "such a run shows three spikes", source=SOURCE)
def test_a_run_shows_three_spikes(claim, runs):
    count = spikes(runs["lr"].gradient_norm).sum(1)
    claim.figure = norm_and_spikes(runs, SPIKES)
    claim.reported = beside_report("number of spikes", {"at lr": len(SPIKES)}, {"at lr": count})
    claim.own_numbers = {"share": float(2 <= len(SPIKES) <= 4)}
    claim.holds_if(claim.share((count >= 2) & (count <= 4), "share of seeds with 2 to 4 spikes") > 0.5)


@pytest.mark.claim("G6", "each spike corresponds to a change of slope", source=SOURCE)
def test_each_spike_corresponds_to_a_change_of_slope(claim, runs):
    spike = spikes(runs["lr"].gradient_norm)
    share = share_at_changes(spike, slope_change(runs["lr"].batch_loss))
    measure = "share of a seed's spikes at a change of slope in the upper quarter of all steps"
    claim.figure = loss_above_norm(runs, SPIKES)
    claim.holds_if(claim.median(share, measure, among=spike.any(1)) > 0.5)
