"""The engine for a CPU: the same bits whatever else is trained, global state restored, compiled code cached safely."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from models import data, networks
from models.cpu import engine, layout, solver, steps
from models.experiment import Experiment
from models.training import SHARED, one_thread, train

ROOT = Path(__file__).parents[2]
EXPERIMENTS = {
    "digits": Experiment("digits", (12, 9), epochs=2, batch_size=50, labels="random"),
    "cos": Experiment("cos", (24, 16), epochs=20, gradient_norms=True, snapshots_every=7),
    "tanh": Experiment("cos", (3, 5), epochs=20, activation="tanh", dtype="float64", series=2),
}
each_experiment = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)


@each_experiment
def test_a_seed_has_the_same_bits_in_any_block(experiment):
    alone, together = train(experiment, [4]), train(experiment, [9, 4, 2**32 - 1])
    for name, values in together.items():
        np.testing.assert_array_equal(alone[name], values if name in SHARED else values[1:2], err_msg=name)


def test_where_numba_finds_no_folder_to_store_in_it_compiles_the_same_code_and_says_so_once(tmp_path):
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "conftest.py", tmp_path)
    nowhere = tmp_path / "models" / "cpu" / "__pycache__"
    nowhere.touch()  # a file, below which nobody can write
    folders = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "USERPROFILE"), str(nowhere / "below"))
    environment = os.environ | folders | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    train_fresh = (
        "from tests.models.test_cpu import bits\n"
        "junk = [bytearray(i) for i in range(5000)]\n"  # so that buffers have other addresses
        "print(*map(bits, ('digits', 'cos')))"
    )
    for command in (["-c", train_fresh], ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, pytest.ExitCode.NO_TESTS_COLLECTED), done.stderr
        assert (done.stdout + done.stderr).count("numba finds no folder to store what it compiles") == 1
        if command[0] == "-c":
            assert done.stdout.split()[-2:] == [bits("digits"), bits("cos")]


def bits(name):
    """All arrays of an experiment's training, as text; float64 is compiled again for stationary points."""
    return "".join(key + values.tobytes().hex() for key, values in sorted(train(EXPERIMENTS[name], [4]).items()))


@pytest.mark.parametrize("module", [steps, solver])
def test_numbas_cache_depends_on_the_sources_of_all_that_is_called(module):
    """Numba's key for a function has its source and the values in its closure."""
    assert [cell.cell_contents for cell in module.run.py_func.__closure__] == [module.SOURCE]


def prepared(experiment):
    """A network of zeros, and the samples of seed 0."""
    parts = data.raw_sets(experiment, [0], None)
    train_inputs, test_inputs = (
        x[0].numpy() if x.ndim == 3 else x.numpy() for x in (parts.train_inputs, parts.test_inputs)
    )
    inputs = layout.inputs_of(train_inputs, test_inputs, parts.white, experiment.dtype)
    return layout.network_of(experiment, inputs), layout.samples_of(experiment, parts, 0, inputs)


@each_experiment
def test_buffers_begin_at_a_multiple_of_64_bytes(experiment):
    net, _ = prepared(experiment)
    for buffer in (net.weights, net.signals, net.transposed):
        assert buffer.ctypes.data % 64 == 0
    assert not (net.layers["start"] % 16).any()
    assert not (net.layers["offset"] % 16).any()


def test_weights_of_pixels_that_are_never_bright_stay_unchanged():
    experiment = replace(EXPERIMENTS["digits"], labels="true")
    dark = ~data.images("digits", None).train_inputs.bool().any(0)  # (pixel,)
    assert dark.any()
    before = networks.layers(networks.initial_parameters(experiment, [0]), experiment.widths)[0].weight
    after = networks.layers(torch.from_numpy(train(experiment, [0])["parameters"]), experiment.widths)[0].weight
    assert torch.equal(before[:, :, dark], after[:, :, dark])
    assert not torch.equal(before, after)


def test_a_network_of_nan_has_no_loss():
    net, samples = prepared(EXPERIMENTS["cos"])
    net.weights[0, net.where] = np.nan
    history = engine.train_one(EXPERIMENTS["cos"], net, samples, torch.Generator())
    assert np.isnan(history.records[:, :, 0]).all()


def test_global_state_is_restored():
    random, numpy_random = torch.get_rng_state(), np.random.get_state()[1]
    threads = [each["num_threads"] for each in threadpool_info()]
    tiny = np.full(3, 1e-38, np.float32)
    for flushed in (False, True):
        torch.set_flush_denormal(flushed)
        try:
            train(EXPERIMENTS["cos"], [0])
            assert (tiny * np.float32(0.1) == 0).all() == flushed
        finally:
            torch.set_flush_denormal(False)
    assert torch.equal(random, torch.get_rng_state())
    assert (numpy_random == np.random.get_state()[1]).all()
    assert threads == [each["num_threads"] for each in threadpool_info()]


def test_second_moments_never_become_denormal():
    experiment = Experiment("digits", (3,), epochs=120, batch_size=1437, learning_rate=0.3)
    net, samples = prepared(experiment)
    net.weights[2:] = 1e-37  # and smaller with every step
    with one_thread():
        engine.train_one(experiment, net, samples, torch.Generator())
        moments = net.weights[2:].view(np.uint32) & 0x7FFFFFFF
    assert not ((moments > 0) & (moments < 0x00800000)).any()
