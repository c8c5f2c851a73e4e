"""Data: complete, or refused with what to do; torchvision behind its remedy."""

import importlib
import os
import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from models import data
from models.data import sets
from models.experiment import FEATURES, TEST_SIZE, TRAINING_SIZE, Experiment

ROOT = Path(__file__).parents[2]
MNIST = Path(os.environ.get("DATA_ROOT", ROOT.parent / "shared" / "data"))
with_mnist = pytest.mark.skipif(not (MNIST / "MNIST" / "raw").is_dir(), reason="no MNIST in DATA_ROOT")


def test_digits_are_those_of_scikit_learn_split_and_scaled():
    from sklearn.datasets import load_digits

    bunch, digits, test = load_digits(), data.images("digits", None), np.arange(1797) % 5 == 0
    for found, expected in (
        (digits.train_pixels, bunch.data[~test]),
        (digits.test_pixels, bunch.data[test]),
        (digits.train_labels, bunch.target[~test]),
        (digits.test_labels, bunch.target[test]),
    ):
        np.testing.assert_array_equal(found, expected)
    assert digits.train_inputs.shape == (TRAINING_SIZE["digits"], FEATURES["digits"])
    assert digits.test_inputs.shape == (TEST_SIZE["digits"], FEATURES["digits"])
    assert (digits.train_inputs.min(), digits.train_inputs.max()) == (0, 1)
    assert torch.bincount(digits.test_labels, minlength=10).min() > 25
    train, test = ({image.numpy().tobytes() for image in part} for part in (digits.train_pixels, digits.test_pixels))
    assert len(train) == len(digits.train_labels)
    assert not train & test
    experiment = Experiment("digits", (3,), epochs=1)
    parts = sets(experiment, [0, 1], None, torch.device("cpu"))
    for part in ("train", "test"):
        assert torch.equal(getattr(parts, f"{part}_inputs"), getattr(digits, f"{part}_inputs"))
        assert torch.equal(getattr(parts, f"{part}_targets")[1], getattr(digits, f"{part}_labels"))


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_no_point_of_a_function_is_in_two_of_its_sets(seed):
    streams = ("training data", "test data", "outside data")
    points = [set(data.function_inputs(seed, stream).flatten().tolist()) for stream in streams]
    train, test, outside = points
    assert len(train) > 990
    assert len(train & test) < 5  # of 1,000 each of some millions of float32: chance alone
    assert not outside & (train | test)
    assert max(map(abs, train)) <= 10 <= min(map(abs, outside)) <= max(map(abs, outside)) < 20
    assert 400 < sum(point > 0 for point in outside) < 600
    experiment = Experiment("cos", (3,), epochs=1)
    parts = sets(experiment, [seed], None, torch.device("cpu"))
    assert set(parts.train_inputs.flatten().tolist()) == train
    assert set(parts.test_inputs.flatten().tolist()) == test
    torch.testing.assert_close(parts.test_targets, parts.test_inputs.cos())


def test_what_a_seed_draws_never_changes():
    """Records and stored runs are of these numbers: another order of the streams would train other networks."""
    drawn = {stream: data.generator(3, stream, 1).initial_seed() % 10_000 for stream in get_args(data.Stream)}
    assert drawn == {
        "first initialisation": 9391,
        "training data": 7798,
        "test data": 8663,
        "outside data": 9099,
        "order": 2583,
        "second initialisation": 1855,
        "training labels": 6148,
        "test labels": 4815,
        "probe": 9205,
        "validation images": 4944,
        "weights that are kept": 6121,
    }
    labels = sets(Experiment("digits", (3,), epochs=1, labels="random"), [3], None, torch.device("cpu"))
    assert labels.train_targets[0, :8].tolist() == [5, 1, 7, 2, 7, 6, 6, 1]
    assert labels.test_targets[0, :8].tolist() == [5, 4, 1, 5, 6, 4, 4, 8]
    points = [data.function_inputs(3, stream)[0].item() for stream in ("training data", "test data", "outside data")]
    assert points == pytest.approx([0.8117279, -0.7435522, 13.4024153], rel=1e-6)


def test_an_unknown_image_set_is_refused():
    with pytest.raises(data.DataError, match="there are digits, mnist, mnist-mini"):
        data.images("cifar", None)


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


def test_another_runtime_error_of_torchvision_is_not_hidden(monkeypatch):
    def broken(name, *rest):
        if name.startswith("torchvision"):
            raise RuntimeError("something else")
        return real(name, *rest)

    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", broken)
    with pytest.raises(RuntimeError, match="something else"):
        data.torchvision_datasets()
