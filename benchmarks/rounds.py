"""Short rounds of a training, each beside a round of the plain loop, one of our engine, and a matrix product."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import ways
from benchmarks.summary import DeviceRow, Row
from benchmarks.tasks import Task
from benchmarks.ways import Loop
from benchmarks.ways_device import Captured, side_by_side
from ontrial.running.machine import one_product_rate, square_factors

ROUNDS = 15
_ROUND, _OTHERS_ROUND = 0.15, 0.1  # seconds, about: many short rounds pair better than few long ones


_BESIDE: dict[str, Callable[[Task], Loop]] = {"plain": ways.plain, "ours": ways.ours}


@dataclass
class Session:
    """What the benchmarks of a session found: a row each, and the machine's rates in operations a second.

    ten_sizes: how many times their matrix products the ten sizes of claims P take together, as if no pixel was 0.
    """

    rows: list[Row] = field(default_factory=list)
    device: str | None = None
    device_rows: list[DeviceRow] = field(default_factory=list)
    rates_of_products: list[float] = field(default_factory=list)
    ten_sizes: float | None = None

    @property
    def matrix_product_rate(self) -> float:
        """GFLOP/s of the better matrix product, median over all rounds: as loaded as what it measures."""
        return rounded(median(self.rates_of_products) / 1e9)


def measure(benchmark: BenchmarkFixture, way: str, task: Task, loop: Loop, session: Session) -> None:
    """Time rounds of a loop and add their row to the session.

    A machine's speed drifts by more than some of these ways differ, so each round is compared with a round of the
    plain loop, one of our engine and matrix products just before it, and ratios are medians of those.
    """
    others = {name: make(replace(task, seeds=1)) for name, make in _BESIDE.items() if name != way}
    steps_of = {name: _steps(other, _OTHERS_ROUND) for name, other in others.items()}
    steps, factors = _steps(loop, _ROUND), square_factors()
    one_product_rate(factors)  # the first product sets up the library
    beside: dict[str, list[float]] = {name: [] for name in (*others, "products")}

    def before_a_round() -> None:
        beside["products"].append(one_product_rate(factors))
        for name, other in others.items():
            beside[name].append(steps_of[name] * task.experiment.batch / _seconds(other, steps_of[name]))

    benchmark.group = f"{task.net}, batch {task.experiment.batch}"
    benchmark.pedantic(loop.run, args=(steps,), setup=before_a_round, rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    if benchmark.stats is None:  # --benchmark-disable: the loop ran once, nothing was timed
        return
    rates = [steps * task.images_a_step / seconds for seconds in benchmark.stats.stats.data]
    times = {name: rounded(_ratio(rates, beside.get(name, rates))) for name in _BESIDE}
    row: Row = {
        "way": way,
        "net": task.net,
        "batch": task.experiment.batch,
        "seeds": task.seeds,
        "images_per_second": rounded(median(rates)),
        "times_plain": times["plain"],
        "times_ours": times["ours"],
        "share": rounded(task.operations_an_image * _ratio(rates, beside["products"])),
    }
    benchmark.extra_info.update(row)
    benchmark.extra_info["share_of_matrix_product_rate"] = benchmark.extra_info.pop("share")
    session.rows.append(row)
    session.rates_of_products += beside["products"]


def _ratio(rates: Sequence[float], others: Sequence[float]) -> float:
    """Median over rounds of one rate over the other, both (round,)."""
    # A profile (--benchmark-cprofile) adds a round that is not timed.
    return median(rate / other for rate, other in zip(rates, others, strict=False))


def measure_on_device(
    benchmark: BenchmarkFixture, way: str, task: Task, stacks: list[Captured], session: Session
) -> None:
    """Time rounds of stacks of networks in training side by side on a device, and add their row to the session."""
    loop = side_by_side(stacks)
    loop.run(3 * loop.stride)  # a block is prepared, then captured
    steps = _steps(loop, _ROUND)
    benchmark.group = f"{task.net}, batch {task.experiment.batch}, on the device"
    benchmark.pedantic(loop.run, args=(steps,), rounds=ROUNDS, iterations=1)  # type: ignore[no-untyped-call]
    if benchmark.stats is None:
        return
    row: DeviceRow = {
        "way": way,
        "net": task.net,
        "batch": task.experiment.batch,
        "seeds": task.seeds,
        "streams": len(stacks),
        "microseconds": rounded(1e6 * median(benchmark.stats.stats.data) / (steps * task.seeds * len(stacks))),
        "in_blocks": rounded(stacks[0].seconds_in_blocks() / benchmark.stats.stats.data[-1]),
    }
    benchmark.extra_info.update(row)
    session.device_rows.append(row)


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
