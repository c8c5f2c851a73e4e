"""Part 3, Task 1: can a network fit random labels? MNIST's images, with labels that say nothing about them.

Outcome: 7 of 8 hold; R1 refuted (full, mnist, 16 seeds, record of 2026-11-26).
"""

import numpy as np
import pytest

from claims.homework.figures.random_labels import accuracy_by_epoch, capacity_by_epoch, loss_by_epoch
from claims.homework.measures.correlations import trend
from claims.homework.measures.from_runs import ahead, own_tau
from claims.homework.measures.sizes import bits_per_parameter
from claims.homework.report import RANDOM_TEST_LOSS, RANDOM_TRAIN_LOSS
from models.experiment import Experiment, parameter_count
from models.runs import experiment_of
from ontrial import beside_report, exactly

SMALL, LARGE = (10, 15), (200, 100)
assert parameter_count(784, *LARGE, 10) == 178_110

EXPERIMENTS = {"small": Experiment("mnist", SMALL, epochs=400, batch_size=50, labels="random")}
WITH_LARGE = EXPERIMENTS | {
    "large": Experiment("mnist", LARGE, epochs=200, batch_size=50, images=2000, labels="random"),
}

GUESSING = np.log(10)  # nats: the loss of ten equal probabilities
LATER_TEST_LOSS = {epoch: loss for epoch, loss in RANDOM_TEST_LOSS.items() if epoch >= 200}
LAST_TRAIN_LOSS, LAST_TEST_LOSS = RANDOM_TRAIN_LOSS[400], RANDOM_TEST_LOSS[400]
SOURCE = "Part 3, Task 1, Fig. 11"


def loss_figure(runs):
    """Loss against epoch, with the report's values."""
    return loss_by_epoch(runs["small"], RANDOM_TRAIN_LOSS, RANDOM_TEST_LOSS)


def by_epoch(run, curve):
    """A curve, (seed, record), as what it is at each recorded epoch, (seed,)."""
    return dict(zip(run.epoch.tolist(), curve.T, strict=True))


def stored(experiment, train_loss):
    """What a network of this experiment has stored of its labels at a training loss, in bits per parameter."""
    return bits_per_parameter(train_loss, experiment.training_size, parameter_count(*experiment.widths))


@pytest.mark.claim("R1", "the network keeps a low training loss", source=SOURCE)
def test_training_loss_is_kept_low(claim, runs):
    small = runs["small"]
    share = claim.median(small.train_loss[:, -1] / GUESSING, "final training loss / ln 10")
    claim.figure = loss_figure(runs)
    claim.asides = (claim.median(small.train_accuracy[:, -1], "final training accuracy"),)
    claim.reported = beside_report("training loss at epoch", RANDOM_TRAIN_LOSS, by_epoch(small, small.train_loss))
    claim.own_numbers = {"training loss / ln 10": LAST_TRAIN_LOSS / GUESSING}
    claim.holds_if(share < 0.5)


@pytest.mark.claim("R2", "it does not generalise", source=SOURCE)
def test_random_labels_do_not_generalise(claim, runs):
    small = runs["small"]
    loss = claim.median(small.test_loss[:, -1] - GUESSING, "final test loss − ln 10 (nats)")
    gap = claim.median(ahead(small)[:, -1], "final train − test (images right per 10,000)")
    claim.figure = accuracy_by_epoch(small)
    claim.asides = (claim.jointly(loss > 0.05, gap > 200),)
    claim.own_numbers = {"nats": LAST_TEST_LOSS - GUESSING, "images right per 10,000": None}
    claim.holds_if(loss > 0.05, gap > 200, claim.learned(small))


@pytest.mark.claim("R3", "test loss keeps climbing", source=SOURCE)
def test_test_loss_keeps_climbing(claim, runs):
    small, loss = runs["small"], runs["small"].test_loss[:, 1:]  # (seed, record), once training has begun
    whole = claim.median(trend(loss), "Kendall tau of test loss with epoch")
    later = claim.median(trend(loss[:, loss.shape[1] // 2 :]), "Kendall tau over the second half of the epochs")
    claim.figure = loss_figure(runs)
    claim.reported = beside_report("test loss at epoch", RANDOM_TEST_LOSS, by_epoch(small, small.test_loss))
    claim.asides = (claim.jointly(whole > 0.5, later > 0.5),)
    claim.own_numbers = {"Kendall tau": own_tau(RANDOM_TEST_LOSS) + own_tau(LATER_TEST_LOSS)}
    claim.holds_if(whole > 0.5, later > 0.5)


@pytest.mark.claim("R4", "it cannot fit random labels", source=SOURCE)
def test_small_network_cannot_fit_random_labels(claim, runs):
    accuracy = claim.median(runs["small"].train_accuracy[:, -1], "final training accuracy")
    claim.figure = accuracy_by_epoch(runs["small"])
    claim.holds_if(accuracy < 0.5, claim.learned(runs["small"]))


@pytest.mark.claim(
    "R5",
    "a larger network can fit random labels on fewer images: 178,110 parameters, 2,000 images",
    source="Part 3, Task 1",
    kind="beyond",
    trains=WITH_LARGE,
)
def test_larger_network_fits_random_labels_on_fewer_images(claim, runs):
    accuracy = claim.median(runs["large"].train_accuracy[:, -1], "final training accuracy")
    claim.figure = capacity_by_epoch(runs)
    claim.holds_if(accuracy > 0.99)


@pytest.mark.claim(
    "R6",
    "nor does fitting noise teach it digits: against the true test labels it is still at chance",
    source="Part 3, Task 1",
    kind="beyond",
)
def test_random_labels_teach_no_digits(claim, runs):
    accuracy = claim.median(runs["small"].test_accuracy_on_truth[:, -1], "final accuracy on the true test labels")
    claim.figure = accuracy_by_epoch(runs["small"])
    claim.holds_if(accuracy.within(0.05, 0.15), claim.learned(runs["small"]))


@pytest.mark.claim(
    "R7",
    "what it stores is bounded by its size: less than 2 bits a parameter",
    source="Part 3, Task 1",
    kind="beyond",
    trains=WITH_LARGE,
)
def test_stored_labels_are_bounded_by_the_number_of_parameters(claim, runs):
    small = runs["small"]
    bits = claim.median(stored(experiment_of(small), small.train_loss[:, -1]), "bits per parameter")
    claim.figure = capacity_by_epoch(runs)
    claim.own_numbers = {"bits per parameter": stored(EXPERIMENTS["small"], LAST_TRAIN_LOSS)}
    claim.holds_if(bits < 2, claim.learned(small))


@pytest.mark.claim("R8", "two hidden layers and 8,175 parameters", source=SOURCE)
def test_two_hidden_layers_and_8175_parameters(claim):
    network = EXPERIMENTS["small"]
    layers, count = exactly(network.depth, "hidden layers"), exactly(parameter_count(*network.widths), "parameters")
    claim.holds_if(layers.within(2, 2), count.within(8_175, 8_175))
