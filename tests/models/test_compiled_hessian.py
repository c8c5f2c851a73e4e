"""Derivatives that are written out, against torch's own, autograd's, and finite differences."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from models import networks
from models.compiled_solver import derivatives
from models.experiment import Experiment, parameter_count
from models.sets import sets

TINY = Experiment("cos", (1,), epochs=20, activation="tanh", dtype="float64")  # 4 parameters
NET = Experiment("cos", (3, 5), epochs=20, activation="tanh", dtype="float64")  # 32
DEEP = Experiment("cos", (2, 3, 2), epochs=20, activation="tanh", dtype="float64")
WIDE = Experiment("cos", (17,), epochs=20, activation="tanh", dtype="float64")


def net(experiment, seeds=(0, 1)):
    data = sets(experiment, seeds, None, torch.device("cpu"))
    return networks.initial_parameters(experiment, seeds), data.train_inputs, data.train_targets


def loss_of_one(experiment, inputs, targets):
    def loss(parameters):
        answers = networks.outputs(parameters[None], experiment, inputs)[0]
        return (answers - targets).square().mean()

    return loss


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch's own, in its forward mode
@pytest.mark.parametrize("experiment", [TINY, NET, DEEP, WIDE], ids=["4", "32", "three hidden layers", "wide"])
def test_derivatives_are_those_of_torch(experiment):
    for parameters, inputs, targets in zip(*net(experiment), strict=True):
        assert len(parameters) == parameter_count(*experiment.widths)
        hold_against_torch(parameters, experiment, inputs, targets)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
@pytest.mark.parametrize("samples", [1, 16, 37])
def test_derivatives_with_several_features_and_outputs(samples):
    several = SimpleNamespace(widths=(2, 4, 3, 2), activation="tanh")
    random = torch.Generator().manual_seed(samples)
    parameters, inputs, targets = (
        torch.randn(shape, generator=random, dtype=torch.float64)
        for shape in ((parameter_count(*several.widths),), (samples, 2), (samples, 2))
    )
    hold_against_torch(parameters, several, inputs, targets)


def hold_against_torch(parameters, experiment, inputs, targets):
    gradient, hessian = map(torch.from_numpy, derivatives(parameters, experiment, inputs, targets))
    loss = loss_of_one(experiment, inputs, targets)
    torch.testing.assert_close(gradient, torch.func.grad(loss)(parameters), rtol=0, atol=1e-13)
    torch.testing.assert_close(hessian, torch.func.hessian(loss)(parameters), rtol=0, atol=1e-13)
    by_autograd = torch.autograd.functional.hessian(loss, parameters)
    torch.testing.assert_close(hessian, by_autograd, rtol=0, atol=1e-13)


def test_derivatives_agree_with_finite_differences():
    parameters, inputs, targets = (part[0] for part in net(TINY))
    gradient, hessian = derivatives(parameters, TINY, inputs, targets)
    loss, steps = loss_of_one(TINY, inputs, targets), 1e-4 * torch.eye(4, dtype=torch.float64)
    slopes = np.array([float(loss(parameters + d) - loss(parameters - d)) / 2e-4 for d in steps])
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=1e-7)
    for (row, d), (column, e) in product(enumerate(steps), repeat=2):
        corners = [loss(parameters + s * d + t * e) * s * t for s, t in product((1, -1), repeat=2)]
        assert float(hessian[row, column]) == pytest.approx(float(sum(corners)) / 4e-8, abs=1e-6)


def test_derivatives_refuse_what_they_are_not_written_for():
    relu = Experiment("cos", (1,), epochs=20, dtype="float64")
    parameters, inputs, targets = (part[0] for part in net(relu))
    with pytest.raises(ValueError, match="tanh"):
        derivatives(parameters, relu, inputs, targets)
    with pytest.raises(ValueError, match="squared error"):
        derivatives(parameters, TINY, inputs, targets.long())
