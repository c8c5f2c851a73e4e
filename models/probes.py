"""Measurements of trained networks: sensitivity, paths between two, sharpness, gradients at frozen weights."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models import networks
from models.data import generator
from models.experiment import Experiment
from models.gpu.stack import Stack, aims, with_one
from models.networks import loss
from models.training import Trained
from ontrial.trainings import Arrays

ALPHAS = np.arange(-20, 41) / 20  # -1 to 2 in steps of 0.05, with 0 and 1 exactly
BATCH_SIZES = (5, 25, 125, 500, 1500)

_TEST_IMAGES = 1000  # that sensitivity is averaged over
_HESSIAN_IMAGES = 10_000
_GRADIENT_IMAGES = 10_000  # whose gradients are taken one by one
_DRAWS = 200  # mini-batches a size, at frozen weights
_TOLERANCE = 1e-4  # relative change of the eigenvalue from one iteration to the next
_MOST_ITERATIONS = 300
_ROWS_AT_ONCE = 2000  # images pushed through at a time: stays in the cache

Product = Callable[[Tensor], Tensor]  # one symmetric matrix a seed, times one vector a seed: (seed, parameter) both


def sensitivity(trained: Trained) -> Arrays:
    """How strongly loss and outputs react to the input, means over the first 1,000 test images: (seed,) each.

    input_sensitivity: the norm of the gradient of the loss with respect to the input, in nats a unit
    of the input; jacobian_sensitivity: the norm of the Jacobian of the softmax outputs.
    Source: NTU MLDS 2018, homework 1, Part 3, "sensitivity"; Novak et al., "Sensitivity and
    generalization in neural networks" (2018), section 3.1.
    """
    inputs, labels = trained.data.test_inputs[:_TEST_IMAGES], trained.data.test_targets[:, :_TEST_IMAGES]
    return {
        "input_sensitivity": input_gradient_norms(trained.parameters, trained.experiment, inputs, labels)
        .mean(1).double().cpu().numpy(),
        "jacobian_sensitivity": jacobian_norms(trained.parameters, trained.experiment, inputs)
        .mean(1).double().cpu().numpy(),
    }  # fmt: skip


def interpolation(first: Trained, second: Trained) -> Arrays:
    """Loss and accuracy along the straight line through two networks, at ALPHAS, past both ends.

    theta(alpha) = (1 - alpha) theta_1 + alpha theta_2. path_train_loss, path_test_loss (nats),
    path_train_accuracy, path_test_accuracy (shares): (seed, alpha) each.
    Source: Goodfellow, Vinyals & Saxe, "Qualitatively characterizing neural network optimization
    problems" (2015), section 3; Keskar et al., "On large-batch training" (2017), figure 3.
    """
    data = first.data
    found: Arrays = {}
    for name, inputs, labels in (
        ("train", data.train_inputs, data.train_targets),
        ("test", data.test_inputs, data.test_targets),
    ):
        with torch.no_grad():
            scores = [
                scored(between(first.parameters, second.parameters, alpha), first.experiment, inputs, labels)
                for alpha in ALPHAS.tolist()
            ]
        losses, accuracies = (torch.stack(part, 1).cpu().numpy() for part in zip(*scores, strict=True))
        found |= {f"path_{name}_loss": losses, f"path_{name}_accuracy": accuracies}  # (seed, alpha)
    return found


def scored(parameters: Tensor, experiment: Experiment, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss and accuracy of stacked networks (seed, parameter) on labelled images: (seed,) each.

    inputs: (sample, feature); labels: (seed, sample).
    """
    total_loss = torch.zeros(len(parameters), dtype=torch.float64, device=parameters.device)
    correct = torch.zeros_like(total_loss)
    for rows, answers in zip(inputs.split(_ROWS_AT_ONCE), labels.split(_ROWS_AT_ONCE, 1), strict=True):
        logits = networks.outputs(parameters, experiment, rows)  # (seed, sample, class)
        total_loss += loss(logits, answers).double() * len(rows)
        correct += (logits.argmax(2) == answers).sum(1)
    return total_loss / len(inputs), correct / len(inputs)


