"""What decides how a result is rounded: the libraries, the kernels that they chose, the device, and small numbers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy
import threadpoolctl
import torch


@cache
def rounding(device: str) -> dict[str, Any]:
    """Versions of what computes, and the kernels that it chose on this machine, JSON.

    device: "cpu" or a CUDA device, which is told by its model. OPENBLAS_CORETYPE, NUMBA_CPU_NAME and
    ATEN_CPU_CAPABILITY change what is chosen, and so this.
    """
    versions = {"torch": torch.__version__} | {name: version(name) for name in ("numpy", "scipy")}
    if device.startswith("cuda"):
        return versions | {"device": torch.cuda.get_device_name(device)}
    import llvmlite.binding

    kernels = sorted(
        " ".join(str(each.get(part)) for part in ("internal_api", "version", "architecture"))
        for each in threadpoolctl.threadpool_info()
        if each.get("user_api") == "blas" and "scipy.libs" not in each["filepath"]  # which nothing trains with
    )
    return versions | {
        "device": "cpu",
        "numba": version("numba"),
        "compiled_for": os.environ.get("NUMBA_CPU_NAME") or llvmlite.binding.get_host_cpu_name(),
        "blas": kernels,
        "torch_kernels": torch.backends.cpu.get_cpu_capability(),
    }


@contextmanager
def without_denormals() -> Iterator[None]:
    """Numbers too small to be normal are 0, on this thread: Adam makes them by the thousand, and they are slow."""
    before = float(numpy.float32(1e-38) * numpy.float32(0.1)) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
