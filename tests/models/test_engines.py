"""Both engines train as a plain loop does, every network by itself."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models import data, networks
from models.data import generator, sets
from models.experiment import Experiment
from models.gpu.engine import train as train_on_gpu
from models.training import SHARED, train
from tests.models.oracle import assert_equal_but_for_rounding, plain_training

SEEDS = (3, 2**32 - 1)
DIGITS = Experiment("digits", (12, 9), epochs=2, batch_size=50)
RECORDING = Experiment("cos", (3, 5), epochs=30, gradient_norms=True, snapshots_every=3)
CASES = {
    "digits": DIGITS,
    "a partial last batch": Experiment("digits", (30,), epochs=2, batch_size=200),
    "batch larger than the set": Experiment("digits", (7,), epochs=5, batch_size=5000),
    "one sample a step": Experiment("digits", (5,), epochs=2, batch_size=1, images=300),
    "six layers": Experiment("digits", (20, 40, 60, 50, 30), epochs=2, batch_size=50),
    "a first layer of many vectors": Experiment("digits", (100, 20), epochs=1, batch_size=50),
    "layers whose rows would evict each other from a cache": Experiment("digits", (250, 128), epochs=1, batch_size=67),
    "a wide layer of a function": Experiment("cos", (250,), epochs=5, gradient_norms=True),
    "batches of several pieces": Experiment("digits", (12, 9), epochs=2, batch_size=131, gradient_norms=True),
    "layers of whole vectors": Experiment("digits", (32, 16, 8), epochs=2, batch_size=50),
    "tanh": replace(DIGITS, activation="tanh"),
    "float64 images": replace(DIGITS, dtype="float64"),
    "cos": Experiment("cos", (24, 16, 10, 8, 4), epochs=20),
    "arcsinh": Experiment("arcsinh", (32, 16, 9), epochs=20, records=3),
    "even kinks": Experiment("cos", (50,), epochs=20, kinks="even"),
    "float64": Experiment("cos", (3, 5), epochs=40, activation="tanh", dtype="float64"),
    "mini-batches of a function": Experiment("cos", (9, 4), epochs=6, batch_size=300, gradient_norms=True),
    "random labels": replace(DIGITS, labels="random"),
    "few images": Experiment("digits", (12,), epochs=3, batch_size=50, images=120),
    "another initialisation": Experiment("digits", (12,), epochs=2, batch_size=50, initialisation="second"),
    "as many steps as a larger batch": Experiment("digits", (12,), epochs=3, batch_size=50, steps_of_batch=100),
    "as many steps as a smaller batch": Experiment("digits", (12,), epochs=2, batch_size=5000, steps_of_batch=100),
    "another learning rate": Experiment("digits", (12,), epochs=2, batch_size=50, learning_rate=0.01),
    "gradient norms and snapshots": RECORDING,
    "a series": Experiment("cos", (3, 5), epochs=20, series=3, snapshots_every=5),
    "a series on images": replace(DIGITS, series=2, labels="random"),
}


@pytest.mark.parametrize("experiment", CASES.values(), ids=CASES)
@pytest.mark.parametrize("engine", ["cpu", "gpu"])
def test_an_engine_trains_as_a_plain_loop(experiment, engine):
    if engine == "cpu":
        found = train(experiment, SEEDS)
    else:
        arrays = train_on_gpu(experiment, SEEDS, None, "cpu")
        axes = (2, experiment.series) if experiment.series > 1 else (2,)
        found = {name: a if name in SHARED else a.reshape(*axes, *a.shape[1:]) for name, a in arrays.items()}
    for row, member in itertools.product(range(2), range(experiment.series)):
        where = (row, member) if experiment.series > 1 else row
        assert_equal_but_for_rounding(found, plain_training(experiment, SEEDS[row], member), where)


def test_the_plain_loop_notices_another_learning_rate():
    other = train(replace(DIGITS, learning_rate=1.01e-3), [3])
    with pytest.raises(AssertionError, match="loss"):
        assert_equal_but_for_rounding(other, plain_training(DIGITS, 3), 0)


def test_a_series_has_starts_of_its_own_and_begins_as_the_seed_without_one():
    series = CASES["a series on images"]
    starts = networks.initial_parameters(series, SEEDS)  # (seed, series, parameter)
    assert len({tuple(start.tolist()) for start in starts.flatten(0, 1)}) == 4
    alone = train(replace(series, series=1), SEEDS)
    np.testing.assert_array_equal(alone["parameters"], train(series, SEEDS)["parameters"][:, 0])


@pytest.mark.parametrize("engine", [train, lambda *given: train_on_gpu(*given, None, "cpu")], ids=["cpu", "gpu"])
@pytest.mark.parametrize("name", ["digits", "cos"])
def test_what_is_not_finite_is_recorded(engine, name):
    found = engine(Experiment(name, (4, 3), epochs=2, batch_size=400, learning_rate=1e38), [0, 1])
    assert np.isfinite(found["train_loss"][:, 0]).all()
    for recorded in ("train_loss", "test_loss", "parameters"):
        assert not np.isfinite(found[recorded][:, -1]).any() or recorded == "parameters"
    assert not np.isfinite(found["parameters"]).all(1).any()


def test_records_and_snapshots_are_taken_at_the_steps_that_they_name():
    recorded = train(Experiment("digits", (5,), epochs=7, batch_size=500, records=3), [0])
    assert recorded["epoch"].tolist() == [0, 2, 4, 6, 7]
    assert {recorded[name].dtype for name in ("train_loss", "test_loss", "train_accuracy")} == {np.dtype("float64")}
    assert recorded["record_step"].tolist() == [0, 6, 12, 18, 21]
    assert train(RECORDING, [4, 2])["snapshot_step"].tolist() == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]
    begun = Experiment("digits", (5,), epochs=1, batch_size=500, steps_of_batch=1000)  # 2 of its 3 steps
    for engine in (train, lambda *given: train_on_gpu(*given, None, "cpu")):
        assert engine(begun, [0])["epoch"].tolist() == [0, 1]
    every = train(Experiment("cos", (3,), epochs=3, snapshots_every=1), [0])
    np.testing.assert_array_equal(every["snapshots"][:, -1], every["parameters"])


def test_random_labels_are_uniform_and_differ_by_seed():
    parts = sets(CASES["random labels"], [0, 1], None, torch.device("cpu"))
    shares = torch.bincount(parts.train_targets[0], minlength=10) / 1437
    assert 0.07 < shares.min() <= shares.max() < 0.13
    for labels in (parts.train_targets, parts.test_targets):
        assert 0.05 < (labels[0] == labels[1]).float().mean() < 0.15


def test_what_a_seed_draws_is_its_own():
    first, second = (networks.initial_parameters(replace(DIGITS, initialisation=name), [0, 1])
                     for name in ("first", "second"))  # fmt: skip
    assert len({tuple(each.tolist()) for each in (*first, *second)}) == 4
    assert not torch.equal(*(data.function_inputs(seed, "training data") for seed in (0, 1)))
    streams = ("order", "probe", "training data", "first initialisation")
    drawn = itertools.product((0, 1, 2, 2**31, 2**32 - 1), streams, range(3))
    assert len({generator(*each).initial_seed() for each in drawn}) == 5 * 4 * 3


@pytest.mark.parametrize(("seed", "member"), [(-1, 0), (2**32, 0), (0, 2**32)])
def test_a_seed_of_more_than_32_bits_is_refused(seed, member):
    with pytest.raises(ValueError, match="32 bits"):
        generator(seed, "order", member)


def test_initialisation_is_the_one_of_nn_linear():
    ours = networks.initial_parameters(DIGITS, [6])
    with torch.random.fork_rng():
        torch.manual_seed(generator(6, "first initialisation").initial_seed())
        for layer in networks.layers(ours, DIGITS.widths):
            linear = nn.Linear(layer.weight.shape[2], layer.weight.shape[1])
            assert torch.equal(layer.weight[0], linear.weight)
            assert torch.equal(layer.bias[0, 0], linear.bias)


def test_even_kinks_lie_at_equal_distances():
    flat = networks.initial_parameters(CASES["even kinks"], [0])
    first = networks.layers(flat, (1, 50, 1))[0]
    kinks = -first.bias[0, 0] / first.weight[0, :, 0]
    torch.testing.assert_close(kinks, torch.linspace(-10, 10, 50), rtol=1e-4, atol=1e-4)
