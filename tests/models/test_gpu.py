"""The engine for a GPU, on the CPU: steps can be captured and replayed, concurrently; failures fall back to calls."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models.experiment import Experiment
from models.gpu import engine, graphs
from tests.models.test_engines import CASES

DIGITS = Experiment("digits", (12, 9), epochs=3, batch_size=50)
REPLAYED = [
    "digits", "a partial last batch", "cos", "gradient norms and snapshots", "a series on images",
    "mini-batches of a function",
]  # fmt: skip


def trained(experiment):
    return engine.train(experiment, (3, 2**32 - 1), None, "cpu")


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_few_kinds_of_blocks_end_at_records_snapshots_and_epochs():
    experiment = Experiment("mnist", (30,), epochs=3, batch_size=64, records=2, snapshots_every=500)
    ends = engine.block_ends(experiment, 4)
    assert {0, 937, 938, 1, 501, 1001, 2814} <= set(ends)
    assert len(set(np.diff(ends))) <= 9
    assert max(np.diff(engine.block_ends(Experiment("cos", (5,), epochs=20_000), 16))) <= 60
    large = Experiment("mnist", (30,), epochs=1, batch_size=10_000)
    assert engine.block_ends(large, 96) == [0, 1, 2, 3, 4, 5, 6]


def test_complete_sets_are_evaluated_in_pieces_that_fit(monkeypatch):
    experiment = replace(DIGITS, labels="random")
    at_once = trained(experiment)
    monkeypatch.setattr(engine, "_OUTPUTS", 12 * 2 * 11)
    for name, values in trained(experiment).items():
        assert values == pytest.approx(at_once[name], rel=1e-5), name


class Recording(TorchDispatchMode):
    """What a CUDA graph does, on the CPU: a capture leaves memory as it was, a replay repeats every operation.

    What waits for the device is refused, as it is there.
    """

    def __init__(self):
        super().__init__()
        self.calls, self.before = [], {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default):
            raise RuntimeError("operation not permitted when stream is capturing")
        for part in tree_leaves((args, kwargs)):
            if isinstance(part, torch.Tensor) and part.untyped_storage().data_ptr() not in self.before:
                storage = part.untyped_storage()
                self.before[storage.data_ptr()] = storage, storage.clone()
        result = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, result))
        return result

    def capture_begin(self, pool, capture_error_mode):
        assert capture_error_mode == "thread_local"
        self.__enter__()

    def capture_end(self):
        self.__exit__(None, None, None)
        for storage, before in self.before.values():
            storage.copy_(before)

    def replay(self):
        for func, args, kwargs, old in self.calls:
            new = func(*args, **kwargs)
            for there, here in zip(tree_leaves(old), tree_leaves(new), strict=True):
                if isinstance(there, torch.Tensor) and there.data_ptr() != here.data_ptr():
                    there.copy_(here)


@pytest.fixture
def recordings(monkeypatch):
    """Graphs as on a GPU, with recordings in place of CUDA's."""
    made = []

    def recording():
        made.append(Recording())
        return made[-1]

    nothing = SimpleNamespace(record=lambda: None, synchronize=lambda: None)
    for name, value in {
        "CUDAGraph": recording,
        "graph_pool_handle": lambda: (0, 1),
        "Event": lambda blocking: nothing,
        "current_stream": lambda: nothing,
        "memory_reserved": lambda: 0,
        "mem_get_info": lambda: (1, 1),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(graphs, "_NO_GRAPHS", threading.Event())
    monkeypatch.setattr(engine, "Graphs", lambda _: graphs.Graphs(torch.device("cuda")))
    return made


@pytest.mark.parametrize("case", REPLAYED)
def test_replays_compute_what_plain_calls_compute(case, recordings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replayed = trained(CASES[case])
    assert recordings
    graphs._NO_GRAPHS.set()
    assert_same(replayed, trained(CASES[case]))


def test_a_block_is_captured_when_it_comes_again(recordings):
    trained(DIGITS)  # 28 steps and one on fewer samples, three times; four records
    assert len(recordings) == 3
    assert sum("_fused_adam_" in str(call[0]) for call in recordings[1].calls) == 28


def test_threads_train_concurrently(recordings):
    experiments = [DIGITS, CASES["cos"], CASES["random labels"], CASES["a partial last batch"]] * 2
    expected = [trained(experiment) for experiment in experiments[:4]] * 2
    with ThreadPoolExecutor(8) as pool:
        for found, alone in zip(pool.map(trained, experiments), expected, strict=True):
            assert_same(found, alone)


def test_training_goes_on_plainly_and_warns_once_where_a_capture_fails(recordings, monkeypatch):
    expected = trained(DIGITS)

    def refuse(*_, **__):
        raise RuntimeError("not on this machine")

    monkeypatch.setattr(Recording, "capture_begin", refuse)
    with pytest.warns(RuntimeWarning, match="not on this machine"):
        assert_same(trained(DIGITS), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(DIGITS)


def test_work_that_waits_for_the_device_cannot_be_captured(recordings):
    work = graphs.Graphs(torch.device("cuda"))
    work.run("sum", lambda: torch.ones(3).sum().item())
    with pytest.warns(RuntimeWarning, match="not permitted"):
        work.run("sum", lambda: torch.ones(3).sum().item())
