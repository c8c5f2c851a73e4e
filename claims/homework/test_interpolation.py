"""Part 3, Task 3.1: flatness and generalisation. On the line between nets trained with small and large batches.

Outcome: 4 of 4 hold (full, mnist, 16 seeds, record of 2026-11-26).
"""

import pytest

from claims.homework.figures.interpolation import paths, sharpness
from claims.homework.measures.correlations import spearman
from claims.homework.measures.curves import log_ratio
from claims.homework.measures.landscape import barrier, worse_end
from models.experiment import Experiment
from models.probes import ALPHAS, interpolation, largest_eigenvalue
from models.probing import Probe

SMALL = Experiment("mnist", (20, 30), epochs=50, batch_size=64, records=10)
LARGE = Experiment("mnist", (20, 30), epochs=50, batch_size=1024, records=10, initialisation="second")
LARGE_SHARED = Experiment("mnist", (20, 30), epochs=50, batch_size=1024, records=10)  # starts where SMALL starts

EXPERIMENTS = {
    "independent": Probe(interpolation, SMALL, LARGE),
    "shared": Probe(interpolation, SMALL, LARGE_SHARED),
    "large": LARGE,
}
SHARPNESS = {64: Probe(largest_eigenvalue, SMALL), 1024: Probe(largest_eigenvalue, LARGE)}

BETWEEN = (ALPHAS >= 0) & (ALPHAS <= 1)  # (alpha,)
assert BETWEEN.sum() == 21


@pytest.mark.claim("I1", "both ends are good and the path between them is not", source="Part 3, Task 3.1", kind="asked")
def test_a_barrier_lies_between_two_good_ends(claim, runs):
    run = runs["independent"]
    ends = claim.median(worse_end(ALPHAS, run.path_train_accuracy), "smaller training accuracy of both ends")
    height = claim.median(barrier(ALPHAS, run.path_train_loss), "largest training loss between − larger end (nats)")
    claim.figure = paths(run, runs["shared"])
    claim.asides = (claim.jointly(ends > 0.95, height > 0.1),)
    claim.holds_if(ends > 0.95, height > 0.1)


@pytest.mark.claim("I2", "test behaves as training along the path", source="Part 3, Task 3.1", kind="asked")
def test_test_loss_follows_training_loss_along_the_path(claim, runs):
    run = runs["independent"]
    agreement = spearman(run.path_train_loss[:, BETWEEN], run.path_test_loss[:, BETWEEN])
    together = claim.median(agreement, "Spearman of train and test loss between the ends")
    claim.figure = paths(run, runs["shared"])
    claim.holds_if(together > 0.9, claim.learned(run, runs["large"]))


@pytest.mark.claim(
    "I3", "the large-batch end is the sharper one", source="Part 3, Task 3.1", kind="asked", trains=SHARPNESS
)
def test_large_batches_end_in_sharper_minima(claim, runs):
    ratio = log_ratio(runs[1024].largest_eigenvalue, runs[64].largest_eigenvalue)
    settled = runs[1024].eigenvalue_settled & runs[64].eigenvalue_settled  # (seed,)
    claim.figure = sharpness(runs)
    claim.holds_if(claim.median(ratio, "ln(largest Hessian eigenvalue, batch 1024 / 64)", among=settled) > 0)


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
