"""What a session of benchmarks found, and how it is shown."""

from collections.abc import Iterable, Sequence
from typing import TypedDict


class Row(TypedDict):
    """One way to train one net.

    batch: images a network and step; seeds: networks trained at once; images_per_second: of all
    networks together; times_plain: how many times the plain loop's rate that is; share: of the
    matrix-product rate. All three are medians over rounds.
    """

    way: str
    net: str
    batch: int
    seeds: int
    images_per_second: float
    times_plain: float
    share: float


class Summary(TypedDict):
    """All rows of a session, and what they ran on.

    matrix_product_rate: GFLOP/s on one thread; ten_sizes: how many times their matrix products the ten sizes of
    claims P take together.
    """

    cpu: str
    torch: str
    matrix_product_rate: float
    rows: list[Row]
    ten_sizes: float | None


def table(summary: Summary) -> str:
    """The rows as a Markdown table, fastest way first within each net and batch."""
    lines = [
        "| net | batch | way | images a second | times the plain loop | share of the matrix-product rate |",
        "|---|--:|---|--:|--:|--:|",
    ]
    for row in sorted(summary["rows"], key=_place):
        nets = "1 net" if row["seeds"] == 1 else f"{row['seeds']} nets"
        lines.append(
            f"| {row['net']} | {row['batch']} | {row['way']}, {nets} | {row['images_per_second']:,.0f} "
            f"| {_digits(row['times_plain'])} | {_digits(100 * row['share'])} % |"
        )
    return "\n".join(lines)


def lacking(rows: Iterable[Row], nets: Iterable[str], batches: Sequence[int]) -> list[str]:
    """What these rows lack of a whole session: the plain loop and the stack, each net and batch."""
    found = {(row["way"], row["net"], row["batch"]) for row in rows}
    wanted = [(way, net, batch) for net in nets for batch in batches for way in ("plain", "stacked")]
    return [f"{way} {net} at batch {batch}" for way, net, batch in wanted if (way, net, batch) not in found]


def _place(row: Row) -> tuple[int, str, int, float]:
    """Small nets before deep ones, large batches before small, fast before slow."""
    return len(row["net"].split("-")), row["net"], -row["batch"], -row["times_plain"]


def _digits(value: float) -> str:
    """Two significant digits below 10, whole numbers above."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"
