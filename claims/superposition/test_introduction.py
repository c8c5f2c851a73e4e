"""Introduction, and section 1: five features in two dimensions.

Outcome: 6 of 7 hold; T3 inconclusive (full, synthetic features, 32 to 243 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.superposition import figures
from claims.superposition.measures import antipodal_pairs, cosines, final, is_pentagon, represented, tau_with
from claims.superposition.training import small
from ontrial import share_interval

SPARSITIES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
FIVE = dict(features=5, hidden=2, importance=0.9)

EXPERIMENTS = {sparsity: small(**FIVE, sparsity=sparsity) for sparsity in SPARSITIES}
WITHOUT_BIAS = {"with bias": EXPERIMENTS[0.9], "without bias": small(**FIVE, sparsity=0.9, bias=False)}

SOURCE = "Introduction; section 1"


def number(run):
    """How many features are represented, (seed,)."""
    return represented(final(run)).sum(1)


@pytest.mark.claim("T1", "dense, the two most important features get a dimension each, the others none", source=SOURCE)
def test_dense_two_features_get_a_dimension_each(claim, runs):
    weights = final(runs[0.0])
    is_so = (represented(weights) == [True, True, False, False, False]).all(1) & (abs(cosines(weights)[:, 0, 1]) <= 0.1)
    claim.figure = figures.arrows(runs)
    claim.holds_if(claim.share(is_so, "share of seeds with features 0 and 1 alone represented, and orthogonal") > 0.5)


@pytest.mark.claim("T2", "at 80 % sparsity four features are two antipodal pairs", source=SOURCE)
def test_four_features_are_two_antipodal_pairs(claim, runs):
    is_so = (number(runs[0.8]) == 4) & (antipodal_pairs(final(runs[0.8])) == 2)
    claim.figure = figures.arrows(runs)
    claim.holds_if(claim.share(is_so, "share of seeds with four represented, in two antipodal pairs") > 0.5)


@pytest.mark.claim(
    "T3", "at 80 % sparsity, where four features are represented, they are the most important", source=SOURCE
)
def test_the_four_are_the_most_important(claim, runs):
    there = represented(final(runs[0.8]))
    claim.figure = figures.arrows(runs)
    measure = "share of seeds with features 0 to 3 represented, among those with four"
    claim.holds_if(claim.share(there[:, :4].all(1), measure, among=there.sum(1) == 4) > 0.5)


@pytest.mark.claim("T4", "at 90 % sparsity all five features form a pentagon", source=SOURCE)
def test_five_features_form_a_pentagon(claim, runs):
    claim.figure = figures.arrows(runs)
    claim.holds_if(claim.share(is_pentagon(final(runs[0.9])), "share of seeds with a pentagon") > 0.5)


@pytest.mark.claim("T5", "the sparser the features, the more of them are represented", source=SOURCE)
def test_the_sparser_the_more_are_represented(claim, runs):
    tau = tau_with(SPARSITIES, np.stack([number(run) for run in runs.values()]))
    claim.figure = figures.arrows(runs)
    claim.holds_if(claim.median(tau, "Kendall tau of the number of represented features with sparsity") > 0.5)


@pytest.mark.claim("T6", "one run does not tell: seeds end in different pictures", source=SOURCE, kind="beyond")
@pytest.mark.parametrize("sparsity", [0.8, 0.9])
def test_seeds_end_in_different_pictures(claim, runs, sparsity):
    counts = number(runs[sparsity])
    is_commonest = counts == np.bincount(counts).argmax()
    claim.figure = figures.arrows(runs)
    share = claim.share(is_commonest, "share of seeds with the commonest number of represented features")
    claim.holds_if(share < 0.9, claim.learned(runs[sparsity]))


@pytest.mark.claim(
    "T19",
    "without the bias there is no pentagon: it is the negative bias that filters interference",
    source=SOURCE,
    kind="beyond",
    trains=WITHOUT_BIAS,
)
def test_without_bias_not_all_five_are_represented(claim, runs):
    with_bias, without = (number(run) == 5 for run in runs.values())
    claim.figure = figures.arrows(runs)
    is_negative = (runs["with bias"].biases[:, -1] < 0).all(1)
    claim.asides = (
        share_interval(with_bias, "the same with the bias", claim.alpha),
        share_interval(is_negative, "of these, share with negative biases alone", claim.alpha, among=with_bias),
    )
    share = claim.share(without, "share of seeds with all five represented, without the bias")
    claim.holds_if(share < 0.5, claim.learned(runs["without bias"]))
