"""Worlds of section 4: thirty dimensions, twelve sparsities. Sixty features of norm 1 have half a dimension each."""

import numpy as np

from tests.claims.worlds import decoy, false, true
from tests.claims.worlds.superposition.made import sweep

HIDDEN, SEEDS = 30, 16


def total(dimensions):
    """Weights with so many dimensions per feature, (hidden, feature)."""
    return np.diag(np.full(HIDDEN, np.sqrt(1 / dimensions)))


def by_sparsity(*dimensions, **options):
    """Runs with these dimensions per feature at the first sparsities, and 1 at the others."""
    found = [*dimensions, *[1.0] * (12 - len(dimensions))]
    return lambda case: {"sweep": sweep(*map(total, found), seeds=SEEDS, **options)}


def paired(pairs, cosine=-1.0):
    """Sixty features of norm 1, so many pairs of them at this cosine to each other, the others near no opposite."""
    found = np.zeros((HIDDEN, 60))
    for pair in range(pairs):
        found[pair, 2 * pair] = 1.0
        found[pair, 2 * pair + 1], found[(pair + 1) % HIDDEN, 2 * pair + 1] = cosine, np.sqrt(1 - cosine**2)
    for single in range(2 * pairs, 60):
        found[single % HIDDEN, single] = found[(single + 7) % HIDDEN, single] = np.sqrt(0.5)
    return found


def plateau(picture, others=None):
    """Runs that end in one picture, of half a dimension per feature, at the fifth sparsity, in others elsewhere."""
    rest = np.pad(total(0.9), ((0, 0), (0, 30))) if others is None else others
    return lambda case: {"sweep": sweep(*[rest] * 4, picture, *[rest] * 7, seeds=SEEDS)}


def opposite(first, second, short=1.0):
    """Thirty pairs on the axes with these squared norms, and thirty pairs that are too short."""
    long = np.concatenate(
        [np.diag(np.full(HIDDEN, sign * np.sqrt(square))) for sign, square in ((1, first), (-1, second))], 1
    )
    return np.concatenate([long, short * 1e-3 * np.ones((HIDDEN, 2))], 1)


def split(first, second):
    """Fifteen pairs on the first axes and fifteen on the others, with these squared norms, opposite."""
    squares = np.array([first] * 15 + [second] * 15)  # (pair, end)
    return np.concatenate([np.diag(sign * np.sqrt(squares[:, end])) for end, sign in ((0, 1), (1, -1))], 1)


def mostly(picture, once):
    """One of the twelve sparsities ends in another picture."""
    return lambda case: {"sweep": sweep(once, *[picture] * 11, seeds=SEEDS)}


def everywhere(picture):
    return lambda case: {"sweep": sweep(*[picture] * 12, seeds=SEEDS)}


WORLDS = [
    true("T15", "two at 1/2, three beside it", by_sparsity(0.455, 0.545, 0.35, 0.65, 0.65)),
    false("T15", "one at 1/2, three beside it", by_sparsity(0.5, 0.35, 0.65, 0.65)),
    decoy("T15", "sticky at 0.35", by_sparsity(0.35, 0.35, 0.35, 0.35, 0.5)),
    decoy("T15", "just beside 1/2", by_sparsity(0.44, 0.56, 0.44, 0.56, 0.65)),
    decoy("T15", "nothing was learned", by_sparsity(0.5, 0.5, 0.5, learned=False)),
    true("T16", "25 of 30 pairs", plateau(paired(25, -0.91))),
    false("T16", "23 of 30 pairs", plateau(paired(23))),
    decoy("T16", "pairs that are not opposite", plateau(paired(28, -0.89))),
    decoy("T16", "their opposites are too short", plateau(opposite(1.6, 0.4), others=opposite(0.6, 0.5))),
    decoy("T16", "pairs at the other densities", plateau(paired(0), others=1.05 * paired(30))),
    true("T17", "all at one half", everywhere(opposite(1.03, 0.97))),
    false("T17", "all beside one half", everywhere(opposite(1.1, 0.9))),
    decoy("T17", "some at one half, more beside it", mostly(opposite(1.1, 0.9), once=opposite(1.0, 1.0))),
    decoy("T17", "those at one half are too short", everywhere(split((1.1, 0.9), (0.4, 0.4)))),
    decoy("T17", "spread evenly, most of them at no fraction", everywhere(opposite(1.15, 0.87))),
]
