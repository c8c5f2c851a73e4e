"""The engine of the CPU: the same bits whatever else is trained, nothing touched, nothing hidden."""

import hashlib
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

from models import compiled, compiled_layout, compiled_steps, data, networks
from models.experiment import Experiment
from models.rounding import without_denormals
from models.sets import raw_sets
from models.training import train

ROOT = Path(__file__).parents[2]
DIGITS = Experiment("digits", (12, 9), epochs=2, batch_size=50, labels="random", validation=100)
COS = Experiment("cos", (24, 16), epochs=20, gradient_norms=True, snapshots_every=7)
TANH = Experiment("cos", (3, 5), epochs=20, activation="tanh", dtype="float64", series=2)
EXPERIMENTS = pytest.mark.parametrize("experiment", [DIGITS, COS, TANH], ids=["digits", "cos", "tanh"])


def digest(arrays):
    """SHA-256 of all arrays, by name."""
    return hashlib.sha256(b"".join(name.encode() + arrays[name].tobytes() for name in sorted(arrays))).hexdigest()


@EXPERIMENTS
def test_a_seed_has_the_same_bits_in_any_block(experiment):
    alone, together = train(experiment, [4]), train(experiment, [9, 4, 2**32 - 1])
    for name, values in together.items():
        expected = values if name in experiment.shared else values[1:2]
        np.testing.assert_array_equal(alone[name], expected, err_msg=name)


def test_fresh_processes_that_compile_anew_give_the_same_bits(tmp_path):
    code = (
        "import sys; from tests.models.test_compiled import DIGITS, COS, TANH, digest\n"
        "from models.training import train\n"
        "junk = [bytearray(i) for i in range(int(sys.argv[1]))]\n"  # so that buffers lie elsewhere
        "print(*(digest(train(each, [4])) for each in (DIGITS, COS, TANH)))"
    )
    found = {" ".join(digest(train(each, [4])) for each in (DIGITS, COS, TANH))}
    for process, cache in enumerate((tmp_path / "new", None)):
        environment = os.environ | ({"NUMBA_CACHE_DIR": str(cache)} if cache else {})
        command = [sys.executable, "-c", code, str(1 + 5000 * process)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout.strip())
    assert len(found) == 1


def test_where_numba_finds_no_folder_to_store_in_it_compiles_and_says_so_once(tmp_path):
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "conftest.py", tmp_path)
    nowhere = tmp_path / "models" / "__pycache__"
    nowhere.touch()  # a file, below which nobody can write
    folders = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "USERPROFILE"), str(nowhere / "below"))
    environment = os.environ | folders | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    train_twice = (
        "from models.training import train, Experiment as E; [train(E('cos', (2,), epochs=1), [0]) for _ in 'ab']"
    )
    for command in (["-c", train_twice], ["-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, pytest.ExitCode.NO_TESTS_COLLECTED), done.stderr
        assert (done.stdout + done.stderr).count("numba finds no folder to store what it compiles") == 1


def test_buffers_begin_at_a_multiple_of_64_bytes():
    for dtype in (np.dtype("float32"), np.dtype("float64")):
        for columns in (1, 7, 100):
            assert compiled_layout._zeros(3, columns, dtype).ctypes.data % 64 == 0
    inputs = compiled_layout.inputs_of(np.ones((5, 64), np.uint8), np.ones((5, 64), np.uint8), 16, "float32")
    net = compiled_layout.network_of(DIGITS, inputs)
    assert not (net.layers["start"] % 16).any()
    assert not (net.layers["offset"] % 16).any()


def test_weights_of_pixels_that_are_never_bright_stay_where_they_are():
    experiment = replace(DIGITS, labels="true", validation=0)
    dark = ~data.images("digits", None).train_inputs.bool().any(0)  # (pixel,)
    assert dark.any()
    before = networks.layers(networks.initial_parameters(experiment, [0]), experiment.widths)[0].weight
    after = networks.layers(torch.from_numpy(train(experiment, [0])["parameters"]), experiment.widths)[0].weight
    assert torch.equal(before[:, :, dark], after[:, :, dark])
    assert not torch.equal(before, after)


@EXPERIMENTS
def test_a_learning_rate_of_0_changes_nothing(experiment):
    found = train(replace(experiment, learning_rate=0.0), [1])
    start = networks.initial_parameters(experiment, [1]).numpy()
    np.testing.assert_array_equal(found["parameters"], start)
    assert (found["train_loss"] == found["train_loss"][..., :1]).all()


@pytest.mark.parametrize("data_name", ["digits", "cos"])
def test_what_is_not_finite_is_recorded_as_it_is(data_name):
    found = train(Experiment(data_name, (4, 3), epochs=2, batch_size=400, learning_rate=1e38), [0, 1])
    assert np.isfinite(found["train_loss"][:, 0]).all()
    assert not np.isfinite(found["train_loss"][:, -1]).any()
    assert not np.isfinite(found["test_loss"][:, -1]).any()
    assert not np.isfinite(found["parameters"]).all(1).any()


def test_a_network_of_nan_has_no_loss_at_all():
    parts = raw_sets(COS, [0], None)
    inputs = compiled_layout.inputs_of(parts.train_inputs[0].numpy(), parts.test_inputs[0].numpy(), 1, "float32")
    rows, given = compiled_layout.samples_of(COS, parts, 0, inputs)
    net = compiled_layout.network_of(COS, inputs)
    net.weights[0, net.where] = np.nan
    history = compiled._trained(COS, net, given, rows, torch.Generator())
    assert np.isnan(history.records[:, [0, 2], 0]).all()


def test_global_states_are_left_as_they_were():
    random, numpy_random = torch.get_rng_state(), np.random.get_state()[1]
    threads = [each["num_threads"] for each in threadpool_info()]
    tiny = np.full(3, 1e-38, np.float32)
    for flushed in (False, True):
        torch.set_flush_denormal(flushed)
        try:
            train(COS, [0])
            assert (tiny * np.float32(0.1) == 0).all() == flushed
        finally:
            torch.set_flush_denormal(False)
    assert torch.equal(random, torch.get_rng_state())
    assert (numpy_random == np.random.get_state()[1]).all()
    assert threads == [each["num_threads"] for each in threadpool_info()]


def test_second_moments_never_become_denormal():
    experiment = Experiment("digits", (3,), epochs=120, batch_size=1437, learning_rate=0.3)
    parts = raw_sets(experiment, [0], None)
    inputs = compiled_layout.inputs_of(parts.train_inputs.numpy(), parts.test_inputs.numpy(), 16, "float32")
    rows, given = compiled_layout.samples_of(experiment, parts, 0, inputs)
    net = compiled_layout.network_of(experiment, inputs)
    net.weights[2:] = 1e-37  # on its way down
    with without_denormals():
        compiled._trained(experiment, net, given, rows, torch.Generator())
        moments = net.weights[2:].view(np.uint32) & 0x7FFFFFFF
    assert not ((moments > 0) & (moments < 0x00800000)).any()


def test_what_was_compiled_is_of_the_present_source():
    parts = raw_sets(COS, [0], None)
    inputs = compiled_layout.inputs_of(parts.train_inputs[0].numpy(), parts.test_inputs[0].numpy(), 1, "float32")
    rows, given = compiled_layout.samples_of(COS, parts, 0, inputs)
    history = compiled._trained(COS, compiled_layout.network_of(COS, inputs), given, rows, torch.Generator())
    assert history.done.tolist() == [COS.steps, len(COS.record_steps), compiled_steps.SOURCE]
