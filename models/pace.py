"""Pace: how fast this machine trains, and so how long a job will take before any has run."""

import time
from dataclasses import dataclass

import torch

from models.data import TEST_SIZE
from models.experiment import Experiment, floating_point_operations, parameter_count
from models.networks import initial_parameters
from models.stack import Stack
from models.store import Job

_REPETITIONS = 30
_CALLS_A_BATCH, _CALLS_A_RECORD = 6, 80  # to gather a batch, and to evaluate both sets
# Three networks, each slow for a reason of its own: many calls, much arithmetic, many activations.
_CALLS = Experiment("digits", (4, 4, 4, 4), epochs=1, batch_size=1)
_PRODUCTS = Experiment("mnist", (200, 100), epochs=1, batch_size=50)
_ELEMENTS = Experiment("cos", (250,), epochs=1)


@dataclass(frozen=True)
class Pace:
    """Seconds that one call, one multiplication or addition, and one element gone through take."""

    call: float
    operation: float
    element: float


NOMINAL = Pace(call=20e-6, operation=1e-10, element=2e-9)  # for the order of jobs, where only ratios count


def estimate(job: Job, pace: Pace = NOMINAL) -> float:
    """Seconds that a job takes at this pace on one core."""
    experiment, seeds, widths = job.experiment, len(job.seeds), job.experiment.widths
    records = experiment.passes // experiment.epochs_between_records + 1
    evaluated = records * (experiment.training_size + TEST_SIZE[experiment.data])
    elements = (
        experiment.samples * sum(widths) + evaluated * sum(widths[1:]) + experiment.steps * parameter_count(*widths)
    )
    return (
        (experiment.steps * (_calls(experiment) + _CALLS_A_BATCH) + records * _CALLS_A_RECORD) * pace.call
        + seeds * floating_point_operations(experiment) * pace.operation
        + seeds * elements * pace.element
    )


def measured(device: str) -> Pace:
    """The pace of this machine, from a few steps of three small networks (well under a second)."""
    call = _seconds_a_step(_CALLS, device) / _calls(_CALLS)
    elements = _ELEMENTS.samples * sum(_ELEMENTS.widths)
    element = max(0.0, _seconds_a_step(_ELEMENTS, device) - _calls(_ELEMENTS) * call) / elements
    weights = parameter_count(*_PRODUCTS.widths)
    others = _calls(_PRODUCTS) * call + (_PRODUCTS.batch * sum(_PRODUCTS.widths) + weights) * element
    products = 6 * weights * _PRODUCTS.batch
    operation = max(0.0, _seconds_a_step(_PRODUCTS, device) - others) / products
    return Pace(call, operation, element)


def _calls(experiment: Experiment) -> int:
    """About how many operations a step calls: forwards, backwards, and Adam's."""
    return 10 + 8 * experiment.depth


def _seconds_a_step(experiment: Experiment, device: str) -> float:
    with torch.no_grad():
        stack = Stack(experiment, initial_parameters(experiment, [0]).to(device))
        inputs = torch.ones(1, experiment.batch, experiment.widths[0], device=device)
        targets = torch.zeros(1, experiment.batch, dtype=torch.int64, device=device)
        if experiment.is_function:
            targets = inputs
        stack.step(inputs, targets)  # the first one allocates
        started = time.perf_counter()
        for _ in range(_REPETITIONS):
            stack.step(inputs, targets)
        if device.startswith("cuda"):
            torch.cuda.synchronize()
    return (time.perf_counter() - started) / _REPETITIONS
