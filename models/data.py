"""The data on trial: two functions of one variable, scikit-learn's digits, and MNIST."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.seeding import Stream, generator

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {"cos": torch.cos, "arcsinh": torch.asinh}
IMAGES = ("digits", "mnist", "mnist-mini")
FEATURES = {"cos": 1, "arcsinh": 1, "digits": 64, "mnist": 784, "mnist-mini": 784}
OUTPUTS = {"cos": 1, "arcsinh": 1, "digits": 10, "mnist": 10, "mnist-mini": 10}
TRAINING_SIZE = {"cos": 1000, "arcsinh": 1000, "digits": 1437, "mnist": 60_000, "mnist-mini": 2000}
TEST_SIZE = {"cos": 1000, "arcsinh": 1000, "digits": 360, "mnist": 10_000, "mnist-mini": 1000}

# Of the raw uint8 images and labels, training set then test set (60,000 and 10,000 of 28 x 28).
MNIST_SHA256 = "2bc79462c36e7473214669e33ea968bbf7401bccba2819fbe3fef34247e876be"


class DataError(Exception):
    """Data that was asked for is missing, truncated or not what it should be; says what to do."""


@dataclass(frozen=True)
class Images:
    """A labelled image set that every seed shares.

    train_pixels (image, pixel) and test_pixels (image, pixel): uint8, white is `white`; train_labels (image,) and
    test_labels (image,): int64 in 0-9; digest: SHA-256 of all four.
    """

    train_pixels: Tensor
    train_labels: Tensor
    test_pixels: Tensor
    test_labels: Tensor
    white: int
    digest: str

    @cached_property
    def train_inputs(self) -> Tensor:
        """What a network is shown in training: (image, pixel) float32 in [0, 1]."""
        return self.train_pixels.float() / self.white

    @cached_property
    def test_inputs(self) -> Tensor:
        """What a network is shown in the test: (image, pixel) float32 in [0, 1]."""
        return self.test_pixels.float() / self.white


def function_inputs(seed: int, stream: Stream) -> Tensor:
    """1,000 inputs of one seed, (sample, 1).

    Training and test data are uniform on [-10, 10]; outside data uniform on 10 < abs(x) < 20.
    """
    uniform = torch.rand(1000, 1, generator=generator(seed, stream), dtype=torch.float64)
    if stream == "outside data":
        signed = 2 * uniform - 1
        return (10 * signed + 10 * signed.sign()).float()
    return (20 * uniform - 10).float()


def random_labels(seed: int, stream: Stream, count: int) -> Tensor:
    """Labels of one seed that say nothing about the images: uniform on 0-9, (image,) int64.

    Source: Zhang et al., "Understanding deep learning requires rethinking generalization" (2017).
    """
    return torch.randint(10, (count,), generator=generator(seed, stream))


def validation_rows(seed: int, images: int, validation: int) -> tuple[Tensor, Tensor]:
    """Which of the first images one seed trains on and which validate, ascending, none in both: (image,) each."""
    order = torch.randperm(images, generator=generator(seed, "validation images"))
    return order[validation:].sort().values, order[:validation].sort().values


def images(name: str, root: Path | None) -> Images:
    """The image set called `name`; `root` is the folder that holds (or is to hold) MNIST.

    Raises DataError when it is not there whole.
    """
    if name == "digits":
        return _digits()
    if name == "mnist":
        return _mnist(root)
    if name == "mnist-mini":
        return _thinned(_mnist(root), every_training=30, every_test=10)
    raise DataError(f"unknown image set {name!r}: there are {', '.join(IMAGES)}")


def digest(name: str, root: Path | None) -> str:
    """SHA-256 of an image set's arrays; a function needs none, its formula is in the source."""
    return name if name in FUNCTIONS else images(name, root).digest


