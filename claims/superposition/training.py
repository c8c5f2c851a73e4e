"""The toy model: sparse features, written into fewer dimensions and read back; many networks at once.

Source: Elhage et al., "Toy Models of Superposition" (2022), sections 1 and 2. Settings that it leaves open are ours:
AdamW with torch's defaults, learning rate 0.001, batches of 1,024 drawn at every step, 10,000 steps.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from ontrial import Arrays, Looks, training

SMALL = Looks((32, 48, 64, 96, 128, 192, 256, 320), budget=320, weight=10)
MIDDLE = Looks((16, 24, 32, 48, 64), budget=64, weight=2)
LARGE = Looks((16, 24), budget=24)


@training(looks=SMALL, data="synthetic features", fast=dict(steps=2_000, batch=128), losses=("train_loss",))
def small(features: int, hidden: int, sparsity: float | tuple[float, ...], importance: float = 1.0, relu: bool = True,
          bias: bool = True, steps: int = 10_000, batch: int = 1_024, *, seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """At most twenty features. importance: of each feature, relative to the one before."""
    return train(features, hidden, sparsity, importance, relu, bias, steps, batch, steps // 100, seeds)


@training(looks=MIDDLE, data="synthetic features", fast=dict(features=40, hidden=10, steps=1_000, batch=128),
          losses=("train_loss",))  # fmt: skip
def middle(features: int, hidden: int, sparsity: float, importance: float, steps: int = 10_000, batch: int = 1_024, *,
           seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """Eighty features."""
    return train(features, hidden, sparsity, importance, True, True, steps, batch, steps // 100, seeds)


@training(looks=LARGE, data="synthetic features", losses=("train_loss",), fast=dict(
          features=60, hidden=5, sparsities=(0.0, 0.5, 0.75, 0.85, 0.9, 0.95), steps=1_000, batch=128))  # fmt: skip
def large(features: int, hidden: int, sparsities: tuple[float, ...], steps: int = 10_000, batch: int = 1_024, *,
          seed: int) -> Arrays:  # fmt: skip
    """Hundreds of features, equally important; weights before and after training alone."""
    found = train(features, hidden, sparsities, 1.0, True, True, steps, batch, steps, [seed])
    return {name: values[0] for name, values in found.items()}


def train(features: int, hidden: int, sparsity: float | tuple[float, ...], importance: float, relu: bool, bias: bool,
          steps: int, batch: int, every: int, seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """Train one network for each seed, or each seed and sparsity, on samples that the seed alone decides.

    Returns weights (seed, record, hidden, feature) and biases (seed, record, feature), first and every so many steps;
    train_loss (seed, 100), of one batch each; feature_loss (seed, feature), on 20,000 fresh samples; sparsity (seed,).
    Several sparsities are the second axis. Padding to fours: rounding must not depend on how many seeds there are.
    """
    random, axes = [np.random.default_rng(seed) for seed in seeds], (len(seeds), *np.shape(sparsity))
    zero, pad = torch.tensor(sparsity).reshape(-1, 1, 1), (0, -features % 4)  # zero: (sparsity, 1, 1)
    normal = torch.tensor(np.stack([each.normal(size=(hidden, features)) for each in random]), dtype=torch.float32)
    weights = F.pad(normal * (2 / (features + hidden)) ** 0.5, pad).repeat_interleave(len(zero), 0)  # Xavier
    biases = torch.zeros(len(weights), 1, weights.shape[-1])  # (network, 1, feature)
    worth = F.pad(importance ** torch.arange(features, dtype=torch.float32), pad)
    optimizer = torch.optim.AdamW((weights, biases) if bias else (weights,), lr=1e-3)

    def pass_forward(samples: int) -> tuple[torch.Tensor, ...]:
        """Inputs, outputs and errors, (network, sample, feature), and what is hidden, (network, hidden, sample)."""
        # Inputs are 0 with probability S, else uniform on [0, 1].
        uniform = np.stack([each.random((1, samples, features), dtype=np.float32) for each in random])
        inputs = (F.pad(torch.from_numpy(uniform), pad) - zero).clamp_(min=0).div_(1 - zero).flatten(0, 1)
        codes = weights @ inputs.mT
        outputs = torch.baddbmm(biases, codes.mT, weights)
        outputs = outputs.relu_() if relu else outputs
        return inputs, codes, outputs, outputs - inputs

    recorded, losses = [(weights.clone(), biases.clone())], []
    for step in range(steps):
        inputs, codes, outputs, errors = pass_forward(batch)
        if step % (steps // 100) == 0:
            losses.append((errors.square() * worth).sum(-1).mean(-1))
        # The gradient of the loss, written out: it takes half the time of autograd.
        slopes = (outputs.sign_().mul_(errors) if relu else errors).mul_(worth * 2 / batch)
        weights.grad = codes @ slopes + weights @ slopes.mT @ inputs
        biases.grad = slopes.sum(-2, keepdim=True)
        optimizer.step()
        if (step + 1) % every == 0:
            recorded.append((weights.clone(), biases.clone()))
    fresh = sum((pass_forward(1_000)[-1].square() * worth).mean(-2) for _ in range(20)) / 20
    found = {
        "weights": torch.stack([each for each, _ in recorded], 1)[..., :features],
        "biases": torch.stack([each[:, 0, :features] for _, each in recorded], 1),
        "train_loss": torch.stack(losses, 1),
        "feature_loss": fresh[..., :features],
        "sparsity": torch.tensor(sparsity, dtype=torch.float64).repeat(len(seeds)),
    }
    return {name: each.reshape(*axes, *each.shape[1:]).numpy() for name, each in found.items()}
