"""This suite's own options: where its data lie, what stands for MNIST, and on what it trains."""

import gc
import os
from collections.abc import Mapping

import pytest

pytest_plugins = ("ontrial.plugin", "pytester")

gc.disable()  # until everything is imported: almost all of it stays, and the collector would walk it again and again


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("networks", "networks on trial")
    group.addoption("--dataset", help="what stands for MNIST: digits or mnist (default: the tier's)")
    where = "folder that holds MNIST, or where it is downloaded (default: DATA_ROOT)"
    group.addoption("--data-root", default=os.environ.get("DATA_ROOT") or None, metavar="FOLDER", help=where)
    group.addoption("--device", default="auto", help="auto, cpu or cuda")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported for torch and numba stays for good, and need not be walked any more, not even at the end."""
    gc.freeze()
    gc.enable()


def pytest_report_collectionfinish() -> list[str]:
    from models import probing

    return probing.compiles_again()


def pytest_ontrial_options(config: pytest.Config) -> Mapping[str, str | None]:
    """What experiments are told: dataset, data_root and device."""
    given = config.option
    if given.dataset not in (None, "digits", "mnist"):
        raise pytest.UsageError(f"unknown dataset {given.dataset!r}: there are digits and mnist")
    root = str(config.invocation_params.dir / given.data_root) if given.data_root else None
    return {"dataset": given.dataset, "data_root": root, "device": _device(given.device)}


def pytest_ontrial_training(declared: object) -> object:
    """The training of an experiment, which is what claims declare."""
    from models import experiment, probing

    return probing.ExperimentTraining(declared) if isinstance(declared, experiment.Experiment) else None


def _device(name: str) -> str:
    """The device that is meant. Raises pytest.UsageError for one that is not there."""
    import torch

    if name not in ("auto", "cpu", "cuda"):
        raise pytest.UsageError(f"--device {name}: unknown; there are auto, cpu and cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise pytest.UsageError("--device cuda: torch finds no CUDA device here; use --device cpu or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"
