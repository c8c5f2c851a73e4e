"""Part 3, Task 2: number of parameters. Ten networks, from 1,645 to 952,410 parameters, learn MNIST.

Outcome: 7 of 11 hold; P3, P5, P6, P11 inconclusive (full, mnist, 16 to 64 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.homework.figures.parameters import (
    accuracy_with_band,
    gain_by_epoch,
    gain_by_size,
    gap_by_size,
    loss_and_accuracy,
)
from claims.homework.measures.correlations import kendall_tau
from claims.homework.measures.from_runs import ahead, beside, gains, late_gain, loss_gap, own, own_tau, right
from claims.homework.measures.sizes import knee, plateau_start, smallest_gap
from claims.homework.report import BY_SIZE, SIZES
from models.experiment import Experiment, parameter_count
from models.runs import experiment_of
from ontrial import exactly

HIDDEN = ((2, 5), (4, 8), (10, 20), (20, 30), (50, 25), (100, 50), (200, 100), (400, 200), (600, 300), (800, 400))
assert tuple(parameter_count(784, *hidden, 10) for hidden in HIDDEN) == SIZES

EXPERIMENTS = {  # by the number of parameters on MNIST; on smaller images they are fewer
    size: Experiment("mnist", hidden, epochs=50, batch_size=50, records=10)
    for size, hidden in zip(SIZES, HIDDEN, strict=True)
}
FROM_17K = {size: EXPERIMENTS[size] for size in (16_640, 178_110, 396_210, 654_310, 952_410)}
FROM_8K = [size for size in SIZES if size >= 8_280]
NETS = {"all ten": 0, "without the smallest": 1}
KNEE_OF_EIGHT = "knee with the two smallest nets left out (parameters)"

SOURCE = "Part 3, Task 2, Figs. 12-13"
BEYOND = dict(source=SOURCE, kind="beyond")
LATE = "test images right per 10,000, summed over the last 3 records"
HALF_A_POINT = 3 * 50  # of images per 10,000, summed over three records: epochs 40, 45 and 50
TEN_IMAGES = 10  # of 10,000; two records are summed
OWN_LATE = {size: 30_000 * accuracy for size, accuracy in BY_SIZE["test_accuracy"].items()}
OWN_GAP = {size: 10_000 * (BY_SIZE["train_accuracy"][size] - BY_SIZE["test_accuracy"][size]) for size in SIZES}

each_part = pytest.mark.parametrize("part", ["train", "test"])


def sizes(runs):
    """Parameters of the networks that were trained, (configuration,): fewer than MNIST's on smaller images."""
    return np.array([parameter_count(*experiment_of(run).widths) for run in runs.values()])


def late(runs):
    """Test images right per 10,000, summed over epochs 40, 45 and 50, (configuration, seed)."""
    return np.stack([right(run, "test", last=3) for run in runs.values()])


def at_once(claim, largest, best, rise):
    """The share of seeds in which little is gained past 200,000, by the largest and by the best, and much before."""
    little = largest.within(-HALF_A_POINT, HALF_A_POINT), best <= HALF_A_POINT
    return claim.jointly(*little, rise > HALF_A_POINT)


@pytest.mark.claim(
    "P1", "ten networks of two hidden layers, from a few thousand to a million parameters", source=SOURCE
)
def test_ten_networks_of_two_layers_from_a_few_thousand_to_a_million(claim):
    depths = [experiment.depth for experiment in EXPERIMENTS.values()]
    layers = exactly(min(depths), "fewest hidden layers"), exactly(max(depths), "most hidden layers")
    smallest, largest = exactly(min(SIZES), "fewest parameters"), exactly(max(SIZES), "most parameters")
    counts = smallest.within(1_000, 10_000), largest.within(0.9e6, 1.1e6)
    claim.holds_if(exactly(len(depths), "networks").within(10, 10), *(each.within(2, 2) for each in layers), *counts)


@pytest.mark.claim("P2", "the more parameters, the higher the accuracy", source=SOURCE)
@each_part
def test_accuracy_rises_with_size(claim, runs, part):
    tau = kendall_tau(sizes(runs), getattr(runs, f"{part}_accuracy")[:, :, -1])
    claim.figure = loss_and_accuracy(runs, sizes(runs), BY_SIZE)
    claim.reported = beside(runs, f"{part}_accuracy", BY_SIZE[f"{part}_accuracy"], "size")
    claim.own_numbers = {"Kendall tau": own_tau(BY_SIZE[f"{part}_accuracy"])}
    claim.holds_if(claim.median(tau, f"Kendall tau of {part} accuracy with size") > 0.5)


@pytest.mark.claim("P3", "the more parameters, the lower the loss", source=SOURCE)
@each_part
def test_loss_falls_with_size(claim, runs, part):
    tau = kendall_tau(sizes(runs), getattr(runs, f"{part}_loss")[:, :, -1])
    claim.figure = loss_and_accuracy(runs, sizes(runs), BY_SIZE)
    claim.reported = beside(runs, f"{part}_loss", BY_SIZE.get(f"{part}_loss"), "size")
    claim.own_numbers = {"Kendall tau": own_tau(BY_SIZE.get(f"{part}_loss"))}
    claim.holds_if(claim.median(tau, f"Kendall tau of {part} loss with size") < -0.5, claim.learned(*runs.values()))


