"""Part 3, Task 1: can a network fit random labels? MNIST's images, with labels that say nothing about them."""

import numpy as np
import pytest

from evidence.capacity import bits_per_parameter
from evidence.comparisons import beside_report
from evidence.correlations import trend
from evidence.declarations import refuted
from models.experiment import Experiment, parameter_count
from publish.figures_random_labels import accuracy_by_epoch, capacity_by_epoch, loss_by_epoch

SMALL, LARGE = (10, 15), (200, 100)
assert parameter_count(784, *SMALL, 10) == 8_175  # as the report counts them
assert parameter_count(784, *LARGE, 10) == 178_110

EXPERIMENTS = {"small": Experiment("mnist", SMALL, epochs=400, batch_size=50, labels="random")}
WITH_LARGE = EXPERIMENTS | {
    "large": Experiment("mnist", LARGE, epochs=200, batch_size=50, images=2000, labels="random"),
}

REPORTED_TRAIN = {100: 2.265, 200: 2.250, 300: 2.243, 400: 2.238}  # loss in nats, by epoch
REPORTED_TEST = {100: 2.357, 200: 2.405, 300: 2.440, 400: 2.47}


def loss_figure(runs):
    """Loss against epoch, with the report's values."""
    return loss_by_epoch(runs["small"], REPORTED_TRAIN, REPORTED_TEST)


def by_epoch(run, curve):
    """A curve, (seed, record), as what it is at each recorded epoch, (seed,)."""
    return dict(zip(run.epoch.tolist(), curve.T, strict=True))


@refuted(
    "8,175 parameters cannot learn 60,000 random labels: 0.969 of ln 10 (0.958 to 0.983, n = 12). In a second way: "
    "they fit 0.150 of them (0.139 to 0.172), by chance 0.1; and the report's own last loss, 2.238, is 0.972 of ln 10",
    at="full",
    on="mnist",
)
@refuted("64-10-15-10 on 1,437 digits: 0.936 of ln 10 (0.927 to 0.942, n = 8)", at="fast", on="digits")
@refuted("8,175 parameters on 2,000 images: 0.613 of ln 10 (0.546 to 0.688, n = 8)", at="fast", on="mnist")
@pytest.mark.claim("R1", "the network keeps a low training loss", source="Part 3, Task 1, Fig. 11")
def test_training_loss_is_kept_low(claim, runs):
    small = runs["small"]
    share = small.train_loss[:, -1] / np.log(10)
    claim.figure = loss_figure(runs)
    claim.reported = beside_report("training loss at epoch", REPORTED_TRAIN, by_epoch(small, small.train_loss))
    claim.holds_if(claim.median(share, "final training loss / ln 10") < 0.5)


@pytest.mark.claim("R2", "it does not generalise", source="Part 3, Task 1, Fig. 11")
def test_random_labels_do_not_generalise(claim, runs):
    accuracy = claim.median(runs["small"].test_accuracy[:, -1], "final test accuracy")
    claim.figure = accuracy_by_epoch(runs["small"])
    claim.holds_if(accuracy.within(0.09, 0.11), claim.learned(*runs.values()))


@pytest.mark.claim("R3", "test loss keeps climbing", source="Part 3, Task 1, Fig. 11")
def test_test_loss_keeps_climbing(claim, runs):
    small = runs["small"]
    loss = small.test_loss[:, 1:]  # (seed, record), once training has begun
    whole = claim.median(trend(loss), "Kendall tau of test loss with epoch")
    later = claim.median(trend(loss[:, loss.shape[1] // 2 :]), "Kendall tau over the second half of the epochs")
    claim.figure = loss_figure(runs)
    claim.reported = beside_report("test loss at epoch", REPORTED_TEST, by_epoch(small, small.test_loss))
    claim.holds_if(whole > 0.5, later > 0.5)


@pytest.mark.claim("R4", "it cannot fit random labels", source="Part 3, Task 1, Fig. 11")
def test_small_network_cannot_fit_random_labels(claim, runs):
    accuracy = claim.median(runs["small"].train_accuracy[:, -1], "final training accuracy")
    claim.figure = accuracy_by_epoch(runs["small"])
    claim.holds_if(accuracy < 0.5, claim.learned(*runs.values()))


@refuted(
    "100 epochs of 1,437 digits are 2,900 steps, not 8,000: 0.854 and still climbing (0.837 to 0.873, n = 8)",
    at="fast",
    on="digits",
)
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
    claim.holds_if(accuracy.within(0.05, 0.15), claim.learned(*runs.values()))


@pytest.mark.claim(
    "R7",
    "what it stores is bounded by its size: less than 2 bits a parameter",
    source="Part 3, Task 1",
    kind="beyond",
    trains=WITH_LARGE,
)
def test_stored_labels_are_bounded_by_the_number_of_parameters(claim, runs):
    loss, small = runs["small"].train_loss[:, -1], runs["small"].experiment
    stored = bits_per_parameter(loss, small.training_size, parameter_count(*small.widths))
    claim.figure = capacity_by_epoch(runs)
    claim.holds_if(claim.median(stored, "bits per parameter") < 2, claim.learned(runs["small"]))
