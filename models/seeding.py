"""Independent random streams of one seed: its initialisation, its data, its order of batches."""

from typing import Literal

import numpy as np
import torch

Stream = Literal["initialisation", "training data", "test data", "outside data", "order"]
_STREAMS: dict[Stream, int] = {
    "initialisation": 0,
    "training data": 1,
    "test data": 2,
    "outside data": 3,
    "order": 4,
}


def generator(seed: int, stream: Stream) -> torch.Generator:
    """The random generator of one stream of one seed, independent of every other pair.

    Conditions that are compared share a seed and so share every stream: the comparison is paired.
    Always on the CPU, so that a GPU draws the same numbers.
    Source: numpy.random.SeedSequence spreads (seed, stream) over 64 bits.
    """
    state = np.random.SeedSequence([seed, _STREAMS[stream]]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
