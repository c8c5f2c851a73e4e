"""The engine of a GPU, on the CPU: its steps are those of a plain loop, and could be captured and replayed."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models import captured, graphs, training
from models.experiment import Experiment
from tests.models.oracle import flattened, plain_training

DIGITS = Experiment("digits", (12, 9), epochs=3, batch_size=50)
SEEDS = (3, 2**32 - 1)
PLAIN = {
    "digits": DIGITS,
    "a partial last batch": Experiment("digits", (30,), epochs=4, batch_size=200),
    "batch larger than the set": Experiment("digits", (7,), epochs=5, batch_size=5000),
    "one sample a step": Experiment("digits", (5,), epochs=2, batch_size=1, images=100),
    "six layers": Experiment("digits", (20, 40, 60, 50, 30), epochs=2, batch_size=50),
    "tanh": Experiment("digits", (12, 9), epochs=2, batch_size=50, activation="tanh"),
    "cos": Experiment("cos", (24, 16, 10, 8, 4), epochs=20),
    "arcsinh": Experiment("arcsinh", (32, 16, 9), epochs=20, records=3),
    "even kinks": Experiment("cos", (50,), epochs=20, kinks="even"),
    "float64": Experiment("cos", (3, 5), epochs=40, activation="tanh", dtype="float64"),
    "random labels": Experiment("digits", (12, 9), epochs=2, batch_size=50, labels="random"),
    "few images": Experiment("digits", (12,), epochs=3, batch_size=50, images=120),
    "another initialisation": Experiment("digits", (12,), epochs=2, batch_size=50, initialisation="second"),
    "as many steps as a larger batch": Experiment("digits", (12,), epochs=3, batch_size=50, steps_of_batch=100),
    "as many steps as a smaller batch": Experiment("digits", (12,), epochs=2, batch_size=5000, steps_of_batch=100),
    "another learning rate": Experiment("digits", (12,), epochs=2, batch_size=50, learning_rate=0.01),
    "gradient norms and snapshots": Experiment("cos", (3, 5), epochs=30, gradient_norms=True, snapshots_every=3),
}
OTHERS = {
    "a series": Experiment("cos", (3, 5), epochs=20, series=4, snapshots_every=5),
    "a series on images": Experiment("digits", (5,), epochs=2, batch_size=50, series=2, labels="random"),
    "a mini-batch of a function": Experiment("cos", (9, 4), epochs=6, batch_size=300, gradient_norms=True),
    "validation": Experiment("digits", (12,), epochs=6, batch_size=50, validation=300, best_parameters=True),
    "validation, a full batch": Experiment("digits", (12,), epochs=5, validation=300, labels="random"),
    "weights that stay 0": Experiment("digits", (12, 9), epochs=2, batch_size=50, keep=0.3, weights="glorot"),
    "records every few steps": Experiment(
        "digits", (12,), epochs=3, batch_size=50, records_every=7, recorded=("test",), snapshots_every=4
    ),
    "float64 images": Experiment("digits", (12,), epochs=2, batch_size=50, dtype="float64", activation="tanh"),
}


def captured_training(experiment, seeds=SEEDS):
    return captured.train(experiment, seeds, None, "cpu")


@pytest.mark.parametrize("experiment", PLAIN.values(), ids=PLAIN.keys())
def test_every_network_of_a_stack_is_trained_as_by_a_plain_loop(experiment):
    found = captured_training(experiment)
    for row, seed in enumerate(SEEDS):
        plain = plain_training(experiment, seed)
        for part in ("train", "test"):
            expected = np.array(getattr(plain, f"{part}_loss"))[found["epoch"]]
            assert found[f"{part}_loss"][row] == pytest.approx(expected, rel=2e-4)
        assert found["parameters"][row] == pytest.approx(flattened(plain.network), abs=2e-3)
        assert found["last_gradient_norms"][row] == pytest.approx(plain.gradient_norms[-1], rel=2e-2, abs=1e-5)
        if experiment.gradient_norms:
            assert found["gradient_norm"][row] == pytest.approx(np.linalg.norm(plain.gradient_norms, axis=1), rel=1e-4)
        if experiment.snapshots_every:
            assert found["snapshots"][row] == pytest.approx(plain.snapshots[found["snapshot_step"] - 1], abs=1e-5)


@pytest.mark.parametrize("experiment", OTHERS.values(), ids=OTHERS.keys())
def test_both_engines_record_the_same(experiment):
    found, expected = captured_training(experiment), training.train(experiment, SEEDS)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        values = values if name in experiment.shared else values.reshape(found[name].shape)
        slack = dict(abs=0.006) if "accuracy" in name else dict(rel=2e-3, abs=2e-3 if "parameters" in name else 1e-5)
        assert found[name] == pytest.approx(values, **slack), name


def test_the_same_call_gives_the_same_bits():
    first, second = captured_training(DIGITS), captured_training(DIGITS)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_what_is_not_finite_is_recorded():
    found = captured_training(Experiment("cos", (5,), epochs=60, learning_rate=1e30))
    assert not np.isfinite(found["train_loss"]).all()
    assert not np.isfinite(found["batch_loss"]).all()


def test_few_kinds_of_blocks_end_at_all_that_comes_between():
    experiment = Experiment("mnist", (30,), epochs=3, batch_size=64, records=2, snapshots_every=500)
    ends = captured._ends(experiment, 4)
    assert {0, 937, 938, 1, 501, 1001, 2814} <= set(ends)
    assert len(set(np.diff(ends))) <= 9
    assert max(np.diff(captured._ends(Experiment("cos", (5,), epochs=20_000), 16))) <= 60
    large = Experiment("mnist", (30,), epochs=1, batch_size=10_000)
    assert captured._ends(large, 96) == [0, 1, 2, 3, 4, 5, 6]


def test_whole_sets_are_evaluated_in_pieces_that_fit(monkeypatch):
    experiment = Experiment("digits", (12,), epochs=1, batch_size=50, validation=100, labels="random")
    whole = captured_training(experiment)
    monkeypatch.setattr(captured, "_ANSWERS", 12 * 2 * 11)
    for name, values in captured_training(experiment).items():
        assert values == pytest.approx(whole[name], rel=1e-5), name


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
        answer = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, answer))
        return answer

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
def recorder(monkeypatch):
    """Graphs as on a GPU, with recordings in place of CUDA's."""
    recordings = []

    def recording():
        recordings.append(Recording())
        return recordings[-1]

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
    monkeypatch.setattr(captured, "Graphs", lambda _: graphs.Graphs(torch.device("cuda")))
    return recordings


