"""The tables of docs/benchmarks.md, from what pytest-benchmark recorded: `python -m benchmarks.table` fills them in."""

import json
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from ontrial.publish.documents import filled

ROOT = Path(__file__).parents[1]
DOCUMENT, MEASURED = ROOT / "docs" / "benchmarks.md", ROOT / "artifacts" / "benchmarks.json"
TOY_MODEL = MEASURED.with_name("benchmarks-toy-model.json")

_CPU = """\
| net | batch | way | images a second | µs a step | times the plain loop | times ours | share of products |
|---|--:|---|--:|--:|--:|--:|--:|
"""
_GPU = """\
| net | batch | way | networks | streams | µs a network-step | share of the time in blocks of steps |
|---|--:|---|--:|--:|--:|--:|
"""
_TOY_MODEL = """\
| features | hidden | networks at once | µs a network-step | µs of the plain loop | times the plain loop |
|--:|--:|--:|--:|--:|--:|
"""


def in_words(measured: dict[str, Any]) -> str:
    """The tables with the machine that they were measured on, and what the homework loop would take."""
    machine, found = measured["machine_info"], [each["extra_info"] for each in measured["benchmarks"]]
    rows, on_gpu = [each for each in found if "share" in each], [each for each in found if "streams" in each]
    ours = {each["net"]: each for each in rows if (each["way"], each["batch"]) == ("ours", 50)}
    largest = max(ours.values(), key=lambda each: operations_an_image(each["net"]))
    said = [
        f"{machine['cpu']}, torch {machine['torch']}; matrix products on one thread: "
        f"{median(each['gflops'] for each in rows):.1f} GFLOP/s. Ratios are medians over rounds that are paired with "
        "the plain loop's and ours.",
        f"The sizes of claims P take {times_products(ours.values()):.2g} times what their products alone would. The "
        f"largest of them reaches {100 * largest['share']:.0f} % of the matrix-product rate; the aim is 80 %.",
        *(
            f"A network at a time from a DataLoader takes about {_digits(1 / each['times_ours'])} times as long as our "
            "training on the small net at batch 50."
            for each in rows
            if each["way"] == "dataloader"
        ),
    ]
    gpu = f"\n\nOn one {machine['device']}:\n\n{_GPU}{_lines(on_gpu, _on_gpu)}" if on_gpu else ""
    return f"{' '.join(said)}\n\n{_CPU}{_lines(sorted(rows, key=_place), _on_core)}{gpu}"


def toy_model_in_words(measured: dict[str, Any]) -> str:
    """The table of the toy model, with the machine that it was measured on."""
    rows = [each["extra_info"] for each in measured["benchmarks"]]
    counts, numbers = ("features", "hidden", "networks"), ("microseconds", "plain_microseconds", "times_plain")
    cells = [[*(str(row[name]) for name in counts), *(_digits(row[name]) for name in numbers)] for row in rows]
    lines = [f"| {' | '.join(each)} |" for each in cells]
    machine = measured["machine_info"]
    return f"{machine['cpu']}, torch {machine['torch']}, one thread.\n\n{_TOY_MODEL}" + "\n".join(lines)


def times_products(rows: Iterable[dict[str, Any]]) -> float:
    """How many times their matrix products these nets take together, on equally many images, as if no pixel was 0."""
    found = [(operations_an_image(each["net"]), each["share"]) for each in rows]
    return sum(count / share for count, share in found) / sum(count for count, _ in found)


def operations_an_image(net: str) -> int:
    """Multiplications and additions of one image's forward and backward pass, without its update.

    2 per weight forwards and 4 backwards, less the gradient of the first layer's inputs; as if no pixel was 0.
    """
    widths = [int(width) for width in net.split("-")]
    return 6 * sum(fan_in * fan_out for fan_in, fan_out in pairwise(widths)) - 2 * widths[0] * widths[1]


def _place(row: dict[str, Any]) -> tuple[int, str, int, float]:
    """Small nets before deep ones, large batches before small, fast before slow."""
    return len(row["net"].split("-")), row["net"], -row["batch"], -row["times_ours"]


def _on_core(row: dict[str, Any]) -> list[str]:
    nets = "1 net" if row["seeds"] == 1 else f"{row['seeds']} nets"
    step = 1e6 * row["batch"] / row["images_per_second"]  # of one network
    numbers = map(_digits, (step, row["times_plain"], row["times_ours"], 100 * row["share"]))
    return [f"{row['way']}, {nets}", f"{row['images_per_second']:,.0f}", *numbers]


def _on_gpu(row: dict[str, Any]) -> list[str]:
    return [
        row["way"],
        *map(str, (row["seeds"], row["streams"])),
        *map(_digits, (row["microseconds"], 100 * row["in_blocks"])),
    ]


def _lines(rows: Iterable[dict[str, Any]], cells: Callable[[dict[str, Any]], list[str]]) -> str:
    return "\n".join(f"| {' | '.join([row['net'], str(row['batch']), *cells(row)])} % |" for row in rows)


def _digits(value: float) -> str:
    """Two significant digits below 10, whole numbers above."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def document() -> str:
    """docs/benchmarks.md as it should be."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for marker, path, words in (("benchmarks", MEASURED, in_words), ("toy model", TOY_MODEL, toy_model_in_words)):
        text = filled(text, marker, words(json.loads(path.read_text(encoding="utf-8"))))
    return text


def main() -> None:
    """The command line."""
    DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