@pytest.mark.claim("P4", "past about 200,000 parameters it hardly improves", source=SOURCE, trains=FROM_17K)
def test_accuracy_hardly_improves_past_200000(claim, runs):
    to_largest, to_best, before = gains(late(runs))
    largest = claim.median(to_largest, f"{LATE}: hidden 800-400 − hidden 200-100")
    best = claim.median(to_best, f"{LATE}: best of the larger three − hidden 200-100")
    rise = claim.median(before, f"{LATE}: hidden 200-100 − hidden 20-30")
    claim.figure = gain_by_size(late(runs) / 3, runs, sizes(runs), BY_SIZE)
    claim.asides = (at_once(claim, largest, best, rise),)
    claim.own_numbers = {LATE: gains([OWN_LATE[size] for size in FROM_17K])}
    claim.holds_if(largest.within(-HALF_A_POINT, HALF_A_POINT), best <= HALF_A_POINT, rise > HALF_A_POINT)


@pytest.mark.claim("P5", "the point where it stops improving is around 200,000 parameters", source=SOURCE)
def test_accuracy_stops_improving_around_200000(claim, runs):
    start = plateau_start(sizes(runs), late(runs), HALF_A_POINT)
    stops = claim.median(start, "size from which all are within half a point of the best (parameters)", never=True)
    claim.figure = accuracy_with_band("plateau", runs, sizes(runs), BY_SIZE, stops)
    claim.own_numbers = {"parameters": plateau_start(SIZES, own(OWN_LATE), HALF_A_POINT)}
    claim.holds_if(stops.within(100_000, 400_000))


@pytest.mark.claim("P6", "accuracy is higher and loss lower in training than in test", source=SOURCE)
@pytest.mark.parametrize("size", SIZES)
def test_training_is_ahead_of_test(claim, runs, size):
    gap = claim.median(ahead(runs[size])[:, -1], "train − test (images right per 10,000)")
    loss = claim.median(loss_gap(runs[size]), "test − train loss (nats)")
    claim.figure = gap_by_size(runs, sizes(runs), BY_SIZE)
    claim.asides = (claim.jointly(gap > 0, loss > 0),)
    claim.own_numbers = {"images right per 10,000": OWN_GAP[size], "nats": None}
    claim.holds_if(gap > 0, loss > 0)


@pytest.mark.claim("P7", "no size closes the gap, in the range tried", source=SOURCE)
def test_no_size_closes_the_gap(claim, runs):
    smallest = np.min([ahead(runs[size])[:, -1] for size in FROM_8K], axis=0)
    measure = "smallest train − test, hidden 10-20 and larger (images right per 10,000)"
    claim.figure = gap_by_size(runs, sizes(runs), BY_SIZE)
    claim.own_numbers = {"images right per 10,000": min(OWN_GAP[size] for size in FROM_8K)}
    claim.holds_if(claim.median(smallest, measure) > 0)


@pytest.mark.claim("P8", "returns diminish long before 200,000 parameters: the knee is under 50,000", **BEYOND)
@pytest.mark.parametrize("nets", NETS)
def test_returns_diminish_under_50000(claim, runs, nets):
    first, accuracy = NETS[nets], runs.test_accuracy[:, :, -1]  # (configuration, seed)
    bend = knee(sizes(runs)[first:], accuracy[first:])
    found = claim.median(bend, "knee of test accuracy against log size (parameters)", never=True)
    claim.figure = accuracy_with_band("knee", runs, sizes(runs), BY_SIZE, found, first)
    claim.asides = (claim.median(knee(sizes(runs)[2:], accuracy[2:]), KNEE_OF_EIGHT, never=True),)
    claim.own_numbers = {"parameters": knee(SIZES[first:], own(BY_SIZE["test_accuracy"])[first:])}
    claim.holds_if(found < 50_000)


@pytest.mark.claim(
    "P9", "size opens the gap before it plateaus: it is larger at 17,000 parameters than at 1,600", **BEYOND
)
def test_size_opens_the_gap(claim, runs):
    opened = ahead(runs[16_640])[:, -1] - ahead(runs[1_645])[:, -1]
    claim.figure = gap_by_size(runs, sizes(runs), BY_SIZE)
    claim.own_numbers = {"images right per 10,000": OWN_GAP[16_640] - OWN_GAP[1_645]}
    claim.holds_if(claim.median(opened, "train − test (images right per 10,000), hidden 20-30 − hidden 2-5") > 0)


@pytest.mark.claim("P10", "the gap never closes, in loss either", source=SOURCE)
def test_no_size_closes_the_gap_in_loss(claim, runs):
    test, train = (losses[-len(FROM_8K) :, :, -1] for losses in (runs.test_loss, runs.train_loss))  # (size, seed)
    claim.figure = gap_by_size(runs, sizes(runs), BY_SIZE)
    claim.holds_if(
        claim.median(smallest_gap(test, train), "smallest test − train loss, hidden 10-20 and larger (nats)") > 0
    )


@pytest.mark.claim(
    "P11",
    "at 200,000 parameters improvement from one epoch to the next is negligible",
    source=SOURCE,
    trains={178_110: EXPERIMENTS[178_110]},
)
def test_improvement_from_epoch_to_epoch_is_negligible_at_200000(claim, runs):
    run = runs[178_110]
    measure = "test images right per 10,000, of epochs 45 and 50 − of 25 and 30, sums of two"
    claim.figure = gain_by_epoch(run, right(run, "test"))
    claim.holds_if(claim.median(late_gain(run), measure) <= 2 * TEN_IMAGES, claim.learned(run))