@pytest.mark.parametrize("experiment", [*PLAIN.values(), *OTHERS.values()], ids=[*PLAIN, *OTHERS])
def test_replays_do_what_the_steps_do(experiment, recorder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        replayed = captured_training(experiment)
    recorder.clear()
    for name, values in training_without_graphs(experiment).items():
        np.testing.assert_array_equal(replayed[name], values, err_msg=name)


def training_without_graphs(experiment):
    graphs._NO_GRAPHS.set()
    return captured_training(experiment)


def test_a_block_is_captured_when_it_comes_again(recorder):
    captured_training(DIGITS)  # 28 steps and one on fewer samples, three times; four records
    assert len(recorder) == 3
    assert sum("_fused_adam_" in str(call[0]) for call in recorder[1].calls) == 28


def test_threads_train_side_by_side(recorder):
    experiments = [DIGITS, PLAIN["cos"], OTHERS["validation"], PLAIN["a partial last batch"]] * 2
    expected = [captured_training(experiment) for experiment in experiments[:4]] * 2
    with ThreadPoolExecutor(8) as pool:
        for found, alone in zip(pool.map(captured_training, experiments), expected, strict=True):
            for name, values in alone.items():
                np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_training_goes_on_plainly_and_says_so_where_a_capture_fails(recorder, monkeypatch):
    expected = captured_training(DIGITS)

    def refuse(*_, **__):
        raise RuntimeError("not on this machine")

    monkeypatch.setattr(Recording, "capture_begin", refuse)
    with pytest.warns(RuntimeWarning, match="not on this machine"):
        found = captured_training(DIGITS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        captured_training(DIGITS)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


def test_a_step_that_waits_for_the_device_is_no_step_to_capture(recorder):
    work = graphs.Graphs(torch.device("cuda"))
    work.run("sum", lambda: torch.ones(3).sum().item())
    with pytest.warns(RuntimeWarning, match="not permitted"):
        work.run("sum", lambda: torch.ones(3).sum().item())
