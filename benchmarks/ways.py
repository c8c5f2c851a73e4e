"""Ways to train small networks on images: from the homework loop to the project's own stack."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.tasks import Task
from models import data, networks, training
from models.seeding import generator
from models.stack import Stack, loss
from tests.models.oracle import plain_network


@dataclass(frozen=True)
class Loop:
    """A training that goes on where it stopped.

    run(n): takes n more steps, n a multiple of `stride`; parameters(): (seed, parameter), as they are now.
    """

    run: Callable[[int], None]
    parameters: Callable[[], Tensor]
    stride: int = 1


def stacked(task: Task) -> Loop:
    """The project's trainer: one step of all networks, backward pass written out."""
    stack = Stack(task.experiment, _initial_parameters(task))
    batches = _stacked_batches(task)

    @torch.no_grad()
    def run(steps: int) -> None:
        for inputs, labels in islice(batches, steps):
            stack.step(inputs, labels)

    return Loop(run, lambda: stack.parameters)


def plain(task: Task) -> Loop:
    """One network, nn.Sequential and torch.optim.Adam, on slices of shuffled tensors."""
    network = plain_network(task.experiment, _initial_parameters(task)[0])
    return _homework(task, network, _sliced_batches(task))


def dataloader(task: Task, root: Path) -> Loop:
    """One network as homework has it: DataLoader over torchvision's MNIST with ToTensor."""
    mnist = data.torchvision_datasets().MNIST
    from torchvision.transforms import ToTensor  # only now can torchvision surely be imported

    images = mnist(root, train=True, transform=ToTensor())
    shuffle = generator(0, "order")
    loader = DataLoader(images, batch_size=task.experiment.batch, shuffle=True, generator=shuffle)
    network = plain_network(task.experiment, _initial_parameters(task)[0])
    return _homework(task, nn.Sequential(nn.Flatten(), *network), _endless(loader))


def vmap(task: Task) -> Loop:
    """All networks through torch.func: vmap of grad over stacked modules, fused Adam."""
    rows = [plain_network(task.experiment, row) for row in _initial_parameters(task)]
    parameters, _ = torch.func.stack_module_state(rows)  # name -> (seed, ...)
    optimiser = torch.optim.Adam(parameters.values(), lr=task.experiment.learning_rate, fused=True)
    batches = _stacked_batches(task)

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


def autograd(task: Task) -> Loop:
    """All networks through baddbmm on views of one flat tensor, autograd backwards, fused Adam."""
    parameters = _initial_parameters(task).requires_grad_()  # (seed, parameter)
    optimiser = torch.optim.Adam([parameters], lr=task.experiment.learning_rate, fused=True)
    batches = _stacked_batches(task)

    def run(steps: int) -> None:
        for inputs, labels in islice(batches, steps):
            optimiser.zero_grad()
            loss(networks.outputs(parameters, task.experiment, inputs), labels).sum().backward()
            optimiser.step()

    return Loop(run, parameters.detach)


def _homework(task: Task, network: nn.Module, batches: Iterator[tuple[Tensor, Tensor]]) -> Loop:
    optimiser = torch.optim.Adam(network.parameters(), lr=task.experiment.learning_rate)

    def run(steps: int) -> None:
        for inputs, labels in islice(batches, steps):
            optimiser.zero_grad()
            F.cross_entropy(network(inputs), labels).backward()
            optimiser.step()

    return Loop(run, lambda: nn.utils.parameters_to_vector(network.parameters()).detach().unsqueeze(0))


def _initial_parameters(task: Task) -> Tensor:
    return networks.initial_parameters(task.experiment, range(task.seeds))


def _stacked_batches(task: Task) -> Iterator[tuple[Tensor, Tensor]]:
    """The trainer's own batches, epoch after epoch: (seed, sample, pixel) and labels (seed, sample)."""
    labels = task.labels.expand(task.seeds, -1)
    parts = training.Sets(task.inputs, labels, task.inputs, labels)  # nothing looks at the test set
    orders = [generator(seed, "order") for seed in range(task.seeds)]
    while True:
        yield from training._batches(parts, task.experiment.batch, orders)


def _sliced_batches(task: Task) -> Iterator[tuple[Tensor, Tensor]]:
    """Seed 0's batches, epoch after epoch: (sample, pixel) and labels (sample,)."""
    shuffle, size = generator(0, "order"), task.experiment.batch
    while True:
        order = torch.randperm(len(task.inputs), generator=shuffle)
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            yield task.inputs[chosen], task.labels[chosen]


def _endless(loader: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from loader
