"""One training step of many multilayer perceptrons at once, in buffers that are allocated once."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from models import networks
from models.experiment import Experiment

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's defaults


class _Buffers(NamedTuple):
    """What one step writes, a tensor a layer: (seed, unit, sample), so that samples lie side by side."""

    activations: list[Tensor]
    deltas: list[Tensor]


class Stack:
    """Networks of one experiment, stacked over seeds, that are trained with Adam.

    parameters: (seed, parameter), as they are before training; they are copied.

    The backward pass is written out (Rumelhart, Hinton & Williams 1986): at these sizes a step is so
    short that building an autograd graph and allocating its tensors costs more than the arithmetic.
    Samples are the last axis, since W x^T is up to 1.8 times as fast as x W^T for few units. Each layer
    of all seeds lies in one piece, since only then are the products of all seeds one call of the library.
    """

    def __init__(self, experiment: Experiment, parameters: Tensor) -> None:
        self._values = torch.empty_like(parameters).flatten()
        self._gradient = torch.zeros_like(self._values)
        self._learning_rate = experiment.learning_rate
        self._widths = experiment.widths
        self._activate, self._activate_backward = _ACTIVATIONS[experiment.activation]
        self._moments = torch.zeros_like(self._values), torch.zeros_like(self._values)
        self._steps = torch.zeros((), device=parameters.device)
        self._layers = _in_pieces(self._values, len(parameters), self._widths)
        self._gradients = _in_pieces(self._gradient, len(parameters), self._widths)
        self._buffers: dict[int, _Buffers] = {}
        for piece, layer in zip(self._layers, networks.layers(parameters, self._widths), strict=True):
            piece.weight.copy_(layer.weight)
            piece.bias.copy_(layer.bias)

    @property
    def parameters(self) -> Tensor:
        """The parameters as they are now, (seed, parameter), a copy."""
        return _joined(self._layers)

    @property
    def gradient(self) -> Tensor:
        """The gradient of the last step, (seed, parameter), a copy."""
        return _joined(self._gradients)

    @property
    def gradient_norms(self) -> Tensor:
        """The Frobenius norm of the last step's gradient for every parameter tensor, (seed, tensor)."""
        parts = [part for layer in self._gradients for part in (layer.weight, layer.bias)]
        return torch.stack([part.flatten(1).norm(dim=1) for part in parts], 1)

    def step(self, inputs: Tensor, targets: Tensor) -> None:
        """One update on one batch a seed: inputs (seed, sample, feature), targets as `loss` takes them."""
        self.differentiate(inputs, targets)
        torch._fused_adam_(
            [self._values],
            [self._gradient],
            [self._moments[0]],
            [self._moments[1]],
            [],
            [self._steps.add_(1)],
            lr=self._learning_rate,
            beta1=_BETA1,
            beta2=_BETA2,
            weight_decay=0.0,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def differentiate(self, inputs: Tensor, targets: Tensor) -> None:
        """Compute the gradient of each seed's mean loss on its batch; `gradient` answers it."""
        activations, deltas = self._buffers_for(inputs)
        below = inputs.transpose(1, 2)  # (seed, feature, sample)
        for layer, values in zip(self._layers, activations, strict=True):
            torch.baddbmm(layer.bias.transpose(1, 2), layer.weight, below, out=values)  # (seed, unit, sample)
            if values is not activations[-1]:
                self._activate(values)
            below = values
        _output_delta(activations[-1], targets, out=deltas[-1])
        for index in range(len(deltas) - 1, 0, -1):
            self._write_gradient(index, deltas[index], activations[index - 1].transpose(1, 2))
            torch.bmm(self._layers[index].weight.transpose(1, 2), deltas[index], out=deltas[index - 1])
            self._activate_backward(deltas[index - 1], activations[index - 1])
        self._write_gradient(0, deltas[0], inputs)

    def batch_loss(self, targets: Tensor) -> Tensor:
        """Each seed's mean loss on the batch of the last step, before its update: (seed,)."""
        size = targets.shape[1]
        return loss(self._buffers[size].activations[-1].transpose(1, 2), targets)

    def _write_gradient(self, index: int, delta: Tensor, below: Tensor) -> None:
        torch.bmm(delta, below, out=self._gradients[index].weight)  # (seed, unit, unit below)
        torch.sum(delta, 2, out=self._gradients[index].bias.squeeze(1))  # (seed, unit)

    def _buffers_for(self, inputs: Tensor) -> _Buffers:
        seeds, size = inputs.shape[:2]
        if size not in self._buffers:
            shapes = [(seeds, units, size) for units in self._widths[1:]]
            self._buffers[size] = _Buffers(*([inputs.new_empty(s) for s in shapes] for _ in range(2)))
        return self._buffers[size]


def _in_pieces(flat: Tensor, seeds: int, widths: tuple[int, ...]) -> list[networks.Layer]:
    """Views of all parameters, (seed * parameter,), layer by layer, each of all seeds in one piece."""
    pieces, start = [], 0
    for fan_in, fan_out in zip(widths, widths[1:], strict=False):
        middle, end = start + seeds * fan_in * fan_out, start + seeds * (fan_in + 1) * fan_out
        weight = flat[start:middle].view(seeds, fan_out, fan_in)
        pieces.append(networks.Layer(weight, flat[middle:end].view(seeds, 1, fan_out)))
        start = end
    return pieces


def _joined(layers: list[networks.Layer]) -> Tensor:
    """(seed, parameter), in the order of `networks.layers`."""
    return torch.cat([part.flatten(1) for layer in layers for part in (layer.weight, layer.bias)], 1)


def loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean loss of each seed, (seed,): cross-entropy in nats for labels, mean squared error for values.

    outputs: (seed, sample, output); targets: labels (seed, sample) int64, or values (seed, sample, output).
    """
    if targets.dtype == torch.int64:
        each = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        return each.view(targets.shape).mean(1)
    return (outputs - targets).square().mean((1, 2))


def _output_delta(values: Tensor, targets: Tensor, out: Tensor) -> None:
    """Gradient of the mean loss with respect to the outputs `values`, (seed, output, sample)."""
    samples = values.shape[2]
    if targets.dtype == torch.int64:
        torch.softmax(values, 1, out=out)
        # The loss's gradient is softmax - one-hot; subtracting in place avoids building the one-hot.
        minus_one = values.new_full((), -1.0).expand(len(targets), 1, samples)
        out.scatter_add_(1, targets.unsqueeze(1), minus_one).div_(samples)
    else:
        torch.sub(values, targets.transpose(1, 2), out=out)
        out.mul_(2 / (samples * values.shape[1]))


def _relu_backward(delta: Tensor, activation: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(delta, activation, 0, grad_input=delta)


def _tanh_backward(delta: Tensor, activation: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(delta, activation, grad_input=delta)


_ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], None]]] = {
    "relu": (torch.relu_, _relu_backward),
    "tanh": (torch.tanh_, _tanh_backward),
}
