"""The toy model: sparse features, written into fewer dimensions and read back; the networks of all seeds at once.

Source: Elhage et al., "Toy Models of Superposition" (2022), sections 1 and 2. Where the paper leaves a setting open,
it is ours: AdamW with torch's defaults, learning rate 0.001, batches of 1,024 drawn at every step, 10,000 steps.
"""

from collections.abc import Sequence

import numpy as np
import torch

from ontrial import Arrays, Looks, training

SMALL = Looks((32, 48, 64, 96, 128, 192, 256, 320), budget=320, weight=10)
MIDDLE = Looks((16, 24, 32, 48, 64), budget=64, weight=2)
LARGE = Looks((16, 24), budget=24)
FRESH = 20_000  # samples of the loss by feature


@training(looks=SMALL, data="synthetic features", fast=dict(steps=2_000, batch=256), losses=("train_loss",))
def small(features: int, hidden: int, sparsity: float, importance: float = 1.0, relu: bool = True, bias: bool = True,
          steps: int = 10_000, batch: int = 1_024, *, seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """At most twenty features. importance: of each feature, relative to the one before."""
    return train(features, hidden, sparsity, importance, relu, bias, steps, batch, steps // 100, seeds)


@training(looks=MIDDLE, data="synthetic features", fast=dict(features=40, hidden=10, steps=2_000, batch=256),
          losses=("train_loss",))  # fmt: skip
def middle(features: int, hidden: int, sparsity: float, importance: float, steps: int = 10_000, batch: int = 1_024, *,
           seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """Eighty features."""
    return train(features, hidden, sparsity, importance, True, True, steps, batch, steps // 100, seeds)


@training(looks=LARGE, data="synthetic features", fast=dict(features=60, hidden=5, steps=2_000, batch=256),
          losses=("train_loss",))  # fmt: skip
def large(features: int, hidden: int, sparsity: float, steps: int = 10_000, batch: int = 1_024, *,
          seeds: Sequence[int]) -> Arrays:  # fmt: skip
    """Hundreds of features, equally important; weights are recorded before and after training alone."""
    return train(features, hidden, sparsity, 1.0, True, True, steps, batch, steps, seeds)


def train(
    features: int, hidden: int, sparsity: float, importance: float, relu: bool, bias: bool,
    steps: int, batch: int, every: int, seeds: Sequence[int],
) -> Arrays:  # fmt: skip
    """Train one network a seed, on samples that the seed alone decides.

    Returns weights (seed, record, hidden, feature) and biases (seed, record, feature), before training and after every
    so many steps; train_loss (seed, 100), of one batch each; feature_loss (seed, feature), on 20,000 fresh samples.
    """
    random = [torch.Generator().manual_seed(seed) for seed in seeds]
    xavier = (2 / (features + hidden)) ** 0.5
    weights = xavier * torch.stack([torch.randn(hidden, features, generator=each) for each in random])
    biases = torch.zeros(len(seeds), 1, features)
    parameters = [each.requires_grad_() for each in ((weights, biases) if bias else (weights,))]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    worth = importance ** torch.arange(features, dtype=torch.float32)

    def errors(samples: int) -> torch.Tensor:
        """Squared errors weighted by importance, (seed, sample, feature)."""
        uniform = torch.stack([torch.rand(samples, features, generator=each) for each in random])
        inputs = ((uniform - sparsity) / (1 - sparsity)).clamp(min=0)  # 0 with probability S, else uniform on [0, 1]
        outputs = torch.baddbmm(biases, inputs @ weights.mT, weights)
        return worth * ((outputs.relu() if relu else outputs) - inputs).square()

    recorded, losses = [(weights.detach().clone(), biases.detach().clone())], []
    for step in range(steps):
        loss = errors(batch).sum(2).mean(1)  # (seed,)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        if step % (steps // 100) == 0:
            losses.append(loss.detach())
        if (step + 1) % every == 0:
            recorded.append((weights.detach().clone(), biases.detach().clone()))
    with torch.no_grad():
        fresh = errors(FRESH).mean(1)
    return {
        "weights": torch.stack([each for each, _ in recorded], 1).numpy(),
        "biases": torch.stack([each[:, 0] for _, each in recorded], 1).numpy(),
        "train_loss": torch.stack(losses, 1).numpy(),
        "feature_loss": np.asarray(fresh),
    }
