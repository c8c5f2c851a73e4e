"""Microseconds of a network's step in the training of claims/superposition, beside one network at a time."""

import time
from functools import partial
from statistics import median

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.toy_model import plain
from claims.superposition.test_geometry import SPARSITIES
from claims.superposition.training import train

ROUNDS, BATCH = 5, 1_024


@pytest.mark.parametrize(
    ("features", "hidden", "sparsity", "seeds", "steps"),
    [(5, 2, 0.8, 10, 1_000), (20, 5, 0.9, 10, 500), (80, 20, 0.9, 2, 500), (400, 30, SPARSITIES, 1, 100)],
)
def test_many_networks_at_once(
    benchmark: BenchmarkFixture, features: int, hidden: int, sparsity: float | tuple[float, ...], seeds: int, steps: int
) -> None:
    networks, beside = seeds * np.size(sparsity), []  # beside: seconds of the plain loop
    one = partial(plain, features, hidden, 0.9, 1.0, True, True, steps, BATCH, 0)

    def before_a_round() -> None:
        started = time.perf_counter()
        one()
        beside.append(time.perf_counter() - started)

    arguments = (features, hidden, sparsity, 1.0, True, True, steps, BATCH, steps, range(seeds))
    benchmark.pedantic(train, args=arguments, setup=before_a_round, rounds=ROUNDS, warmup_rounds=1)  # type: ignore[no-untyped-call]
    if benchmark.stats is None:
        pytest.skip("nothing is timed with --benchmark-disable")
    ours = np.array(benchmark.stats.stats.data) / (steps * networks)
    loop = np.array(beside[1 : ROUNDS + 1]) / steps
    row = {"features": features, "hidden": hidden, "networks": networks, "microseconds": 1e6 * median(ours)}
    benchmark.extra_info |= row | {"plain_microseconds": 1e6 * median(loop), "times_plain": median(loop / ours)}
    assert benchmark.extra_info["times_plain"] > 1
