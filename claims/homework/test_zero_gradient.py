"""Part 2, Task 3: what happens when the gradient is almost zero. Left blank in the report.

Outcome: 1 of 3 hold; Z2, Z3 inconclusive (full, functions, 32 seeds or 264 to 271 pairs, record of 2026-11-27).
"""

import pytest

from claims.homework.figures.zero_gradient import curvature_against_loss
from claims.homework.measures.correlations import pair_signs
from claims.homework.measures.landscape import TOLERANCE, TOLERANCES, minimal_ratio, negative_share
from models.experiment import Experiment, parameter_count
from models.probing import Probe
from models.stationary_points import ALMOST_ZERO, stationary_points
from ontrial import share_interval

TANH = Experiment("cos", (3, 5), epochs=1000, activation="tanh", dtype="float64")
assert parameter_count(*TANH.widths) == 32

EXPERIMENTS = {"tanh": Probe(stationary_points, TANH)}

SOURCE = "Part 2, Task 3"
BEYOND = dict(source=SOURCE, kind="beyond")


def reached(run):
    """Which networks came to where the gradient is almost zero, (seed,): only these are accepted."""
    return run.gradient_norm_there < ALMOST_ZERO


def signs(run, share, tolerance=TOLERANCE):
    """Of disjoint pairs of accepted networks, whether a share goes with the loss, 1, or against it, -1: (pair,).

    0 where they tie in one of both, which says nothing of a direction.
    """
    accepted = reached(run)
    return pair_signs(share(run.eigenvalues_there[accepted], tolerance), run.loss_there[accepted])


def swept(claim, run, share, sign):
    """By tolerance, of the pairs that do not tie, how many have the share going with the loss, 1, or against it, -1."""
    found = {tolerance: signs(run, share, tolerance) for tolerance in TOLERANCES}
    kind = {1: "concordant", -1: "discordant"}[sign]
    return tuple(
        share_interval(each == sign, f"share of {kind} pairs at {tolerance:.0e}", claim.alpha, among=each != 0)
        for tolerance, each in found.items()
    )


def tied(claim, run, share):
    """The share of pairs that tie, and are left out."""
    return share_interval(signs(run, share) == 0, "share of pairs that tie", claim.alpha)


def figure(claim, run):
    """Signs of the eigenvalues against loss, at this tier's error."""
    return curvature_against_loss(
        run, reached(run), swept(claim, run, minimal_ratio, -1), swept(claim, run, negative_share, 1)
    )


@pytest.mark.claim("Z1", "points of almost zero gradient can be reached", source=SOURCE, kind="asked")
def test_points_of_almost_zero_gradient_can_be_reached(claim, runs):
    share = claim.share(reached(runs["tanh"]), "share of runs with gradient norm < 0.001")
    claim.figure = figure(claim, runs["tanh"])
    claim.holds_if(share > 0.5, claim.learned(runs["tanh"]))


@pytest.mark.claim("Z2", "the lower the loss there, the higher the minimal ratio", source=SOURCE, kind="asked")
def test_minimal_ratio_is_higher_where_the_loss_is_lower(claim, runs):
    run, measure = runs["tanh"], "sign of concordance of minimal ratio and loss, in pairs of runs that do not tie"
    sign = signs(run, minimal_ratio)
    claim.figure = figure(claim, run)
    claim.asides = (*swept(claim, run, minimal_ratio, -1), tied(claim, run, minimal_ratio))
    concordance = claim.median(sign, measure, among=sign != 0, of_pairs=True)
    claim.holds_if(concordance < 0, claim.learned(run))


@pytest.mark.claim("Z3", "the higher the loss there, the larger the share of negative eigenvalues", **BEYOND)
def test_share_of_negative_eigenvalues_is_larger_where_the_loss_is_higher(claim, runs):
    run, measure = runs["tanh"], "sign of concordance of negative share and loss, in pairs of runs that do not tie"
    sign = signs(run, negative_share)
    claim.figure = figure(claim, run)
    claim.asides = (*swept(claim, run, negative_share, 1), tied(claim, run, negative_share))
    concordance = claim.median(sign, measure, among=sign != 0, of_pairs=True)
    claim.holds_if(concordance > 0, claim.learned(run))
