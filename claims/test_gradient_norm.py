"""Part 2, Task 2: observe the gradient norm during training. One network on cos(x), every step."""

import numpy as np
import pytest

from evidence.comparisons import beside_report
from evidence.declarations import inconclusive, refuted
from evidence.signals import coincidence, largest_changes, share_with_spike, slope_change, spikes
from models.experiment import Experiment, parameter_count
from publish.figures_gradient import loss_above_norm, norm_and_spikes

HIDDEN = (5, 10, 5)
assert parameter_count(1, *HIDDEN, 1) == 131  # as the report counts them

EXPERIMENTS = {
    "lr": Experiment("cos", HIDDEN, epochs=1000, gradient_norms=True),
    "lr / 4": Experiment("cos", HIDDEN, epochs=4000, learning_rate=2.5e-4, gradient_norms=True),
}
REPORTED_SPIKES = (250, 510, 580)  # steps, as the report reads its curve


@inconclusive(
    "the median lies above chance, by 6 percentiles, but seeds without a spike count as none: 0 to 16 (n = 160)",
    at="full",
)
@pytest.mark.claim(
    "G1", "spikes of the gradient norm coincide with changes of slope", source="Part 2, Task 2, Figs. 9-10"
)
def test_spikes_coincide_with_changes_of_slope(claim, runs):
    run = runs["lr"]
    above = coincidence(spikes(run.gradient_norm), slope_change(run.batch_loss))
    counts = {"at lr": spikes(run.gradient_norm).sum(1)}
    claim.figure = loss_above_norm(runs, REPORTED_SPIKES)
    claim.reported = beside_report("number of spikes", {"at lr": len(REPORTED_SPIKES)}, counts)
    claim.holds_if(claim.median(above, "percentile of slope change at spikes − under circular shifts") > 0)


@refuted(
    "one of the three largest in the median seed: 0.33 (0 to 0.33, n = 160). In a second way: with spikes from 1.2 or "
    "1.3 times the running median, in place of 1.5, the median is 0.33 as well",
    at="full",
)
@pytest.mark.claim("G2", "every change of slope shows as a spike", source="Part 2, Task 2, Figs. 9-10")
def test_every_change_of_slope_shows_as_a_spike(claim, runs):
    run = runs["lr"]
    largest = largest_changes(slope_change(run.batch_loss), count=3)
    share = share_with_spike(largest, spikes(run.gradient_norm))
    claim.figure = loss_above_norm(runs, REPORTED_SPIKES)
    claim.holds_if(claim.median(share, "share of the 3 largest slope changes with a spike within 10 steps") > 0.5)


@pytest.mark.claim(
    "G3", "the gradient norm falls as training goes on", source="Part 2, Task 2, Figs. 9-10", kind="beyond"
)
def test_gradient_norm_falls(claim, runs):
    norm = runs["lr"].gradient_norm
    ratio = np.median(norm[:, -100:], axis=1) / np.median(norm[:, :100], axis=1)
    claim.figure = norm_and_spikes(runs, REPORTED_SPIKES)
    claim.holds_if(claim.median(ratio, "gradient norm, median of the last 100 steps / of the first 100") < 1)


@refuted(
    "as many spikes as before in the median seed: 0 (−1 to 0, n = 160). In a second way: of 200 seeds 74 have "
    "fewer and 72 have more",
    at="full",
)
@pytest.mark.claim(
    "G4",
    "spikes are a step-size effect: a quarter of the learning rate for four times the steps gives fewer",
    source="Part 2, Task 2, Figs. 9-10",
    kind="beyond",
)
def test_smaller_steps_give_fewer_spikes(claim, runs):
    at_full, at_quarter = (spikes(run.gradient_norm).sum(1) for run in runs.values())
    claim.figure = norm_and_spikes(runs, REPORTED_SPIKES)
    claim.holds_if(claim.median(at_full - at_quarter, "number of spikes, at lr − at lr / 4") > 0)
