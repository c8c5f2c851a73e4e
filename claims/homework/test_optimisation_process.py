"""Part 2, Task 1: visualise the optimisation process. Eight trainings of one small network on cos(x).

Outcome: 4 of 5 hold; W2 refuted (full, functions, 32 to 48 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.homework.figures.process import movement_by_step, paths
from claims.homework.measures.landscape import (
    RANDOM_WALK_SHARE,
    first_axis_share,
    largest_ratio,
    random_walks,
    relative_displacement,
    share_of_way,
    visible_movement,
)
from models.experiment import Experiment
from models.runs import final_weights, initial_weights, weight_layers, weights
from ontrial import exactly

EXPERIMENTS = {
    "series": Experiment("cos", (3, 5), epochs=30, series=8, snapshots_every=3),
    "long": Experiment("cos", (3, 5), epochs=1000, series=8, snapshots_every=5),
}
PARTS = {"layer 2": 2, "whole": None}

SOURCE = "Part 2, Task 1, Figs. 7-8"
BEYOND = dict(source=SOURCE, kind="beyond")


def displacement(run):
    """How far the weights are in the end from the first snapshot / their initial norm, median of eight, (seed,)."""
    return np.median(relative_displacement(weights(run), initial_weights(run))[..., -1], axis=1)


@pytest.mark.claim(
    "W1",
    "32 parameters, 23 of them weights, 15 of these in layer 2; eight series of 30 iterations",
    source="Part 2, Task 1",
)
def test_eight_series_of_30_steps_of_32_parameters_23_weights_15_in_layer_2(claim):
    trained = EXPERIMENTS["series"]
    layer = weight_layers(*trained.widths)  # (parameter,): of which layer it is a weight, 0 for a bias
    parameters, among = exactly(len(layer), "parameters"), exactly((layer > 0).sum(), "weights")
    in_layer_2 = exactly((layer == 2).sum(), "weights of layer 2")
    series, steps = exactly(trained.series, "series"), exactly(trained.steps, "iterations")
    counts = parameters.within(32, 32), among.within(23, 23), in_layer_2.within(15, 15)
    claim.holds_if(*counts, series.within(8, 8), steps.within(30, 30))


@pytest.mark.claim("W2", "the figures show the weights being tuned over time", source=SOURCE)
@pytest.mark.parametrize("part", PARTS)
def test_figures_show_the_weights_being_tuned(claim, runs, part):
    series = runs["series"]
    movement = visible_movement(weights(series, PARTS[part]))
    claim.figure = paths(series, runs["long"])
    claim.asides = (claim.median(displacement(series), "displacement of all weights / their initial norm"),)
    claim.holds_if(claim.median(movement, "longest path of a series / larger side of the plane's extent") > 0.05)


@pytest.mark.claim("W3", "the weights are optimised: the loss falls in every series", source=SOURCE)
def test_loss_falls_in_every_series(claim, runs):
    ratio = largest_ratio(runs["series"].train_loss)
    claim.figure = movement_by_step(runs["long"])
    claim.holds_if(claim.median(ratio, "last / first training loss, largest of eight series") < 1)


@pytest.mark.claim(
    "W4",
    "the weights are optimised slowly: in 30 steps a series goes less than a tenth of its way over 1,000",
    source=SOURCE,
)
def test_weights_go_less_than_a_tenth_of_their_way_in_30_steps(claim, runs):
    series, long = runs["series"], runs["long"]
    way = share_of_way(final_weights(series), final_weights(long), initial_weights(series))
    claim.figure = movement_by_step(long)
    measure = "displacement from the initial weights, after 30 steps / after 1,000, median of eight"
    claim.holds_if(claim.median(way, measure) < 0.1, claim.learned(series, long))


@pytest.mark.claim(
    "W5",
    "a picture that shows it exists: over 1,000 steps, each series' own first axis carries more than a random walk's",
    **BEYOND,
)
def test_own_axes_over_1000_steps_show_the_movement(claim, runs):
    carried = first_axis_share(weights(runs["long"]))
    share = claim.median(carried, "share of a series' own first axis, median of eight")
    lead = claim.median(carried - first_axis_share(random_walks(weights(runs["long"]))), "that − drawn random walks'")
    claim.figure = paths(runs["series"], runs["long"])
    claim.holds_if(share > RANDOM_WALK_SHARE, lead > 0)
