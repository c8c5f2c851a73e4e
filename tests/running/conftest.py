"""Lanes whose workers are threads of this process, where a test is not about processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ontrial.running import lanes


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every lane is a thread."""
    monkeypatch.setattr(lanes, "_process", lambda began: ThreadPoolExecutor(1))
