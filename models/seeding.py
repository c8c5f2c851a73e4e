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
    "validation images",
    "weights that are kept",
]
_STREAMS: dict[str, int] = {stream: number for number, stream in enumerate(get_args(Stream))}


def generator(seed: int, stream: Stream, member: int = 0) -> torch.Generator:
    """The random generator of one stream of one seed, independent of every other.

    seed: any integer of 32 bits; member: of the seed's series of trainings, where what is drawn is the training's own.
    Conditions that are compared share a seed and so share every stream: the comparison is paired.
    Always on the CPU, so that a GPU draws the same numbers.

    Raises ValueError for a seed or a member that has no 32 bits, which might draw what another one draws.
    Source: numpy.random.SeedSequence spreads (seed, stream, member) over 64 bits.
    """
    if not (0 <= seed < 2**32 and 0 <= member < 2**32):
        raise ValueError(f"a seed and a member of its series must be integers of 32 bits, not {seed} and {member}")
    state = np.random.SeedSequence([int(seed), _STREAMS[stream], member]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
