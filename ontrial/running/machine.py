"""The machine: its processor, the cores that this process may use, and how fast one thread multiplies matrices."""

import math
import os
import platform
import re
import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

_SIDES = 512, 1024  # of the matrices: some libraries are best at the smaller, some at the larger
_ROUNDS = 3
_CGROUP = Path("/sys/fs/cgroup")


def cpu() -> str:
    """Model of the processor, as Linux tells it; elsewhere its architecture."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text(encoding="utf-8") if listed.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process may use: those that it is bound to, and no more than its container allows."""
    counted = getattr(os, "process_cpu_count", None)
    if counted is not None:
        bound = counted()
    elif hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    else:
        bound = os.cpu_count()
    return max(1, min(bound or 1, _allowed()))


def _allowed() -> int:
    """The container's share of processor time, in whole cores; more than any machine has where there is none."""
    try:
        quota, period = (_CGROUP / "cpu.max").read_text(encoding="utf-8").split()[:2]
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):  # no control groups of version 2, or "max"
        return 1 << 16


def matrix_product_rate() -> float:
    """Multiplications and additions a second in products of float32 matrices, median of a few rounds.

    With as many threads as NumPy's library is set to use; well under a second.
    """
    factors = square_factors()
    one_product_rate(factors)  # the first product sets up the library
    return median(one_product_rate(factors) for _ in range(_ROUNDS))


def square_factors() -> list[NDArray[np.float32]]:
    """Random square matrices, (side, side) each, whose products show what the machine can do."""
    return [np.random.default_rng(side).random((side, side), dtype=np.float32) for side in _SIDES]


def one_product_rate(factors: list[NDArray[np.float32]]) -> float:
    """Operations a second of the faster of the products of these square matrices with themselves."""
    rates = []
    for factor in factors:
        started = time.perf_counter()
        factor @ factor
        rates.append(2 * len(factor) ** 3 / (time.perf_counter() - started))
    return max(rates)
