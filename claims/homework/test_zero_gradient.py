"""Part 2, Task 3: what happens when the gradient is almost zero. Left blank in the report."""

import pytest

from claims.homework.figures.zero_gradient import curvature_against_loss
from models.experiment import Experiment, parameter_count
from models.probing import Probe
from models.stationary_points import ALMOST_ZERO, stationary_points
from ontrial.evidence.intervals import share_interval
from ontrial.measures.correlations import pair_signs
from ontrial.measures.spectra import TOLERANCE, TOLERANCES, minimal_ratio, negative_share

TANH = Experiment("cos", (3, 5), epochs=1000, activation="tanh", dtype="float64")
assert parameter_count(*TANH.widths) == 32

EXPERIMENTS = {"tanh": Probe(stationary_points, TANH)}

SOURCE = "Part 2, Task 3"


def reached(run):
    """Which networks came to where the gradient is almost zero, (seed,): only these are accepted."""
    return run.gradient_norm_there < ALMOST_ZERO


def signs(run, share, tolerance=TOLERANCE):
    """Of disjoint pairs of accepted networks, whether a share goes with the loss, 1, or against it, -1: (pair,)."""
    accepted = reached(run)
    return pair_signs(share(run.eigenvalues_there[accepted], tolerance), run.loss_there[accepted])


def against_loss(claim, run):
    """By tolerance, the share of pairs whose minimal ratio is the higher where the loss is the lower."""
    return tuple(
        share_interval(signs(run, minimal_ratio, each) < 0, f"share of discordant pairs at {each:.0e}", claim.alpha)
        for each in TOLERANCES
    )


def with_loss(claim, run):
    """By tolerance, the share of pairs whose share of negative eigenvalues is the higher where the loss is."""
    return tuple(
        share_interval(signs(run, negative_share, each) > 0, f"share of concordant pairs at {each:.0e}", claim.alpha)
        for each in TOLERANCES
    )


def figure(claim, run):
    """Signs of the eigenvalues against loss, at this tier's error."""
    return curvature_against_loss(run, reached(run), against_loss(claim, run), with_loss(claim, run))


@pytest.mark.claim("Z1", "points of almost zero gradient can be reached", source=SOURCE, kind="asked")
def test_points_of_almost_zero_gradient_can_be_reached(claim, runs):
    share = claim.share(reached(runs["tanh"]), "share of runs with gradient norm < 0.001")
    claim.figure = figure(claim, runs["tanh"])
    claim.holds_if(share > 0.5, claim.learned(runs["tanh"]))


@pytest.mark.claim("Z2", "the lower the loss there, the higher the minimal ratio", source=SOURCE, kind="asked")
def test_minimal_ratio_is_higher_where_the_loss_is_lower(claim, runs):
    run, measure = runs["tanh"], "concordance of minimal ratio and loss, its sign in pairs of runs"
    claim.figure = figure(claim, run)
    claim.asides = against_loss(claim, run)
    claim.holds_if(claim.median(signs(run, minimal_ratio), measure, of_pairs=True) < 0, claim.learned(run))


@pytest.mark.claim(
    "Z3",
    "the higher the loss there, the larger the share of negative eigenvalues",
    source=SOURCE,
    kind="beyond",
)
def test_share_of_negative_eigenvalues_is_larger_where_the_loss_is_higher(claim, runs):
    run, measure = runs["tanh"], "concordance of negative share and loss, its sign in pairs of runs"
    claim.figure = figure(claim, run)
    claim.asides = with_loss(claim, run)
    claim.holds_if(claim.median(signs(run, negative_share), measure, of_pairs=True) > 0, claim.learned(run))
