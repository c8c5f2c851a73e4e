"""The plain loop that the stacked trainer must equal: one nn.Sequential, autograd, torch.optim.Adam."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models import networks, training
from models.experiment import Experiment
from models.seeding import generator


@dataclass(frozen=True)
class PlainRun:
    """What the loop recorded: losses (epoch + 1,) over the whole sets, and the trained network.

    gradient_norms (step, tensor): before each update; snapshots (step, parameter): after it.
    """

    train_loss: list[float]
    test_loss: list[float]
    network: nn.Sequential
    gradient_norms: np.ndarray
    snapshots: np.ndarray


def flattened(network: nn.Sequential) -> np.ndarray:
    """All parameters of a network, (parameter,)."""
    return torch.cat([part.detach().flatten() for part in network.parameters()]).numpy()


def plain_network(experiment: Experiment, parameters: Tensor) -> nn.Sequential:
    """A network with these parameters, (parameter,)."""
    modules: list[nn.Module] = []
    activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[experiment.activation]
    for layer in networks.layers(parameters.unsqueeze(0), experiment.widths):
        linear = nn.Linear(layer.weight.shape[2], layer.weight.shape[1], dtype=parameters.dtype)
        with torch.no_grad():
            linear.weight.copy_(layer.weight[0])
            linear.bias.copy_(layer.bias[0, 0])
        modules += [linear, activation()]
    return nn.Sequential(*modules[:-1])


def plain_training(experiment: Experiment, seed: int) -> PlainRun:
    """Train one network for one seed, as a reader would write it."""
    parts = training.sets(experiment, [seed], None, torch.device("cpu"))
    train_x = parts.train_inputs if parts.train_inputs.ndim == 2 else parts.train_inputs[0]
    test_x = parts.test_inputs if parts.test_inputs.ndim == 2 else parts.test_inputs[0]
    train_y, test_y = parts.train_targets[0], parts.test_targets[0]
    criterion = F.mse_loss if experiment.is_function else F.cross_entropy
    network = plain_network(experiment, networks.initial_parameters(experiment, [seed])[0])
    optimiser = torch.optim.Adam(network.parameters(), lr=experiment.learning_rate)
    order = generator(seed, "order")

    def whole(x: Tensor, y: Tensor) -> float:
        with torch.no_grad():
            return float(criterion(network(x), y))

    train_loss, test_loss = [whole(train_x, train_y)], [whole(test_x, test_y)]
    steps, gradient_norms, snapshots = 0, [], []
    while steps < experiment.steps:
        shuffled = torch.randperm(len(train_x), generator=order)
        for chosen in shuffled.split(experiment.batch):
            if steps == experiment.steps:
                break
            optimiser.zero_grad()
            criterion(network(train_x[chosen]), train_y[chosen]).backward()
            gradient_norms.append([float(part.grad.norm()) for part in network.parameters()])
            optimiser.step()
            steps += 1
            snapshots.append(flattened(network))
        train_loss.append(whole(train_x, train_y))
        test_loss.append(whole(test_x, test_y))
    return PlainRun(train_loss, test_loss, network, np.array(gradient_norms), np.array(snapshots))
