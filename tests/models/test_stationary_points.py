"""Points of zero gradient: derivatives against torch's own, a known saddle, and runs that cannot get there."""

from itertools import product

import numpy as np
import pytest
import torch

from models import networks, training
from models.experiment import Experiment, parameter_count
from models.probing import Probe, Trained
from models.sets import sets
from models.stationary_points import ALMOST_ZERO, derivatives, solve, stationary_points
from ontrial.measures.spectra import minimal_ratio, negative_share

TINY = Experiment("cos", (1,), epochs=20, activation="tanh", dtype="float64")  # 4 parameters
NET = Experiment("cos", (3, 5), epochs=20, activation="tanh", dtype="float64")  # 32
DEEP = Experiment("cos", (2, 3, 2), epochs=20, activation="tanh", dtype="float64")
CPU = torch.device("cpu")


def net(experiment, seeds=(0, 1)):
    data = sets(experiment, seeds, None, CPU)
    return networks.initial_parameters(experiment, seeds), data.train_inputs, data.train_targets


def loss_of_one(experiment, inputs, targets, number=0):
    def loss(parameters):
        answers = networks.outputs(parameters[None], experiment, inputs[number : number + 1])
        return (answers - targets[number : number + 1]).square().mean()

    return loss


def quadratic(eigenvalues, rotation):
    """Derivatives of half x^T A x, where A has these eigenvalues."""
    matrix = rotation @ torch.diag(eigenvalues) @ rotation.T
    return lambda points, nets: (points @ matrix, matrix.expand(len(points), -1, -1))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch's own, in its forward mode
@pytest.mark.parametrize("experiment", [TINY, NET, DEEP], ids=["4", "32", "three hidden layers"])
def test_derivatives_are_those_of_torch(experiment):
    parameters, inputs, targets = net(experiment)
    gradient, hessian = derivatives(parameters, experiment, inputs, targets)
    assert parameters.shape[1] == parameter_count(*experiment.widths)
    for number in (0, 1):
        loss = loss_of_one(experiment, inputs, targets, number)
        torch.testing.assert_close(gradient[number], torch.func.grad(loss)(parameters[number]), rtol=0, atol=1e-13)
        torch.testing.assert_close(hessian[number], torch.func.hessian(loss)(parameters[number]), rtol=0, atol=1e-13)
        by_autograd = torch.autograd.functional.hessian(loss, parameters[number])
        torch.testing.assert_close(hessian[number], by_autograd, rtol=0, atol=1e-13)


def test_derivatives_agree_with_finite_differences():
    parameters, inputs, targets = net(TINY, (0,))
    gradient, hessian = derivatives(parameters, TINY, inputs, targets)
    loss, steps = loss_of_one(TINY, inputs, targets), 1e-4 * torch.eye(4, dtype=torch.float64)
    slopes = torch.stack([(loss(parameters[0] + d) - loss(parameters[0] - d)) / 2e-4 for d in steps])
    torch.testing.assert_close(gradient[0], slopes, rtol=0, atol=1e-7)
    for (row, d), (column, e) in product(enumerate(steps), repeat=2):
        corners = [loss(parameters[0] + s * d + t * e) * s * t for s, t in product((1, -1), repeat=2)]
        assert float(hessian[0, row, column]) == pytest.approx(float(sum(corners)) / 4e-8, abs=1e-6)


def test_derivatives_refuse_what_they_are_not_written_for():
    relu = Experiment("cos", (1,), epochs=20, dtype="float64")
    parameters, inputs, targets = net(relu)
    with pytest.raises(ValueError, match="tanh"):
        derivatives(parameters, relu, inputs, targets)


def test_a_quadratic_with_known_eigenvalues():
    eigenvalues = torch.tensor([-3.0, -1e-9, 0.0, 1e-9, 2.0, 5.0], dtype=torch.float64)
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    derive = quadratic(eigenvalues, rotation)
    found = solve(torch.ones(1, 6, dtype=torch.float64), derive)
    gradient, hessian = derive(found.points, torch.arange(1))
    assert gradient.norm() < ALMOST_ZERO
    spectrum = torch.linalg.eigvalsh(hessian)
    torch.testing.assert_close(spectrum[0], eigenvalues, rtol=0, atol=1e-14)
    assert minimal_ratio(spectrum.numpy()) == pytest.approx([2 / 6])
    assert negative_share(spectrum.numpy()) == pytest.approx([1 / 6])
    assert minimal_ratio(spectrum.numpy(), 1e-10) == pytest.approx([3 / 6])
    assert negative_share(spectrum.numpy(), 1e-10) == pytest.approx([2 / 6])


