"""The benchmark table: its document is not stale, and says what the last whole session measured."""

import json

import pytest

from benchmarks import readme
from benchmarks.summary import in_words, times_the_homework_loop

ROW = {"seeds": 1, "images_per_second": 17_920, "share": 0.11}
ROWS = [
    ROW | {"way": way, "net": net, "batch": batch, "times_plain": times}
    for way, net, batch, times in [
        ("ours", "784-30-10", 50, 4.0),
        ("ours", "784-30-10", 5, 99.0),
        ("ours", "784-20-10-10", 50, 77.0),
        ("jax", "784-30-10", 50, 50.0),
        ("plain", "784-30-10", 50, 1.0),
        ("dataloader", "784-30-10", 50, 0.5),
    ]
]
SUMMARY = {"cpu": "planted cores", "torch": "2", "matrix_product_rate": 15.3, "rows": ROWS, "ten_sizes": None}


def test_the_document_is_not_stale():
    text = readme.DOCUMENT.read_text(encoding="utf-8")
    measured = json.loads(readme.MEASURED.read_text(encoding="utf-8"))
    assert text == readme.generated(text, measured), "run: python -m benchmarks.readme"


def test_the_homework_loop_is_compared_on_its_own_net_and_batch():
    assert times_the_homework_loop(SUMMARY) == 8
    assert "about 8.0 times as long as our training" in in_words(SUMMARY)
    without = SUMMARY | {"rows": [row for row in ROWS if row["way"] != "dataloader"], "ten_sizes": 1.5}
    assert times_the_homework_loop(without) is None
    assert "take 1.5 times what their products alone would" in in_words(without)


def test_a_document_without_its_marker_is_an_error():
    with pytest.raises(ValueError, match="is missing"):
        readme.generated("nothing", SUMMARY)
