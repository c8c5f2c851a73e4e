"""Pace: how long a training will take before any has run."""

import os
import time
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.experiment import Experiment, parameter_count

# Seconds on a core whose matrix products make 8e10 operations a second, as measured with models.compiled.
_RATE = 8e10
_STEP, _PRODUCT = 1e-6, 0.3e-6  # that a step, and one matrix product, take whatever their size
_FEATURE = 1.7e-9  # to add a feature that is not 0 to 32 units of a sample; backwards half as much again
_OPERATION = 1 / 6e10  # of other products, with units padded to 16
_PARAMETER = 0.5e-9  # of an update
_UNIT = {"relu": 0.2e-9, "tanh": 3e-8}  # of a hidden layer, to activate
_OUTPUT = 1e-8  # of the loss, at labels
_BRIGHT = {"mnist": 150, "mnist-mini": 150, "digits": 32}  # pixels of an image that are not 0, about
_NETWORK = 3e-3  # to begin
# To compile what few trainings run, where numba has not stored it yet: done early, it is done beside the common one.
_COMPILING = {"float32": 0.0, "float64": 8.0}
_DEVICE_STEP, _DEVICE_NETWORK = 4e-5, 1.5e-6  # on a GPU: of a stack, and for each network in it


def estimate(experiment: Experiment, seeds: int, device: str = "cpu") -> float:
    """Seconds that so many seeds take, on one core or on a device; of none, what it takes to begin."""
    networks = seeds * experiment.series
    if device != "cpu":
        return experiment.steps * (_DEVICE_STEP + networks * _DEVICE_NETWORK)
    widths, recorded = experiment.widths, sum(experiment.recorded_sizes.values()) * len(experiment.record_steps)
    size = {"float32": 1, "float64": 2}[experiment.dtype]
    first = _FEATURE * _BRIGHT.get(experiment.data, 0) * -(-widths[1] // 32) * size
    multiplied = widths if experiment.is_function else widths[1:]
    others = _OPERATION * 2 * sum(below * 16 * -(-above // 16) for below, above in pairwise(multiplied)) * size
    forwards = first + others + _UNIT[experiment.activation] * sum(widths[1:-1])
    forwards += 0 if experiment.is_function else _OUTPUT * widths[-1]
    backwards = 1.5 * first + 2 * others + _UNIT["relu"] * sum(widths[1:-1])
    update = _STEP + 3 * _PRODUCT * experiment.depth + _PARAMETER * size * parameter_count(*widths)
    whole = recorded * forwards + experiment.samples * (forwards + backwards) + experiment.steps * update
    return (_COMPILING[experiment.dtype] + networks * (_NETWORK + whole)) * _RATE / matrix_product_rate()


def compiles_again() -> list[str]:
    """What to say where numba cannot store what it compiles, else nothing."""
    folder = Path(__file__).with_name("__pycache__")
    if folder.is_dir() and os.access(folder, os.W_OK):
        return []  # without importing numba
    from models.compiled_steps import run
    from models.compiled_vectors import UNSTORED, is_stored

    return [] if is_stored(run) else [UNSTORED]


@cache
def matrix_product_rate() -> float:
    """Operations a second of a matrix product on one core, as it is now: the best of a few, some milliseconds."""
    from threadpoolctl import threadpool_limits

    factor = np.ones((256, 256), np.float32)
    best = np.inf
    with threadpool_limits(1):
        for _ in range(20):
            started = time.perf_counter()
            factor @ factor
            best = min(best, time.perf_counter() - started)
    return 2 * len(factor) ** 3 / float(best)
