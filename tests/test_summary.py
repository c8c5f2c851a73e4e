"""Which evidence counts: the strongest for each case; what follows for the claim; what older files say."""

import json
import math

import pytest

from evidence.verdicts import Verdict
from publish.combine import combine
from publish.reading import read, summary
from publish.summary import combined
from publish.tasks import order, task_of
from tests.planted import FAST, FULL, declared, everything, evidence, plant, record, whole


def claim(*verdicts, claims=None):
    [found] = summary(whole(*verdicts, claims=claims)).claims
    return found


def test_full_stands_before_fast_and_mnist_before_digits():
    found = claim(
        record("M4", "inconclusive"),
        record("M4", "refuted", dataset="mnist"),
        record("M4", "holds", tier="full", dataset="mnist"),
        record("M4", "refuted", tier="full", dataset="digits"),
    )
    assert [(each.tier, each.dataset) for each in found.shown] == [("full", "mnist")]
    assert found.verdict is Verdict.HOLDS
    assert [(each.tier, each.dataset) for each in found.others] == [
        ("full", "digits"),
        ("fast", "mnist"),
        ("fast", "digits"),
    ]


@pytest.mark.parametrize(
    ("cases", "verdict"),
    [
        (["holds", "holds"], "holds"),
        (["holds", "refuted"], "refuted"),
        (["inconclusive", "refuted"], "refuted"),
        (["error", "refuted"], "refuted"),
        (["holds", "inconclusive"], "inconclusive"),
        (["holds", "error"], "error"),
        (["holds", "not run"], "inconclusive"),
        (["refuted", "not run"], "refuted"),
        (["not run", "not run"], "not run"),
        ([], "not run"),
    ],
)
def test_a_claim_with_several_cases(cases, verdict):
    assert combined(map(Verdict, cases)) is Verdict(verdict)


def test_missing_evidence_is_not_run_and_never_hides_what_there_is():
    assert claim(claims=[declared("P1")]).verdict is Verdict.NOT_RUN
    found = claim(record("F3", "holds"), record("F3", "not run", tier="full"))
    assert found.verdict is Verdict.HOLDS


def test_a_case_that_is_declared_no_longer_is_left_out():
    found = claim(
        record("F3", "refuted", case="old"), record("F3", "holds", case="new"), claims=[declared("F3", "new")]
    )
    assert found.verdict is Verdict.HOLDS
    assert list(found.strongest) == ["new"]


def test_a_file_of_another_schema_is_refused(tmp_path):
    (tmp_path / "verdicts.json").write_text(json.dumps(everything() | {"schema": 2}))
    with pytest.raises(ValueError, match="of schema 3"):
        read(tmp_path / "verdicts.json")


@pytest.mark.parametrize(
    ("low", "high", "verdict", "region", "margin"),
    [
        (1.0, 3.0, "holds", {"high": 7}, 2),
        (1.0, 3.0, "holds", {"low": 0, "high": 7}, 0.5),
        (1.0, 3.0, "refuted", {"low": 4}, 0.5),
        (1.0, 3.0, "refuted", {"high": 0}, 0.5),
        (1.0, 3.0, "inconclusive", {"high": 2}, 0),
        (1.0, "inf", "refuted", {"high": 0}, 0),
        ("inf", "inf", "refuted", {"high": 0}, 0),
        (2.0, 2.0, "holds", {"high": 7}, math.inf),
    ],
)
def test_the_margin_is_the_way_to_the_border_in_widths_of_the_interval(low, high, verdict, region, margin):
    found = evidence("steps", [1.0, 2.0, 3.0], low, high, verdict, region)
    assert claim(record("F3", verdict, evidence=[found])).margin == margin


def test_claims_stand_in_the_order_of_the_report():
    assert sorted(["B2", "X1", "M10", "M2", "F10", "I4", "F9"], key=order) == [
        "F9",
        "F10",
        "M2",
        "M10",
        "I4",
        "B2",
        "X1",
    ]
    assert task_of("X1").part == "Others"


def test_folders_are_combined_and_the_later_session_wins(tmp_path):
    early = plant(tmp_path / "early", whole(record("F3", "holds"), record("M4", "holds"), claims=[declared("F3")]))
    late = whole(record("F3", "refuted", session=FULL), claims=[declared("F3", statement="said anew"), declared("P1")])
    plant(tmp_path / "late", late)
    for into, others in ((tmp_path / "one", ["early", "late"]), (tmp_path / "two", ["late", "early", "absent"])):
        whole_file = json.loads(combine(into, [tmp_path / other for other in others]).read_text())
        found = {each["id"]: (each["found"], each["session"]) for each in whole_file["verdicts"]}
        assert found == {"F3": ("refuted", FULL), "M4": ("holds", FAST)}
        assert {each["id"]: each["statement"] for each in whole_file["claims"]} == {
            "F3": "said anew",
            "P1": "planted P1",
        }
        assert (into / "figures/fast-digits/planted.svg").exists()
    assert json.loads(combine(early, []).read_text())["verdicts"][0]["found"] == "holds"
