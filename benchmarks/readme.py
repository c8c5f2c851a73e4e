"""The benchmark table in docs/benchmarks.md, from what the last whole session of benchmarks left.

`python -m benchmarks.readme` fills it.
"""

import json
from pathlib import Path

from benchmarks.summary import Summary, in_words
from ontrial.files import write_if_changed
from ontrial.publish.documents import filled

ROOT = Path(__file__).parents[1]
DOCUMENT, MEASURED = ROOT / "docs" / "benchmarks.md", ROOT / "artifacts" / "benchmarks.json"


def generated(text: str, summary: Summary) -> str:
    """The document as it should be. Raises ValueError where it lacks a marker."""
    return filled(text, "benchmarks", in_words(summary))


def main() -> None:
    """The command line."""
    summary = json.loads(MEASURED.read_text(encoding="utf-8"))
    write_if_changed(DOCUMENT, generated(DOCUMENT.read_text(encoding="utf-8"), summary).encode())


if __name__ == "__main__":
    main()
