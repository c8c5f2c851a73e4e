"""A Dask cluster in place of processes of our own: the same verdicts, the same stored bits."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ontrial.running.cluster import dask_executor
from ontrial.running.plan import Plan
from ontrial.running.queue import Setting
from ontrial.running.store import RunStore
from tests.running.planted import Doubled, complete, crashing, noise, on_trial

ROOT = Path(__file__).parents[2]

pytest.importorskip("distributed")


@pytest.fixture
def scheduler(tmp_path):
    """The address of a Dask scheduler with one worker, in processes of their own."""
    started = []
    address_file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(address_file)]
    commands = (
        ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *common],
        ["worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", *common],
    )
    for command in commands:
        started.append(subprocess.Popen([sys.executable, "-m", "dask", *command], cwd=ROOT))
        deadline = time.monotonic() + 60
        while not address_file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield json.loads(address_file.read_text())["address"]
    for process in reversed(started):
        process.terminate()
        process.wait(timeout=30)


def test_a_cluster_leaves_the_same_bits_as_processes_of_our_own(scheduler, tmp_path, threads):
    found = []
    for folder, engine in (("own", None), ("cluster", dask_executor(scheduler))):
        plan = Plan(Setting(RunStore(tmp_path / folder)), 1, engine)
        well, bad = on_trial({"twice": Doubled(noise())}, 3), on_trial({"a": crashing()}, 3)
        plan.add(well)
        plan.add(bad)
        complete(plan)
        assert plan.runs(well)["twice"].n == 3
        assert "ArithmeticError: seed" in str(bad.failure)
        assert plan.first_jobs() == []
        found.append({path.name: path.read_bytes() for path in (tmp_path / folder).glob("*/*.npz")})
    assert len(found[0]) == 6
    assert found[0] == found[1]


def test_an_address_where_nothing_answers_is_refused():
    with pytest.raises(ValueError, match=re.escape("--engine tcp://127.0.0.1:9: no Dask scheduler answers")):
        dask_executor("tcp://127.0.0.1:9", seconds=0.5)