def test_signs_at_a_maximum_and_where_all_is_flat():
    spectra = np.array([[-2.0, -1.0], [0.0, 0.0], [-1.0, 0.0]])
    assert minimal_ratio(spectra).tolist() == [0, 0, 0]
    assert negative_share(spectra).tolist() == [1, 0, 0.5]


def test_solver_ends_at_the_nearest_saddle_maximum_or_minimum():
    def derive(points, nets):  # of (x^2 - 1)^2 + (y^2 - 1)^2, which has nine stationary points
        return 4 * points * (points.square() - 1), torch.diag_embed(12 * points.square() - 4)

    start = torch.tensor([[0.9, 0.1], [0.1, -0.2], [-1.1, 1.2]], dtype=torch.float64)
    found = solve(start, derive, almost_zero=1e-9)
    expected = torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(found.points, expected, rtol=0, atol=1e-8)


def test_solver_says_who_did_not_get_there_and_lets_those_go_who_did():
    asked = []

    def derive(points, nets):  # of x^3 / 3 + c x, where a net's c is 0 or 1: with 1 the gradient is at least 1
        asked.append(nets.tolist())
        return points.square() + nets[:, None] % 2, torch.diag_embed(2 * points)

    start = torch.tensor([[0.0], [2.0], [2.0]], dtype=torch.float64)
    found = solve(start, derive, most_iterations=60)
    gradient, _ = derive(found.points, torch.arange(3))
    assert (gradient.norm(dim=1) < ALMOST_ZERO).tolist() == [True, False, True]
    assert float(gradient[1]) == pytest.approx(1, abs=1e-2)
    assert found.iterations[0] == 0
    assert 0 < found.iterations[2] < 60
    assert found.iterations[1] == 60
    assert asked[1] == [1, 2]  # the first starts where its gradient is 0
    assert asked[-2] == [1]


def test_probe_answers_for_every_seed_and_the_same_twice():
    seeds = (0, 1, 2)
    arrays = training.train(NET, seeds)
    trained = Trained(NET, seeds, torch.from_numpy(arrays["parameters"]), sets(NET, seeds, None, CPU))
    first, second = stationary_points(trained), stationary_points(trained)
    shapes = {name: values.shape for name, values in first.items()}
    assert shapes == {
        "gradient_norm_there": (3,), "loss_there": (3,), "eigenvalues_there": (3, 32), "iterations_there": (3,)
    }  # fmt: skip
    assert all((first[name] == second[name]).all() for name in first)
    assert (np.diff(first["eigenvalues_there"]) >= 0).all()
    reached = first["gradient_norm_there"] < ALMOST_ZERO
    assert (reached | (first["iterations_there"] == 1000)).all()
    assert reached.any()


def misaligned(values):
    """The same numbers 8 bytes off where a buffer would lie."""
    raw = np.empty(values.nbytes + 72, dtype=np.uint8)
    start = -raw.ctypes.data % 64 + 8
    moved = raw[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    moved[...] = values
    return moved


def test_an_answer_has_the_same_bits_in_any_company_on_any_threads_and_wherever_its_numbers_lie():
    probe, seeds = Probe(stationary_points, NET), (7, 8, 9)
    parameters = training.train(NET, seeds)["parameters"]
    together = probe.train(seeds, [{"parameters": parameters}])
    threads = torch.get_num_threads()
    try:
        for count, row in product((1, 2), range(3)):
            torch.set_num_threads(count)
            alone = probe.train(seeds[row : row + 1], [{"parameters": misaligned(parameters[row : row + 1])}])
            for name, values in alone.items():
                assert values.tobytes() == together[name][row : row + 1].tobytes(), name
    finally:
        torch.set_num_threads(threads)


def test_one_stack_of_networks_is_rounded_otherwise_than_each_alone():
    """Why a probe asks them one by one: products of a batch are summed in another order."""
    seeds = (7, 8, 9, 10)
    parameters = torch.from_numpy(training.train(NET, seeds)["parameters"])
    stacked = stationary_points(Trained(NET, seeds, parameters, sets(NET, seeds, None, CPU)))
    alone = Probe(stationary_points, NET).train(seeds, [{"parameters": parameters.numpy()}])
    assert stacked["loss_there"] == pytest.approx(alone["loss_there"], rel=1e-6)