def largest_eigenvalue(trained: Trained) -> Arrays:
    """The sharpness of each network: the largest eigenvalue of the Hessian of its training loss, (seed,).

    By power iteration on the first 10,000 training images, until it changes by less than a ten-thousandth
    from one iteration to the next, 300 at most; eigenvalue_settled (seed,): whether it did.
    Source: Golub & Van Loan, Matrix Computations (2013), section 7.3.1.
    """
    inputs, labels = trained.data.train_inputs[:_HESSIAN_IMAGES], trained.data.train_targets[:, :_HESSIAN_IMAGES]
    draws = [torch.randn(trained.parameters.shape[1], generator=generator(seed, "probe")) for seed in trained.seeds]
    start = torch.stack(draws).to(trained.parameters)  # (seed, parameter)
    values, settled = largest(hessian(trained.parameters, trained.experiment, inputs, labels), start)
    return {"largest_eigenvalue": values.double().cpu().numpy(), "eigenvalue_settled": settled.cpu().numpy()}


def frozen_gradients(trained: Trained) -> Arrays:
    """How large the gradient of a mini-batch is at fixed weights, for five batch sizes.

    frozen_batch_size (seed, size): BATCH_SIZES, none larger than the training set; frozen_gradient_norm
    (seed, size): the Frobenius norm of the gradient, mean over the parameter tensors and over 200 draws
    without replacement.
    """
    inputs, labels = trained.data.train_inputs, trained.data.train_targets
    randoms = [generator(seed, "probe") for seed in trained.seeds]
    sizes = [min(size, len(inputs)) for size in BATCH_SIZES]
    stack = Stack(trained.experiment, trained.parameters)
    means = []
    with torch.no_grad():
        for size in sizes:
            total = torch.zeros(len(trained.seeds), dtype=torch.float64, device=inputs.device)
            draws = _DRAWS if size < len(inputs) else 1  # all that there is, in any order, has one gradient
            for _ in range(draws):
                chosen = torch.stack([torch.randperm(len(inputs), generator=random)[:size] for random in randoms])
                chosen = chosen.to(inputs.device)  # (seed, sample)
                answers = aims(labels.gather(1, chosen), trained.experiment.widths[-1], inputs.dtype)
                stack.differentiate(with_one(inputs[chosen]), answers)
                total += stack.gradient_norms.mean(1)
            means.append(total / draws)
    norms = torch.stack(means, 1).cpu().numpy()  # (seed, size)
    return {"frozen_batch_size": np.broadcast_to(sizes, norms.shape).copy(), "frozen_gradient_norm": norms}


def image_gradients(trained: Trained) -> Arrays:
    """How large the gradients of single images are.

    image_gradient_norm (seed, image): norm over all parameters, of each of the first 10,000 training images.
    """
    inputs, labels = trained.data.train_inputs[:_GRADIENT_IMAGES], trained.data.train_targets[:, :_GRADIENT_IMAGES]
    return {
        "image_gradient_norm": image_gradient_norms(trained.parameters, trained.experiment, inputs, labels)
        .float().cpu().numpy(),
    }  # fmt: skip


def image_gradient_norms(parameters: Tensor, experiment: Experiment, inputs: Tensor, labels: Tensor) -> Tensor:
    """Norm of the gradient of each sample's own loss with respect to the parameters, (seed, sample).

    parameters: (seed, parameter); inputs: (sample, feature); labels: (seed, sample).
    Source: Goodfellow, "Efficient per-example gradient computations" (2015): a layer's gradient is the product of its
    input and of the loss's derivative by its output, so its norm is the product of their norms.
    """
    squares = []
    for rows, answers in zip(inputs.split(_ROWS_AT_ONCE), labels.split(_ROWS_AT_ONCE, 1), strict=True):
        values = rows.expand(len(parameters), -1, -1)  # (seed, sample, unit)
        entering: list[Tensor] = []  # a layer each: its squared norm, (seed, sample)
        leaving: list[Tensor] = []  # (seed, sample, unit)
        for layer in networks.layers(parameters, experiment.widths):
            if leaving:
                values = values.relu() if experiment.activation == "relu" else values.tanh()
            entering.append(values.detach().square().sum(2) + 1)  # 1 for the bias
            values = torch.baddbmm(layer.bias, values, layer.weight.transpose(1, 2))
            leaving.append(values if leaving else values.requires_grad_())
        total = F.cross_entropy(values.flatten(0, 1), answers.flatten(), reduction="sum")  # samples do not mix
        deltas = torch.autograd.grad(total, leaving)
        layers = [one * delta.square().sum(2) for one, delta in zip(entering, deltas, strict=True)]
        squares.append(torch.stack(layers).sum(0))
    return torch.cat(squares, 1).sqrt()


