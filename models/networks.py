"""Fully connected networks, many at once: parameters stacked along the first axis, one row a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.experiment import Experiment, parameter_count
from models.seeding import Stream, generator

_STREAMS: dict[str, Stream] = {"first": "first initialisation", "second": "second initialisation"}


@dataclass(frozen=True)
class Layer:
    """Views into a flat stack of parameters: weight (seed, out, in) and bias (seed, 1, out)."""

    weight: Tensor
    bias: Tensor


def initial_parameters(experiment: Experiment, seeds: Sequence[int]) -> Tensor:
    """Parameters before training, (seed, parameter): nn.Linear's own initialisation, seed by seed.

    Source: torch.nn.Linear.reset_parameters, whose draws these equal bit for bit.
    """
    flat = torch.empty(len(seeds), parameter_count(*experiment.widths))  # (seed, parameter)
    for row, seed in enumerate(seeds):
        random = generator(seed, _STREAMS[experiment.initialisation])
        for layer in layers(flat[row : row + 1], experiment.widths):
            bound = layer.weight.shape[2] ** -0.5
            nn.init.kaiming_uniform_(layer.weight[0], a=5**0.5, generator=random)
            nn.init.uniform_(layer.bias[0], -bound, bound, generator=random)
    if experiment.kinks == "even":
        first = layers(flat, experiment.widths)[0]
        places = torch.linspace(-10, 10, experiment.hidden[0])  # (hidden,)
        first.bias.copy_(-(first.weight[:, :, 0] * places).unsqueeze(1))
    return flat.to(getattr(torch, experiment.dtype))


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
    """What stacked networks (seed, parameter) answer, (seed, sample, output).

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
