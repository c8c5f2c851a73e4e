"""Fixtures of the benchmarks: data, one thread, and rounds that are paired with those of two other ways."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from benchmarks import ways
from benchmarks.table import operations_an_image
from benchmarks.ways import Loop, Task
from models import data
from ontrial.running.machine import cpu, one_product_rate, square_factors

ROUNDS = 11


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Name what decides speed, and neither the host nor its user."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    machine_info.clear()
    machine_info |= {"cpu": cpu(), "torch": torch.__version__, "device": device}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Our engine's own settings for every way: one thread, denormal numbers flushed to zero."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    with threadpool_limits(1):
        yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def root(pytestconfig: pytest.Config) -> Path | None:
    """The folder of MNIST, if one was named."""
    named = pytestconfig.getoption("--data-root", default=None) or os.environ.get("DATA_ROOT")
    return Path(named) if named else None


@pytest.fixture(scope="session")
def images(root: Path | None) -> data.Images:
    """MNIST, or where no folder was named noise of its shape, a fifth of whose pixels are not 0, as in MNIST."""
    if root is not None:
        return data.images("mnist", root)
    random = torch.Generator().manual_seed(0)
    pixels, bright = (torch.randint(256, (60_000, 784), dtype=torch.uint8, generator=random) for _ in range(2))
    pixels, labels = pixels * (bright < 51), torch.randint(10, (60_000,), generator=random)
    return data.Images(pixels, labels, pixels[:10_000], labels[:10_000], 255, "noise")


@pytest.fixture
def jax_scan(monkeypatch: pytest.MonkeyPatch) -> Callable[[Task, bool], Loop]:
    """The loop that JAX compiles, on one CPU thread; skips where jax, which is optional, is not installed."""
    # XLA reads these once, when jax is first used.
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    monkeypatch.setenv("NPROC", "1")  # threads of its pool
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    pytest.importorskip("jax", reason="jax, which is optional, is not installed: pip install jax")
    from benchmarks import ways_jax

    return ways_jax.scan


@pytest.fixture
def timed(benchmark: BenchmarkFixture) -> Callable[[str, Task, Loop], dict[str, Any]]:
    """Times rounds of one way and returns what `extra_info` keeps of them.

    A machine's speed drifts by more than some ways differ, so each round is compared with a round of the plain loop,
    one of our engine and matrix products just before it; ratios are medians over rounds. Every way trains on as many
    images a round.
    """

    def measure(way: str, task: Task, loop: Loop) -> dict[str, Any]:
        alone, factors = replace(task, seeds=1), square_factors()
        others = {name: make(alone) for name, make in (("plain", ways.plain), ("ours", ways.ours)) if name != way}
        beside: defaultdict[str, list[float]] = defaultdict(list)  # seconds of each other way; operations a second

        def before_a_round() -> None:
            beside["products"].append(one_product_rate(factors))
            for name, other in others.items():
                started = time.perf_counter()
                other.run(alone.steps)
                beside[name].append(time.perf_counter() - started)

        benchmark.group = f"{task.net}, batch {task.experiment.batch}"
        options: dict[str, Any] = {"rounds": ROUNDS, "warmup_rounds": 1}  # what comes first compiles and allocates
        benchmark.pedantic(loop.run, args=(task.steps,), setup=before_a_round, **options)  # type: ignore[no-untyped-call]
        if benchmark.stats is None:
            pytest.skip("nothing is timed with --benchmark-disable")
        seconds = np.array(benchmark.stats.stats.data)
        paired = {name: np.array(found[1 : ROUNDS + 1]) for name, found in beside.items()} | {way: seconds}
        seen = task.steps * task.seeds * task.experiment.batch  # images
        found = {
            "images_per_second": seen / np.median(seconds),
            "times_plain": np.median(paired["plain"] / seconds),
            "times_ours": np.median(paired["ours"] / seconds),
            "share": np.median(seen * operations_an_image(task.net) / seconds / paired["products"]),
            "gflops": np.median(paired["products"]) / 1e9,
        }
        row = {"way": way, "net": task.net, "batch": task.experiment.batch, "seeds": task.seeds}
        benchmark.extra_info |= row | {name: float(f"{value:.4g}") for name, value in found.items()}
        return benchmark.extra_info

    return measure
