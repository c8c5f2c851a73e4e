"""One training step of many multilayer perceptrons at once, in buffers that are allocated once."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from models import networks
from models.experiment import Experiment

# Adam's defaults
_ADAM: dict[str, Any] = dict(beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False)
_PIECES = 36  # tensors that one launch of the fused Adam takes; a block of threads is given no more than one of them
_MEAN = 1  # how torch.ops.aten counts the ways to reduce a loss


class _Buffers(NamedTuple):
    """What one step writes, a tensor for each layer: (seed, unit, sample), samples contiguous.

    Hidden layers have one more unit, which is 1 for every sample: its weights are the biases of the layer above.
    """

    layers: list[Tensor]
    deltas: list[Tensor]
    answers: Tensor  # logarithms of probabilities, or values


class Stack:
    """Networks of one experiment, stacked over seeds, that are trained with Adam.

    parameters: (seed, parameter) before training, copied; kept: (seed, parameter), 0 where a weight stays 0, else 1.

    The backward pass is written out (Rumelhart, Hinton & Williams 1986): at these sizes a step is so
    short that building an autograd graph and allocating its tensors costs more than the arithmetic.
    A bias is a weight of one more unit below, which is always 1, since each operation less is a kernel less.
    Nothing here waits for the device or depends on a number that only the processor knows, so that steps can
    be captured in a CUDA graph; buffers are allocated by the first step on a batch of their size.
    """

    def __init__(self, experiment: Experiment, parameters: Tensor, kept: Tensor | None = None) -> None:
        self._widths = experiment.widths
        self._labelled = not experiment.is_function
        self._learning_rate = experiment.learning_rate
        self._activate, self._activate_backward = _ACTIVATIONS[experiment.activation]
        self._shapes = [(len(parameters), units, below + 1) for below, units in pairwise(self._widths)]
        self._values = self._flat(parameters)  # (seed * parameter,), layer by layer
        self._kept = None if kept is None else self._flat(kept)
        self._gradient, *moments = (torch.zeros_like(self._values) for _ in range(3))
        self._weights, self._gradients = self._by_layer(self._values), self._by_layer(self._gradient)
        size = -(-len(self._values) // (4 * _PIECES)) * 4  # of fours, since four numbers are read at a time
        self._pieces = [list(flat.split(size)) for flat in (self._values, self._gradient, *moments)]
        self._seeds = self._values.new_full((), float(len(parameters)))  # undoes a mean over them
        self._buffers: dict[int, _Buffers] = {}

    @property
    def parameters(self) -> Tensor:
        """(seed, parameter), a copy."""
        return _joined(self._weights)

    @property
    def gradient_norms(self) -> Tensor:
        """Frobenius norms of the last step's gradient, (seed, tensor)."""
        return torch.stack([part.flatten(1).norm(dim=1) for part in _parts(self._gradients)], 1)

    def step(self, inputs: Tensor, aims: Tensor, number: Tensor) -> None:
        """One update on one batch for each seed: see `differentiate`; number: of the update, from 1, a float32."""
        self.differentiate(inputs, aims)
        lists = (*self._pieces, [], [number] * len(self._pieces[0]))
        torch._fused_adam_(*lists, lr=self._learning_rate, **_ADAM)

    def differentiate(self, inputs: Tensor, aims: Tensor) -> None:
        """Compute the gradient of each seed's mean loss on its batch.

        inputs: (seed, sample, feature + 1), from `with_one`; aims: from `aims`.
        """
        layers, deltas, answers = self._buffers_for(inputs)
        below = inputs.transpose(1, 2)  # (seed, feature + 1, sample)
        for weight, above in zip(self._weights, layers, strict=True):
            units = above[:, : weight.shape[1]]  # (seed, unit, sample)
            torch.bmm(weight, below, out=units)
            if above is not layers[-1]:
                self._activate(units)
            below = above
        if self._labelled:
            torch.log_softmax(layers[-1], 1, out=answers)
            torch.ops.aten._log_softmax_backward_data.out(aims, answers, 1, answers.dtype, out=deltas[-1])
        else:
            torch.ops.aten.mse_loss_backward.grad_input(self._seeds, answers, aims, _MEAN, grad_input=deltas[-1])
        for index in range(len(deltas) - 1, 0, -1):
            torch.bmm(deltas[index], layers[index - 1].transpose(1, 2), out=self._gradients[index])
            torch.bmm(self._weights[index][:, :, :-1].transpose(1, 2), deltas[index], out=deltas[index - 1])
            self._activate_backward(deltas[index - 1], layers[index - 1][:, :-1])
        torch.bmm(deltas[0], inputs, out=self._gradients[0])
        if self._kept is not None:
            self._gradient.mul_(self._kept)

    def batch_loss(self, aims: Tensor) -> Tensor:
        """Each seed's mean loss on the batch of the last step, before its update: (seed,)."""
        answers = self._buffers[aims.shape[2]].answers
        if self._labelled:
            return (aims * answers).sum((1, 2))
        return F.mse_loss(answers, aims, reduction="none").mean((1, 2))

    def _flat(self, parameters: Tensor) -> Tensor:
        """(seed, parameter) as (seed * parameter,), layer by layer, so that the product of all seeds is one call."""
        layers = networks.layers(parameters, self._widths)
        return torch.cat([torch.cat([part.weight, part.bias.transpose(1, 2)], 2).flatten() for part in layers])

    def _by_layer(self, flat: Tensor) -> list[Tensor]:
        """Views of each layer, (seed, unit, unit below + 1)."""
        pieces = flat.split([math.prod(shape) for shape in self._shapes])
        return [piece.view(shape) for piece, shape in zip(pieces, self._shapes, strict=True)]

    def _buffers_for(self, inputs: Tensor) -> _Buffers:
        seeds, size = inputs.shape[:2]
        if size not in self._buffers:
            units = [shape[1] for shape in self._shapes]
            layers = [inputs.new_ones(seeds, width + 1, size) for width in units[:-1]]
            layers.append(inputs.new_empty(seeds, units[-1], size))
            deltas = [inputs.new_empty(seeds, width, size) for width in units]
            answers = torch.empty_like(layers[-1]) if self._labelled else layers[-1]
            self._buffers[size] = _Buffers(layers, deltas, answers)
        return self._buffers[size]


