"""Data: whole or refused with what to do; torchvision behind its remedy."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models import data
from models.data import sets
from models.experiment import FEATURES, TEST_SIZE, TRAINING_SIZE, Experiment

ROOT = Path(__file__).parents[2]
MNIST = Path(os.environ.get("DATA_ROOT", ROOT.parent / "shared" / "data"))
with_mnist = pytest.mark.skipif(not (MNIST / "MNIST" / "raw").is_dir(), reason="no MNIST in DATA_ROOT")


def test_digits_are_split_and_scaled():
    digits = data.images("digits", None)
    assert digits.train_inputs.shape == (TRAINING_SIZE["digits"], FEATURES["digits"])
    assert digits.test_inputs.shape == (TEST_SIZE["digits"], FEATURES["digits"])
    assert (digits.train_inputs.min(), digits.train_inputs.max()) == (0, 1)
    assert digits.train_pixels.dtype == torch.uint8
    assert torch.bincount(digits.test_labels, minlength=10).min() > 25


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    bunch, digits, test = load_digits(), data.images("digits", None), np.arange(1797) % 5 == 0
    np.testing.assert_array_equal(digits.train_pixels, bunch.data[~test])
    np.testing.assert_array_equal(digits.test_pixels, bunch.data[test])
    np.testing.assert_array_equal(digits.train_labels, bunch.target[~test])
    np.testing.assert_array_equal(digits.test_labels, bunch.target[test])


def test_no_image_is_both_trained_on_and_tested():
    digits = data.images("digits", None)
    train, test = ({image.numpy().tobytes() for image in part} for part in (digits.train_pixels, digits.test_pixels))
    assert len(train) == len(digits.train_labels)
    assert not train & test


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_no_point_of_a_function_is_in_two_of_its_sets(seed):
    streams = ("training data", "test data", "outside data")
    points = [set(data.function_inputs(seed, stream).flatten().tolist()) for stream in streams]
    train, test, outside = points
    assert len(train) > 990
    assert len(train & test) < 5  # of 1,000 each of some millions of float32: chance alone
    assert not outside & (train | test)
    experiment = Experiment("cos", (3,), epochs=1)
    parts = sets(experiment, [seed], None, torch.device("cpu"))
    assert set(parts.train_inputs.flatten().tolist()) == train
    assert set(parts.test_inputs.flatten().tolist()) == test
    torch.testing.assert_close(parts.test_targets, parts.test_inputs.cos())


def test_functions_are_trained_inside_and_asked_outside_on_both_sides():
    inside, outside = (data.function_inputs(0, stream).abs() for stream in ("training data", "outside data"))
    assert inside.max() <= 10
    assert outside.min() >= 10
    assert outside.max() < 20
    assert 400 < (data.function_inputs(0, "outside data") > 0).sum() < 600


def test_the_test_set_of_images_is_the_one_that_is_scored():
    experiment = Experiment("digits", (3,), epochs=1)
    parts, digits = sets(experiment, [0, 1], None, torch.device("cpu")), data.images("digits", None)
    assert torch.equal(parts.test_inputs, digits.test_inputs)
    assert torch.equal(parts.test_targets[1], digits.test_labels)
    assert torch.equal(parts.train_inputs, digits.train_inputs)
    assert torch.equal(parts.train_targets[1], digits.train_labels)


def test_an_unknown_image_set_is_refused():
    with pytest.raises(data.DataError, match="there are digits, mnist, mnist-mini"):
        data.images("cifar", None)


def test_a_function_needs_no_files():
    assert data.digest("cos", None) == "cos"


@pytest.fixture
def copied(tmp_path):
    shutil.copytree(MNIST / "MNIST", tmp_path / "MNIST")
    os.chmod(tmp_path / "MNIST" / "raw", 0o755)
    for path in (tmp_path / "MNIST" / "raw").iterdir():
        path.chmod(0o644)
    data._mnist.cache_clear()
    yield tmp_path
    data._mnist.cache_clear()


@with_mnist
def test_mnist_is_whole_and_scaled():
    mnist = data.images("mnist", MNIST)
    assert mnist.train_inputs.shape == (60_000, 784)
    assert mnist.test_labels.shape == (10_000,)
    assert (mnist.test_inputs.min(), mnist.test_inputs.max()) == (0, 1)
    mini = data.images("mnist-mini", MNIST)
    assert mini.train_inputs.shape == (TRAINING_SIZE["mnist-mini"], 784)
    assert mini.test_inputs.shape == (TEST_SIZE["mnist-mini"], 784)
    assert mini.digest != mnist.digest
    shown = {image.numpy().tobytes() for image in mnist.train_pixels}
    assert sum(image.numpy().tobytes() in shown for image in mnist.test_pixels) == 0


@with_mnist
@pytest.mark.parametrize("damage", ["truncated", "altered", "missing"])
def test_mnist_that_is_not_whole_is_refused(copied, damage, monkeypatch):
    path = copied / "MNIST" / "raw" / "train-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[-1] ^= 1
        path.write_bytes(content)

    def no_network(self):
        raise RuntimeError("no network")

    monkeypatch.setattr(data.torchvision_datasets().MNIST, "download", no_network)
    with pytest.raises(data.DataError) as refused:
        data.images("mnist", copied)
    assert str(copied) in str(refused.value)
    assert "t10k-images-idx3-ubyte (7,840,016 bytes)" in str(refused.value)
    assert "To do:" in str(refused.value)


def test_torchvision_is_not_imported_before_mnist_is_asked_for():
    code = "import sys, models.cpu.engine, models.gpu.engine; assert 'torchvision' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_another_runtime_error_of_torchvision_is_not_hidden(monkeypatch):
    def broken(name, *rest):
        if name.startswith("torchvision"):
            raise RuntimeError("something else")
        return real(name, *rest)

    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match="something else"):
        data.torchvision_datasets()
