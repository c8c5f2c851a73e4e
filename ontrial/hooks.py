"""The hooks that a suite may implement in its conftest.py."""

from collections.abc import Mapping

import pytest

from ontrial.trainings import Training


@pytest.hookspec(firstresult=True)
def pytest_ontrial_options(config: pytest.Config) -> Mapping[str, str | None] | None:
    """What a suite's trainings are told of the command line, such as where its data lie, by name.

    Raise pytest.UsageError for a choice that cannot be. What is answered travels to the workers.
    """


@pytest.hookspec(firstresult=True)
def pytest_ontrial_training(declared: object) -> Training | None:
    """The training that a claim's declaration stands for, where it is none itself; None for another's declaration."""