def with_one(inputs: Tensor) -> Tensor:
    """Inputs (…, feature) with one more feature, which is 1."""
    return F.pad(inputs, (0, 1), value=1.0)


def aims(targets: Tensor, outputs: int, dtype: torch.dtype) -> Tensor:
    """Targets as a step takes them, (…, output, sample).

    targets: labels (…, sample) int64, which give the loss's gradient with respect to the logarithms of the
    probabilities, minus one-hot over the number of samples; or values (…, sample, output), returned unchanged.
    """
    if targets.dtype != torch.int64:
        return targets.transpose(-1, -2).contiguous()
    *others, samples = targets.shape
    zeros = torch.zeros(*others, outputs, samples, dtype=dtype, device=targets.device)
    return zeros.scatter_(-2, targets.unsqueeze(-2), -1 / samples)


def _parts(layers: list[Tensor]) -> list[Tensor]:
    """Weight (seed, unit, unit below) and bias (seed, unit) of each layer, as `networks.layers` orders them."""
    return [part for layer in layers for part in (layer[:, :, :-1], layer[:, :, -1])]


def _joined(layers: list[Tensor]) -> Tensor:
    return torch.cat([part.flatten(1) for part in _parts(layers)], 1)


def _relu_backward(delta: Tensor, activation: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(delta, activation, 0, grad_input=delta)


def _tanh_backward(delta: Tensor, activation: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(delta, activation, grad_input=delta)


_ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], None]]] = {
    "relu": (torch.relu_, _relu_backward),
    "tanh": (torch.tanh_, _tanh_backward),
}
