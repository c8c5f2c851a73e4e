"""Training all networks in one compiled loop: JAX's vmap over networks inside a scan over steps."""

import math
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax import Array

from benchmarks.ways import Loop, Task
from models import networks

_WHITE = 255


class State(NamedTuple):
    """What a step carries on: per layer weight (net, out, in) and bias (net, out); Adam's moments alike."""

    parameters: list[tuple[Array, Array]]
    first: list[tuple[Array, Array]]
    second: list[tuple[Array, Array]]
    steps: Array  # ()


def scan(task: Task, bytes_given: bool) -> Loop:
    """All networks through vmap of grad, with a hand-written Adam; batches are gathered inside the scan.

    bytes_given: of uint8 pixels, which become floats once they are gathered, in place of images as floats.
    """
    given = task.images.train_pixels if bytes_given else task.images.train_inputs
    inputs, labels = jnp.asarray(given.numpy()), jnp.asarray(task.images.train_labels.numpy(), jnp.int32)
    rate, batches = task.experiment.learning_rate, _batches(task)
    state = _initial_state(task)

    def run(steps: int) -> None:  # one compiled call, for each number of steps
        nonlocal state
        chosen = jnp.asarray(np.stack(list(islice(batches, steps))))
        state = _train(state, chosen, inputs, labels, rate)
        jax.block_until_ready(state)  # type: ignore[no-untyped-call]

    def parameters() -> torch.Tensor:
        arrays = [np.array(part).reshape(task.seeds, -1) for layer in state.parameters for part in layer]
        return torch.from_numpy(np.concatenate(arrays, 1))

    return Loop(run, parameters)


@partial(jax.jit, donate_argnums=0)
def _train(state: State, chosen: Array, inputs: Array, labels: Array, rate: float) -> State:
    """One update of every network for each row of `chosen`, (step, net, sample)."""

    def step(state: State, rows: Array) -> tuple[State, None]:
        images = inputs[rows]  # (net, sample, pixel)
        images = images.astype(jnp.float32) / _WHITE if images.dtype == jnp.uint8 else images
        gradients = jax.vmap(jax.grad(_loss))(state.parameters, images, labels[rows])
        return _adam(state, gradients, rate), None

    return jax.lax.scan(step, state, chosen)[0]


def _loss(parameters: list[tuple[Array, Array]], inputs: Array, labels: Array) -> Array:
    """One network's mean cross-entropy in nats, (): inputs (sample, pixel), labels (sample,)."""
    values = inputs
    for weight, bias in parameters[:-1]:
        values = jax.nn.relu(values @ weight.T + bias)
    weight, bias = parameters[-1]
    surprise = -jax.nn.log_softmax(values @ weight.T + bias)  # (sample, class)
    return jnp.take_along_axis(surprise, labels[:, None], 1).mean()


def _adam(state: State, gradients: list[tuple[Array, Array]], rate: float) -> State:
    """Adam with its default decay rates. Source: Kingma & Ba 2015, algorithm 1."""
    beta1, beta2, steps = 0.9, 0.999, state.steps + 1
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, state.first, gradients)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state.second, gradients)
    # 1 - beta**steps loses digits in float32, enough for ReLUs to fall to the other side.
    share1, share2 = (-jnp.expm1(steps * math.log(beta)) for beta in (beta1, beta2))
    parameters = jax.tree.map(
        lambda p, m, v: p - rate * (m / share1) / (jnp.sqrt(v / share2) + 1e-8),
        state.parameters,
        first,
        second,
    )
    return State(parameters, first, second, steps)


def _initial_state(task: Task) -> State:
    layers = networks.layers(task.initial_parameters(), task.experiment.widths)
    parameters = [(jnp.array(x.weight.numpy()), jnp.array(x.bias.squeeze(1).numpy())) for x in layers]

    def zeros() -> list[tuple[Array, Array]]:
        return jax.tree.map(jnp.zeros_like, parameters)

    return State(parameters, zeros(), zeros(), jnp.zeros(()))


def _batches(task: Task) -> Iterator[np.ndarray]:
    """Rows of the data for each step, (net, sample): every network in an order of its own."""
    orders, images = task.orders(), len(task.images.train_labels)
    while True:
        order = torch.stack([torch.randperm(images, generator=random) for random in orders])  # (net, image)
        for rows in order.split(task.experiment.batch, 1):
            yield rows.numpy()
