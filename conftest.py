"""This suite's own options: where its data lie, what stands for MNIST, and on what it trains."""

import gc
import os
from collections.abc import Mapping

import pytest

from pytest_ontrial import add_short_options

pytest_plugins = ("pytest_ontrial", "pytester")
gc.disable()  # until everything is imported: almost all of it stays, and the collector would walk it again and again


def pytest_addoption(parser: pytest.Parser) -> None:
    add_short_options(parser)
    group = parser.getgroup("networks", "networks on trial")
    data = "which data are used as MNIST (default: the tier's)"
    group.addoption("--dataset", choices=("digits", "mnist"), help=data)
    root = os.environ.get("DATA_ROOT") or None
    group.addoption("--data-root", default=root, metavar="FOLDER", help="where MNIST is (default: DATA_ROOT)")
    group.addoption("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks are trained")


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
    root = given.data_root and str(config.invocation_params.dir / given.data_root)
    return {"dataset": given.dataset, "data_root": root, "device": _device(given.device)}


def pytest_ontrial_training(declared: object) -> object:
    """The training of an experiment, which is what claims declare."""
    from models import experiment, probing

    return probing.ExperimentTraining(declared) if isinstance(declared, experiment.Experiment) else None


def _device(name: str) -> str:
    """The device that is meant. Raises pytest.UsageError for one that is not there."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise pytest.UsageError("--device cuda: torch finds no CUDA device here; use --device cpu or auto")
    return "cuda" if name != "cpu" and torch.cuda.is_available() else "cpu"