@cache
def _digits() -> Images:
    """scikit-learn's 1,797 digits of 8 x 8 pixels of 0-16; every fifth is for testing."""
    # Read from where it lies, since importing scikit-learn takes longer than a small training.
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DataError("the digits are scikit-learn's, which is not installed: pip install scikit-learn")
    table = np.loadtxt(Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz"), delimiter=",")
    pixels, labels = torch.from_numpy(table[:, :-1]).byte(), torch.from_numpy(table[:, -1]).long()  # (image, 64)
    test = torch.arange(len(labels)) % 5 == 0
    return _with_digest(pixels[~test], labels[~test], pixels[test], labels[test], white=16)


@cache
def _mnist(root: Path | None) -> Images:
    """MNIST of 28 x 28 pixels of 0-255, through torchvision.

    Raises DataError when `root` is unset or a file, or holds no whole MNIST and none can be had.
    """
    if root is None:
        raise DataError(
            "MNIST was asked for, but no folder for it was named. Give --data-root=FOLDER (or set "
            "DATA_ROOT); it is downloaded there on the first run if it is not there yet."
        )
    if root.exists() and not root.is_dir():
        raise DataError(f"the data root {root} is a file, not a folder. Give --data-root=FOLDER.")
    raw = root / "MNIST" / "raw"
    found = ", ".join(f"{path.name} ({path.stat().st_size:,} bytes)" for path in sorted(raw.glob("*")))
    found = found or "nothing"
    try:
        mnist = torchvision_datasets().MNIST
        sets = [mnist(root, train=train, download=not _is_complete(raw)) for train in (True, False)]
    except Exception as error:  # torchvision raises many kinds for a short, foreign or missing file
        raise DataError(
            f"MNIST could not be read from {raw}: {error}\nFound there: {found}.\nTo do: put the four "
            "MNIST files there, uncompressed (train-images-idx3-ubyte, ...), or remove what is there "
            "and run again with a network, and they are downloaded."
        ) from error
    pixels = [part.data for part in sets]  # (image, 28, 28) uint8
    labels = [part.targets for part in sets]  # (image,) int64
    sha = _sha256(pixels[0], labels[0].byte(), pixels[1], labels[1].byte())
    if sha != MNIST_SHA256:
        shapes = [tuple(part.shape) for part in pixels]
        raise DataError(
            f"what {raw} holds is not MNIST: arrays of shapes {shapes}, SHA-256 {sha}, where "
            f"{MNIST_SHA256} was expected.\nFound there: {found}.\nTo do: remove these files and put "
            "the original ones there, or run again with a network, and they are downloaded."
        )
    train, test = (part.flatten(1) for part in pixels)  # (image, 784)
    return Images(train, labels[0], test, labels[1], 255, sha)


def torchvision_datasets() -> Any:
    """The module torchvision.datasets, also where a torchvision built for CUDA meets a torch built for the CPU.

    There the first import fails because torch lacks two operators; only then are they declared.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
        for module in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[module]
        torch.library.define("torchvision::nms", "(Tensor boxes, Tensor scores, float limit) -> Tensor")
        torch.library.define("torchvision::qnms", "(Tensor boxes, Tensor scores, float limit) -> Tensor")
        return importlib.import_module("torchvision.datasets")


def _is_complete(raw: Path) -> bool:
    """Whether all four files are there, so that nothing has to be downloaded or written."""
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    return all((raw / name).is_file() for name in names)


def _thinned(whole: Images, every_training: int, every_test: int) -> Images:
    """Every n-th image of a set: the miniature that the fast tier trains on."""
    return _with_digest(
        whole.train_pixels[::every_training].clone(),
        whole.train_labels[::every_training].clone(),
        whole.test_pixels[::every_test].clone(),
        whole.test_labels[::every_test].clone(),
        whole.white,
    )


def _with_digest(
    train_pixels: Tensor, train_labels: Tensor, test_pixels: Tensor, test_labels: Tensor, white: int
) -> Images:
    sha = _sha256(train_pixels, train_labels, test_pixels, test_labels)
    return Images(train_pixels, train_labels, test_pixels, test_labels, white, sha)


def _sha256(*arrays: Tensor) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype}{tuple(array.shape)}".encode())
        total.update(array.contiguous().numpy().tobytes())
    return total.hexdigest()
