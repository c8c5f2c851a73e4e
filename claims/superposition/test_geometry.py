"""Section 4: the geometry of superposition. Four hundred equally important features in thirty dimensions."""

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

DENSITIES = tuple(float(f"{density:.4g}") for density in np.geomspace(1, 0.05, 12))  # 1 - S
EXPERIMENTS = {density: large(features=400, hidden=30, sparsity=round(1 - density, 6)) for density in DENSITIES}

SOURCE = "Section 4, The geometry of superposition"


def each(measure, runs):
    """A measure of the weights at every density, (density, seed, …)."""
    return np.stack([measure(final(run)) for run in runs.values()])


@pytest.mark.claim(
    "T15", "with equal importance, dimensions per feature are sticky at 1/2 as sparsity grows", source=SOURCE
)
def test_dimensions_per_feature_are_sticky_at_one_half(claim, runs):
    found = each(dimensions_per_feature, runs)  # (density, seed)
    at_half, below, above = (near(found, centre).sum(0) for centre in (0.5, 0.35, 0.65))
    claim.figure = figures.stickiness(runs)
    more = claim.median(at_half - (below + above) / 2, "densities near 1/2 − mean of those near 0.35 and near 0.65")
    claim.holds_if(more > 0, claim.learned(*runs.values()))


@pytest.mark.claim("T16", "at that plateau features are antipodal pairs", source=SOURCE)
def test_at_the_plateau_features_are_antipodal_pairs(claim, runs):
    nearest = abs(each(dimensions_per_feature, runs) - 0.5).argmin(0)  # (seed,)
    paired = each(share_with_partner, runs)  # (density, seed)
    claim.figure = figures.stickiness(runs)
    at_plateau = paired[nearest, np.arange(len(nearest))]
    claim.holds_if(claim.median(at_plateau, "share of represented features with an opposite, nearest to 1/2") > 0.8)


@pytest.mark.claim(
    "T17", "dimensionalities cluster at 1/2, 2/3, 2/5, 3/8, 3/4 and 1 more than by chance", source=SOURCE
)
def test_dimensionalities_cluster_at_fractions(claim, runs):
    found, there = (np.concatenate(each(measure, runs), 1) for measure in (dimensionality, represented))
    claim.figure = figures.dimensionalities(runs, each(dimensionality, runs), each(represented, runs))
    more = claim.median(clustering(found, there), "share within 0.02 of a fraction − of windows 0.04 to 0.06 beside it")
    claim.holds_if(more > 0)
