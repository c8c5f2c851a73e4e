"""Section 3: superposition as a phase change. Two features in one dimension."""

import numpy as np
import pytest

from claims.superposition import figures
from claims.superposition.measures import final, represented, squared_norms
from claims.superposition.training import small

SPARSITIES = tuple(round(0.1 + 0.05 * place, 2) for place in range(18))
assert (len(SPARSITIES), SPARSITIES[0], SPARSITIES[-1]) == (18, 0.1, 0.95)

EXPERIMENTS = {sparsity: small(features=2, hidden=1, sparsity=sparsity) for sparsity in SPARSITIES}
UNEQUAL = {sparsity: small(features=2, hidden=1, sparsity=sparsity, importance=0.5) for sparsity in (0.1, 0.95)}

SOURCE = "Section 3, Superposition as a phase change"


def norm_ratios(runs):
    """Squared norm of the second feature over that of the first, (setting, seed)."""
    norms = np.stack([squared_norms(final(run)) for run in runs.values()])  # (setting, seed, feature)
    return np.divide(norms[..., 1], norms[..., 0], out=np.full(norms.shape[:2], np.inf), where=norms[..., 0] > 0)


@pytest.mark.claim("T13", "between not represented and antipodal there is no in-between: a phase change", source=SOURCE)
def test_there_is_no_in_between(claim, runs):
    ratios = norm_ratios(runs)
    between = ((ratios > 0.1) & (ratios < 0.9)).mean(0)  # (seed,)
    claim.figure = figures.norm_ratios(SPARSITIES, ratios)
    share = claim.median(between, "share of the sweep with a ratio of squared norms between 0.1 and 0.9")
    claim.holds_if(share < 0.1, claim.learned(*runs.values()))


@pytest.mark.claim(
    "T14",
    "an extra feature that matters less is left out when dense, and superposed when sparse",
    source=SOURCE,
    trains=UNEQUAL,
)
def test_a_lesser_feature_is_left_out_when_dense_and_superposed_when_sparse(claim, runs):
    dense, sparse = (represented(final(run))[:, 1] for run in runs.values())
    claim.figure = figures.losses(runs)
    left_out = claim.share(dense, "share of seeds with the second feature represented, 10 % sparsity") < 0.1
    superposed = claim.share(sparse, "share of seeds with the second feature represented, 95 % sparsity") > 0.9
    claim.holds_if(left_out, superposed, claim.learned(*runs.values()))
