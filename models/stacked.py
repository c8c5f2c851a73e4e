"""Interim: the loop over one stack, until models.captured is there."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models import networks
from models.experiment import Experiment
from models.seeding import generator
from models.stack import Stack, aims, loss, with_one


def train(experiment: Experiment, seeds: Sequence[int], parts: Any, parameters: Tensor, device: str) -> dict[str, Any]:
    from models.training import scored

    series, dtype = experiment.series, getattr(torch, experiment.dtype)
    stack = Stack(experiment, parameters.reshape(len(seeds) * series, -1).to(device))
    mask = networks.kept(experiment, seeds).reshape(len(seeds) * series, -1)
    orders = [generator(seed, "order", member) for seed in seeds for member in range(series)]

    def moved(part: Tensor) -> Tensor:
        part = part if part.dtype != torch.uint8 else part.float() / parts.white
        part = part.to(device, dtype if part.is_floating_point() else part.dtype)
        return part if part.ndim == 2 and part.is_floating_point() else part.repeat_interleave(series, 0)

    p = {name: moved(part) for name, part in vars(parts).items() if isinstance(part, Tensor)}
    history: dict[str, list[Tensor]] = {}

    def keep(**values: Tensor) -> None:
        for name, value in values.items():
            history.setdefault(name, []).append(value)

    def evaluate() -> None:
        for name in experiment.recorded_sizes:
            source = "test" if name == "test" else "train"
            inputs, targets, rows = p[f"{source}_inputs"], p[f"{source}_targets"], p.get(f"{name}_rows")
            if experiment.is_function:
                keep(**{f"{name}_loss": loss(networks.outputs(stack.parameters, experiment, inputs), targets)})
                continue
            each = [
                scored(one[None], experiment, inputs if rows is None else inputs[rows[i]], targets[i : i + 1] if rows is None else targets[i : i + 1, rows[i]])
                for i, one in enumerate(stack.parameters)
            ]
            keep(**{f"{name}_loss": torch.cat([a for a, _ in each]), f"{name}_accuracy": torch.cat([b for _, b in each])})
            if name == "test" and "test_truth" in p:
                keep(test_accuracy_on_truth=scored(stack.parameters, experiment, inputs, p["test_truth"])[1])

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        inputs, targets, rows = p["train_inputs"], p["train_targets"], p.get("train_rows")
        size = experiment.training_size
        order = torch.stack([torch.randperm(size, generator=r) for r in orders]).to(device)
        if experiment.batch == size:
            order = torch.arange(size, device=device).expand(len(orders), -1)
        order = order if rows is None else rows.gather(1, order)
        for chosen in order.split(experiment.batch, 1):
            net = torch.arange(len(orders), device=device).unsqueeze(1)
            yield (inputs[chosen] if inputs.ndim == 2 else inputs[net, chosen]), targets[net, chosen]

    evaluate()
    step = 0
    while step < experiment.steps:
        for inputs, targets in batches():
            if step == experiment.steps:
                break
            step += 1
            aimed = aims(targets, experiment.widths[-1], dtype)
            stack.step(with_one(inputs), aimed, torch.tensor(float(step)))
            if experiment.gradient_norms:
                keep(gradient_norm=stack.gradient_norms.norm(dim=1))
            if step in experiment.snapshot_steps:
                keep(snapshots=stack.parameters)
            if step in experiment.record_steps:
                evaluate()
        keep(batch_loss=stack.batch_loss(aimed))
    arrays = {name: torch.stack(values, 1).cpu().numpy() for name, values in history.items()}
    arrays["last_gradient_norms"] = stack.gradient_norms.cpu().numpy()
    arrays["parameters"] = stack.parameters.cpu().numpy()
    steps = np.array(experiment.record_steps)
    axes = {"epoch": -(-steps // experiment.steps_per_epoch), "record_step": steps}
    if experiment.snapshots_every:
        axes["snapshot_step"] = np.array(experiment.snapshot_steps)
    return axes | arrays
