"""The report's numbers beside ours, and put to the same test."""

import math

import numpy as np
import pytest

from ontrial.stats.comparisons import Read, beside_report, own_verdict
from ontrial.stats.verdicts import exactly, median_interval


def test_a_number_differs_where_it_lies_outside_the_range_of_all_seeds():
    for reported, differs in ((1.0, False), (2.0, False), (4.0, False), (0.99, True), (4.01, True)):
        [found] = beside_report("loss at epoch", {100: reported}, {100: [4.0, 1.0, 2.0, 3.0]})
        assert (found.of, found.n, found.median, found.low, found.high) == ("loss at epoch 100", 4, 2.5, 1.0, 4.0)
        assert found.differs is differs
    assert beside_report("loss at", {1: 0.0}, {1: [1.0, 9.0, 2.0]})[0].median == 2.0
    [found] = beside_report("steps on", {"cos": 1300}, {"cos": [math.inf, 1000.0, math.inf, math.inf]})
    assert (found.median, found.high, found.differs) == (math.inf, math.inf, False)


def test_only_what_both_have_is_compared_in_the_order_of_the_report():
    found = beside_report("accuracy at size", {8_280: 0.5, 1_645: 0.2, 99: 0.1}, {1_645: [0.3], 8_280: [0.4], 5: [1.0]})
    assert [each.of for each in found] == ["accuracy at size 8,280", "accuracy at size 1,645"]
    with pytest.raises(ValueError, match=r"loss at epoch 9: not a number for seeds \[1\]"):
        beside_report("loss at epoch", {9: 1.0}, {9: [1.0, math.nan]})


CONDITIONS = (
    median_interval([], "test accuracy, mean of 10 epochs", 1 / 4000).within(0.945, 0.965),
    median_interval([], "train − test (images per 10,000), at the end", 1 / 4000) > 0,
    median_interval([], "final / first training loss", 1 / 4000) < 1,
)
ACCURACY, IMAGES, LOSS = "test accuracy", "images per 10,000", "training loss"


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ({}, "not given"),
        ({ACCURACY: None}, "not given"),
        ({ACCURACY: ()}, "not given"),
        ({ACCURACY: None, IMAGES: 0.1}, "not given"),
        ({ACCURACY: 0.95}, "yes"),
        ({ACCURACY: np.array([0.95])}, "yes"),
        ({IMAGES: 3, ACCURACY: 0.95}, "yes"),
        ({ACCURACY: 0.945, IMAGES: 0.1, LOSS: 0.5}, "yes"),
        ({ACCURACY: 0.95, IMAGES: None}, "not given"),
        ({ACCURACY: 0.969}, "no"),
        ({ACCURACY: 0.969, IMAGES: None}, "no"),
        ({ACCURACY: None, IMAGES: 0.0}, "no"),
        ({ACCURACY: 0.95, IMAGES: -1}, "no"),
        ({ACCURACY: Read(0.946, 0.0005)}, "yes"),
        ({ACCURACY: Read(0.945, 0.0005)}, "cannot be read"),
        ({ACCURACY: Read(0.967, 0.0015)}, "no"),
        ({IMAGES: Read(0.956 - 0.955, 0.001)}, "cannot be read"),  # the last bit of a difference decides nothing
        ({IMAGES: [Read(0.038 - 0.036, 0.002)]}, "cannot be read"),
        ({ACCURACY: 0.969, IMAGES: Read(0.0, 1.0)}, "no"),
        ({ACCURACY: None, IMAGES: Read(3.0, 1.0)}, "not given"),
    ],
)
def test_the_reports_own_numbers_are_put_to_the_same_test(numbers, verdict):
    assert own_verdict(CONDITIONS, numbers) == verdict


def test_ours_have_no_part_in_the_verdict_of_the_reports_own():
    assert own_verdict([exactly(3, "spikes").within(2, 4)], {"spikes": 5}) == "no"
    assert own_verdict([exactly(5, "spikes").within(2, 4)], {"spikes": 3}) == "yes"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0.95,), "name the unit of each"),
        ({"%": 95}, "1 in '%', for 0 conditions in it: test accuracy, mean"),
        ({"": 95}, "for 0 conditions"),
        ({"train − test": 0.02}, "does not name the unit of train − test \\(images per 10,000\\)"),
        ({ACCURACY: (0.95, 1)}, "2 in 'test accuracy', for 1 conditions"),
        ({ACCURACY: math.nan}, "are numbers, not"),
    ],
)
def test_every_own_number_names_the_unit_of_the_condition_that_it_is_compared_with(numbers, message):
    with pytest.raises((TypeError, ValueError), match=message):
        own_verdict(CONDITIONS, numbers)
