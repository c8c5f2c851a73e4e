"""The machine that trains: its processor, and how fast one thread multiplies matrices."""

import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

_SIDES = 512, 1024  # of the matrices: some libraries are best at the smaller, some at the larger
_ROUNDS = 3


def cpu() -> str:
    """Model of the processor, as Linux tells it; elsewhere its architecture."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text() if listed.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def matrix_product_rate() -> float:
    """Multiplications and additions a second in products of float32 matrices, median of a few rounds.

    With as many threads as torch is set to use; well under a second.
    """
    factors = square_factors()
    one_product_rate(factors)  # the first product sets up the library
    return median(one_product_rate(factors) for _ in range(_ROUNDS))


def square_factors() -> list[Tensor]:
    """Random square matrices, (side, side) each, whose products show what the machine can do."""
    return [torch.rand(side, side, generator=torch.Generator().manual_seed(side)) for side in _SIDES]


def one_product_rate(factors: Sequence[Tensor]) -> float:
    """Operations a second of the faster of the products of these square matrices with themselves."""
    rates = []
    for factor in factors:
        started = time.perf_counter()
        torch.mm(factor, factor)
        rates.append(2 * len(factor) ** 3 / (time.perf_counter() - started))
    return max(rates)
