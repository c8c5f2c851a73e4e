"""Part 2, Task 3: what happens when the gradient is almost zero. Left blank in the report."""

import pytest

from evidence.spectra import TOLERANCES, minimal_ratio, negative_share
from models.experiment import Experiment, parameter_count
from models.probing import Probe
from models.stationary_points import ALMOST_ZERO, stationary_points
from publish.figures_zero_gradient import curvature_against_loss

HIDDEN = (3, 5)
assert parameter_count(1, *HIDDEN, 1) == 32

TANH = Experiment("cos", HIDDEN, epochs=1000, activation="tanh", dtype="float64")
EXPERIMENTS = {"tanh": Probe(stationary_points, TANH, single_runs=True)}


def reached(run):
    """Which runs came to where the gradient is almost zero, (run,): only these are accepted."""
    return run.gradient_norm_there < ALMOST_ZERO


def figure(claim, runs):
    """Signs of the eigenvalues against loss, at this tier's confidence."""
    return curvature_against_loss(runs["tanh"], reached(runs["tanh"]), claim.rank_correlation)


def sweep(claim, run, share):
    """The rank correlation with the loss for every tolerance of what counts as zero."""
    eigenvalues, loss = run.eigenvalues_there[reached(run)], run.loss_there[reached(run)]
    return tuple(
        claim.rank_correlation(share(eigenvalues, each), loss, f"Spearman's rho at a tolerance of {each:.0e}")
        for each in TOLERANCES
    )


@pytest.mark.claim("Z1", "points of almost zero gradient can be reached", source="Part 2, Task 3", kind="asked")
def test_points_of_almost_zero_gradient_can_be_reached(claim, runs):
    share = claim.share(reached(runs["tanh"]), "share of runs with gradient norm < 0.001")
    claim.figure = figure(claim, runs)
    claim.holds_if(share > 0.5, claim.learned(runs["tanh"]))


@pytest.mark.claim(
    "Z2", "the lower the loss there, the higher the minimal ratio", source="Part 2, Task 3", kind="asked"
)
def test_minimal_ratio_is_higher_where_the_loss_is_lower(claim, runs):
    run, accepted = runs["tanh"], reached(runs["tanh"])
    claim.figure = figure(claim, runs)
    claim.asides = sweep(claim, run, minimal_ratio)
    ratio = minimal_ratio(run.eigenvalues_there[accepted])
    correlation = claim.rank_correlation(ratio, run.loss_there[accepted], "Spearman's rho of minimal ratio and loss")
    claim.holds_if(correlation < 0, claim.learned(run))


@pytest.mark.claim(
    "Z3",
    "the higher the loss there, the larger the share of negative eigenvalues",
    source="Part 2, Task 3",
    kind="beyond",
)
def test_share_of_negative_eigenvalues_is_larger_where_the_loss_is_higher(claim, runs):
    run, accepted = runs["tanh"], reached(runs["tanh"])
    claim.figure = figure(claim, runs)
    claim.asides = sweep(claim, run, negative_share)
    share = negative_share(run.eigenvalues_there[accepted])
    correlation = claim.rank_correlation(share, run.loss_there[accepted], "Spearman's rho of negative share and loss")
    claim.holds_if(correlation > 0, claim.learned(run))
