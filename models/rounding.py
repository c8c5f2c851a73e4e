"""What decides how a result is rounded: the libraries, the kernels that they chose, the device, and small numbers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import threadpoolctl
import torch


@cache
def rounding(device: str) -> dict[str, Any]:
    """Versions of what computes, and the kernels that it chose on this machine, JSON.

    device: "cpu" or a CUDA device, which is told by its model. OPENBLAS_CORETYPE, ATEN_CPU_CAPABILITY, and what numba
    was told of the processor change what is chosen, and so this.
    """
    versions = {"torch": torch.__version__} | {name: version(name) for name in ("numpy", "scipy")}
    if device.startswith("cuda"):
        return versions | {"device": torch.cuda.get_device_name(device)}
    kernels = sorted(
        " ".join(str(each.get(part)) for part in ("internal_api", "version", "architecture"))
        for each in threadpoolctl.threadpool_info()
        if each.get("user_api") == "blas" and "scipy.libs" not in each["filepath"]  # which nothing trains with
    )
    return versions | {
        "device": "cpu",
        "numba": version("numba"),
        "compiled_for": _compiled_for(),
        "blas": kernels,
        "torch_kernels": torch.backends.cpu.get_cpu_capability(),
    }


def _compiled_for() -> str:
    """The processor that numba compiles for, by its name and by what else numba was told."""
    import llvmlite.binding

    told = [os.environ.get(f"NUMBA_{name}", "") for name in ("CPU_NAME", "CPU_FEATURES", "ENABLE_AVX")]
    if not told[0]:
        told[0] = llvmlite.binding.get_host_cpu_name()
    file = Path(".numba_config.yaml")  # in the folder where it runs, as numba looks for it
    return " ".join(filter(None, [*told, file.read_text(encoding="utf-8") if file.is_file() else ""]))


@contextmanager
def without_denormals() -> Iterator[None]:
    """Numbers too small to be normal are 0, on this thread: Adam makes them by the thousand, and they are slow."""
    before = float(numpy.float32(1e-38) * numpy.float32(0.1)) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
