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
SIX = (0.0, 0.5, 0.75, 0.85, 0.9, 0.95)


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


@training(looks=LARGE, data="synthetic features", losses=("train_loss",),
          fast=dict(features=60, hidden=5, sparsities=SIX, steps=1_000, batch=128))  # fmt: skip
def large(features: int, hidden: int, sparsities: tuple[float, ...], steps: int = 10_000, batch: int = 1_024, *,
          seed: int) -> Arrays:  # fmt: skip
    """Hundreds of features, equally important, a sparsity at a time; weights before and after training alone."""
    found = [train(features, hidden, each, 1.0, True, True, steps, batch, steps, [seed]) for each in sparsities]
    return {name: np.concatenate([arrays[name] for arrays in found]) for name in found[0]}


def train(features: int, hidden: int, sparsity: float | tuple[float, ...], importance: float, relu: bool, bias: bool,
          steps: int, batch: int, every: int, seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """Train one network for each seed, or each seed and sparsity, on samples that the seed alone decides.

    Returns weights (seed, record, hidden, feature) and biases (seed, record, feature), before training and after every
    so many steps; train_loss (seed, 100), of one batch each; feature_loss (seed, feature), on 20,000 fresh samples;
    sparsity (seed,). Several sparsities are the second axis. Features are padded to a multiple of 4: how numbers lie in
    memory decides their rounding, and must not depend on how many networks there are.
    """
    random, pad = [torch.Generator().manual_seed(seed) for seed in seeds], (0, -features % 4)
    zero = torch.tensor(sparsity)[..., None, None]  # (sparsity, 1, 1)
    normal = torch.stack([torch.randn(hidden, features, generator=each) for each in random])
    first = F.pad((2 / (features + hidden)) ** 0.5 * normal, pad)  # Xavier
    weights = first.reshape(len(seeds), *[1] * (zero.ndim - 2), hidden, -1).repeat(1, *zero.shape[:-2], 1, 1)
    biases = torch.zeros(*weights.shape[:-2], 1, weights.shape[-1])
    parameters = [each.requires_grad_() for each in ((weights, biases) if bias else (weights,))]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    worth = F.pad(importance ** torch.arange(features, dtype=torch.float32), pad)

    def errors(samples: int) -> torch.Tensor:
        """Squared errors weighted by importance, (seed, sparsity, sample, feature)."""
        uniform = F.pad(torch.stack([torch.rand(samples, features, generator=each) for each in random]), pad)
        uniform = uniform.reshape(len(seeds), *[1] * (zero.ndim - 2), samples, -1)
        inputs = ((uniform - zero) / (1 - zero)).clamp(min=0)  # 0 with probability S, else uniform on [0, 1]
        outputs = inputs @ weights.mT @ weights + biases
        return worth * ((outputs.relu() if relu else outputs) - inputs).square()

    recorded, losses = [(weights.detach().clone(), biases.detach().clone())], []
    for step in range(steps):
        loss = errors(batch).sum(-1).mean(-1)  # (seed, sparsity)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        if step % (steps // 100) == 0:
            losses.append(loss.detach())
        if (step + 1) % every == 0:
            recorded.append((weights.detach().clone(), biases.detach().clone()))
    with torch.no_grad():
        fresh = errors(20_000).mean(-2)
    return {
        "weights": torch.stack([each for each, _ in recorded], -3)[..., :features].numpy(),
        "biases": torch.stack([each[..., 0, :features] for _, each in recorded], -2).numpy(),
        "train_loss": torch.stack(losses, -1).numpy(),
        "feature_loss": np.asarray(fresh[..., :features]),
        "sparsity": np.broadcast_to(sparsity, weights.shape[:-2]).astype(float),
    }
