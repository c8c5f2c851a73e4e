"""Section 2: demonstrating superposition. Twenty and eighty features of falling importance.

Outcome: 7 of 7 hold (full, synthetic features, 16 to 32 seeds, record of 2026-11-27).
"""

import pytest

from claims.superposition import figures
from claims.superposition.measures import (
    final,
    largest_interference,
    rank_lead,
    represented,
    share_of_first,
    superposed,
)
from claims.superposition.training import middle, small

TWENTY = dict(features=20, hidden=5, importance=0.7)
LINEAR = {sparsity: small(**TWENTY, sparsity=sparsity, relu=False) for sparsity in (0.0, 0.9, 0.999)}
EXPERIMENTS = {sparsity: small(**TWENTY, sparsity=sparsity) for sparsity in (0.0, 0.7, 0.9, 0.99, 0.999)}
EIGHTY = {s: middle(features=80, hidden=20, sparsity=s, importance=0.9) for s in (0.0, 0.9, 0.99)}
BOTH = {"linear": small(**TWENTY, sparsity=0.99, relu=False), "ReLU": EXPERIMENTS[0.99]}

SOURCE = "Section 2, Demonstrating superposition"
INTERFERENCE = "largest interference among represented features"


def most_important(claim, run):
    """Evidence that exactly the most important features are represented, as many as there are dimensions."""
    weights = final(run)
    first = claim.median(share_of_first(weights), "share of the represented features that are the most important")
    full = (represented(weights).sum(1) == weights.shape[1]).astype(float)
    return first >= 1, claim.median(full, "as many are represented as there are dimensions (1 or 0)") >= 1


def without_superposition(claim, run):
    """Evidence that no represented feature shares its direction with others."""
    return claim.median(largest_interference(final(run)), INTERFERENCE, among=represented(final(run)).any(1)) < 0.1


def more_than_dimensions(claim, run):
    """Evidence that more features are represented than there are dimensions."""
    weights = final(run)
    return claim.median(represented(weights).sum(1) / weights.shape[1], "represented features / dimensions") > 1


def as_with_twenty(claim, run, sparsity):
    """What T9 says of dense features, and T10 of sparse ones."""
    if sparsity:
        return more_than_dimensions(claim, run), claim.learned(run)
    return without_superposition(claim, run), *most_important(claim, run)


@pytest.mark.claim("T7", "a linear model never uses superposition, however sparse", source=SOURCE, trains=LINEAR)
@pytest.mark.parametrize("sparsity", LINEAR)
def test_linear_models_never_use_superposition(claim, runs, sparsity):
    claim.figure = figures.products("linear", runs)
    claim.holds_if(without_superposition(claim, runs[sparsity]), claim.learned(runs[sparsity]))


@pytest.mark.claim("T8", "a linear model learns the most important features", source=SOURCE, trains=LINEAR)
@pytest.mark.parametrize("sparsity", LINEAR)
def test_linear_models_learn_the_most_important_features(claim, runs, sparsity):
    claim.figure = figures.products("linear", runs)
    claim.holds_if(*most_important(claim, runs[sparsity]))


@pytest.mark.claim("T9", "dense, the ReLU model does the same as the linear one", source=SOURCE)
def test_dense_relu_models_do_the_same(claim, runs):
    claim.figure = figures.products("relu", runs)
    claim.holds_if(without_superposition(claim, runs[0.0]), *most_important(claim, runs[0.0]))


@pytest.mark.claim("T10", "sparse, the ReLU model represents more features than it has dimensions", source=SOURCE)
@pytest.mark.parametrize("sparsity", [0.9, 0.99, 0.999])
def test_sparse_relu_models_represent_more_features_than_dimensions(claim, runs, sparsity):
    claim.figure = figures.products("relu", runs)
    claim.holds_if(more_than_dimensions(claim, runs[sparsity]), claim.learned(runs[sparsity]))


@pytest.mark.claim("T11", "superposition takes the less important features first", source=SOURCE)
@pytest.mark.parametrize("sparsity", [0.7, 0.9])
def test_superposition_takes_the_less_important_features_first(claim, runs, sparsity):
    weights = final(runs[sparsity])
    shared = superposed(weights)
    both = shared.any(1) & (represented(weights) & ~shared).any(1)
    claim.figure = figures.products("relu", runs)
    lead = claim.median(rank_lead(weights), "mean rank of importance, superposed − other represented", among=both)
    claim.holds_if(lead > 0, claim.learned(runs[sparsity]))


@pytest.mark.claim("T12", "the same holds with eighty features", source=SOURCE, trains=EIGHTY)
@pytest.mark.parametrize("sparsity", EIGHTY)
def test_the_same_holds_with_eighty_features(claim, runs, sparsity):
    claim.figure = figures.products("eighty", runs)
    claim.holds_if(*as_with_twenty(claim, runs[sparsity], sparsity))


@pytest.mark.claim(
    "T18", "superposition helps: sparse ReLU models beat the best linear one", source=SOURCE, trains=BOTH
)
def test_sparse_relu_models_beat_linear_ones(claim, runs):
    linear, relu = (run.feature_loss.sum(1) for run in runs.values())
    claim.figure = figures.losses(runs)
    ratio = claim.median(relu / linear, "loss on fresh samples, ReLU / linear")
    claim.holds_if(ratio < 1, claim.learned(*runs.values()))
