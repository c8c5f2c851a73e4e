"""What is trained to be timed, and ways to train it: the homework loop, torch.func, and our engine for a CPU."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice, pairwise, repeat
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.table import operations_an_image
from models import data, networks
from models.cpu.layout import Inputs, Samples, history_of, inputs_of, network_of
from models.cpu.steps import run
from models.data import generator
from models.experiment import Experiment

NETS = {"784-30-10": (30,), "784-20-40-60-50-30-10": (20, 40, 60, 50, 30), "784-800-400-10": (800, 400)}
SMALL_NET, LARGEST_NET = "784-30-10", "784-800-400-10"
CASES = [(net, batch) for net in NETS for batch in (50, 5) if net != LARGEST_NET or batch == 50]
_MOST_STEPS = 10**7  # of one loop, far more than are timed


@dataclass(frozen=True)
class Loop:
    """A training that goes on where it stopped. run(n): n more steps; parameters(): (seed, parameter), as they are."""

    run: Callable[[int], None]
    parameters: Callable[[], Tensor]


@dataclass(frozen=True)
class Task:
    """What is trained: one network for each of the seeds 0, 1, …, each on batches in an order of its own."""

    experiment: Experiment
    seeds: int
    images: data.Images

    @property
    def net(self) -> str:
        """Widths of the layers, as in 784-30-10."""
        return "-".join(map(str, self.experiment.widths))

    @property
    def steps(self) -> int:
        """Steps of a round: a fraction of a second on one core, on as many images for 1, 2 or 6 networks."""
        return int(min(240, max(12, 2e7 / operations_an_image(self.net)))) // 12 * 12 // self.seeds

    def initial_parameters(self) -> Tensor:
        """Of all networks, (seed, parameter)."""
        return networks.initial_parameters(self.experiment, range(self.seeds))

    def orders(self) -> list[torch.Generator]:
        """What each network's orders are drawn from."""
        return [generator(seed, "order") for seed in range(self.seeds)]


def task(net: str, batch: int, seeds: int, images: data.Images) -> Task:
    """The training of a net at a batch size for so many seeds."""
    return Task(Experiment(data="mnist", hidden=NETS[net], epochs=1, batch_size=batch), seeds, images)


def ours(task: Task) -> Loop:
    """Our engine for a CPU: one network after the other through the compiled loop."""
    experiment, given, nets = task.experiment, _samples(task.images), []
    for values in task.initial_parameters().numpy():
        nets.append(network_of(experiment, _inputs(task.images)))
        nets[-1].weights[0, nets[-1].where] = values
    histories = []
    for net in nets:  # of which nothing is recorded but losses of batches
        history = history_of(experiment, net)._replace(batch_loss=np.zeros(_MOST_STEPS))
        history.done[1], history.record_steps[1] = 1, -1
        histories.append(history)
    orders, left = task.orders(), [np.arange(0)] * task.seeds

    def steps(count: int) -> None:
        for index, (net, history) in enumerate(zip(nets, histories, strict=True)):
            wanted = count * experiment.batch
            while wanted:
                if not len(left[index]):
                    left[index] = torch.randperm(len(task.images.train_labels), generator=orders[index]).numpy()
                now, left[index] = left[index][:wanted], left[index][wanted:]
                run(net, given, now[None], 1, experiment.batch, _MOST_STEPS, history)
                wanted -= len(now)

    return Loop(steps, lambda: torch.from_numpy(np.stack([net.weights[0, net.where] for net in nets])))


def plain(task: Task) -> Loop:
    """One network, nn.Sequential and torch.optim.Adam, on slices of shuffled tensors."""
    batches = _batches(replace(task, seeds=1))
    return _homework(task, _network(task), ((inputs[0], labels[0]) for inputs, labels in batches))


def dataloader(task: Task, root: Path) -> Loop:
    """One network as homework has it: DataLoader over torchvision's MNIST with ToTensor."""
    mnist = data.torchvision_datasets().MNIST
    from torchvision.transforms import ToTensor  # only now can torchvision surely be imported

    images, [order] = mnist(root, train=True, transform=ToTensor()), replace(task, seeds=1).orders()
    loader = DataLoader(images, batch_size=task.experiment.batch, shuffle=True, generator=order)
    endless = chain.from_iterable(repeat(loader))
    return _homework(task, nn.Sequential(nn.Flatten(), *_network(task)), endless)


def vmap(task: Task) -> Loop:
    """All networks through torch.func: vmap of grad over stacked modules, fused Adam."""
    rows = [_network(task, row) for row in range(task.seeds)]
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


def _network(task: Task, row: int = 0) -> nn.Sequential:
    layers = [(nn.Linear(*pair), nn.ReLU()) for pair in pairwise(task.experiment.widths)]
    network = nn.Sequential(*(module for layer in layers for module in layer))[:-1]
    nn.utils.vector_to_parameters(task.initial_parameters()[row].clone(), network.parameters())
    return network


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
    orders, inputs, labels = task.orders(), task.images.train_inputs, task.images.train_labels
    while True:
        order = torch.stack([torch.randperm(len(labels), generator=random) for random in orders])  # (seed, image)
        for chosen in order.split(task.experiment.batch, 1):
            yield inputs[chosen], labels[chosen]


@lru_cache(maxsize=1)
def _inputs(images: data.Images) -> Inputs:
    return inputs_of(images.train_pixels.numpy(), images.test_pixels.numpy()[:1], images.white, "float32")


def _samples(images: data.Images) -> Samples:
    """As the compiled loop takes them, where no complete set is evaluated."""
    inputs, nothing = _inputs(images), np.arange(0)
    labels = np.append(images.train_labels.numpy(), images.test_labels.numpy()[:1]).astype(np.float32)
    taken = {name: part for name, part in inputs._asdict().items() if name in Samples._fields}
    return Samples(**taken, targets=labels, truth=labels, sets=nothing, ends=np.zeros(2, np.int64))
