"""Training on the CPU does what a plain one-network loop does, for every seed by itself."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models import data, networks
from models.experiment import Experiment
from models.seeding import generator
from models.sets import sets
from models.training import train
from tests.models.oracle import assert_equal_but_for_rounding, plain_network, plain_training

SEEDS = (3, 2**32 - 1)
DIGITS = Experiment("digits", (12, 9), epochs=2, batch_size=50)
CASES = {
    "digits": DIGITS,
    "a partial last batch": Experiment("digits", (30,), epochs=2, batch_size=200),
    "batch larger than the set": Experiment("digits", (7,), epochs=5, batch_size=5000),
    "one sample a step": Experiment("digits", (5,), epochs=1, batch_size=1),
    "six layers": Experiment("digits", (20, 40, 60, 50, 30), epochs=2, batch_size=50),
    "a first layer of many vectors": Experiment("digits", (100, 20), epochs=1, batch_size=50),
    "layers whose rows would push each other out of a cache": Experiment("digits", (250, 128), epochs=1, batch_size=67),
    "a wide layer of a function": Experiment("cos", (250,), epochs=5, gradient_norms=True),
    "batches of several pieces": Experiment("digits", (12, 9), epochs=2, batch_size=131, keep=0.3, gradient_norms=True),
    "layers of whole vectors": Experiment("digits", (32, 16, 8), epochs=2, batch_size=50),
    "tanh": Experiment("digits", (12, 9), epochs=2, batch_size=50, activation="tanh"),
    "float64 images": Experiment("digits", (12, 9), epochs=2, batch_size=50, dtype="float64"),
    "cos": Experiment("cos", (24, 16, 10, 8, 4), epochs=20),
    "arcsinh": Experiment("arcsinh", (32, 16, 9), epochs=20),
    "even kinks": Experiment("cos", (50,), epochs=20, kinks="even"),
    "float64": Experiment("cos", (3, 5), epochs=40, activation="tanh", dtype="float64"),
    "mini-batches of a function": Experiment("cos", (9, 4), epochs=3, batch_size=100),
    "random labels": Experiment("digits", (12, 9), epochs=2, batch_size=50, labels="random"),
    "few images": Experiment("digits", (12,), epochs=3, batch_size=50, images=120),
    "another initialisation": Experiment("digits", (12,), epochs=2, batch_size=50, initialisation="second"),
    "Glorot's": Experiment("digits", (12, 9), epochs=2, batch_size=50, weights="glorot"),
    "as many steps as a larger batch": Experiment("digits", (12,), epochs=3, batch_size=50, steps_of_batch=100),
    "as many steps as a smaller batch": Experiment("digits", (12,), epochs=2, batch_size=5000, steps_of_batch=100),
    "another learning rate": Experiment("digits", (12,), epochs=2, batch_size=50, learning_rate=0.01),
    "gradient norms and snapshots": Experiment("cos", (3, 5), epochs=30, gradient_norms=True, snapshots_every=3),
    "validation": Experiment("digits", (12,), epochs=6, batch_size=50, validation=300, best_parameters=True),
    "validation that gets worse": Experiment(
        "digits", (60,), epochs=30, batch_size=20, images=200, validation=100, labels="random", best_parameters=True
    ),
    "weights that stay 0": Experiment("digits", (12, 9), epochs=2, batch_size=50, keep=0.3),
    "records every few steps": Experiment("digits", (9,), epochs=2, batch_size=50, records_every=7, recorded=("test",)),
}


@pytest.mark.parametrize("experiment", CASES.values(), ids=CASES.keys())
def test_training_equals_a_plain_loop(experiment):
    found = train(experiment, SEEDS)
    for row, seed in enumerate(SEEDS):
        assert_equal_but_for_rounding(found, plain_training(experiment, seed), row)


@pytest.mark.parametrize("experiment", [replace(DIGITS, labels="random"), replace(CASES["cos"], epochs=5)])
def test_a_series_shares_the_data_of_its_seed_and_nothing_else(experiment):
    series = replace(experiment, series=3)
    found = train(series, SEEDS)
    assert found["parameters"].shape[:2] == (2, 3)
    assert found["train_loss"].shape == (2, 3, len(found["epoch"]))
    for row, seed in enumerate(SEEDS):
        for member in range(3):
            assert_equal_but_for_rounding(found, plain_training(series, seed, member), (row, member))
    starts = networks.initial_parameters(series, SEEDS)  # (seed, series, parameter)
    assert len({tuple(start.tolist()) for start in starts.flatten(0, 1)}) == 6
    alone = train(experiment, SEEDS)  # the first of a series is the seed's training without one
    np.testing.assert_array_equal(alone["parameters"], found["parameters"][:, 0])


def test_snapshots_follow_the_steps_that_they_name():
    found = train(CASES["gradient norms and snapshots"], [4, 2])
    assert found["snapshot_step"].tolist() == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]
    assert found["gradient_norm"].shape == (2, 30)
    every = train(Experiment("cos", (3,), epochs=3, snapshots_every=1), [0])
    assert every["snapshot_step"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(every["snapshots"][:, -1], every["parameters"])


def test_records_are_taken_at_the_steps_that_they_name():
    by_epochs = train(Experiment("digits", (5,), epochs=7, batch_size=500, records=3), [0])
    assert by_epochs["epoch"].tolist() == [0, 2, 4, 6, 7]
    assert by_epochs["record_step"].tolist() == [0, 6, 12, 18, 21]
    by_steps = train(Experiment("digits", (5,), epochs=7, batch_size=500, records_every=9), [0])
    assert by_steps["record_step"].tolist() == [0, 9, 18, 21]
    assert by_steps["epoch"].tolist() == [0, 3, 6, 7]
    np.testing.assert_array_equal(by_steps["test_loss"][:, -1], by_epochs["test_loss"][:, -1])


def test_the_best_parameters_are_those_of_the_lowest_validation_loss():
    experiment = CASES["validation that gets worse"]
    found = train(experiment, [0, 1])
    best = found["validation_loss"].argmin(1)  # (seed,)
    assert (best < len(found["epoch"]) - 1).any()
    assert (found["best_parameters"] != found["parameters"]).any()
    parts = sets(experiment, [0, 1], None, torch.device("cpu"))
    for row in range(2):
        chosen = parts.validation_rows[row]
        network = plain_network(experiment, torch.from_numpy(found["best_parameters"][row]))
        loss = nn.functional.cross_entropy(network(parts.train_inputs[chosen]), parts.train_targets[row, chosen])
        assert found["validation_loss"][row].min() == pytest.approx(loss.item(), rel=1e-5)


def test_validation_images_are_never_trained_on():
    experiment = Experiment("digits", (5,), epochs=1, validation=400, images=1000)
    parts = sets(experiment, [0, 1], None, torch.device("cpu"))
    for train_rows, validation_rows in zip(parts.train_rows, parts.validation_rows, strict=True):
        assert len(train_rows) == experiment.training_size == 600
        assert torch.equal(torch.cat([train_rows, validation_rows]).sort().values, torch.arange(1000))
    assert not torch.equal(parts.validation_rows[0], parts.validation_rows[1])


def test_weights_that_are_not_kept_are_0_before_and_after():
    experiment = CASES["weights that stay 0"]
    found, kept = train(experiment, [0, 1])["parameters"], networks.kept(experiment, [0, 1]).numpy()
    assert (found[~kept] == 0).all()
    assert (found[kept] != 0).all()
    for layer in networks.layers(torch.from_numpy(kept), experiment.widths):
        assert layer.bias.all()
        assert (layer.weight.flatten(1).sum(1) == round(0.3 * layer.weight[0].numel())).all()
    assert (kept[0] != kept[1]).any()


def test_random_labels_differ_by_seed_and_are_scored_against_the_truth_as_well():
    experiment = Experiment("digits", (30,), epochs=1, batch_size=50, labels="random")
    parts = sets(experiment, [0, 1], None, torch.device("cpu"))
    shares = torch.bincount(parts.train_targets[0], minlength=10) / 1437
    assert shares.min() > 0.07
    assert shares.max() < 0.13
    for labels in (parts.train_targets, parts.test_targets):
        assert 0.05 < (labels[0] == labels[1]).float().mean() < 0.15
    assert "test_accuracy_on_truth" not in train(DIGITS, [0])


def test_the_oracle_is_sharp_enough_to_see_another_learning_rate():
    other = train(replace(DIGITS, learning_rate=1.01e-3), [3])
    with pytest.raises(AssertionError, match="loss"):
        assert_equal_but_for_rounding(other, plain_training(DIGITS, 3), 0)


def test_the_two_initialisations_of_a_seed_differ():
    first, second = (networks.initial_parameters(replace(DIGITS, initialisation=name), [0, 1])
                     for name in ("first", "second"))  # fmt: skip
    assert not torch.equal(first, second)
    assert not torch.equal(first[1], second[0])


def test_seeds_differ_in_initialisation_data_and_order():
    parameters = networks.initial_parameters(DIGITS, [0, 1])
    assert not torch.equal(parameters[0], parameters[1])
    assert not torch.equal(*(data.function_inputs(seed, "training data") for seed in (0, 1)))
    assert not torch.equal(*(torch.randperm(50, generator=generator(seed, "order")) for seed in (0, 1)))


def test_no_two_of_seed_stream_and_member_share_a_random_state():
    streams = ("order", "probe", "training data", "first initialisation")
    seeds = (0, 1, 2, 2**31, 2**32 - 1)
    states = [generator(*each).initial_seed() for each in itertools.product(seeds, streams, range(3))]
    assert len(set(states)) == len(states)


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


def test_glorots_initialisation_has_his_variance_and_no_biases():
    experiment = Experiment("digits", (300, 100), epochs=1, weights="glorot")
    for layer in networks.layers(networks.initial_parameters(experiment, [0, 1]), experiment.widths):
        fan_out, fan_in = layer.weight.shape[1:]
        assert layer.weight.std().item() == pytest.approx((2 / (fan_in + fan_out)) ** 0.5, rel=0.05)
        assert not layer.bias.any()


def test_even_kinks_lie_at_equal_distances():
    flat = networks.initial_parameters(CASES["even kinks"], [0])
    first = networks.layers(flat, (1, 50, 1))[0]
    kinks = -first.bias[0, 0] / first.weight[0, :, 0]
    torch.testing.assert_close(kinks, torch.linspace(-10, 10, 50), rtol=1e-4, atol=1e-4)


def test_recorded_accuracy_is_the_share_of_right_answers():
    run = train(DIGITS, [0])
    images = data.images("digits", None)
    network = plain_network(DIGITS, torch.from_numpy(run["parameters"][0]))
    right = int((network(images.test_inputs).argmax(1) == images.test_labels).sum())
    assert run["test_accuracy"][0, -1] == right / len(images.test_labels)


def test_batch_loss_of_a_full_batch_is_the_training_loss():
    run = train(Experiment("cos", (10,), epochs=40), [0, 1])
    assert run["batch_loss"][:, 20] == pytest.approx(run["train_loss"][:, 20], rel=1e-5)
