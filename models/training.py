"""Training: the seeds of one experiment through the engine of their device, and measurements of trained networks."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_info, threadpool_limits
from torch import Tensor

from models.data import Sets, sets
from models.experiment import Experiment
from ontrial.trainings import Arrays

SHARED = frozenset({"epoch", "record_step", "snapshot_step"})  # arrays that all seeds share


@dataclass(frozen=True)
class Trained:
    """Trained networks, as a probe measures them: parameters (seed, parameter), their seeds, and their data."""

    experiment: Experiment
    seeds: tuple[int, ...]
    parameters: Tensor
    data: Sets


ProbeFunction = Callable[..., Arrays]  # of one or two Trained, to arrays whose first axis is the seed


def train(experiment: Experiment, seeds: Sequence[int], root: Path | None = None, device: str = "cpu") -> Arrays:
    """Train one network for each seed, or a series of them, and return what was recorded.

    epoch, record_step (record,): epochs begun and steps done at each record, 0 first; train_loss, test_loss, and for
    images train_accuracy, test_accuracy (seed, record): over the complete sets; test_accuracy_on_truth: of random
    labels, against the true ones; batch_loss (seed, epoch): of each epoch's last batch before its update, so that for
    a full batch entry k is the training loss after k steps; last_gradient_norms (seed, tensor): of the last step's
    gradient, for every weight and bias; parameters (seed, parameter): after training. Where the experiment records
    them: gradient_norm (seed, step): over all parameters, before each step's update; snapshots (seed, snapshot,
    parameter) and snapshot_step (snapshot,): steps done at each. Where there is a series, its axis follows that of the
    seed, as in train_loss (seed, series, record). Losses are mean squared error for functions, cross-entropy in nats
    for images; accuracies are shares. What is not finite is recorded as it is.
    """
    with torch.no_grad():
        if device == "cpu":
            from models.cpu import engine

            with one_thread():
                arrays = engine.train(experiment, seeds, root)
        else:
            from models.gpu import engine as gpu

            arrays = gpu.train(experiment, seeds, root, device)
    if experiment.series == 1:
        return arrays
    first_axes = len(seeds), experiment.series
    return {
        name: part if name in SHARED else part.reshape(*first_axes, *part.shape[1:]) for name, part in arrays.items()
    }


def measure(
    probe: ProbeFunction,
    experiments: Sequence[Experiment],
    seeds: Sequence[int],
    needed: Sequence[Arrays],
    root: Path | None = None,
    device: str = "cpu",
) -> Arrays:
    """What a probe measures on the networks of these seeds, needed: the arrays that training each experiment recorded.

    On the CPU one seed after another, so that no result depends on the other seeds.
    """

    def measured(rows: slice) -> Arrays:
        own, place = tuple(seeds[rows]), torch.device(device)
        stacks = [torch.from_numpy(arrays["parameters"][rows]).to(place) for arrays in needed]
        data = [sets(each, own, root, place) for each in experiments]
        return probe(*(Trained(*each) for each in zip(experiments, [own] * len(data), stacks, data, strict=True)))

    with one_thread():
        if device != "cpu":
            return measured(slice(None))
        found = [measured(slice(row, row + 1)) for row in range(len(seeds))]
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS on one thread, and denormal numbers flushed to 0: Adam makes them by the thousand, and they are slow."""
    were_flushed = float(np.float32(1e-38) * np.float32(0.1)) == 0
    torch.set_flush_denormal(True)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_flush_denormal(were_flushed)


@cache
def rounding(device: str) -> dict[str, Any]:
    """Versions of what computes, and the kernels that it chose on this machine, JSON.

    device: "cpu" or a CUDA device, which is recorded by its model. OPENBLAS_CORETYPE, ATEN_CPU_CAPABILITY and numba's
    settings of the processor change what is chosen, and so this.
    """
    versions = {"torch": torch.__version__} | {name: version(name) for name in ("numpy", "scipy")}
    if device.startswith("cuda"):
        return versions | {"device": torch.cuda.get_device_name(device)}
    kernels = sorted(
        " ".join(str(each.get(part)) for part in ("internal_api", "version", "architecture"))
        for each in threadpool_info()
        if each.get("user_api") == "blas" and "scipy.libs" not in each["filepath"]  # no training uses that one
    )
    return versions | {
        "device": "cpu",
        "numba": version("numba"),
        "compiled_for": compiled_for(),
        "blas": kernels,
        "torch_kernels": torch.backends.cpu.get_cpu_capability(),
    }


def compiled_for() -> str:
    """The processor that numba compiles for, with numba's settings that change the code."""
    import llvmlite.binding

    cpu, *settings = [os.environ.get(f"NUMBA_{name}", "") for name in ("CPU_NAME", "CPU_FEATURES", "ENABLE_AVX")]
    file = Path(".numba_config.yaml")  # numba, too, looks for it in the working directory
    written = file.read_text(encoding="utf-8") if file.is_file() else ""
    return " ".join(filter(None, [cpu or llvmlite.binding.get_host_cpu_name(), *settings, written]))
