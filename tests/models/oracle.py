"""The plain loop that both engines must equal: one nn.Sequential, autograd, torch.optim.Adam, one network at a time."""

from collections import defaultdict
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from models import networks
from models.data import generator, sets
from models.experiment import Experiment
from models.training import SHARED


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


@cache
def plain_training(experiment: Experiment, seed: int, member: int = 0) -> dict[str, np.ndarray]:
    """What `train` records for one network, that member of one seed's series, in a loop as a reader would write it."""
    with threadpool_limits(1):  # two threads are many times slower at these sizes
        return _plain_training(experiment, seed, member)


def _plain_training(experiment: Experiment, seed: int, member: int) -> dict[str, np.ndarray]:
    parts = sets(experiment, [seed], None, torch.device("cpu"))
    x, test_x = (each if each.ndim == 2 else each[0] for each in (parts.train_inputs, parts.test_inputs))
    y, test_y = parts.train_targets[0], parts.test_targets[0]
    criterion = F.mse_loss if experiment.is_function else F.cross_entropy
    start = networks.initial_parameters(experiment, [seed]).view(experiment.series, -1)[member]
    network = plain_network(experiment, start)
    optimiser = torch.optim.Adam(network.parameters(), lr=experiment.learning_rate)
    order, found, steps = generator(seed, "order", member), defaultdict(list), 0

    @torch.no_grad()
    def record() -> None:
        for name, inputs, targets in (("train", x, y), ("test", test_x, test_y)):
            outputs = network(inputs)
            found[f"{name}_loss"].append(float(criterion(outputs, targets)))
            if not experiment.is_function:
                found[f"{name}_accuracy"].append(float((outputs.argmax(1) == targets).double().mean()))
        if parts.test_truth is not None:
            found["test_accuracy_on_truth"].append(float((outputs.argmax(1) == parts.test_truth[0]).double().mean()))

    record()
    while steps < experiment.steps:
        for chosen in torch.randperm(len(x), generator=order).split(experiment.batch):
            if steps == experiment.steps:
                break
            optimiser.zero_grad()
            loss = criterion(network(x[chosen]), y[chosen])
            loss.backward()
            norms = [float(part.grad.norm()) for part in network.parameters()]
            if experiment.gradient_norms:
                found["gradient_norm"].append(np.linalg.norm(norms))
            optimiser.step()
            if experiment.snapshots_every and steps % experiment.snapshots_every == 0:
                found["snapshots"].append(flattened(network))
            steps += 1
            if steps in experiment.record_steps:
                record()
        found["batch_loss"].append(float(loss.detach()))
    arrays = {name: np.array(values) for name, values in found.items()}
    return arrays | {"last_gradient_norms": np.array(norms), "parameters": flattened(network)}


def assert_equal_but_for_rounding(found: dict[str, np.ndarray], plain: dict[str, np.ndarray], where: object) -> None:
    """Compare what an engine recorded for one network, picked by the index `where`, with the plain loop.

    One image may fall to the other side of a border; single weights whose gradients are nearly 0 may differ by more
    than their losses, since Adam divides such gradients by themselves.
    """
    assert found.keys() - SHARED == plain.keys()
    for name, expected in plain.items():
        values = np.asarray(found[name][where])
        assert values.shape == expected.shape, name
        if name.endswith(("accuracy", "truth")):
            allowed = dict(rtol=0, atol=0.004)
        elif name in ("parameters", "snapshots"):
            allowed = dict(rtol=0, atol=2e-3)
        elif "gradient" in name:
            allowed = dict(rtol=2e-2, atol=1e-5)
        else:
            allowed = dict(rtol=3e-4, atol=1e-7)
        np.testing.assert_allclose(values, expected, **allowed, err_msg=name)
