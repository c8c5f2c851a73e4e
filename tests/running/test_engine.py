"""A Dask cluster in place of processes of our own: the same verdicts, the same stored bits."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ontrial.running.options import dask_executor

from models.experiment import Experiment
from ontrial.running.plan import Plan
from ontrial.running.queue import Setting
from ontrial.running.store import RunStore

ROOT = Path(__file__).parents[1]
TINY = Experiment("digits", (4,), epochs=2, batch_size=400)


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


def test_a_cluster_leaves_the_same_bits_as_processes_of_our_own(scheduler, tmp_path):
    found = []
    for folder, engine in (("own", None), ("cluster", dask_executor(scheduler))):
        plan = Plan(Setting(RunStore(tmp_path / folder), None, "cpu"), 1, engine)
        plan.add(TINY, 3)
        plan.train(plan.to_train(), lambda progress: None)
        assert plan.to_train() == []
        found.append(plan._run(TINY, 3).arrays)
    for name, values in found[0].items():
        np.testing.assert_array_equal(values, found[1][name])


def test_an_address_where_nothing_answers_is_refused():
    with pytest.raises(ValueError, match=re.escape("--engine tcp://127.0.0.1:9: no Dask scheduler answers")):
        dask_executor("tcp://127.0.0.1:9")
