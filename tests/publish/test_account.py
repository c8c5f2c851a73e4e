"""What is said around a claim's evidence: reasons with their numbers, registrations, the error of all verdicts."""

import pytest

from ontrial.publish import account, origins, panels
from tests.publish.planted import ALPHA, evidence, record, summary, whole

KEY = ("planted", "F3", "", "fast", "digits")


def claim(*verdicts):
    [found] = summary(whole(*verdicts)).claims
    return found


def why(found, whys, **more):
    return account.why(claim(record("F3", found, **more)).shown[0], whys)


def test_a_reason_is_what_is_known_of_this_case_tier_and_dataset():
    assert why("refuted", {KEY: "it is so."}, known="refuted") == "it is so."
    assert why("refuted", {KEY: "it is so."}, known="inconclusive") == "Known as inconclusive: it is so."
    assert why("refuted", {(*KEY[:3], "full", "digits"): "elsewhere"}) == "Not looked into yet."
    assert why("inconclusive", {}).startswith("The interval reaches across the border")
    assert why("holds", {}) == ""
    assert why("error", {KEY: "it is so."}, problem="ZeroDivisionError") == "ZeroDivisionError"


def test_a_reason_stands_once_for_the_cases_that_share_it_with_the_numbers_of_each():
    cases = ("deep", "shallow")
    found = claim(*(record("F3", "refuted", case=case) for case in cases), record("F3", "holds", case="x"))
    [reason] = account.reasons(found, {})
    assert reason.cases == "deep, shallow"
    assert reason.numbers == tuple(f"{case}, steps: 4.5 (1 to 8), n = 8; it holds if ≥ 20" for case in cases)


@pytest.mark.parametrize(
    ("needed", "words"),
    [(1234, "about 1,234 seeds (80 % power)"), ("at the border", "more seeds would hardly decide it"), (None, "")],
)
def test_what_an_undecided_claim_would_take(needed, words):
    said = account.would_take(claim(record("F3", "inconclusive", seeds_needed=needed)).shown[0])
    assert words in said
    assert bool(said) == bool(words)
    assert account.would_take(claim(record("F3", "holds", seeds_needed=needed)).shown[0]) == ""


def test_what_a_later_session_found_otherwise_stands_beside_the_verdict():
    last = {"found": "inconclusive", "n": 16, "problem": "", "session": "2026-03-04T10:00:00+00:00"}
    sessions = {last["session"]: {"commit": "cccccccccccc"}}
    found = claim(
        record("F3", "refuted", case="a", tier="full", last=last),
        record("F3", "holds", case="b", tier="full", planned=False),
    )
    assert account.last_sessions(found, sessions) == [
        "The last session (4 Mar 2026, commit cccccccccccc) found otherwise for a: inconclusive, n = 16.",
        "Judged for b at a number of seeds that was not planned (--seeds).",
    ]
    assert account.last_sessions(claim(record("F3", "holds")), {}) == []


def test_of_no_seed_at_all_nothing_is_called_too_close():
    nobody = evidence("x", [1.0], "-inf", "inf", "inconclusive", {"high": 1})
    nobody |= {"values": [], "n": 0, "left_out": 32, "estimate": "nan"}
    [reason] = account.reasons(claim(record("F3", "inconclusive", evidence=[nobody], seeds_needed="at the border")), {})
    assert reason.why == "No seed meets the condition, so that nothing is known of those that would."


def test_seeds_are_told_with_those_that_are_left_out():
    def seeds(values, **more):
        found = evidence("x", values, 0, 1, "holds", {"high": 2}, **more)
        return panels.seeds(claim(record("F3", "holds", evidence=[found])).shown[0].evidence[0].interval)

    assert seeds([1.0] * 214, left_out=106) == "n = 214 of 320 seeds"
    assert seeds([1.0] * 24) == "n = 24"
    assert seeds([1.0, 0.0, 1.0], statistic="share") == "2 of 3 seeds"
    assert seeds([1.0, 0.0, 1.0], statistic="share", left_out=1) == "2 of 3 seeds, 1 left out"
    assert seeds([3.0], statistic="count", alpha=0.0) == ""


def test_the_error_of_all_verdicts_together_is_that_of_their_sides_under_a_lock():
    two_borders = evidence("x", [1.0], 0, 1, "holds", {"low": -1, "high": 2})
    halved = evidence("x", [1.0], 0, 1, "holds", {"high": 2}, alpha=ALPHA / 2)
    count = evidence("x", [1.0], 1, 1, "holds", {"high": 2}, alpha=0.0, statistic="count")
    verdicts = [
        record("F1", "holds", tier="full", evidence=[two_borders, halved, count]),
        record("F2", "holds", tier="full", registration=0),
        record("F3", "holds"),
    ]
    sides, error = account.sides(summary(whole(*verdicts)).claims)
    assert (sides, error) == (3, pytest.approx(2.5 * ALPHA))


def test_a_date_that_is_none_stays_as_it_is():
    assert account.day("2026-03-01") == account.day("2026-03-01T10:00:00+00:00") == "1 Mar 2026"
    assert account.day("long ago") == "long ago"


def test_settings_are_a_table_of_what_most_of_them_have():
    common = {"name": "deep", "widths": [784, 20, 10], "parameters": 15_910, "seconds": 3.0}
    found = claim(record("F3", "holds", settings=[common, common | {"name": "odd", "labels": "random"}, common]))
    table = origins.settings(found)
    assert table.columns == ("name", "widths", "parameters", "else")
    assert table.rows == (("deep", "784-20-10", "15,910", "–"), ("odd", "784-20-10", "15,910", "labels random"))


def test_our_numbers_stand_beside_the_report_s_where_they_differ():
    near = {"of": "loss", "reported": 1.0, "n": 8, "median": 1.1, "low": 0.9, "high": 1.3}
    far = near | {"of": "accuracy", "reported": 2.0}
    found = claim(record("F3", "holds", tier="full", reported=[near, far]))
    assert [each.of for each in account.differing(found)] == ["accuracy"]
    assert account.beside_report(found) == "Of 2 numbers of the report, 1 lies outside the range of all our seeds:"
    assert account.compared(claim(record("F3", "holds", reported=[near, far]))) == [], "a miniature has other numbers"
