"""What a user asks for on the command line, checked before anything is trained."""

import os
import tempfile
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import torch

from models.queue import Setting
from models.scale import Scale, scale
from models.store import RunStore


@dataclass(frozen=True)
class Options:
    """The checked choices of one session: a scale for each tier, and how its jobs are run."""

    scales: dict[str, Scale]
    setting: Setting
    workers: int
    artifacts: Path
    engine: Executor | None = None


def checked(
    *,
    workers: int | None,
    seeds: int | None,
    dataset: str | None,
    data_root: str | None,
    device: str,
    fresh: bool,
    store: str,
    artifacts: str,
    engine: str | None = None,
) -> Options:
    """The options of a session.

    workers: processes, by default one a core; seeds: for every experiment, in place of the tier's;
    engine: address of a Dask scheduler whose workers train in place of processes of our own.
    Raises ValueError for a choice that cannot be, saying what can.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"--workers {workers}: at least 1 process has to do the work")
    if seeds is not None and seeds < 1:
        raise ValueError(f"--seeds {seeds}: at least 1 seed has to be trained")
    return Options(
        scales={tier: scale(tier, dataset, seeds) for tier in ("fast", "full")},
        setting=Setting(RunStore(Path(store)), Path(data_root) if data_root else None, _device(device), fresh),
        workers=workers or os.cpu_count() or 1,
        artifacts=Path(artifacts),
        engine=None if engine is None else dask_executor(engine),
    )


def dask_executor(address: str) -> Executor:
    """The executor of a Dask cluster, started in this project's folder, with the run store and the data in reach.

    Raises ValueError where dask is not installed or no scheduler answers at the address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ValueError(f"--engine {address}: Dask is not installed; pip install distributed") from error
    try:
        return Client(address, timeout=10, set_as_default=False).get_executor()
    except (OSError, ValueError) as error:
        raise ValueError(f"--engine {address}: no Dask scheduler answers there ({error}); start one first") from error


def writable(folder: Path) -> None:
    """Make a folder where there is none. Raises ValueError where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"nothing can be written in {folder}: {error.strerror}. Name another folder.") from error


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda"):
        raise ValueError(f"--device {name}: unknown; there are auto, cpu and cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch finds no CUDA device here; use --device cpu or auto")
    return name
