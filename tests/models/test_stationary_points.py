"""Points of zero gradient: steps against the formula, a known saddle, and runs that cannot get there."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numba import njit

from claims.homework.measures.landscape import minimal_ratio, negative_share
from models import networks, training
from models import stationary_points as module
from models.compiled_hessian import network_of, order
from models.compiled_solver import SOURCE, derivatives, first_damping, run, solver, spectrum
from models.experiment import Experiment
from models.probing import Probe
from models.sets import sets
from models.stationary_points import ALMOST_ZERO, stationary_points
from models.training import Trained

ROOT = Path(__file__).parents[2]
NET = Experiment("cos", (3, 5), epochs=20, activation="tanh", dtype="float64")  # 32
CPU = torch.device("cpu")


def net(experiment, seeds=(0, 1)):
    data = sets(experiment, seeds, None, CPU)
    return networks.initial_parameters(experiment, seeds), data.train_inputs, data.train_targets


@njit
def polynomial(given, point):
    """Derivatives of x^T A x / 2 and of a polynomial of each coordinate, whose derivative has these coefficients."""
    matrix, coefficients, calls = given
    calls[0] += 1
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
    """Where the solver ends, and how often it asked for derivatives."""
    start, calls = np.array(start), np.zeros(1, np.int64)
    given = np.zeros((len(start), len(start))) if matrix is None else matrix, np.array(coefficients), calls
    if damping is None:
        damping = first_damping(polynomial(given, start)[2])
    calls[0] = 0
    return SOLVE(given, start, damping, almost_zero, most), calls[0]


def rotated(eigenvalues):
    """A symmetric matrix with these eigenvalues."""
    random = np.random.default_rng(1)
    rotation, _ = np.linalg.qr(random.normal(size=(len(eigenvalues), len(eigenvalues))))
    return rotation @ np.diag(eigenvalues) @ rotation.T


def test_a_quadratic_with_known_eigenvalues():
    eigenvalues = np.array([-3.0, -1e-9, 0.0, 1e-9, 2.0, 5.0])
    found, _ = solve(np.ones(6), matrix=rotated(eigenvalues))
    assert np.linalg.norm(found.gradient) < ALMOST_ZERO
    there = spectrum(found.hessian)
    np.testing.assert_allclose(there, eigenvalues, rtol=0, atol=1e-14)
    assert minimal_ratio(there[None]) == pytest.approx([2 / 6])
    assert negative_share(there[None]) == pytest.approx([1 / 6])
    assert minimal_ratio(there[None], 1e-10) == pytest.approx([3 / 6])
    assert negative_share(there[None], 1e-10) == pytest.approx([2 / 6])


@pytest.mark.parametrize("damping", [1e-8, 1e-4, 1.0, 1e4])
def test_a_step_is_the_one_that_the_eigenvectors_give(damping):
    """-(H^2 + damping)^-1 H g, in the basis where H is diagonal."""
    matrix, start = rotated([-3.0, -0.1, 0.0, 1e-2, 2.0, 5.0]), np.arange(6.0)
    found, _ = solve(start, matrix=matrix, damping=damping, most=1)
    values, vectors = np.linalg.eigh(matrix)
    step = -vectors @ (values / (values**2 + damping) * (vectors.T @ matrix @ start))
    np.testing.assert_allclose(found.point - start, step, rtol=0, atol=1e-12)


def test_signs_at_a_maximum_and_where_all_is_flat():
    spectra = np.array([[-2.0, -1.0], [0.0, 0.0], [-1.0, 0.0]])
    assert minimal_ratio(spectra).tolist() == [0, 0, 0]
    assert negative_share(spectra).tolist() == [1, 0, 0.5]


def test_solver_ends_at_the_nearest_saddle_maximum_or_minimum():
    """Of (x^2 - 1)^2 + (y^2 - 1)^2, which has nine stationary points."""
    for start, expected in (([0.9, 0.1], [1, 0]), ([0.1, -0.2], [0, 0]), ([-1.1, 1.2], [-1, 1])):
        found, _ = solve(start, (0.0, -4.0, 0.0, 4.0), almost_zero=1e-9)
        np.testing.assert_allclose(found.point, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("start", "constant", "low", "high"), [(0.0, 0.0, 0, 0), (2.0, 1.0, 60, 60), (2.0, 0.0, 1, 59)]
)
def test_solver_says_who_did_not_get_there_and_lets_those_go_who_did(start, constant, low, high):
    """Of x^3 / 3 + c x: with a c of 1 the gradient is at least 1."""
    found, calls = solve([start], (constant, 0.0, 1.0, 0.0), most=60)
    assert low <= found.iterations <= high
    assert calls == found.iterations + 1
    if constant:
        assert float(found.gradient[0]) == pytest.approx(1, abs=1e-2)
    else:
        assert abs(found.gradient[0]) < ALMOST_ZERO


@pytest.mark.parametrize(("start", "damping", "iterations"), [(np.nan, 1.0, 0), (1e120, 1.0, 60), (2.0, np.nan, 60)])
def test_solver_ends_where_there_are_no_numbers(start, damping, iterations):
    found, _ = solve([start, 2.0], (0.0, -4.0, 0.0, 4.0), damping=damping, most=60)
    assert found.iterations == iterations
    np.testing.assert_array_equal(found.point, [start, 2.0])


def test_solver_takes_the_steps_of_a_plain_loop():
    """As `solver` says it, with the eigenvectors of the Hessian, on a network."""
    parameters, inputs, targets = (part[0] for part in net(NET))
    point = parameters
    gradient, hessian = derivatives(point, NET, inputs, targets)
    damping, made = first_damping(hessian), []
    for _ in range(12):
        values, vectors = np.linalg.eigh(hessian)
        tried = point - torch.from_numpy(vectors @ (values / (values**2 + damping) * (vectors.T @ gradient)))
        there = derivatives(tried, NET, inputs, targets)
        made.append(np.linalg.norm(there[0]) < np.linalg.norm(gradient))
        if made[-1]:
            point, (gradient, hessian) = tried, there
        damping *= 1 / 3 if made[-1] else 4
    assert {*made} == {True, False}
    places = order(NET)
    start, given = parameters.numpy()[places], network_of(NET, inputs, targets)
    found = run(given, start, first_damping(run(given, start, 0.0, 0.0, 0).hessian), 0.0, 12)
    np.testing.assert_allclose(found.point, point.numpy()[places], rtol=1e-9)
    assert found.iterations == 12


def trained_as(parameters, seeds):
    return Trained(NET, seeds, parameters, sets(NET, seeds, None, CPU))


def test_a_network_that_is_not_a_number_is_reported_as_it_is_and_leaves_the_others():
    parameters = torch.from_numpy(training.train(NET, (0, 1))["parameters"])
    alone = stationary_points(trained_as(parameters, (0, 1)))
    parameters[0, 7] = torch.nan
    found = stationary_points(trained_as(parameters, (0, 1)))
    assert found["iterations_there"][0] == 0
    for name in ("gradient_norm_there", "loss_there", "eigenvalues_there"):
        assert np.isnan(found[name][0]).all()
        assert found[name][1].tobytes() == alone[name][1].tobytes()


def test_a_start_that_is_stationary_takes_no_iteration():
    trained = trained_as(torch.zeros(1, 32, dtype=torch.float64), (0,))
    trained.parameters[0, -1] = trained.data.train_targets.mean()  # the answer to all, and units that are all 0
    found = stationary_points(trained)
    assert found["iterations_there"] == [0]
    assert found["loss_there"] == pytest.approx(trained.data.train_targets.var(correction=0).item())


def test_a_goal_that_cannot_be_reached_takes_the_most_iterations(monkeypatch):
    monkeypatch.setattr(module, "ALMOST_ZERO", 0.0)
    monkeypatch.setattr(module, "MOST_ITERATIONS", 30)
    parameters = networks.initial_parameters(NET, (0,))
    assert stationary_points(trained_as(parameters, (0,)))["iterations_there"] == [30]


def test_probe_answers_for_every_seed_and_the_same_twice():
    seeds = (0, 1, 2)
    arrays = training.train(NET, seeds)
    trained = trained_as(torch.from_numpy(arrays["parameters"]), seeds)
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


def test_a_stack_of_networks_has_the_same_bits_as_each_alone():
    seeds = (7, 8, 9, 10)
    parameters = torch.from_numpy(training.train(NET, seeds)["parameters"])
    stacked = stationary_points(trained_as(parameters, seeds))
    alone = Probe(stationary_points, NET).train(seeds, [{"parameters": parameters.numpy()}])
    for name, values in alone.items():
        assert values.tobytes() == stacked[name].tobytes(), name


def test_what_is_compiled_anew_and_what_comes_from_the_cache_give_the_same_bits(tmp_path):
    code = (
        "import sys, torch; from tests.models.test_stationary_points import *\n"
        "found = stationary_points(trained_as(networks.initial_parameters(NET, (0, 1)), (0, 1)))\n"
        "print(bool(run.stats.cache_hits), *(values.tobytes().hex() for values in found.values()))"
    )
    printed = []
    for _ in range(2):
        command, environment = [sys.executable, "-c", code], os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        printed.append(done.stdout.split())
    assert [each[0] for each in printed] == ["False", "True"]
    assert printed[0][1:] == printed[1][1:]


def test_what_numba_stores_hangs_on_the_sources_of_all_that_is_called():
    assert [cell.cell_contents for cell in run.py_func.__closure__] == [SOURCE]
