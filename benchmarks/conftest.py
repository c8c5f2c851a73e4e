"""Fixtures and hooks of the benchmarks: data, one thread, and the summary that a session leaves."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from benchmarks.rounds import Session, measure, measure_on_device
from benchmarks.summary import Summary, device_table, lacking, table
from benchmarks.tasks import CASES, Task, experiment
from benchmarks.ways import Loop
from benchmarks.ways_device import Captured
from models import data
from ontrial.running.machine import cpu

_MEASURED = pytest.StashKey[Session]()
_WRITTEN = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_MEASURED] = Session()


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
    """MNIST, or where no folder was named noise of its shape, a fifth of whose pixels are not 0, as there."""
    if root is not None:
        return data.images("mnist", root)
    random = torch.Generator().manual_seed(0)
    pixels, bright = (torch.randint(256, (60_000, 784), dtype=torch.uint8, generator=random) for _ in range(2))
    pixels, labels = pixels * (bright < 51), torch.randint(10, (60_000,), generator=random)
    return data.Images(pixels, labels, pixels[:10_000], labels[:10_000], 255, "noise")


@pytest.fixture
def task(images: data.Images) -> Callable[[str, int, int], Task]:
    """Makes the task of training a net at a batch size for so many seeds."""
    return lambda net, batch, seeds: Task(experiment(net, batch), seeds, images)


@pytest.fixture
def measured(pytestconfig: pytest.Config) -> Session:
    """What this session has measured so far."""
    return pytestconfig.stash[_MEASURED]


@pytest.fixture
def timed(benchmark: BenchmarkFixture, measured: Session) -> Callable[[str, Task, Loop], None]:
    """Measures one way to train on a core, in short rounds."""
    return lambda way, task, loop: measure(benchmark, way, task, loop, measured)


@pytest.fixture
def timed_on_device(benchmark: BenchmarkFixture, measured: Session) -> Callable[[str, Task, list[Captured]], None]:
    """Measures stacks that train side by side on a GPU, in short rounds."""
    measured.device = torch.cuda.get_device_name()
    return lambda way, task, stacks: measure_on_device(benchmark, way, task, stacks, measured)


@pytest.fixture
def jax_scan(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loop]:
    """The loop that JAX compiles, on one CPU thread; skips where jax, an optional peer, is not there."""
    # XLA reads these once, when jax is first used.
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    monkeypatch.setenv("NPROC", "1")  # threads of its pool
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    pytest.importorskip("jax", reason="jax, an optional peer, is not installed: pip install jax")
    from benchmarks import ways_jax

    return ways_jax.scan


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the summary of a whole session; a part of one must not replace it."""
    config = session.config
    if not (measured := config.stash[_MEASURED]).rows:
        return
    folder = config.getoption("--artifacts", default=None) or "artifacts"
    path = config.rootpath / folder / "benchmarks.json"
    missing = lacking(measured.rows, CASES) + ([] if measured.ten_sizes else ["the ten sizes of claims P"])
    if missing:
        config.stash[_WRITTEN] = f"{path.name} not written: this session lacks {', '.join(missing)}"
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_summary(measured), indent=1) + "\n", encoding="utf-8")
    config.stash[_WRITTEN] = f"written to {path}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the table, after pytest-benchmark's own."""
    if not (measured := config.stash[_MEASURED]).rows:
        return
    summary = _summary(measured)
    rate = f"matrix products at {summary['matrix_product_rate']:.1f} GFLOP/s"
    terminalreporter.section("training throughput on one thread, and on a GPU where there is one")
    terminalreporter.write_line(f"{summary['cpu']}, torch {summary['torch']}, {rate}\n")
    terminalreporter.write_line(
        f"{table(summary)}{device_table(measured.device, measured.device_rows)}\n\n{config.stash[_WRITTEN]}"
    )


def _summary(measured: Session) -> Summary:
    return {
        "cpu": cpu(),
        "torch": torch.__version__,
        "matrix_product_rate": measured.matrix_product_rate,
        "rows": measured.rows,
        "ten_sizes": measured.ten_sizes,
        "device": measured.device,
        "device_rows": measured.device_rows,
    }
