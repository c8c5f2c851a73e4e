"""Section 4: the geometry of superposition. Four hundred equally important features in thirty dimensions.

Outcome: 3 of 3 hold (full, synthetic features, 16 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.superposition import figures
from claims.superposition.measures import (
    clustering,
    dimensionality,
    dimensions_per_feature,
    final,
    near,
    represented,
    share_with_partner,
)
from claims.superposition.training import large

SPARSITIES = tuple(round(1 - density, 4) for density in np.geomspace(1, 0.05, 12).tolist())
EXPERIMENTS = {"sweep": large(features=400, hidden=30, sparsities=SPARSITIES)}

SOURCE = "Section 4, The geometry of superposition"


@pytest.mark.claim(
    "T15", "with equal importance, dimensions per feature are sticky at 1/2 as sparsity grows", source=SOURCE
)
def test_dimensions_per_feature_are_sticky_at_one_half(claim, runs):
    found = dimensions_per_feature(final(runs["sweep"]))  # (seed, sparsity)
    at_half, below, above = (near(found, centre).sum(1) for centre in (0.5, 0.35, 0.65))
    claim.figure = figures.stickiness(runs["sweep"])
    more = claim.median(at_half - (below + above) / 2, "sparsities near 1/2 − mean of those near 0.35 and near 0.65")
    claim.holds_if(more > 0, claim.learned(runs["sweep"]))


@pytest.mark.claim("T16", "at that plateau features are antipodal pairs", source=SOURCE)
def test_at_the_plateau_features_are_antipodal_pairs(claim, runs):
    weights = final(runs["sweep"])
    nearest = abs(dimensions_per_feature(weights) - 0.5).argmin(1)  # (seed,)
    paired = share_with_partner(weights)  # (seed, sparsity)
    claim.figure = figures.stickiness(runs["sweep"])
    at_plateau = paired[np.arange(len(nearest)), nearest]
    claim.holds_if(claim.median(at_plateau, "share of represented features with an opposite, nearest to 1/2") > 0.8)


@pytest.mark.claim(
    "T17", "dimensionalities cluster at 1/2, 2/3, 2/5, 3/8, 3/4 and 1 more than by chance", source=SOURCE
)
def test_dimensionalities_cluster_at_fractions(claim, runs):
    weights = final(runs["sweep"])
    found = clustering(dimensionality(weights), represented(weights))
    not_at_half = represented(weights) & ~near(dimensionality(weights), 0.5, 0.02)
    claim.figure = figures.dimensionalities(runs["sweep"])
    rest = clustering(dimensionality(weights), not_at_half)
    claim.asides = (claim.median(rest, "the same, features within 0.02 of 1/2 left out"),)
    more = claim.median(found, "share within 0.02 of a fraction − of windows 0.04 to 0.06 beside it")
    claim.holds_if(more > 0)
