"""Section 3: superposition as a phase change. Two features in one dimension.

Outcome: 0 of 2 hold; T14 refuted; T13 inconclusive (full, synthetic features, 32 to 320 seeds, record of 2026-11-27).
"""

import numpy as np
import pytest

from claims.superposition import figures
from claims.superposition.measures import final, represented, squared_norms
from claims.superposition.training import small
from ontrial import share_interval

SPARSITIES = tuple(round(0.1 + 0.05 * place, 2) for place in range(18))
assert (len(SPARSITIES), SPARSITIES[0], SPARSITIES[-1]) == (18, 0.1, 0.95)

EXPERIMENTS = {"sweep": small(features=2, hidden=1, sparsity=SPARSITIES)}
UNEQUAL = {"unequal": small(features=2, hidden=1, sparsity=(0.1, 0.95), importance=0.5)}

SOURCE = "Section 3, Superposition as a phase change"


def norm_ratios(run):
    """Squared norm of the second feature over that of the first, (seed, sparsity)."""
    first, second = np.moveaxis(squared_norms(final(run)), -1, 0)  # (seed, sparsity) each
    return np.divide(second, first, out=np.full(first.shape, np.inf), where=first > 0)


def begin_opposite(run):
    """Whether both features begin on opposite sides, (seed,): the same for every sparsity."""
    return run.weights[:, 0, 0, 0].prod(-1) < 0


@pytest.mark.claim("T13", "between not represented and antipodal there is no in-between: a phase change", source=SOURCE)
def test_there_is_no_in_between(claim, runs):
    ratios = norm_ratios(runs["sweep"])
    between = ((ratios > 0.1) & (ratios < 0.9)).mean(1)  # (seed,)
    claim.figure = figures.norm_ratios(SPARSITIES, ratios.T)
    share = claim.median(between, "share of the sweep with a ratio of squared norms between 0.1 and 0.9")
    claim.holds_if(share < 0.1, claim.learned(runs["sweep"]))


@pytest.mark.claim(
    "T14",
    "an extra feature that matters less is left out when dense, and superposed when sparse",
    source=SOURCE,
    trains=UNEQUAL,
)
def test_a_lesser_feature_is_left_out_when_dense_and_superposed_when_sparse(claim, runs):
    dense, sparse = represented(final(runs["unequal"]))[..., 1].T  # (seed,) each
    claim.figure = figures.norm_ratios((0.1, 0.95), norm_ratios(runs["unequal"]).T)
    apart = begin_opposite(runs["unequal"])
    claim.asides = (
        share_interval(sparse, "95 % sparsity, begun on opposite sides", claim.alpha, among=apart),
        share_interval(sparse, "95 % sparsity, begun on the same side", claim.alpha, among=~apart),
    )
    left_out = claim.share(dense, "share of seeds with the second feature represented, 10 % sparsity") < 0.1
    superposed = claim.share(sparse, "share of seeds with the second feature represented, 95 % sparsity") > 0.9
    claim.holds_if(left_out, superposed, claim.learned(runs["unequal"]))
