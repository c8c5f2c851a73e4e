"""The toy model of claims/superposition as people would write it: one network, autograd and torch.optim.AdamW."""

import numpy as np
import torch
from torch import nn


def plain(
    features: int, hidden: int, sparsity: float, importance: float, relu: bool, bias: bool, steps: int, batch: int,
    seed: int,
) -> tuple[torch.Tensor, torch.Tensor, list[float]]:  # fmt: skip
    """Train one network on the samples that our training draws for this seed.

    Returns weights (hidden, feature) and biases (feature,) after so many steps, and the loss of every step.
    """
    random = np.random.default_rng(seed)
    normal = torch.tensor(random.normal(size=(hidden, features)), dtype=torch.float32)
    weights = nn.Parameter(normal * (2 / (features + hidden)) ** 0.5)
    biases = nn.Parameter(torch.zeros(features), requires_grad=bias)
    optimizer = torch.optim.AdamW([weights, biases] if bias else [weights], lr=1e-3)
    worth, losses = importance ** torch.arange(features), []
    for _ in range(steps):
        uniform = torch.from_numpy(random.random((batch, features), dtype=np.float32))
        inputs = torch.where(uniform < sparsity, 0.0, (uniform - sparsity) / (1 - sparsity))
        outputs = inputs @ weights.T @ weights + biases
        outputs = outputs.relu() if relu else outputs
        loss = (worth * (outputs - inputs) ** 2).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return weights.detach(), biases.detach(), losses
