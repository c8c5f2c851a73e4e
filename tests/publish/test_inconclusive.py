"""What is still open, and what it would take."""

import pytest

from ontrial.publish.reading import summary
from ontrial.publish.readme import inconclusive
from tests.publish.planted import declared, evidence, record, whole


def said(*verdicts, **more):
    return inconclusive(summary(whole(*verdicts, **more))).splitlines()


def full(name, found, **more):
    return record(name, found, tier="full", **more)


@pytest.mark.parametrize(
    ("needed", "words"), [(1234, "about 1,226 more seeds"), ("at the border", "at the border"), (None, "")]
)
def test_an_open_condition_says_what_it_would_take(needed, words):
    sure = evidence("sure", [1.0, 2.0], 1.0, 2.0, "holds", {"high": 9})
    open_ = evidence("| steps", [1.0] * 8, 1.0, 9.0, "inconclusive", {"high": 3, "high_included": False}, left_out=4)
    lines = said(full("M2", "inconclusive", case="deep", evidence=[sure, open_], seeds_needed=needed))
    row = rf"| M2 | planted M2 | deep: \| steps: 1 (1 to 9), n = 8 of 12 seeds | &lt; 3 | {words} |"
    assert lines[2:] == [row]


def test_a_condition_that_speaks_of_no_seed_is_not_called_at_the_border():
    nobody = evidence("of those that converged", [1.0], "-inf", "inf", "inconclusive", {"high": 1})
    nobody |= {"values": [], "n": 0, "left_out": 32, "estimate": "nan"}
    for needed in ("no seed meets the condition", "at the border"):  # which older records say
        [row] = said(full("M2", "inconclusive", evidence=[nobody], seeds_needed=needed))[2:]
        assert row.endswith("| no seed meets the condition |")
        assert "border" not in row


def test_open_cases_of_claims_that_are_refuted_are_named_and_fast_is_left_out():
    cases = [full("M2", "inconclusive", case="a"), full("M2", "refuted", case="b")]
    lines = said(*cases, record("F1", "inconclusive"), full("F2", "holds"), claims=[declared("M2", "a", "b")])
    assert lines == [
        "Nothing is inconclusive.",
        "",
        "Open as well, but their claims are refuted by another case: M2 a.",
    ]
