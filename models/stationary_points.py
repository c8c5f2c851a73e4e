"""Stationary points: where trained networks end when the gradient itself is driven to zero."""

import numpy as np

from models.training import Trained
from ontrial.trainings import Arrays

ALMOST_ZERO = 1e-3  # Euclidean norm of the gradient over all parameters
MOST_ITERATIONS = 1000


def stationary_points(trained: Trained) -> Arrays:
    """Where trained networks end when training goes on until the gradient of the training loss is almost zero.

    gradient_norm_there (seed,), below ALMOST_ZERO where a network converged; loss_there (seed,), the training loss;
    eigenvalues_there (seed, parameter), of its Hessian, ascending; iterations_there (seed,), MOST_ITERATIONS where a
    network did not converge. Computed on the CPU in float64, network by network. A network with NaN in its parameters
    has NaN, after no iteration.

    Raises ValueError for networks that `network_of` does not support.
    """
    from models.cpu.solver import solved, spectrum  # lazily: collecting the claims needs no compiler

    given = trained.parameters, trained.data.train_inputs, trained.data.train_targets
    found = [solved(trained.experiment, *rows, ALMOST_ZERO, MOST_ITERATIONS) for rows in zip(*given, strict=True)]
    return {
        "gradient_norm_there": np.array([np.linalg.norm(each.gradient) for each in found]),
        "loss_there": np.array([each.loss for each in found]),
        "eigenvalues_there": np.stack([spectrum(each.hessian) for each in found]),
        "iterations_there": np.array([each.iterations for each in found]),
    }
