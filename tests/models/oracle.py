"""The plain loop that both engines must equal: one nn.Sequential, autograd, torch.optim.Adam, one network at a time."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models import networks
from models.experiment import Experiment
from models.seeding import generator
from models.sets import sets


@dataclass(frozen=True)
class PlainRun:
    """What the loop recorded.

    train_loss, test_loss (epoch + 1,): over the whole sets; network: as trained; gradient_norms (step, tensor): before
    each update; snapshots (step, parameter): after it; arrays: as models.training.train gives them, of one network.
    """

    train_loss: list[float]
    test_loss: list[float]
    network: nn.Sequential
    gradient_norms: np.ndarray
    snapshots: np.ndarray
    arrays: dict[str, np.ndarray]


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


def plain_training(experiment: Experiment, seed: int, member: int = 0) -> PlainRun:
    """Train one network, that member of one seed's series, as a reader would write it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two are many times slower at these sizes
    try:
        return _plain_training(experiment, seed, member)
    finally:
        torch.set_num_threads(threads)


def _plain_training(experiment: Experiment, seed: int, member: int) -> PlainRun:
    parts = sets(experiment, [seed], None, torch.device("cpu"))
    train_x, test_x = (x if x.ndim == 2 else x[0] for x in (parts.train_inputs, parts.test_inputs))
    train_y, test_y = parts.train_targets[0], parts.test_targets[0]
    data = {"train": (train_x, train_y), "test": (test_x, test_y)}
    if parts.train_rows is not None and parts.validation_rows is not None:
        data |= {
            name: (train_x[rows[0]], train_y[rows[0]])
            for name, rows in (("train", parts.train_rows), ("validation", parts.validation_rows))
        }
    if parts.test_truth is not None:
        data["truth"] = (test_x, parts.test_truth[0])
    criterion = F.mse_loss if experiment.is_function else F.cross_entropy
    start = networks.initial_parameters(experiment, [seed]).view(experiment.series, -1)[member]
    kept = networks.kept(experiment, [seed]).view(experiment.series, 1, -1)[member]
    masks = [part for layer in networks.layers(kept, experiment.widths) for part in (layer.weight[0], layer.bias[0, 0])]
    network = plain_network(experiment, start)
    optimiser = torch.optim.Adam(network.parameters(), lr=experiment.learning_rate)
    order = generator(seed, "order", member)
    records: dict[str, list[float]] = {}
    best, best_loss = flattened(network), float("inf")

    def scores(name: str) -> dict[str, float]:
        x, y = data[name]
        with torch.no_grad():
            answers = network(x)
            found = {f"{name}_loss": float(criterion(answers, y))}
            return (
                found
                if experiment.is_function
                else found | {f"{name}_accuracy": float((answers.argmax(1) == y).double().mean())}
            )

    def record() -> None:
        nonlocal best, best_loss
        for name in experiment.recorded:
            if name in data:
                for score, value in scores(name).items():
                    records.setdefault(score, []).append(value)
        if "truth" in data and "test" in experiment.recorded:
            records.setdefault("test_accuracy_on_truth", []).append(scores("truth")["truth_accuracy"])
        if experiment.best_parameters and records["validation_loss"][-1] < best_loss:
            best, best_loss = flattened(network), records["validation_loss"][-1]

    record()
    train_loss, test_loss = [scores("train")["train_loss"]], [scores("test")["test_loss"]]
    steps, gradient_norms, snapshots, batch_loss = 0, [], [], []
    x, y = data["train"]
    while steps < experiment.steps:
        shuffled = torch.randperm(len(x), generator=order)
        for chosen in shuffled.split(experiment.batch):
            if steps == experiment.steps:
                break
            optimiser.zero_grad()
            loss = criterion(network(x[chosen]), y[chosen])
            loss.backward()
            for part, mask in zip(network.parameters(), masks, strict=True):
                part.grad *= mask
            gradient_norms.append([float(part.grad.norm()) for part in network.parameters()])
            optimiser.step()
            steps += 1
            snapshots.append(flattened(network))
            if steps in experiment.record_steps:
                record()
        batch_loss.append(float(loss.detach()))
        train_loss.append(scores("train")["train_loss"])
        test_loss.append(scores("test")["test_loss"])
    norms = np.array(gradient_norms)  # (step, tensor)
    arrays = {name: np.array(values) for name, values in records.items()}
    arrays |= {"batch_loss": np.array(batch_loss), "last_gradient_norms": norms[-1], "parameters": flattened(network)}
    if experiment.gradient_norms:
        arrays["gradient_norm"] = np.linalg.norm(norms, axis=1)
    if experiment.snapshots_every:
        arrays["snapshots"] = np.array(snapshots)[:: experiment.snapshots_every]
    if experiment.best_parameters:
        arrays["best_parameters"] = best
    return PlainRun(train_loss, test_loss, network, norms, np.array(snapshots), arrays)


def assert_equal_but_for_rounding(found: dict[str, np.ndarray], plain: PlainRun, where: object = ()) -> None:
    """Hold what `train` gave for one network, picked by the index `where`, against the plain loop, array by array.

    One image may fall to the other side of a border; single weights whose gradients are nearly 0 may differ by more
    than their losses, since Adam divides such gradients by themselves.
    """
    shared = {"epoch", "record_step", "snapshot_step"}
    assert found.keys() - shared == plain.arrays.keys()
    for name, expected in plain.arrays.items():
        values = np.asarray(found[name][where])
        assert values.shape == expected.shape, name
        if name.endswith(("accuracy", "truth")):
            allowed = dict(rtol=0, atol=0.004)
        elif "parameters" in name or name == "snapshots":
            allowed = dict(rtol=0, atol=2e-3)
        elif "gradient" in name:
            allowed = dict(rtol=2e-2, atol=1e-5)
        else:
            allowed = dict(rtol=3e-4, atol=1e-7)
        np.testing.assert_allclose(values, expected, **allowed, err_msg=name)
