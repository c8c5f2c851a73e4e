"""The report's numbers beside ours: which are compared, and when they differ."""

import json
import math

import pytest

from evidence.comparisons import beside_report
from evidence.trial import Sentence, Trial
from evidence.verdicts import Verdict
from publish import outcome, panels
from publish.reading import summary
from tests.planted import record, whole


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


def judged(tier, dataset, *reported):
    """A claim that was judged so, read back from what a session writes."""
    trial = Trial(Sentence("M6", "planted", "tests"), "", 0.99, reported=reported)
    trial.holds_if(trial.median(range(8), "steps") < 300)
    written = outcome.as_json(outcome.Record(trial, tier, dataset, Verdict.HOLDS, None, (), 1.0))
    [claim] = summary(json.loads(json.dumps(whole(record("M6", "holds") | written)))).claims
    return claim


def test_a_full_tier_says_which_numbers_of_the_report_differ():
    near, far = beside_report("accuracy of", {"near": 0.5, "far": 0.9}, {"near": [0.4, 0.6], "far": [0.4, 0.6]})
    assert panels.differing(judged("full", "mnist", near, far)) == [far]
    assert panels.beside_report(judged("full", "mnist", near, far)).startswith("Of 2 numbers of the report, 1 lies")
    assert panels.beside_report(judged("full", "mnist", near)).endswith("lies within the range of our seeds.")
    assert panels.compared(judged("full", "mnist")) == []


@pytest.mark.parametrize(("tier", "dataset"), [("fast", "mnist"), ("fast", "functions"), ("full", "digits")])
def test_miniatures_are_not_compared_with_the_report(tier, dataset):
    far = beside_report("accuracy of", {"far": 0.9}, {"far": [0.4, 0.6]})
    assert panels.compared(judged(tier, dataset, *far)) == []
