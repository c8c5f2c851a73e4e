"""The stacked trainer does what a plain one-network loop does, for every seed by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models import data, networks
from models.experiment import Experiment, floating_point_operations, parameter_count
from models.seeding import generator
from models.stack import Stack, loss
from models.training import sets, train
from tests.models.oracle import flattened, plain_network, plain_training

DIGITS = Experiment("digits", (12, 9), epochs=2, batch_size=50)
CASES = {
    "digits": DIGITS,
    "a partial last batch": Experiment("digits", (30,), epochs=2, batch_size=200),
    "batch larger than the set": Experiment("digits", (7,), epochs=5, batch_size=5000),
    "one sample a step": Experiment("digits", (5,), epochs=1, batch_size=1),
    "six layers": Experiment("digits", (20, 40, 60, 50, 30), epochs=2, batch_size=50),
    "tanh": Experiment("digits", (12, 9), epochs=2, batch_size=50, activation="tanh"),
    "cos": Experiment("cos", (24, 16, 10, 8, 4), epochs=20),
    "arcsinh": Experiment("arcsinh", (32, 16, 9), epochs=20),
    "even kinks": Experiment("cos", (50,), epochs=20, kinks="even"),
    "float64": Experiment("cos", (3, 5), epochs=40, activation="tanh", dtype="float64"),
    "random labels": Experiment("digits", (12, 9), epochs=2, batch_size=50, labels="random"),
    "few images": Experiment("digits", (12,), epochs=3, batch_size=50, images=120),
    "another initialisation": Experiment("digits", (12,), epochs=2, batch_size=50, initialisation="second"),
    "as many steps as a larger batch": Experiment("digits", (12,), epochs=3, batch_size=50, steps_of_batch=100),
    "as many steps as a smaller batch": Experiment("digits", (12,), epochs=2, batch_size=5000, steps_of_batch=100),
    "a series": Experiment("cos", (3, 5), epochs=20, series=8),
    "another learning rate": Experiment("digits", (12,), epochs=2, batch_size=50, learning_rate=0.01),
}


@pytest.mark.parametrize("experiment", CASES.values(), ids=CASES.keys())
def test_stacked_training_equals_a_plain_loop(experiment):
    stacked = train(experiment, [3, 8])
    for row, seed in enumerate([3, 8]):
        plain = plain_training(experiment, seed)
        epochs = stacked["epoch"]
        assert stacked["train_loss"][row] == pytest.approx(np.array(plain.train_loss)[epochs], rel=2e-4)
        assert stacked["test_loss"][row] == pytest.approx(np.array(plain.test_loss)[epochs], rel=2e-4)
        assert stacked["parameters"][row] == pytest.approx(flattened(plain.network), abs=2e-3)
        assert stacked["last_gradient_norms"][row] == pytest.approx(plain.gradient_norms[-1], rel=2e-2, abs=1e-5)


def test_gradient_norms_and_snapshots_are_those_of_a_plain_loop():
    experiment = Experiment("cos", (3, 5), epochs=30, gradient_norms=True, snapshots_every=3)
    stacked, plain = train(experiment, [4, 2]), plain_training(experiment, 2)
    assert stacked["snapshot_step"].tolist() == [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]
    assert stacked["snapshots"][1] == pytest.approx(plain.snapshots[::3], abs=1e-5)
    norms = np.linalg.norm(plain.gradient_norms, axis=1)  # (step,)
    assert stacked["gradient_norm"].shape == (2, 30)
    assert stacked["gradient_norm"][1] == pytest.approx(norms, rel=1e-4)
    every = train(Experiment("cos", (3,), epochs=3, snapshots_every=1), [0])
    assert every["snapshot_step"].tolist() == [1, 2, 3]


def test_random_labels_differ_by_seed_and_are_scored_against_the_truth_as_well():
    experiment = Experiment("digits", (30,), epochs=1, batch_size=50, labels="random")
    parts = sets(experiment, [0, 1], None, torch.device("cpu"))
    shares = torch.bincount(parts.train_targets[0], minlength=10) / 1437
    assert shares.min() > 0.07
    assert shares.max() < 0.13
    for labels in (parts.train_targets, parts.test_targets):
        assert 0.05 < (labels[0] == labels[1]).float().mean() < 0.15
    run = train(experiment, [0, 1])
    truth = data.images("digits", None).test_labels
    right = networks.outputs(torch.from_numpy(run["parameters"]), experiment, parts.test_inputs).argmax(2) == truth
    assert run["test_accuracy_on_truth"][:, -1] == pytest.approx(right.double().mean(1).numpy())
    assert "test_accuracy_on_truth" not in train(DIGITS, [0])


def test_a_series_shares_the_data_of_its_seed_and_nothing_else():
    experiment = Experiment("cos", (3, 5), epochs=1, series=4)
    parts = sets(experiment, range(8), None, torch.device("cpu"))
    assert torch.equal(parts.train_inputs[0], parts.train_inputs[3])
    assert not torch.equal(parts.train_inputs[3], parts.train_inputs[4])
    starts = networks.initial_parameters(experiment, range(8))
    assert len({tuple(start.tolist()) for start in starts}) == 8


def test_the_two_initialisations_of_a_seed_differ():
    first, second = (networks.initial_parameters(replace(DIGITS, initialisation=name), [0, 1])
                     for name in ("first", "second"))  # fmt: skip
    assert not torch.equal(first, second)
    assert not torch.equal(first[1], second[0])


def test_the_oracle_is_sharp_enough_to_see_another_learning_rate():
    plain = plain_training(DIGITS, 3)
    other = train(Experiment("digits", (12, 9), epochs=2, batch_size=50, learning_rate=1.01e-3), [3])
    assert other["train_loss"][0] != pytest.approx(plain.train_loss, rel=2e-4)


@pytest.mark.parametrize("experiment", [DIGITS, CASES["cos"], CASES["tanh"]])
def test_gradient_equals_autograd(experiment):
    parameters = networks.initial_parameters(experiment, [0, 1])
    stack = Stack(experiment, parameters)
    features, outputs = experiment.widths[0], experiment.widths[-1]
    random = torch.Generator().manual_seed(5)
    inputs = torch.randn(2, 17, features, generator=random)
    targets = torch.randint(outputs, (2, 17), generator=random)
    if experiment.is_function:
        targets = torch.randn(2, 17, 1, generator=random)
    stack.differentiate(inputs, targets)
    for row in range(2):
        network = plain_network(experiment, parameters[row])
        loss(network(inputs[row])[None], targets[row : row + 1]).sum().backward()
        expected = torch.cat([part.grad.flatten() for part in network.parameters()])
        torch.testing.assert_close(stack.gradient[row], expected, rtol=1e-4, atol=1e-6)
    assert stack.batch_loss(targets)[1].item() == pytest.approx(
        loss(network(inputs[1])[None], targets[1:]).item(), rel=1e-5
    )


@pytest.mark.parametrize("experiment", [DIGITS, CASES["cos"]], ids=["digits", "cos"])
def test_a_seed_does_not_depend_on_its_company(experiment):
    alone, together = train(experiment, [4]), train(experiment, [9, 4, 2, 7])
    for name in alone.keys() - {"epoch", "parameters"}:
        assert together[name][1] == pytest.approx(alone[name][0], rel=2e-4), name
    assert together["parameters"][1] == pytest.approx(alone["parameters"][0], abs=2e-3)


def test_the_same_call_gives_the_same_bits():
    first, second = train(DIGITS, [0, 1]), train(DIGITS, [0, 1])
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_seeds_differ_in_initialisation_data_and_order():
    parameters = networks.initial_parameters(DIGITS, [0, 1])
    assert not torch.equal(parameters[0], parameters[1])
    assert not torch.equal(*(data.function_inputs(seed, "training data") for seed in (0, 1)))
    assert not torch.equal(*(torch.randperm(50, generator=generator(seed, "order")) for seed in (0, 1)))
    streams = [data.function_inputs(0, stream) for stream in ("training data", "test data")]
    assert not torch.equal(*streams)


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    train(CASES["cos"], [0])
    assert torch.equal(before, torch.get_rng_state())


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


def test_outside_inputs_lie_outside_on_both_sides():
    outside = data.function_inputs(0, "outside data")
    assert outside.abs().min() >= 10
    assert outside.abs().max() < 20
    assert 400 < (outside > 0).sum() < 600


def test_recorded_accuracy_is_the_share_of_right_answers():
    run = train(DIGITS, [0])
    images = data.images("digits", None)
    network = plain_network(DIGITS, torch.from_numpy(run["parameters"][0]))
    right = (network(images.test_inputs).argmax(1) == images.test_labels).float().mean()
    assert run["test_accuracy"][0, -1] == pytest.approx(right.item(), abs=1e-6)


def test_batch_loss_of_a_full_batch_is_the_training_loss():
    run = train(Experiment("cos", (10,), epochs=40), [0, 1])
    assert run["batch_loss"][:, 20] == pytest.approx(run["train_loss"][:, 20], rel=1e-5)


@pytest.mark.parametrize(
    "fields",
    [
        dict(data="cosine", hidden=(3,), epochs=1),
        dict(data="cos", hidden=(), epochs=1),
        dict(data="cos", hidden=(0,), epochs=1),
        dict(data="cos", hidden=(3,), epochs=0),
        dict(data="digits", hidden=(3,), epochs=1, batch_size=0),
        dict(data="digits", hidden=(3,), epochs=1, kinks="even"),
        dict(data="cos", hidden=(3,), epochs=1, labels="random"),
        dict(data="digits", hidden=(3,), epochs=1, images=0),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(fields):
    with pytest.raises(ValueError, match=r"must|unknown|kinks|labels"):
        Experiment(**fields)


def test_steps_and_counts():
    experiment = Experiment("mnist", (30,), epochs=100, batch_size=50)
    assert experiment.steps == 120_000
    assert Experiment("digits", (30,), epochs=2, batch_size=50).steps_per_epoch == 29
    assert parameter_count(*experiment.widths) == 23_860
    few_steps = Experiment("mnist", (20, 30), epochs=50, batch_size=5, steps_of_batch=125)
    assert (few_steps.steps, few_steps.passes, few_steps.samples) == (24_000, 2, 120_000)
    many_epochs = Experiment("mnist", (20, 30), epochs=50, batch_size=1500, steps_of_batch=125)
    assert (many_epochs.steps, many_epochs.passes, many_epochs.epochs_between_records) == (24_000, 600, 6)
    cut_short = Experiment("digits", (20,), epochs=50, batch_size=5, steps_of_batch=125)
    assert (cut_short.steps, cut_short.passes, cut_short.samples) == (600, 3, 2 * 1437 + 24 * 5)
    products = 2 * (784 * 30 + 30 * 10)
    expected = 100 * 60_000 * (3 * products - 2 * 784 * 30) + 101 * 70_000 * products
    assert floating_point_operations(experiment) == expected


def test_a_new_field_with_a_default_leaves_descriptions_as_they_were():
    assert DIGITS.description() == {"data": "digits", "hidden": (12, 9), "epochs": 2, "batch_size": 50}
