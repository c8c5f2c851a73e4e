"""Part 2, Task 1: visualise the optimisation process. Eight trainings of one small network on cos(x)."""

import numpy as np
import pytest

from evidence.declarations import refuted
from evidence.intervals import exactly
from evidence.paths import (
    RANDOM_WALK_SHARE,
    first_axis_share,
    largest_ratio,
    random_walks,
    relative_displacement,
    visible_movement,
)
from models.experiment import Experiment
from models.runs import weight_layers
from publish.figures_process import movement_by_step, paths

EXPERIMENTS = {
    "series": Experiment("cos", (3, 5), epochs=30, series=8, snapshots_every=3),
    "long": Experiment("cos", (3, 5), epochs=1000, series=8, snapshots_every=5),
}
PARTS = {"layer 2": 2, "whole": None}


def loss_ratio(run):
    """Last over first training loss, of the one of eight series where it fell least, (seed,)."""
    return largest_ratio(run.by_seed(run.train_loss))


def displacement(run):
    """How far the weights are in the end from the first snapshot / their initial norm, median of eight, (seed,)."""
    return np.median(relative_displacement(run.weights(), run.initial_weights)[..., -1], axis=1)


@pytest.mark.claim("W1", "32 parameters, 23 of them weights, 15 of these in layer 2", source="Part 2, Task 1")
def test_network_has_32_parameters_23_weights_15_in_layer_2(claim):
    layer = weight_layers(1, 3, 5, 1)  # (parameter,): of which layer it is a weight, 0 for a bias
    parameters, weights = exactly(len(layer), "parameters"), exactly((layer > 0).sum(), "weights")
    in_layer_2 = exactly((layer == 2).sum(), "weights of layer 2")
    claim.holds_if(parameters.within(32, 32), weights.within(23, 23), in_layer_2.within(15, 15))


@refuted(
    "0.022 of the plane's extent (0.020 to 0.024) for layer 2, 0.018 (0.017 to 0.020) for the whole model (n = 160). "
    "In a second way: Adam moves a weight by about 0.001 a step, so that 27 steps of 15 weights make a path of about "
    "0.1 at most, in a plane whose starts lie 2 to 3 apart",
    at="full",
)
@refuted(
    "the eight starts lie far apart, and thirty Adam steps move no weight by more than about 0.03: the longest path is "
    "0.024 of the plane's extent (0.014 to 0.039) for layer 2, 0.019 (0.016 to 0.024) for the whole model (n = 8)",
    at="fast",
    on="functions",
)
@pytest.mark.claim("W2", "the figures show the weights being tuned over time", source="Part 2, Task 1, Figs. 7-8")
@pytest.mark.parametrize("part", PARTS)
def test_figures_show_the_weights_being_tuned(claim, runs, part):
    movement = visible_movement(runs["series"].weights(PARTS[part]))
    claim.figure = paths(runs["series"], runs["long"])
    claim.holds_if(claim.median(movement, "longest path of a series / larger side of the plane's extent") > 0.05)


@pytest.mark.claim(
    "W3", "the weights are optimised: the loss falls in every series", source="Part 2, Task 1, Figs. 7-8"
)
def test_loss_falls_in_every_series(claim, runs):
    claim.figure = movement_by_step(runs["long"])
    claim.holds_if(claim.median(loss_ratio(runs["series"]), "last / first training loss, largest of eight") < 1)


@pytest.mark.claim("W4", "the weights are optimised slowly", source="Part 2, Task 1, Figs. 7-8")
def test_weights_are_optimised_slowly(claim, runs):
    moved = claim.median(displacement(runs["series"]), "displacement / norm of the initial weights, median of eight")
    fallen = claim.median(loss_ratio(runs["series"]), "last / first training loss, largest of eight")
    claim.figure = movement_by_step(runs["long"])
    claim.holds_if(moved < 0.1, fallen < 1)


@pytest.mark.claim(
    "W5",
    "a picture that shows it exists: over 1,000 steps, each series' own first axis carries more than a random walk's",
    source="Part 2, Task 1, Figs. 7-8",
    kind="beyond",
)
def test_own_axes_over_1000_steps_show_the_movement(claim, runs):
    weights = runs["long"].weights()
    share = claim.median(first_axis_share(weights), "share of a series' own first axis, median of eight")
    lead = first_axis_share(weights) - first_axis_share(random_walks(weights))
    claim.figure = paths(runs["series"], runs["long"])
    claim.holds_if(share > RANDOM_WALK_SHARE, claim.median(lead, "that share − the same of drawn random walks") > 0)
