"""Fixtures and hooks of the benchmarks: data, one thread, and the summary that a session leaves."""

import json
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from benchmarks.rounds import Session, measure
from benchmarks.summary import Summary, lacking, table
from benchmarks.ways import Loop, Task
from models import data
from models.experiment import Experiment

NETS = {"784-30-10": (30,), "784-20-40-60-50-30-10": (20, 40, 60, 50, 30)}  # name -> hidden
BATCHES = (50, 5)

_SESSION = pytest.StashKey[Session]()
_WRITTEN = pytest.StashKey[str]()


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """The trainer's own settings in every way: one thread, denormal numbers flushed to zero."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    yield
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def root(pytestconfig: pytest.Config) -> Path | None:
    """The folder of MNIST, if one was named."""
    named = os.environ.get("DATA_ROOT") or pytestconfig.getoption("--data-root", default=None)
    return Path(named) if named else None


@pytest.fixture(scope="session")
def training_set(root: Path | None) -> tuple[Tensor, Tensor]:
    """MNIST, or where no folder was named noise of its shape: inputs (image, pixel), labels (image,)."""
    if root is not None:
        images = data.images("mnist", root)
        return images.train_inputs, images.train_labels
    random = torch.Generator().manual_seed(0)
    return torch.rand(60_000, 784, generator=random), torch.randint(10, (60_000,), generator=random)


@pytest.fixture
def task(training_set: tuple[Tensor, Tensor]) -> Callable[[str, int, int], Task]:
    """Makes the task of training a net at a batch size for so many seeds."""
    return lambda net, batch, seeds: Task(experiment(net, batch), seeds, *training_set)


@pytest.fixture
def timed(benchmark: BenchmarkFixture, session: Session) -> Callable[[str, Task, Loop], None]:
    """Measures a way to train, in short rounds."""
    return lambda way, task, loop: measure(benchmark, way, task, loop, session)


@pytest.fixture
def session(pytestconfig: pytest.Config) -> Session:
    """What this session measured so far."""
    return pytestconfig.stash[_SESSION]


def experiment(net: str, batch: int) -> Experiment:
    """The training that is timed."""
    return Experiment(data="mnist", hidden=NETS[net], epochs=1, batch_size=batch)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SESSION] = Session()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the summary of a whole session; a part of one must not replace it."""
    config = session.config
    measured = config.stash[_SESSION]
    if not measured.rows:
        return
    path = _artifacts(config) / "benchmarks.json"
    if missing := lacking(measured.rows, list(NETS), BATCHES):
        config.stash[_WRITTEN] = f"{path.name} left as it was: this session lacks {', '.join(missing)}"
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_summary(measured), indent=1) + "\n")
    config.stash[_WRITTEN] = f"written to {path}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the table, after pytest-benchmark's own."""
    measured = config.stash[_SESSION]
    if measured.rows:
        summary = _summary(measured)
        terminalreporter.section("training throughput on one thread")
        rate = f"matrix products: {summary['matrix_product_rate']:.1f} GFLOP/s"
        terminalreporter.write_line(f"{summary['cpu']}, torch {summary['torch']}, {rate}\n")
        terminalreporter.write_line(table(summary))
        terminalreporter.write_line(f"\n{config.stash[_WRITTEN]}")
