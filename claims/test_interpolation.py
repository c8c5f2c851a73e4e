"""Part 3, Task 3.1: flatness and generalisation. On the line between nets trained with small and large batches."""

import numpy as np
import pytest

from evidence.correlations import spearman
from evidence.declarations import refuted
from evidence.measures import log_ratio
from evidence.paths_between import barrier
from models.experiment import Experiment
from models.probes import ALPHAS, interpolation, largest_eigenvalue
from models.probing import Probe
from publish.figures_interpolation import paths, sharpness

SMALL = Experiment("mnist", (20, 30), epochs=50, batch_size=64, records=10)
LARGE = Experiment("mnist", (20, 30), epochs=50, batch_size=1024, records=10, initialisation="second")
LARGE_SHARED = Experiment("mnist", (20, 30), epochs=50, batch_size=1024, records=10)  # starts where SMALL starts

assert np.array_equal(ALPHAS[[0, 20, 40, 60]], (-1, 0, 1, 2))

EXPERIMENTS = {
    "independent": Probe(interpolation, SMALL, LARGE),
    "shared": Probe(interpolation, SMALL, LARGE_SHARED),
    "large": LARGE,
}
SHARPNESS = {64: Probe(largest_eigenvalue, SMALL), 1024: Probe(largest_eigenvalue, LARGE)}


@pytest.mark.claim("I1", "both ends are good and the path between them is not", source="Part 3, Task 3.1", kind="asked")
def test_a_barrier_lies_between_two_trained_networks(claim, runs):
    height = barrier(ALPHAS, runs["independent"].path_train_loss)
    claim.figure = paths(runs["independent"], runs["shared"])
    claim.holds_if(claim.median(height, "largest training loss between the ends − the larger end (nats)") > 0.1)


@pytest.mark.claim("I2", "test behaves as training along the path", source="Part 3, Task 3.1", kind="asked")
def test_test_loss_follows_training_loss_along_the_path(claim, runs):
    run = runs["independent"]
    agreement = claim.median(spearman(run.path_train_loss, run.path_test_loss), "Spearman of train and test loss")
    claim.figure = paths(run, runs["shared"])
    claim.holds_if(agreement > 0.9, claim.learned(run, runs["large"]))


@refuted(
    "on 1,437 digits batch 1024 makes 100 steps and is far from a minimum, at loss 1.2: −0.37 (−0.52 to −0.23, n = 8)",
    at="fast",
    on="digits",
)
@pytest.mark.claim(
    "I3", "the large-batch end is the sharper one", source="Part 3, Task 3.1", kind="asked", trains=SHARPNESS
)
def test_large_batches_end_in_sharper_minima(claim, runs):
    ratio = log_ratio(runs[1024].largest_eigenvalue, runs[64].largest_eigenvalue)
    claim.figure = sharpness(runs)
    claim.holds_if(claim.median(ratio, "ln(largest Hessian eigenvalue, batch 1024 / 64)") > 0)


@pytest.mark.claim(
    "I4",
    "the barrier is about where they started: from one shared initialisation it is lower",
    source="Part 3, Task 3.1",
    kind="beyond",
)
def test_barrier_is_lower_from_a_shared_initialisation(claim, runs):
    independent, shared = (barrier(ALPHAS, runs[name].path_train_loss) for name in ("independent", "shared"))
    claim.figure = paths(runs["independent"], runs["shared"])
    claim.holds_if(claim.median(independent - shared, "barrier (nats), independent − shared") > 0)
