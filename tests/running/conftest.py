"""A run store of its own for every test, and a pool of threads in place of processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ontrial.running.jobs import Setting
from ontrial.running.store import RunStore


@pytest.fixture
def store(tmp_path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def setting(store) -> Setting:
    return Setting(store, repeat=False)  # some trainings are counted


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor
