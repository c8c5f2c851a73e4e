"""The stacked trainer does what a plain one-network loop does, for every seed by itself."""

import numpy as np
import pytest
import torch
from torch import nn

from models import data, networks
from models.experiment import Experiment, floating_point_operations, parameter_count
from models.seeding import generator
from models.stack import Stack, loss
from models.training import train
from tests.oracle import plain_network, plain_training

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
        parameters = torch.cat(
            [part.flatten() for linear in plain.network if isinstance(linear, nn.Linear)
             for part in (linear.weight, linear.bias)]
        )  # fmt: skip
        assert stacked["parameters"][row] == pytest.approx(parameters.detach().numpy(), abs=2e-3)


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
        torch.manual_seed(generator(6, "initialisation").initial_seed())
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
    assert run["batch_loss"][:, 20] == pytest.approx(run["train_loss"][:, 1], rel=1e-5)


@pytest.mark.parametrize(
    "fields",
    [
        dict(data="cosine", hidden=(3,), epochs=1),
        dict(data="cos", hidden=(), epochs=1),
        dict(data="cos", hidden=(0,), epochs=1),
        dict(data="cos", hidden=(3,), epochs=0),
        dict(data="digits", hidden=(3,), epochs=1, batch_size=0),
        dict(data="digits", hidden=(3,), epochs=1, kinks="even"),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(fields):
    with pytest.raises(ValueError, match=r"must|unknown|kinks"):
        Experiment(**fields)


def test_steps_and_counts():
    experiment = Experiment("mnist", (30,), epochs=100, batch_size=50)
    assert experiment.steps == 120_000
    assert Experiment("digits", (30,), epochs=2, batch_size=50).steps_per_epoch == 29
    assert parameter_count(*experiment.widths) == 23_860
    products = 2 * (784 * 30 + 30 * 10)
    expected = 100 * 60_000 * (3 * products - 2 * 784 * 30) + 101 * 70_000 * products
    assert floating_point_operations(experiment) == expected


def test_a_new_field_with_a_default_leaves_descriptions_as_they_were():
    assert DIGITS.description() == {"data": "digits", "hidden": (12, 9), "epochs": 2, "batch_size": 50}
