"""Stationary points: where trained networks come to when the gradient itself is driven to zero."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from models import networks
from models.experiment import Experiment
from models.probing import Trained
from models.stack import loss
from ontrial.training import Arrays

ALMOST_ZERO = 1e-3  # Euclidean norm of the gradient over all parameters
MOST_ITERATIONS = 1000

Derive = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def stationary_points(trained: Trained) -> Arrays:
    """What trained networks find when they go on until the gradient of the training loss is almost zero.

    gradient_norm_there (seed,), below ALMOST_ZERO where a network got there; loss_there (seed,), the
    training loss; eigenvalues_there (seed, parameter), of its Hessian, ascending; iterations_there
    (seed,), steps that were tried, MOST_ITERATIONS where a network did not get there.

    Raises ValueError for networks that `derivatives` cannot take.
    """
    experiment, inputs, targets = trained.experiment, trained.data.train_inputs, trained.data.train_targets

    def derive(points: Tensor, nets: Tensor) -> tuple[Tensor, Tensor]:
        return derivatives(points, experiment, inputs[nets], targets[nets])

    found = solve(trained.parameters, derive)
    gradient, hessian = derivatives(found.points, experiment, inputs, targets)
    arrays = {
        "gradient_norm_there": gradient.norm(dim=1),
        "loss_there": loss(networks.outputs(found.points, experiment, inputs), targets),
        "eigenvalues_there": torch.linalg.eigvalsh(hessian),
        "iterations_there": found.iterations,
    }
    return {name: values.cpu().numpy() for name, values in arrays.items()}


@dataclass(frozen=True)
class Found:
    """Where the solver ended: points (net, parameter), and the iterations that each took, (net,)."""

    points: Tensor
    iterations: Tensor


def solve(
    start: Tensor, derive: Derive, almost_zero: float = ALMOST_ZERO, most_iterations: int = MOST_ITERATIONS
) -> Found:
    """Solve gradient = 0 by Levenberg-Marquardt, for many nets at once, each with a damping of its own.

    start: (net, parameter); derive: from points (net, parameter), and the numbers of the nets that they
    are of, (net,), to gradients (net, parameter) and Hessians (net, parameter, parameter). A net is done
    when the norm of its gradient is below almost_zero, or after most_iterations tried steps.

    The step minimises |g + H d|^2 + damping |d|^2, and is made only where the norm of g falls. Nothing
    prefers a minimum: saddles and maxima have a gradient of zero as well.

    Source: Levenberg, Quarterly of Applied Mathematics 2 (1944); Marquardt, SIAM Journal 11 (1963).
    """
    points, iterations = start.clone(), torch.zeros(len(start), dtype=torch.int64, device=start.device)
    gradient, hessian = derive(points, torch.arange(len(points), device=start.device))
    eigenvalues, eigenvectors = torch.linalg.eigh(hessian)  # (net, parameter), (net, parameter, parameter)
    damping = 1e-3 * eigenvalues.square().amax(1)  # (net,)
    for _ in range(most_iterations):
        nets = (gradient.norm(dim=1) >= almost_zero).nonzero().squeeze(1)  # those that are not done
        if len(nets) == 0:
            break
        step = _step(gradient[nets], eigenvalues[nets], eigenvectors[nets], damping[nets])
        tried = points[nets] + step
        gradient_there, hessian_there = derive(tried, nets)
        falls = gradient_there.norm(dim=1) < gradient[nets].norm(dim=1)  # false where it is not a number
        made = nets[falls]
        points[made], gradient[made] = tried[falls], gradient_there[falls]
        eigenvalues[made], eigenvectors[made] = torch.linalg.eigh(hessian_there[falls])
        damping[nets] *= torch.where(falls, 1 / 3, 4.0)
        iterations[nets] += 1
    return Found(points, iterations)


def _step(gradient: Tensor, eigenvalues: Tensor, eigenvectors: Tensor, damping: Tensor) -> Tensor:
    """-(H^2 + damping)^-1 H g, (net, parameter), in the basis where H is diagonal: H^2 is never formed."""
    along = (eigenvectors.transpose(1, 2) @ gradient.unsqueeze(2)).squeeze(2)  # (net, direction)
    factor = eigenvalues / (eigenvalues.square() + damping.unsqueeze(1))  # (net, direction)
    return -(eigenvectors @ (factor * along).unsqueeze(2)).squeeze(2)


def derivatives(parameters: Tensor, experiment: Experiment, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient (net, parameter) and Hessian (net, parameter, parameter) of each net's mean squared error.

    parameters: (net, parameter); inputs: (net, sample, feature); targets: (net, sample, output).

    With D_z the Jacobian of a quantity z with respect to all parameters and g_z the loss's derivative
    by it, the Hessian is the sum, over samples, of
      2 D_f^T D_f  for each output f,
      g_h tanh''(z) D_z^T D_z  for each hidden unit h = tanh(z), and
      g_z D_h, with its transpose, in the row of each weight from a unit h to a unit z.
    A tenth of the time that torch.func.hessian takes, which the tests hold it against.

    Raises ValueError for another activation than tanh, or for labels: their second derivatives are others.
    Source: Bishop, "Exact calculation of the Hessian matrix for the multilayer perceptron" (1992).
    """
    if experiment.activation != "tanh" or targets.dtype == torch.int64:
        raise ValueError(f"second derivatives are written out for tanh and squared error only, not for {experiment}")
    layers = networks.layers(parameters, experiment.widths)
    values, jacobians = _forward(layers, inputs.transpose(1, 2))
    residuals = values[-1] - targets.transpose(1, 2)  # (net, output, sample)
    back = residuals * (2 / residuals[0].numel())  # the loss's derivative by each output
    last = jacobians[-1].flatten(1, 2)  # (net, output * sample, parameter)
    gradient = (back.flatten(1).unsqueeze(1) @ last).squeeze(1)
    hessian = last.transpose(1, 2) @ last * (2 / residuals[0].numel())
    for index in range(len(layers) - 1, 0, -1):
        before, hidden = jacobians[index - 1], values[index - 1]  # (net, in, sample, earlier), (net, in, sample)
        slope = 1 - hidden.square()
        earlier = before.shape[3]
        own = slice(earlier, earlier + layers[index].weight[0].numel())
        mixed = torch.einsum("nos,nis,nisp->noip", back, slope, before).flatten(1, 2)  # (net, out * in, earlier)
        hessian[:, own, :earlier] += mixed
        hessian[:, :earlier, own] += mixed.transpose(1, 2)
        back = layers[index].weight.transpose(1, 2) @ back  # by h, (net, in, sample)
        curved = (back * -2 * hidden * slope).unsqueeze(3) * before
        hessian[:, :earlier, :earlier] += curved.flatten(1, 2).transpose(1, 2) @ before.flatten(1, 2)
        back = back * slope  # by z
    return gradient, hessian


def _forward(layers: list[networks.Layer], values: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """What each layer answers, (net, unit, sample), after tanh but for the last, and D_z of each before tanh.

    values: the inputs, (net, feature, sample). A Jacobian is (net, unit, sample, parameter), as far as
    the layer's own parameters: later ones do not matter to it.
    """
    nets, features, samples = values.shape
    jacobian = values.new_zeros(nets, features, samples, 0)  # inputs depend on no parameter
    answers, jacobians = [], []
    for layer in layers:
        units, fan_in = layer.weight.shape[1:]
        earlier = jacobian.shape[3]
        through = (layer.weight @ jacobian.flatten(2)).unflatten(2, (samples, earlier))
        own = values.new_zeros(nets, units, samples, units * fan_in + units)
        for unit in range(units):
            own[:, unit, :, unit * fan_in : (unit + 1) * fan_in] = values.transpose(1, 2)
            own[:, unit, :, units * fan_in + unit] = 1
        jacobians.append(torch.cat([through, own], 3))
        values = layer.weight @ values + layer.bias.transpose(1, 2)
        if layer is not layers[-1]:
            values = values.tanh()
            jacobian = (1 - values.square()).unsqueeze(3) * jacobians[-1]
        answers.append(values)
    return answers, jacobians
