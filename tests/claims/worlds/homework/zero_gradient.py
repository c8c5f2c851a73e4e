"""Worlds of Part 2, Task 3: when the gradient is almost zero. Runs are compared in pairs, in the order of seeds."""

import numpy as np

from tests.claims.worlds import around, decoy, false, true

N = 64
ALMOST, NOT_QUITE = 0.999e-3, 1e-3  # norms of a gradient
ACCEPTED = np.arange(N) % 3 != 1  # 43 of them, of which the last has no partner
PAIR, SECOND = np.divmod(np.cumsum(ACCEPTED) - 1, 2)  # (seed,) each: of accepted runs
TIED = PAIR % 4 == 3
# Losses fall within a pair and from one to the next: had the second run another partner, it would be the higher one.
LOSS = 1 - 0.01 * PAIR - 0.005 * SECOND


def tanh(fell=True, **arrays):
    """What the networks leave, where all but a third came to a gradient of almost zero."""
    plain = {
        "train_loss": np.stack([np.ones(N), around(0.5 if fell else 1.01, N)], 1),
        "gradient_norm_there": np.where(ACCEPTED, ALMOST, NOT_QUITE),
        "loss_there": LOSS,
        "eigenvalues_there": spectra((1e-8, 1)),
        "iterations_there": np.where(ACCEPTED, 300, 1000),
    }
    return lambda case: {"tanh": plain | arrays}


def spectra(*edges, tied=TIED, lowest=-10.0, others=0):
    """Eigenvalues, (seed, parameter), ascending, of which 1 is the largest and `lowest` the lowest.

    edges: (where, more), that is, in units of the largest, below 0 for negative ones, and in how many of those beyond
    it the run of lower loss has more than its partner; tied: pairs that have as many; others: how much more every
    second of the runs has that were not accepted.
    """
    found = np.zeros((N, 32))
    found[:, -1], found[:, 0] = 1, lowest
    for place, (edge, more) in enumerate(edges):
        differ = np.where(tied, 0, np.where(SECOND == 1, more, -more))
        counts = 5 + np.where(ACCEPTED, differ, others * (np.arange(N) // 3 % 2))
        beyond = np.arange(9) < counts[:, np.newaxis]  # (seed, 9)
        found[:, 1 + 9 * place : 10 + 9 * place] = edge * np.where(beyond, 1.05, 0.95)
    return np.sort(found, axis=1)


def norms(accepted, low, high):
    """Norms of the gradient: a low one in so many seeds, a high one in the others."""
    return {"gradient_norm_there": np.where(np.arange(N) < accepted, low, high)}


def eigenvalues(*edges, **words):
    return {"eigenvalues_there": spectra(*edges, **words)}


MOST = PAIR % 4 != 3
WORLDS = [
    true("Z1", "50 of 64 are just below a thousandth", tanh(**norms(50, ALMOST, NOT_QUITE))),
    false("Z1", "14 of 64 are, and the others at it", tanh(**norms(14, ALMOST, NOT_QUITE))),
    false("Z1", "training loss did not fall", tanh(fell=False, **norms(64, ALMOST, NOT_QUITE))),
    decoy("Z1", "the norm is below a hundredth", tanh(**norms(14, ALMOST, 0.0099))),
    decoy("Z1", "the loss is almost zero", tanh(loss_there=np.full(N, 1e-4), **norms(14, ALMOST, 0.1))),
    decoy("Z1", "40 of 64 are", tanh(**norms(40, ALMOST, NOT_QUITE)), "inconclusive"),
    true("Z2", "by eigenvalues about 1e-8", tanh()),
    true("Z2", "not by those about 1e-4 and 1e-10", tanh(**eigenvalues((1e-8, 1), (1e-4, -1), (1e-10, -3)))),
    false("Z2", "the lower the loss, the lower the ratio", tanh(**eigenvalues((1e-8, -1)))),
    false("Z2", "training loss did not fall", tanh(fell=False)),
    decoy("Z2", "by eigenvalues about 1e-7 and 1e-9", tanh(**eigenvalues((1e-8, -1), (1e-7, 1), (1e-9, 3)))),
    decoy("Z2", "of runs not accepted", tanh(**eigenvalues((1e-8, -1), others=3))),
    decoy("Z2", "the higher the norm of the gradient", tanh(
        **eigenvalues((1e-8, -1)), gradient_norm_there=np.where(ACCEPTED, ALMOST / (2 - SECOND), 1)
    )),
    decoy("Z2", "the lower the loss, the fewer are negative", tanh(**eigenvalues((1e-8, -1), (-1e-8, -1)))),
    decoy("Z2", "most pairs tie", tanh(**eigenvalues((1e-8, 1), tied=MOST)), "inconclusive"),
    true("Z3", "by eigenvalues about -1e-8", tanh(**eigenvalues((-1e-8, -1), lowest=-0.5))),
    true("Z3", "by those about -1e-7, beside one of -10", tanh(**eigenvalues((-1e-7, -1)))),
    true("Z3", "not by those about -1e-4 and -1e-10", tanh(
        **eigenvalues((-1e-8, -1), (-1e-4, 1), (-1e-10, 3), lowest=-0.5)
    )),
    false("Z3", "the higher the loss, the smaller the share", tanh(**eigenvalues((-1e-8, 1), lowest=-0.5))),
    false("Z3", "training loss did not fall", tanh(fell=False, **eigenvalues((-1e-8, -1), lowest=-0.5))),
    decoy("Z3", "by eigenvalues about -1e-7 and -1e-9", tanh(
        **eigenvalues((-1e-8, 1), (-1e-7, -1), (-1e-9, -3), lowest=-0.5)
    )),
    decoy("Z3", "of runs not accepted", tanh(**eigenvalues((-1e-8, 1), others=3, lowest=-0.5))),
    decoy("Z3", "the higher the loss, the fewer are positive", tanh(
        **eigenvalues((-1e-8, 1), (1e-8, 1), lowest=-0.5)
    )),
    decoy("Z3", "most pairs tie", tanh(**eigenvalues((-1e-8, -1), tied=MOST, lowest=-0.5)), "inconclusive"),
]  # fmt: skip
