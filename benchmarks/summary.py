"""What a session of benchmarks found, and how it is shown."""

from collections.abc import Iterable, Sequence
from typing import TypedDict

_OTHERS = ("dataloader", "plain", "vmap", "autograd", "jax")  # ways that are not ours


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


def in_words(summary: Summary) -> str:
    """The table with the machine that it was measured on, and what the common homework loop would take."""
    sizes = summary["ten_sizes"]
    of_products = f" The ten sizes of claims P take {sizes:.2g} times what their products alone would." if sizes else ""
    slower = times_the_homework_loop(summary)
    loop = (
        f" A network at a time from a DataLoader takes about {_digits(slower)} times as long as our training on the "
        "small net at batch 50."
        if slower
        else ""
    )
    return (
        f"{summary['cpu']}, torch {summary['torch']}; matrix products on one thread: "
        f"{summary['matrix_product_rate']:.1f} GFLOP/s. Ratios are medians over rounds that are paired with the plain "
        f"loop's.{of_products}{loop}\n\n{table(summary)}"
    )


def times_the_homework_loop(summary: Summary) -> float | None:
    """How many times as long a DataLoader's loop takes on the smallest net at batch 50; None where it was not timed."""
    rows = [row for row in summary["rows"] if row["batch"] == 50]
    loop = [row for row in rows if row["way"] == "dataloader"]
    ours = [row for row in rows if loop and row["net"] == loop[0]["net"] and row["way"] not in _OTHERS]
    if not ours:
        return None
    return max(row["times_plain"] for row in ours) / loop[0]["times_plain"]


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
