"""Short rounds of a training, each beside a round of the plain loop and a matrix product."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import ways
from benchmarks.summary import Row
from benchmarks.tasks import Task
from benchmarks.ways import Loop
from ontrial.running.machine import one_product_rate, square_factors

ROUNDS = 7
_ROUND, _PLAIN_ROUND = 0.4, 0.2  # seconds, about


@dataclass
class Session:
    """What the benchmarks of a session found: a row each, and the machine's rates in operations a second.

    ten_sizes: how many times their matrix products the ten sizes of claims P take together.
    """

    rows: list[Row] = field(default_factory=list)
    rates_of_products: list[float] = field(default_factory=list)
    ten_sizes: float | None = None

    @property
    def matrix_product_rate(self) -> float:
        """GFLOP/s of the better matrix product, median over all rounds: as loaded as what it measures."""
        return rounded(median(self.rates_of_products) / 1e9)


def measure(benchmark: BenchmarkFixture, way: str, task: Task, loop: Loop, session: Session) -> None:
    """Time rounds of a loop and add their row to the session.

    A machine's speed drifts by more than some of these ways differ, so each round is compared with
    a round of the plain loop and with matrix products just before it, and ratios are medians of those.
    """
    plain = ways.plain(replace(task, seeds=1))
    plain_steps, steps = _steps(plain, _PLAIN_ROUND), _steps(loop, _ROUND)
    factors = square_factors()
    one_product_rate(factors)  # the first product sets up the library
    plain_rates: list[float] = []
    matrix_rates: list[float] = []

    def before_a_round() -> None:
        matrix_rates.append(one_product_rate(factors))
        plain_rates.append(plain_steps * task.experiment.batch / _seconds(plain, plain_steps))

    benchmark.group = f"{task.net}, batch {task.experiment.batch}"
    benchmark.pedantic(loop.run, args=(steps,), setup=before_a_round, rounds=ROUNDS, iterations=1)
    if benchmark.stats is None:  # --benchmark-disable: the loop ran once, nothing was timed
        return
    rates = [steps * task.images_a_step / seconds for seconds in benchmark.stats.stats.data]
    row: Row = {
        "way": way,
        "net": task.net,
        "batch": task.experiment.batch,
        "seeds": task.seeds,
        "images_per_second": rounded(median(rates)),
        "times_plain": 1.0 if way == "plain" else rounded(_ratio(rates, plain_rates)),
        "share": rounded(task.operations_an_image * _ratio(rates, matrix_rates)),
    }
    benchmark.extra_info.update(row)
    benchmark.extra_info["share_of_matrix_product_rate"] = benchmark.extra_info.pop("share")
    session.rows.append(row)
    session.rates_of_products += matrix_rates


def _ratio(rates: Sequence[float], others: Sequence[float]) -> float:
    """Median over rounds of one rate over the other, both (round,)."""
    # A profile (--benchmark-cprofile) adds a round that is not timed.
    return median(rate / other for rate, other in zip(rates, others, strict=False))


def _steps(loop: Loop, seconds: float) -> int:
    """How many steps take about so many seconds: a multiple of the loop's stride."""
    loop.run(loop.stride)  # what comes first compiles and allocates
    steps = loop.stride
    while (taken := _seconds(loop, steps)) < seconds / 4:
        steps *= 2
    return max(1, round(steps / loop.stride * seconds / taken)) * loop.stride


def _seconds(loop: Loop, steps: int) -> float:
    started = time.perf_counter()
    loop.run(steps)
    return time.perf_counter() - started


def rounded(value: float) -> float:
    """Four significant digits: more than a timing has."""
    return float(f"{value:.4g}")
