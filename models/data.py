"""What networks are trained on: random streams of a seed, two functions, scikit-learn's digits, and MNIST."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from models.experiment import IMAGES, Experiment

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {"cos": torch.cos, "arcsinh": torch.asinh}

# Of the raw uint8 images and labels, training set then test set (60,000 and 10,000 of 28 x 28).
MNIST_SHA256 = "2bc79462c36e7473214669e33ea968bbf7401bccba2819fbe3fef34247e876be"

Stream = Literal[
    "first initialisation",
    "training data",
    "test data",
    "outside data",
    "order",
    "second initialisation",
    "training labels",
    "test labels",
    "probe",
    "validation images",
    "weights that are kept",
]
_STREAMS: dict[str, int] = {stream: number for number, stream in enumerate(get_args(Stream))}


def generator(seed: int, stream: Stream, member: int = 0) -> torch.Generator:
    """The random generator of one stream of one seed, independent of every other, always on the CPU.

    seed: any integer of 32 bits; member: which training of the seed's series, where each draws its own numbers.
    Conditions that are compared share a seed and so share every stream: the comparison is paired.

    Raises ValueError for a seed or a member that is not a 32-bit integer, which might draw the numbers of another.
    Source: numpy.random.SeedSequence spreads (seed, stream, member) over 64 bits.
    """
    if not (0 <= seed < 2**32 and 0 <= member < 2**32):
        raise ValueError(f"a seed and a member of its series must be integers of 32 bits, not {seed} and {member}")
    state = np.random.SeedSequence([int(seed), _STREAMS[stream], member]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


class DataError(Exception):
    """Data is missing, truncated or not what it should be; says what to do."""


@dataclass(frozen=True)
class Images:
    """A labelled image set that every seed shares.

    train_pixels, test_pixels: (image, pixel) uint8, white is `white`; train_labels, test_labels: (image,) int64 in
    0-9; digest: SHA-256 of all four.
    """

    train_pixels: Tensor
    train_labels: Tensor
    test_pixels: Tensor
    test_labels: Tensor
    white: int
    digest: str

    @cached_property
    def train_inputs(self) -> Tensor:
        """(image, pixel) float32 in [0, 1]."""
        return self.train_pixels.float() / self.white

    @cached_property
    def test_inputs(self) -> Tensor:
        """(image, pixel) float32 in [0, 1]."""
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
    """Labels of one seed that are independent of the images: uniform on 0-9, (image,) int64.

    Source: Zhang et al., "Understanding deep learning requires rethinking generalization" (2017).
    """
    return torch.randint(10, (count,), generator=generator(seed, stream))


def images(name: str, root: Path | None) -> Images:
    """The image set called `name`; `root`: the folder that holds MNIST, or where it is downloaded.

    Raises DataError when it is not complete.
    """
    if name == "digits":
        return _digits()
    if name == "mnist":
        return _mnist(root)
    if name == "mnist-mini":
        full = _mnist(root)
        pixels, labels = full.train_pixels[::30].clone(), full.train_labels[::30].clone()
        return _images(pixels, labels, full.test_pixels[::10].clone(), full.test_labels[::10].clone(), full.white)
    raise DataError(f"unknown image set {name!r}: there are {', '.join(IMAGES)}")


def digest(name: str, root: Path | None) -> str:
    """SHA-256 of an image set's arrays; a function's name, since its formula is in the source."""
    return name if name in FUNCTIONS else images(name, root).digest


@cache
def _digits() -> Images:
    """scikit-learn's 1,797 digits of 8 x 8 pixels of 0-16; every fifth is for testing."""
    # Read from its file, since importing scikit-learn takes longer than a small training.
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DataError("the digits are scikit-learn's, which is not installed: pip install scikit-learn")
    table = np.loadtxt(Path(package.submodule_search_locations[0], "datasets", "data", "digits.csv.gz"), delimiter=",")
    pixels, labels = torch.from_numpy(table[:, :-1]).byte(), torch.from_numpy(table[:, -1]).long()  # (image, 64)
    test = torch.arange(len(labels)) % 5 == 0
    return _images(pixels[~test], labels[~test], pixels[test], labels[test], 16)


@cache
def _mnist(root: Path | None) -> Images:
    """MNIST of 28 x 28 pixels of 0-255, through torchvision."""
    if root is None:
        raise DataError(
            "MNIST is needed, but no folder for it was named. Give --data-root=FOLDER (or set DATA_ROOT); "
            "it is downloaded there on the first run."
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
    """The module torchvision.datasets, even where a torchvision built for CUDA meets a torch built for the CPU.

    There the first import fails because torch lacks two operators, which are then declared.
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
    """Whether all four files exist, so that nothing has to be downloaded or written."""
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    return all((raw / name).is_file() for name in names)


def _images(train_pixels: Tensor, train_labels: Tensor, test_pixels: Tensor, test_labels: Tensor, white: int) -> Images:
    sha = _sha256(train_pixels, train_labels, test_pixels, test_labels)
    return Images(train_pixels, train_labels, test_pixels, test_labels, white, sha)


def _sha256(*arrays: Tensor) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype}{tuple(array.shape)}".encode())
        total.update(array.contiguous().numpy().tobytes())
    return total.hexdigest()


@dataclass(frozen=True)
class Sets:
    """Training and test data of some seeds.

    inputs: (sample, feature) where the seeds share them, else (seed, sample, feature); times `white` where they are
    the uint8 pixels of images; targets: labels (seed, sample) int64, or values (seed, sample, 1); test_truth: the
    true test labels where test_targets are random ones.
    """

    train_inputs: Tensor
    train_targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor
    test_truth: Tensor | None = None
    white: int = 1


def sets(experiment: Experiment, seeds: Sequence[int], root: Path | None, device: torch.device) -> Sets:
    """The data of these seeds on a device, images as floats in [0, 1]."""
    raw, dtype = raw_sets(experiment, seeds, root), getattr(torch, experiment.dtype)

    def placed(part: Tensor) -> Tensor:
        if part.dtype == torch.uint8:
            part = part.float() / raw.white
        return part.to(device, dtype if part.is_floating_point() else part.dtype)

    truth = None if raw.test_truth is None else placed(raw.test_truth)
    train, test = placed(raw.train_inputs), placed(raw.test_inputs)
    return Sets(train, placed(raw.train_targets), test, placed(raw.test_targets), truth)


def raw_sets(experiment: Experiment, seeds: Sequence[int], root: Path | None) -> Sets:
    """The data of these seeds, images as uint8 pixels."""
    if experiment.is_function:
        streams: tuple[Stream, Stream] = ("training data", "test data")
        train, test = (torch.stack([function_inputs(seed, stream) for seed in seeds]) for stream in streams)
        return Sets(train, FUNCTIONS[experiment.data](train), test, FUNCTIONS[experiment.data](test))
    found, size = images(experiment.data, root), experiment.images_used
    train, test = (part.expand(len(seeds), -1) for part in (found.train_labels[:size], found.test_labels))
    raw = Sets(found.train_pixels[:size], train, found.test_pixels, test, white=found.white)
    if experiment.labels == "true":
        return raw
    random_train = torch.stack([random_labels(seed, "training labels", size) for seed in seeds])
    random_test = torch.stack([random_labels(seed, "test labels", test.shape[1]) for seed in seeds])
    return replace(raw, train_targets=random_train, test_targets=random_test, test_truth=test)
