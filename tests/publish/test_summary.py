"""Which results count: the strongest for each case; what follows for the claim; how folders are read together."""

import json

import pytest

from ontrial.publish.summary import read
from ontrial.stats.verdicts import Verdict
from tests.publish.planted import declared, evidence, locked, plant, record, report, summary, whole

LATER = "2026-03-05T10:00:00+00:00"


def claim(*verdicts, claims=None):
    [found] = summary(whole(*verdicts, claims=claims)).claims
    return found


def test_full_comes_before_fast_and_of_two_datasets_the_one_judged_last():
    found = claim(
        record("M4", "inconclusive"),
        record("M4", "refuted", dataset="mnist", session=LATER),
        record("M4", "holds", tier="full", dataset="mnist"),
    )
    assert [(each.tier, each.dataset) for each in found.shown] == [("full", "mnist")]
    assert found.verdict is Verdict.HOLDS
    assert [(each.tier, each.dataset) for each in found.others] == [("fast", "mnist"), ("fast", "digits")]


def test_only_the_registration_in_force_counts_and_those_before_are_kept_apart():
    first = record("M4", "refuted", tier="full", registration=0)
    second = record("M4", "holds", tier="full", registration=1)
    found = claim(first, second, record("M4", "inconclusive"))
    assert (found.verdict, found.before) == (Verdict.HOLDS, {0: (Verdict.REFUTED, "8")})
    in_force = declared("M4", registered=locked(2))
    found = claim(first, second, claims=[in_force])
    assert (found.verdict, list(found.before)) == (Verdict.NOT_RUN, [1, 0])
    assert claim(first, record("M4", "inconclusive"), claims=[in_force]).verdict is Verdict.INCONCLUSIVE
    assert claim(first).verdict is Verdict.REFUTED, "before anything is locked it is what there is"


def test_n_is_that_of_the_condition_that_took_most_seeds():
    steps = evidence("steps", [1.0, 2.0], 1.0, 2.0, "holds", {"high": 7})
    loss = evidence("loss", [1.0, 2.0, 3.0], 1.0, 2.0, "holds", {"high": 7})
    count = evidence("layers", [3.0], 3.0, 3.0, "holds", {"high": 3}, statistic="count", alpha=0.0)
    assert claim(record("F1", "holds", evidence=[steps, loss, count])).n == 3
    assert claim(record("F1", "holds", evidence=[count])).n is None


OWN = {
    "yes no": "no", "yes yes": "yes", "yes -": "not given", "- no": "no", "? no": "no", "yes ?": "cannot be read",
    "-": "not given",
}  # fmt: skip


@pytest.mark.parametrize(("cases", "word"), OWN.items())
def test_the_report_s_own_numbers_of_all_cases_together(cases, word):
    words = [{"-": "not given", "?": "cannot be read"}.get(each, each) for each in cases.split()]
    verdicts = [record("F1", "holds", case=str(place), by_its_own_numbers=own) for place, own in enumerate(words)]
    assert claim(*verdicts).by_its_own_numbers == word


CASES = {
    "holds, holds": "holds", "holds, refuted": "refuted", "inconclusive, refuted": "refuted",
    "error, refuted": "refuted", "holds, inconclusive": "inconclusive", "holds, error": "error",
    "holds, not run": "inconclusive", "refuted, not run": "refuted", "not run, not run": "not run",
}  # fmt: skip


@pytest.mark.parametrize(("cases", "verdict"), CASES.items())
def test_a_claim_with_several_cases(cases, verdict):
    verdicts = [record("F1", found, case=str(place)) for place, found in enumerate(cases.split(", "))]
    assert claim(*verdicts, claims=[declared("F1", "0", "1")]).verdict == verdict


def test_missing_results_are_not_run_and_never_hide_what_there_is():
    assert claim(claims=[declared("P1")]).verdict is Verdict.NOT_RUN
    assert claim(record("F3", "holds"), record("F3", "not run", tier="full")).verdict is Verdict.HOLDS


def test_a_case_that_is_declared_no_longer_is_left_out():
    old, new = record("F3", "refuted", case="old"), record("F3", "holds", case="new")
    found = claim(old, new, claims=[declared("F3", "new")])
    assert (found.verdict, list(found.strongest)) == (Verdict.HOLDS, ["new"])


@pytest.mark.parametrize(("content", "reason"), [(whole() | {"schema": 3}, "of schema 3, not 4"), ([], "damaged")])
def test_a_file_that_is_no_record_is_refused(tmp_path, content, reason):
    (tmp_path / "verdicts.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read(tmp_path)


def test_a_folder_is_read_with_another_beside_it(tmp_path):
    full = record("F3", "holds", tier="full")
    plant(tmp_path / "full", whole(full, claims=[declared("F3", statement="as it was"), declared("P1")]))
    plant(tmp_path / "fast", whole(record("F3", "refuted"), claims=[declared("F3", statement="as it is")]))
    found = {each.id: each for each in read(tmp_path / "fast", tmp_path / "full").claims}
    assert set(found) == {"F3", "P1"}
    assert (found["F3"].statement, found["F3"].verdict) == ("as it is", Verdict.HOLDS)
    assert [each.tier for each in found["F3"].others] == ["fast"]
    assert len(read(tmp_path / "fast", tmp_path / "nowhere").claims) == 1


def test_the_margin_is_that_of_the_condition_and_case_that_decide():
    near, far = (evidence("x", [1.0, 2.0, 3.0], 1.0, 3.0, "holds", {"high": high}) for high in (4, 9))
    beside = evidence("x", [1.0, 2.0, 3.0], 1.0, 3.0, "refuted", {"low": 5})
    assert (
        claim(record("F3", "holds", evidence=[far, near]), record("F3", "holds", case="b", evidence=[far])).margin
        == 0.5
    )
    assert (
        claim(record("F3", "holds", evidence=[near]), record("F3", "refuted", case="b", evidence=[near, beside])).margin
        == 1
    )
    assert claim(record("F3", "inconclusive")).margin == 0


def test_a_claim_s_task_is_that_of_its_letters_in_its_own_report():
    second = report("second", "Another", tasks=[])
    found = summary(whole(record("M4", "holds"), record("M4", "holds", report="second"), reports=[report(), second]))
    assert [(each.report, each.task.part) for each in found.claims] == [("planted", "Part 2"), ("second", "Claims")]
    assert [found.anchor(each) for each in found.claims] == ["planted-M4", "second-M4"]
    assert claim(record("MX4", "holds")).task.part == "Claims", "whose letters begin with those of a task"
