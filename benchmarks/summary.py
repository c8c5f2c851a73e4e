"""What a session of benchmarks found, and how it is shown."""

from collections.abc import Iterable, Sequence
from typing import NotRequired, TypedDict

from benchmarks.tasks import LARGEST_NET

_OTHERS = ("dataloader", "plain", "vmap", "jax", "jax uint8")  # ways that are not ours


class Row(TypedDict):
    """One way to train one net on a core.

    batch: images a network and step; seeds: networks trained at once; images_per_second: of all networks together;
    times_plain, times_ours: how many times the rate of the plain loop and of our engine that is; share: of the
    matrix-product rate, as if no pixel was 0. All of them are medians over rounds.
    """

    way: str
    net: str
    batch: int
    seeds: int
    images_per_second: float
    times_plain: float
    times_ours: float
    share: float


class DeviceRow(TypedDict):
    """One way to train one net on a GPU.

    seeds: networks of a stack; streams: stacks side by side; microseconds: a step of one network; in_blocks: share of
    the time in which the first stack's blocks of steps, each one graph where they are captured, are on the device.
    """

    way: str
    net: str
    batch: int
    seeds: int
    streams: int
    microseconds: float
    in_blocks: float


class Summary(TypedDict):
    """All rows of a session, and what they ran on.

    matrix_product_rate: GFLOP/s on one thread; ten_sizes: how many times their matrix products, as if no pixel was 0,
    the ten sizes of claims P take together; device and device_rows: where there is a GPU.
    """

    cpu: str
    torch: str
    matrix_product_rate: float
    rows: list[Row]
    ten_sizes: float | None
    device: NotRequired[str | None]
    device_rows: NotRequired[list[DeviceRow]]


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
        f"loop's and ours.{of_products}{_largest(summary)}{loop}\n\n{table(summary)}"
        f"{device_table(summary.get('device'), summary.get('device_rows', []))}"
    )


def _largest(summary: Summary) -> str:
    """What the largest net reaches of the products that it was to reach."""
    rows = [row for row in summary["rows"] if row["way"] == "ours" and row["net"] == LARGEST_NET]
    if not rows:
        return ""
    return f" The largest of them reaches {100 * rows[-1]['share']:.0f} % of the matrix-product rate; the aim is 80 %."


def times_the_homework_loop(summary: Summary) -> float | None:
    """How many times as long a DataLoader's loop takes on the smallest net at batch 50; None where it was not timed."""
    rows = [row for row in summary["rows"] if row["batch"] == 50]
    loop = [row for row in rows if row["way"] == "dataloader"]
    if loop and "times_ours" in loop[0]:
        return 1 / loop[0]["times_ours"]
    ours = [row for row in rows if loop and row["net"] == loop[0]["net"] and row["way"] not in _OTHERS]
    if not ours:
        return None
    return max(row["times_plain"] for row in ours) / loop[0]["times_plain"]


def table(summary: Summary) -> str:
    """The rows as a Markdown table, fastest way first within each net and batch."""
    lines = [
        "| net | batch | way | images a second | µs a step | times the plain loop | times ours | share of products |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for row in sorted(summary["rows"], key=_place):
        nets = "1 net" if row["seeds"] == 1 else f"{row['seeds']} nets"
        ours = _digits(row["times_ours"]) if "times_ours" in row else ""
        step = _digits(1e6 * row["batch"] / row["images_per_second"])  # of one network
        lines.append(
            f"| {row['net']} | {row['batch']} | {row['way']}, {nets} | {row['images_per_second']:,.0f} | {step} "
            f"| {_digits(row['times_plain'])} | {ours} | {_digits(100 * row['share'])} % |"
        )
    return "\n".join(lines)


def device_table(device: str | None, rows: Sequence[DeviceRow]) -> str:
    """The rows of a GPU as a Markdown table under its name; nothing where there was none."""
    if not rows:
        return ""
    lines = [
        f"\n\nOn one {device}:\n",
        "| net | batch | way | networks | streams | µs a network-step | share of the time in blocks of steps |",
        "|---|--:|---|--:|--:|--:|--:|",
    ]
    for row in rows:
        counts = f"{row['net']} | {row['batch']} | {row['way']} | {row['seeds']} | {row['streams']}"
        lines.append(f"| {counts} | {_digits(row['microseconds'])} | {_digits(100 * row['in_blocks'])} % |")
    return "\n".join(lines)


def lacking(rows: Iterable[Row], cases: Iterable[tuple[str, int]]) -> list[str]:
    """What these rows lack of a whole session: the plain loop and ours, each net and batch."""
    found = {(row["way"], row["net"], row["batch"]) for row in rows}
    wanted = [(way, net, batch) for net, batch in cases for way in ("plain", "ours")]
    return [f"{way} {net} at batch {batch}" for way, net, batch in wanted if (way, net, batch) not in found]


def _place(row: Row) -> tuple[int, str, int, float]:
    """Small nets before deep ones, large batches before small, fast before slow."""
    return len(row["net"].split("-")), row["net"], -row["batch"], -row.get("times_ours", row["times_plain"])


def _digits(value: float) -> str:
    """Two significant digits below 10, whole numbers above."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"
