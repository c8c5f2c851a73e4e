"""Fully connected networks, many at once: parameters stacked along the first axis, one row a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.data import Stream, generator
from models.experiment import Experiment, parameter_count

_STREAMS: dict[str, Stream] = {"first": "first initialisation", "second": "second initialisation"}


@dataclass(frozen=True)
class Layer:
    """Views into a flat stack of parameters: weight (seed, out, in) and bias (seed, 1, out)."""

    weight: Tensor
    bias: Tensor


def initial_parameters(experiment: Experiment, seeds: Sequence[int]) -> Tensor:
    """Parameters before training, (seed, parameter), or (seed, series, parameter) where there is a series.

    nn.Linear's own initialisation, seed by seed, bit for bit: torch.nn.Linear.reset_parameters. A registration locks
    this function with its branches for Glorot's initialisation and for pruned weights, which no experiment takes.
    """
    shape = (len(seeds), experiment.series, parameter_count(*experiment.widths))
    flat = torch.zeros(shape)  # (seed, series, parameter)
    for rows, seed in zip(flat, seeds, strict=True):
        for member in range(experiment.series):
            random = generator(seed, _STREAMS[experiment.initialisation], member)
            for layer in layers(rows[member : member + 1], experiment.widths):
                _INITIALISE[experiment.weights](layer.weight[0], layer.bias[0], random)
    if experiment.kinks == "even":
        first = layers(flat.flatten(0, 1), experiment.widths)[0]
        places = torch.linspace(-10, 10, experiment.hidden[0])  # (hidden,)
        first.bias.copy_(-(first.weight[:, :, 0] * places).unsqueeze(1))
    if experiment.keep < 1:
        flat *= kept(experiment, seeds).view(shape)
    flat = flat.to(getattr(torch, experiment.dtype))
    return flat.squeeze(1) if experiment.series == 1 else flat


def kept(experiment: Experiment, seeds: Sequence[int]) -> Tensor:
    """Which parameters are trained, all others stay 0: bool, shaped as `initial_parameters`. See there."""
    mask = torch.ones(len(seeds), experiment.series, parameter_count(*experiment.widths), dtype=torch.bool)
    for rows, seed in zip(mask, seeds, strict=True):
        for member in range(experiment.series):
            random = generator(seed, "weights that are kept", member)
            for layer in layers(rows[member : member + 1], experiment.widths):
                weights = layer.weight[0].numel()
                dropped = torch.randperm(weights, generator=random)[round(experiment.keep * weights) :]
                layer.weight.view(-1)[dropped] = False
    return mask.squeeze(1) if experiment.series == 1 else mask


def _linear(weight: Tensor, bias: Tensor, random: torch.Generator) -> None:
    nn.init.kaiming_uniform_(weight, a=5**0.5, generator=random)
    nn.init.uniform_(bias, -(weight.shape[1] ** -0.5), weight.shape[1] ** -0.5, generator=random)


def _glorot(weight: Tensor, bias: Tensor, random: torch.Generator) -> None:
    nn.init.xavier_normal_(weight, generator=random)
    bias.zero_()


_INITIALISE = {"default": _linear, "glorot": _glorot}


def layers(flat: Tensor, widths: Sequence[int]) -> list[Layer]:
    """The layers of stacked networks as views of their parameters, (seed, parameter)."""
    views, start = [], 0
    for fan_in, fan_out in zip(widths, widths[1:], strict=False):
        middle, end = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        weight = flat[:, start:middle].unflatten(1, (fan_out, fan_in))  # (seed, out, in)
        views.append(Layer(weight, flat[:, middle:end].unsqueeze(1)))  # (seed, 1, out)
        start = end
    return views


def outputs(flat: Tensor, experiment: Experiment, inputs: Tensor) -> Tensor:
    """Outputs of stacked networks (seed, parameter), (seed, sample, output).

    inputs: (sample, feature), the same for every seed, or (seed, sample, feature).
    """
    first, *others = layers(flat, experiment.widths)
    if inputs.ndim == 2:
        # One product for all seeds: (sample, feature) x (feature, seed * unit).
        units = first.weight.flatten(0, 1)  # (seed * unit, feature)
        joint = torch.addmm(first.bias.flatten(), inputs, units.T)  # (sample, seed * unit)
        values = joint.unflatten(1, (len(flat), -1)).transpose(0, 1)  # (seed, sample, unit)
    else:
        values = torch.baddbmm(first.bias, inputs, first.weight.transpose(1, 2))
    for layer in others:
        values = values.relu() if experiment.activation == "relu" else values.tanh()
        values = torch.baddbmm(layer.bias, values, layer.weight.transpose(1, 2))  # (seed, sample, out)
    return values


def loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean loss of each seed, (seed,): cross-entropy in nats for labels, mean squared error for values.

    outputs: (seed, sample, output); targets: labels (seed, sample) int64, or values (seed, sample, output).
    """
    if targets.dtype == torch.int64:
        each = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        return each.view(targets.shape).mean(1)
    return (outputs - targets).square().mean((1, 2))