def input_gradient_norms(parameters: Tensor, experiment: Experiment, inputs: Tensor, labels: Tensor) -> Tensor:
    """Norm of the gradient of each sample's own loss with respect to its input, (seed, sample).

    parameters: (seed, parameter); inputs: (sample, feature); labels: (seed, sample).
    """
    own = _for_each_seed(inputs, len(parameters))  # (seed, sample, feature)
    logits = networks.outputs(parameters, experiment, own)  # (seed, sample, class)
    # Samples do not mix, so the gradient of the sum is every sample's own.
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
    (gradient,) = torch.autograd.grad(total, own)
    return gradient.norm(dim=2)


def jacobian_norms(parameters: Tensor, experiment: Experiment, inputs: Tensor) -> Tensor:
    """Frobenius norm of the Jacobian of the softmax outputs with respect to each sample's input, (seed, sample).

    parameters: (seed, parameter); inputs: (sample, feature).
    """
    own = _for_each_seed(inputs, len(parameters))  # (seed, sample, feature)
    probabilities = networks.outputs(parameters, experiment, own).softmax(2)  # (seed, sample, class)
    squares = torch.zeros_like(probabilities[..., 0])  # (seed, sample)
    for one_class in probabilities.unbind(2):
        (row,) = torch.autograd.grad(one_class.sum(), own, retain_graph=True)  # (seed, sample, feature)
        squares += row.square().sum(2)
    return squares.sqrt()


def between(first: Tensor, second: Tensor, alpha: float) -> Tensor:
    """(1 - alpha) first + alpha second: first at 0, second at 1, bit for bit."""
    return (1 - alpha) * first + alpha * second


def hessian(parameters: Tensor, experiment: Experiment, inputs: Tensor, labels: Tensor) -> Product:
    """The Hessian of each seed's mean loss, as a product with one vector a seed.

    parameters: (seed, parameter); inputs: (sample, feature); labels: (seed, sample).
    Source: Pearlmutter, "Fast exact multiplication by the Hessian" (1994).
    """
    variables = parameters.clone().requires_grad_()
    gradients: list[Tensor] = []  # (seed, parameter) each, with its graph, which every product goes through
    for rows, answers in zip(inputs.split(_ROWS_AT_ONCE), labels.split(_ROWS_AT_ONCE, 1), strict=True):
        # The sum over seeds has a block for each of them, since no seed's loss depends on another's parameters.
        total = loss(networks.outputs(variables, experiment, rows), answers).sum() * (len(rows) / len(inputs))
        gradients += torch.autograd.grad(total, variables, create_graph=True)

    def product(vectors: Tensor) -> Tensor:
        parts = [torch.autograd.grad(each, variables, vectors, retain_graph=True)[0] for each in gradients]
        return torch.stack(parts).sum(0)

    return product


def largest(product: Product, start: Tensor) -> tuple[Tensor, Tensor]:
    """The largest eigenvalue of each seed's symmetric matrix, and whether the iteration settled: (seed,) each.

    start: (seed, parameter), not orthogonal to the eigenvector.
    """
    values, settled = dominant(product, start)
    # Power iteration finds the eigenvalue of the largest size; where that is negative, adding its size to
    # all of them leaves none negative, and then the largest has the largest size.
    shift = (-values).clamp(min=0)  # (seed,)
    if not shift.any():
        return values, settled
    shifted, settled_again = dominant(lambda vectors: product(vectors) + shift.unsqueeze(1) * vectors, start)
    return torch.where(shift > 0, shifted - shift, values), torch.where(shift > 0, settled_again, settled)


def dominant(product: Product, start: Tensor) -> tuple[Tensor, Tensor]:
    """The eigenvalue of the largest absolute value, and whether the iteration settled: (seed,) each.

    Each seed stops by itself, so that its result does not depend on the other seeds.
    """
    values, settled = start.new_full((len(start),), torch.nan), start.new_zeros(len(start), dtype=torch.bool)
    vectors = start / start.norm(dim=1, keepdim=True)
    for _ in range(_MOST_ITERATIONS):
        images = product(vectors)
        quotients = (vectors * images).sum(1)  # Rayleigh's, (seed,)
        change = (quotients - values).abs()
        values = torch.where(settled, values, quotients)
        settled = settled | (change <= _TOLERANCE * quotients.abs())
        if settled.all():
            break
        vectors = images / images.norm(dim=1, keepdim=True)
    return values, settled


def _for_each_seed(inputs: Tensor, seeds: int) -> Tensor:
    """A copy of the inputs for every seed, (seed, sample, feature), that requires a gradient."""
    return inputs.expand(seeds, -1, -1).clone().requires_grad_()
