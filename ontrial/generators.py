"""The global random generators of random, NumPy and torch: seeded, described, and set as they were."""

import json
import random
import sys
from typing import Any

import numpy as np


def seed_all(seed: int) -> None:
    """Seed them, so that what draws from them depends on the seed alone."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)


def states() -> str:
    """Their states, as JSON; torch's where it is imported, those of its CUDA devices too."""
    found: dict[str, Any] = {"random": random.getstate(), "numpy": np.random.get_state(legacy=False)}
    if (torch := sys.modules.get("torch")) is not None:
        found["torch"] = torch.get_rng_state().tolist()
        found["cuda"] = [each.tolist() for each in torch.cuda.get_rng_state_all()] if torch.cuda.is_available() else []
    return json.dumps(found, default=lambda array: array.tolist())


def restore(text: str) -> None:
    """Set them to the states of this text."""
    found = json.loads(text)
    version, state, gauss = found["random"]
    random.setstate((version, tuple(state), gauss))
    np.random.set_state(found["numpy"])
    if (torch := sys.modules.get("torch")) is not None and "torch" in found:
        torch.set_rng_state(torch.tensor(found["torch"], dtype=torch.uint8))
        if found["cuda"]:
            torch.cuda.set_rng_state_all([torch.tensor(each, dtype=torch.uint8) for each in found["cuda"]])
