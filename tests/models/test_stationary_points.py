"""Stationary points: derivatives against torch, steps against the formula, and networks that cannot converge."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numba import njit

from models import networks
from models import stationary_points as module
from models.cpu.hessian import network_of, numbers, order
from models.cpu.solver import first_damping, run, solver, spectrum
from models.data import sets
from models.experiment import Experiment, parameter_count
from models.probing import Probe
from models.stationary_points import ALMOST_ZERO, stationary_points
from models.training import Trained, train

ROOT = Path(__file__).parents[2]
NET = Experiment("cos", (3, 5), epochs=20, activation="tanh", dtype="float64")  # 32 parameters
CPU = torch.device("cpu")


def net(hidden=NET.hidden, seed=0):
    experiment = Experiment("cos", hidden, epochs=20, activation="tanh", dtype="float64")
    data = sets(experiment, [seed], None, CPU)
    return networks.initial_parameters(experiment, [seed])[0], experiment, data.train_inputs[0], data.train_targets[0]


def derivatives(parameters, experiment, inputs, targets):
    """Gradient (parameter,) and Hessian (parameter, parameter), in the order of models.networks."""
    places = order(experiment)
    back, found = (
        np.argsort(places),
        run(network_of(experiment, inputs, targets), numbers(parameters)[places], 0.0, 0.0, 0),
    )
    return torch.from_numpy(found.gradient[back]), torch.from_numpy(found.hessian[np.ix_(back, back)])


def several(samples):
    """A network of several inputs and outputs."""
    widths, random = (2, 4, 3, 2), torch.Generator().manual_seed(samples)
    shapes = (parameter_count(*widths),), (samples, 2), (samples, 2)
    parameters, *data = (torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes)
    return parameters, SimpleNamespace(widths=widths, activation="tanh"), *data


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch's own, in its forward mode
@pytest.mark.parametrize(
    "given", [net((1,)), net(), net(seed=1), net((2, 3, 2)), net((17,)), *map(several, (1, 16, 37))]
)
def test_derivatives_are_those_of_torch(given):
    parameters, experiment, inputs, targets = given

    def loss(parameters):
        return (networks.outputs(parameters[None], experiment, inputs)[0] - targets).square().mean()

    gradient, hessian = derivatives(*given)
    torch.testing.assert_close(gradient, torch.func.grad(loss)(parameters), rtol=0, atol=1e-13)
    torch.testing.assert_close(hessian, torch.func.hessian(loss)(parameters), rtol=0, atol=1e-13)


def test_derivatives_of_relu_networks_and_of_labels_are_refused():
    _, experiment, inputs, targets = net()
    with pytest.raises(ValueError, match="tanh"):
        network_of(Experiment("cos", (1,), epochs=20, dtype="float64"), inputs, targets)
    with pytest.raises(ValueError, match="squared error"):
        network_of(experiment, inputs, targets.long())


@njit
def polynomial(given, point):
    """Derivatives of x^T A x / 2 and of a polynomial of each coordinate, whose derivative has these coefficients."""
    matrix, coefficients = given
    gradient, hessian = np.zeros(len(point)), matrix.copy()
    for i, x in enumerate(point):
        for power, coefficient in enumerate(coefficients):
            gradient[i] += coefficient * x**power
            hessian[i, i] += coefficient * power * x ** max(power - 1, 0)
        for j, y in enumerate(point):
            gradient[i] += matrix[i, j] * y
    return 0.0, gradient, hessian


SOLVE = solver(polynomial)


def solve(start, coefficients=(0.0, 0.0, 0.0, 0.0), matrix=None, damping=None, almost_zero=ALMOST_ZERO, most=1000):
    start = np.array(start)
    given = np.zeros((len(start), len(start))) if matrix is None else matrix, np.array(coefficients)
    if damping is None:
        damping = first_damping(polynomial(given, start)[2])
    return SOLVE(given, start, damping, almost_zero, most)


@pytest.mark.parametrize("damping", [1e-8, 1e-4, 1.0, 1e4])
def test_a_step_is_the_one_that_the_eigenvectors_give(damping):
    """-(H^2 + damping)^-1 H g, in the basis where H is diagonal."""
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))
    matrix, start = rotation @ np.diag([-3.0, -1e-9, 0.0, 1e-2, 2.0, 5.0]) @ rotation.T, np.arange(6.0)
    found = solve(start, matrix=matrix, damping=damping, most=1)
    values, vectors = np.linalg.eigh(matrix)
    step = -vectors @ (values / (values**2 + damping) * (vectors.T @ matrix @ start))
    np.testing.assert_allclose(found.point - start, step, rtol=0, atol=1e-12)
    np.testing.assert_allclose(spectrum(found.hessian), values, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("start", "end"), [([0.9, 0.1], [1, 0]), ([0.1, -0.2], [0, 0]), ([-1.1, 1.2], [-1, 1])], ids=str
)
def test_solver_ends_at_the_nearest_saddle_maximum_or_minimum(start, end):
    """Of (x^2 - 1)^2 + (y^2 - 1)^2, which has nine stationary points."""
    found = solve(start, (0.0, -4.0, 0.0, 4.0), almost_zero=1e-9)
    np.testing.assert_allclose(found.point, end, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("start", "damping", "iterations"), [(np.nan, 1.0, 0), (1e120, 1.0, 60), (2.0, np.nan, 60)])
def test_solver_ends_where_there_are_no_numbers(start, damping, iterations):
    found = solve([start, 2.0], (0.0, -4.0, 0.0, 4.0), damping=damping, most=60)
    assert found.iterations == iterations
    np.testing.assert_array_equal(found.point, [start, 2.0])


def test_solver_takes_the_steps_of_a_plain_loop():
    """As `solver` says it, with the eigenvectors of the Hessian, on a network."""
    start, *given = net()
    point, (gradient, hessian) = start, derivatives(start, *given)
    first, taken = first_damping(hessian.numpy()), []
    damping = first
    for _ in range(12):
        values, vectors = np.linalg.eigh(hessian.numpy())
        tried = point - torch.from_numpy(vectors @ (values / (values**2 + damping) * (vectors.T @ gradient.numpy())))
        there = derivatives(tried, *given)
        taken.append(bool(there[0].norm() < gradient.norm()))
        if taken[-1]:
            point, (gradient, hessian) = tried, there
        damping *= 1 / 3 if taken[-1] else 4
    assert {*taken} == {True, False}
    places = order(NET)
    found = run(network_of(*given), start.numpy()[places], first, 0.0, 12)
    np.testing.assert_allclose(found.point, point.numpy()[places], rtol=1e-9)
    assert found.iterations == 12


def measured(parameters, seeds):
    return stationary_points(Trained(NET, seeds, parameters, sets(NET, seeds, None, CPU)))


def test_a_network_of_nan_is_reported_as_it_is_and_does_not_affect_the_others():
    parameters = torch.from_numpy(train(NET, (0, 1))["parameters"])
    alone = measured(parameters, (0, 1))
    parameters[0, 7] = torch.nan
    found = measured(parameters, (0, 1))
    assert found["iterations_there"][0] == 0
    for name in ("gradient_norm_there", "loss_there", "eigenvalues_there"):
        assert np.isnan(found[name][0]).all()
        assert found[name][1].tobytes() == alone[name][1].tobytes()


def test_iterations_are_none_where_the_start_is_stationary_and_the_most_where_the_goal_is_out_of_reach(monkeypatch):
    parameters, targets = torch.zeros(1, 32, dtype=torch.float64), sets(NET, (0,), None, CPU).train_targets
    parameters[0, -1] = targets.mean()  # the output for all inputs, and units that are all 0
    found = measured(parameters, (0,))
    assert found["iterations_there"] == [0]
    assert found["loss_there"] == pytest.approx(targets.var(correction=0).item())
    monkeypatch.setattr(module, "ALMOST_ZERO", 0.0)
    monkeypatch.setattr(module, "MOST_ITERATIONS", 30)
    assert measured(networks.initial_parameters(NET, (0,)), (0,))["iterations_there"] == [30]


def misaligned(values):
    """The same numbers 8 bytes off where a buffer would begin."""
    raw = np.empty(values.nbytes + 72, dtype=np.uint8)
    start = -raw.ctypes.data % 64 + 8
    moved = raw[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    moved[...] = values
    return moved


def test_a_network_has_the_same_bits_in_any_stack_on_any_threads_and_at_any_address():
    probe, seeds = Probe(stationary_points, NET), (7, 8, 9)
    parameters = train(NET, seeds)["parameters"]
    together = measured(torch.from_numpy(parameters), seeds)
    assert {name: values.shape[1:] for name, values in together.items()} == {
        "gradient_norm_there": (), "loss_there": (), "eigenvalues_there": (32,), "iterations_there": ()
    }  # fmt: skip
    assert (np.diff(together["eigenvalues_there"]) >= 0).all()
    converged = together["gradient_norm_there"] < ALMOST_ZERO
    assert (converged | (together["iterations_there"] == 1000)).all()
    assert converged.any()
    threads = torch.get_num_threads()
    try:
        for count, row in product((1, 2), range(3)):
            torch.set_num_threads(count)
            alone = probe.train(seeds[row : row + 1], [{"parameters": misaligned(parameters[row : row + 1])}])
            for name, values in alone.items():
                assert values.tobytes() == together[name][row : row + 1].tobytes(), name
    finally:
        torch.set_num_threads(threads)


def test_compiled_code_gives_the_same_bits_fresh_and_from_the_cache(tmp_path):
    code = (
        "from tests.models.test_stationary_points import *\n"
        "found = measured(networks.initial_parameters(NET, (0, 1)), (0, 1))\n"
        "print(bool(run.stats.cache_hits), *(values.tobytes().hex() for values in found.values()))"
    )
    printed = []
    for _ in range(2):
        command, environment = [sys.executable, "-c", code], os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        printed.append(done.stdout.split())
    assert [each[0] for each in printed] == ["False", "True"]
    assert printed[0][1:] == printed[1][1:]
