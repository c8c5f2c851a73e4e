"""The parts of README.md that are generated: what stands between two markers comes from a run."""

import json
import sys
from pathlib import Path

from benchmarks.summary import Summary, table
from publish.cost import in_words
from publish.findings import findings
from publish.reading import read
from publish.verdict_table import verdict_table

README = Path(__file__).parents[1] / "README.md"


def filled(text: str, name: str, content: str) -> str:
    """The text with `content` between its markers `<!-- name -->` and `<!-- /name -->`.

    Raises ValueError where the text lacks one.
    """
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if start not in text or end not in text:
        raise ValueError(f"README.md lacks the marker {start.strip()} or {end}")
    before, rest = text.split(start, 1)
    return f"{before}{start}{content}\n{rest[rest.index(end) :]}"


def benchmarks(summary: Summary) -> str:
    """The benchmark table, with the machine that it was measured on."""
    sizes = (
        f" The ten sizes of claims P together take {summary['ten_sizes']:.2g} times what their products alone would."
    )
    return (
        f"{summary['cpu']}, torch {summary['torch']}; matrix products on one thread: "
        f"{summary['matrix_product_rate']:.1f} GFLOP/s. Ratios are medians over rounds that are paired with the plain "
        f"loop's.{sizes if summary['ten_sizes'] else ''}\n\n{table(summary)}"
    )


def generated(text: str, artifacts: Path) -> str:
    """README.md as it should be, given what lies in the artifacts folder."""
    judged, measured = artifacts / "verdicts.json", artifacts / "benchmarks.json"
    if judged.exists():
        text = filled(text, "findings", findings(read(judged)))
        text = filled(text, "verdicts", verdict_table(json.loads(judged.read_text())))
    if measured.exists():
        text = filled(text, "benchmarks", benchmarks(json.loads(measured.read_text())))
    if judged.exists() and measured.exists():
        text = filled(text, "cost", in_words(read(judged), json.loads(measured.read_text())))
    return text


if __name__ == "__main__":
    README.write_text(generated(README.read_text(), Path(sys.argv[1] if len(sys.argv) > 1 else "artifacts")))
