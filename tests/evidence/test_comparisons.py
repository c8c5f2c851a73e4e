"""The report's numbers beside ours, and put to the same test."""

import math

import pytest

from ontrial.evidence.comparisons import beside_report, own_verdict
from ontrial.evidence.intervals import exactly, median_interval


@pytest.mark.parametrize(
    ("reported", "differs"), [(1.0, False), (2.0, False), (4.0, False), (0.99, True), (4.01, True)]
)
def test_a_number_differs_where_it_lies_outside_the_range_of_all_seeds(reported, differs):
    [found] = beside_report("loss at epoch", {100: reported}, {100: [4.0, 1.0, 2.0, 3.0]})
    assert (found.of, found.n, found.median, found.low, found.high) == ("loss at epoch 100", 4, 2.5, 1.0, 4.0)
    assert found.differs is differs


def test_only_what_both_have_is_compared_in_the_order_of_the_report():
    found = beside_report("accuracy at size", {8_280: 0.5, 1_645: 0.2, 99: 0.1}, {1_645: [0.3], 8_280: [0.4], 5: [1.0]})
    assert [each.of for each in found] == ["accuracy at size 8,280", "accuracy at size 1,645"]


def test_never_is_a_value_like_any_other():
    [found] = beside_report("steps on", {"cos": 1300}, {"cos": [math.inf, 1000.0, math.inf, math.inf]})
    assert (found.median, found.high, found.differs) == (math.inf, math.inf, False)


def test_a_value_that_is_not_a_number_is_no_part_of_a_range():
    with pytest.raises(ValueError, match=r"loss at epoch 9: not a number for seeds \[1\]"):
        beside_report("loss at epoch", {9: 1.0}, {9: [1.0, math.nan]})


CONDITIONS = (
    median_interval([], "plateau", 1 / 4000).within(0.945, 0.965),
    median_interval([], "gap", 1 / 4000) > 0,
    median_interval([], "final / first training loss", 1 / 4000) < 1,
)


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ((), "not given"),
        ((None,), "not given"),
        ((None, 0.1), "not given"),
        ((0.95,), "yes"),
        ((0.95, 0.1), "yes"),
        ((0.945, 0.1, 0.5), "yes"),
        ((0.95, None), "not given"),
        ((0.969,), "no"),
        ((0.969, None), "no"),
        ((None, 0.0), "no"),
        ((0.95, -1), "no"),
    ],
)
def test_the_reports_own_numbers_are_put_to_the_same_test(numbers, verdict):
    assert own_verdict(CONDITIONS, numbers) == verdict


def test_ours_have_no_part_in_the_verdict_of_the_reports_own():
    assert own_verdict([exactly(3, "spikes").within(2, 4)], [5]) == "no"
    assert own_verdict([exactly(5, "spikes").within(2, 4)], [3]) == "yes"


def test_there_are_no_more_numbers_than_conditions_and_all_are_numbers():
    with pytest.raises(ValueError, match="4 numbers of the report for 3 conditions"):
        own_verdict(CONDITIONS, (0.95, 1, 0.5, 1))
    with pytest.raises(ValueError, match="are numbers, not"):
        own_verdict(CONDITIONS, (math.nan,))
