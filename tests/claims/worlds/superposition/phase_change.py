"""Worlds of section 3: two features in one dimension, eighteen sparsities."""

import numpy as np

from tests.claims.worlds import decoy, false, true
from tests.claims.worlds.superposition.made import sweep


def ratios(*between, rest=(0.05, 0.95), **options):
    """A sweep with these ratios of squared norms at its first sparsities, and small ones, then large, at the rest."""
    small, large = rest
    found = [*between, *[small] * (9 - len(between)), *[large] * 9]
    return lambda case: {"sweep": sweep(*(np.array([[1.0, -np.sqrt(ratio)]]) for ratio in found), **options)}


def unequal(*ends, **options):
    """Squared norms of both features, dense and sparse."""
    pictures = [np.array([[np.sqrt(one), -np.sqrt(two)]]) for one, two in ends]
    return lambda case: {"unequal": sweep(*pictures, seeds=160, **options)}


WORLDS = [
    true("T13", "one of eighteen is in between", ratios(0.5)),
    true("T13", "ratios lie just outside", ratios(0.09, 0.91, 0.09, 0.91)),
    false("T13", "two of eighteen are in between", ratios(0.11, 0.89)),
    decoy("T13", "all are in between", ratios(rest=(0.4, 0.6))),
    decoy("T13", "nothing was learned", ratios(learned=False)),
    true("T14", "left out when dense, there when sparse", unequal((1, 0.48), (1, 0.52))),
    false("T14", "there when dense too", unequal((1, 0.52), (1, 0.52))),
    false("T14", "left out when sparse too", unequal((1, 0.48), (1, 0.48))),
    decoy("T14", "so it is with the first feature", unequal((0.48, 1), (0.52, 1))),
    decoy("T14", "the other way round", unequal((1, 1), (1, 0))),
    decoy("T14", "nothing was learned", unequal((1, 0), (1, 1), learned=False)),
]
