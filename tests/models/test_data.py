"""Data: whole or refused with what to do; torchvision behind its remedy."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models import data

ROOT = Path(__file__).parents[1]
MNIST = Path(os.environ.get("DATA_ROOT", ROOT.parent / "shared" / "data"))
with_mnist = pytest.mark.skipif(not (MNIST / "MNIST" / "raw").is_dir(), reason="no MNIST in DATA_ROOT")


def test_digits_are_split_and_scaled():
    digits = data.images("digits", None)
    assert digits.train_inputs.shape == (data.TRAINING_SIZE["digits"], data.FEATURES["digits"])
    assert digits.test_inputs.shape == (data.TEST_SIZE["digits"], data.FEATURES["digits"])
    assert (digits.train_inputs.min(), digits.train_inputs.max()) == (0, 1)
    assert torch.bincount(digits.test_labels, minlength=10).min() > 25


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
    assert mini.train_inputs.shape == (data.TRAINING_SIZE["mnist-mini"], 784)
    assert mini.test_inputs.shape == (data.TEST_SIZE["mnist-mini"], 784)
    assert mini.digest != mnist.digest


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
    code = "import sys, models.training, ontrial.running.plan; assert 'torchvision' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_another_runtime_error_of_torchvision_is_not_hidden(monkeypatch):
    def broken(name, *rest):
        if name.startswith("torchvision"):
            raise RuntimeError("something else")
        return real(name, *rest)

    import builtins

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(RuntimeError, match="something else"):
        data.torchvision_datasets()
