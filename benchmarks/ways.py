"""Ways to train small networks on images: the homework loop, torch.func, and the project's engine for a CPU."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.tasks import Task
from models import data, networks
from models.cpu.layout import Inputs, Samples, history_of, inputs_of, network_of
from models.cpu.steps import run
from models.data import generator
from tests.models.oracle import plain_network

_MOST_STEPS = 10**7  # of one loop, far more than are timed


@dataclass(frozen=True)
class Loop:
    """A training that goes on where it stopped.

    run(n): takes n more steps, n a multiple of `stride`; parameters(): (seed, parameter), as they are now.
    """

    run: Callable[[int], None]
    parameters: Callable[[], Tensor]
    stride: int = 1


def ours(task: Task) -> Loop:
    """The project's engine for a CPU: one network after the other through the compiled loop."""
    experiment, given, nets = task.experiment, _samples(task.images), []
    for values in initial_parameters(task).numpy():
        nets.append(network_of(experiment, _inputs(task.images)))
        nets[-1].weights[0, nets[-1].where] = values
    histories = []
    for net in nets:  # of which nothing is recorded but losses of batches
        history = history_of(experiment, net)._replace(batch_loss=np.zeros(_MOST_STEPS))
        history.done[1], history.record_steps[1] = 1, -1
        histories.append(history)
    orders, left = orders_of(task), [np.arange(0)] * task.seeds

    def steps(count: int) -> None:
        for index, (net, history) in enumerate(zip(nets, histories, strict=True)):
            wanted = count * experiment.batch
            while wanted:
                if not len(left[index]):
                    left[index] = torch.randperm(len(task.labels), generator=orders[index]).numpy()
                now, left[index] = left[index][:wanted], left[index][wanted:]
                run(net, given, now[None], 1, experiment.batch, _MOST_STEPS, history)
                wanted -= len(now)

    return Loop(steps, lambda: torch.from_numpy(np.stack([net.weights[0, net.where] for net in nets])))


def plain(task: Task) -> Loop:
    """One network, nn.Sequential and torch.optim.Adam, on slices of shuffled tensors."""
    network = plain_network(task.experiment, initial_parameters(task)[0])
    return _homework(task, network, ((inputs[0], labels[0]) for inputs, labels in _batches(replace(task, seeds=1))))


def dataloader(task: Task, root: Path) -> Loop:
    """One network as homework has it: DataLoader over torchvision's MNIST with ToTensor."""
    mnist = data.torchvision_datasets().MNIST
    from torchvision.transforms import ToTensor  # only now can torchvision surely be imported

    images = mnist(root, train=True, transform=ToTensor())
    shuffle = generator(0, "order")
    loader = DataLoader(images, batch_size=task.experiment.batch, shuffle=True, generator=shuffle)
    network = plain_network(task.experiment, initial_parameters(task)[0])
    return _homework(task, nn.Sequential(nn.Flatten(), *network), _endless(loader))


def vmap(task: Task) -> Loop:
    """All networks through torch.func: vmap of grad over stacked modules, fused Adam."""
    rows = [plain_network(task.experiment, row) for row in initial_parameters(task)]
    parameters, _ = torch.func.stack_module_state(rows)  # name -> (seed, ...)
    optimiser = torch.optim.Adam(parameters.values(), lr=task.experiment.learning_rate, fused=True)
    batches = _batches(task)

    def one_loss(parameters: dict[str, Tensor], inputs: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(torch.func.functional_call(rows[0], parameters, (inputs,)), labels)

    gradients = torch.func.vmap(torch.func.grad(one_loss))

    @torch.no_grad()  # or autograd would record a graph around torch.func's own
    def run(steps: int) -> None:
        for inputs, labels in islice(batches, steps):
            for name, gradient in gradients(parameters, inputs, labels).items():
                parameters[name].grad = gradient
            optimiser.step()

    return Loop(run, lambda: torch.cat([part.detach().flatten(1) for part in parameters.values()], 1))


def initial_parameters(task: Task) -> Tensor:
    """Of all networks, (seed, parameter)."""
    return networks.initial_parameters(task.experiment, range(task.seeds))


def orders_of(task: Task) -> list[torch.Generator]:
    """What each network's orders are drawn from."""
    return [generator(seed, "order") for seed in range(task.seeds)]


def _homework(task: Task, network: nn.Module, batches: Iterator[tuple[Tensor, Tensor]]) -> Loop:
    optimiser = torch.optim.Adam(network.parameters(), lr=task.experiment.learning_rate)

    def run(steps: int) -> None:
        for inputs, labels in islice(batches, steps):
            optimiser.zero_grad()
            F.cross_entropy(network(inputs), labels).backward()
            optimiser.step()

    return Loop(run, lambda: nn.utils.parameters_to_vector(network.parameters()).detach().unsqueeze(0))


def _batches(task: Task) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches, epoch after epoch: (seed, sample, pixel) and labels (seed, sample)."""
    orders = orders_of(task)
    while True:
        order = torch.stack([torch.randperm(len(task.labels), generator=random) for random in orders])  # (seed, image)
        for chosen in order.split(task.experiment.batch, 1):
            yield task.inputs[chosen], task.labels[chosen]


def _endless(loader: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from loader


@lru_cache(maxsize=1)
def _inputs(images: data.Images) -> Inputs:
    return inputs_of(images.train_pixels.numpy(), images.test_pixels.numpy()[:1], images.white, "float32")


def _samples(images: data.Images) -> Samples:
    """As the compiled loop takes them, where no whole set is looked at."""
    inputs, nothing = _inputs(images), np.arange(0)
    labels = np.append(images.train_labels.numpy(), images.test_labels.numpy()[:1]).astype(np.float32)
    taken = {name: part for name, part in inputs._asdict().items() if name in Samples._fields}
    return Samples(**taken, targets=labels, truth=labels, sets=nothing, ends=np.zeros(2, np.int64))
