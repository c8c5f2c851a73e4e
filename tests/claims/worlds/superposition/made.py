"""Made runs of the toy model: weights of given features, losses that fall."""

import numpy as np

from tests.claims.worlds import around

WORLDS = ()


def plane(*features):
    """Features in the plane, (hidden, feature). features: squared norm and angle in degrees of each."""
    norms, angles = np.array(features).T
    return np.sqrt(norms) * np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))])


def axes(hidden, features, **squares):
    """The first features on an axis each, (hidden, feature). squares: squared norms of features by "f0", "f1", …,
    negative for one that points against the axis of its number modulo the hidden dimensions.
    """
    found = np.zeros((hidden, features))
    for name, square in squares.items():
        feature = int(name[1:])
        found[feature % hidden, feature] = np.sign(square) * np.sqrt(abs(square))
    return found


def first(count, hidden, features, **more):
    """As `axes`, with so many first features of norm 1, those beyond the dimensions against the axis of another."""
    own = {f"f{each}": 1.0 if each < hidden else -1.0 for each in range(count)}
    return axes(hidden, features, **(own | more))


def run(*pictures, seeds=32, learned=True, loss=None):
    """A run whose seeds end in these pictures, each (hidden, feature), in turn, a little apart.

    loss: by feature on fresh samples, summed; learned: whether the training loss fell.
    """
    ends = np.stack([pictures[seed % len(pictures)] for seed in range(seeds)])  # (seed, hidden, feature)
    ends = ends * around(1.0, seeds, spread=1e-4)[:, np.newaxis, np.newaxis]
    curve = np.linspace(1, 0.5 if learned else 1.01, 100) * np.ones((seeds, 1))
    fresh = np.full((seeds, ends.shape[2]), 0.1) if loss is None else loss[:, np.newaxis] / ends.shape[2]
    return {
        "weights": np.stack([0.1 * ends, ends], 1),
        "biases": np.zeros((seeds, 2, ends.shape[2])),
        "train_loss": curve,
        "sparsity": np.full(seeds, 0.5),
        "feature_loss": fresh * np.ones(ends.shape[2]),
    }


def sweep(*pictures, seeds=32, learned=True):
    """A run of several sparsities, of which each ends in one picture, (hidden, feature)."""
    found = [run(picture, seeds=seeds, learned=learned) for picture in pictures]
    return {name: np.stack([arrays[name] for arrays in found], 1) for name in found[0]}
