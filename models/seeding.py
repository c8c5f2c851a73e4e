"""Independent random streams of one seed: its initialisations, its data and labels, its order of batches."""

from typing import Literal, get_args

import numpy as np
import torch

Stream = Literal[
    "first initialisation",
    "training data",
    "test data",
    "outside data",
    "order",
    "second initialisation",
    "training labels",
    "test labels",
    "probe",
]
_STREAMS: dict[str, int] = {stream: number for number, stream in enumerate(get_args(Stream))}


def generator(seed: int, stream: Stream) -> torch.Generator:
    """The random generator of one stream of one seed, independent of every other pair.

    Conditions that are compared share a seed and so share every stream: the comparison is paired.
    Always on the CPU, so that a GPU draws the same numbers.
    Source: numpy.random.SeedSequence spreads (seed, stream) over 64 bits.
    """
    state = np.random.SeedSequence([seed, _STREAMS[stream]]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
