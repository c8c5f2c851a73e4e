"""The machine: its processor, the cores that this process may use, and how fast one thread multiplies matrices."""

import math
import os
import platform
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_SIDES = 512, 1024  # of the matrices: some libraries are best at the smaller, some at the larger
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def cpu() -> str:
    """Model of the processor on Linux; elsewhere its architecture."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text(encoding="utf-8") if listed.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process may use: those that it is bound to, at most its container's quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text(encoding="utf-8").split()[:2]
        return min(bound, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no control groups of version 2, or "max"
        return bound


@cache  # a process runs few sessions, and they want to know the machine
def matrix_product_rate() -> float:
    """Multiplications and additions a second in products of float32 matrices, median of three; well under a second."""
    factors = square_factors()
    one_product_rate(factors)  # the first product sets up the library
    return median(one_product_rate(factors) for _ in range(3))


def square_factors() -> list[NDArray[np.float32]]:
    """Random square matrices, (side, side) each, whose products measure the machine."""
    return [np.random.default_rng(side).random((side, side), dtype=np.float32) for side in _SIDES]


def one_product_rate(factors: list[NDArray[np.float32]]) -> float:
    """Operations a second of the faster of the products of these square matrices with themselves."""
    rates = []
    for factor in factors:
        started = time.perf_counter()
        factor @ factor
        rates.append(2 * len(factor) ** 3 / (time.perf_counter() - started))
    return max(rates)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables that are set meanwhile."""
    before = {name: found for name, value in values.items() if (found := os.environ.get(name)) != value}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute with so many threads meanwhile: libraries that are loaded, torch, and those that are loaded in here."""
    if os.environ.get(THREADS[0]) == str(count):  # libraries read it when they are loaded
        yield
        return
    with environment(dict.fromkeys(THREADS, str(count))), threadpoolctl.threadpool_limits(count):
        torch = sys.modules.get("torch")
        before = torch.get_num_threads() if torch else count
        if torch and before != count:
            torch.set_num_threads(count)
        try:
            yield
        finally:
            if torch and before != count:
                torch.set_num_threads(before)
