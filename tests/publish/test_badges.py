"""Badges: one a claim, a part and the whole; word and colour from the verdict; the same bytes every time."""

import xml.etree.ElementTree as ElementTree

import pytest

from ontrial.publish import badges
from ontrial.publish.templates import tally
from ontrial.stats.verdicts import Verdict
from tests.publish.planted import everything, record, report, summary, whole


def texts(svg):
    return [part.text for part in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def made():
    return badges.badges(summary(everything()))


def test_there_is_a_badge_a_claim_a_part_and_one_for_the_whole(made):
    names = {"claims", "part-1", "part-2", "part-3", "F1", "F2", "F4", "M2", "M5", "M10", "I1", "P1", "P2"}
    assert set(made) == {f"{name}.svg" for name in names}
    counted = "3 hold · 1 refuted · 2 undecided · 2 not run · 1 error"
    assert tally(summary(everything()).claims) == counted
    assert texts(made["claims.svg"]) == ["claims", counted]
    assert texts(made["part-1.svg"]) == ["Part 1", "1 hold · 1 refuted · 1 undecided"]


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("F1", "holds"), ("F2", "refuted"), ("F4", "inconclusive"), ("P1", "not run"), ("M2", "error")],
)
def test_a_claims_badge_says_its_verdict_in_word_and_colour(made, name, verdict):
    assert texts(made[f"{name}.svg"]) == [name, verdict]
    assert f"<title>{name}: {verdict}</title>" in made[f"{name}.svg"]
    assert [each for each in Verdict if badges.COLOURS[each] in made[f"{name}.svg"]] == [verdict]


def test_a_badge_is_well_formed_and_as_wide_as_its_texts(made):
    for text in (*made.values(), badges.svg('<&">', "<script>", "#000000")):
        root = ElementTree.fromstring(text)
        widths = [int(part.get("width")) for part in root.iter() if part.tag.endswith("rect")]
        lengths = [int(part.get("textLength")) + 10 for part in root.iter() if part.tag.endswith("}text")]
        assert int(root.get("width")) == max(widths) == sum(lengths)


def test_every_report_has_a_folder_of_its_own_where_there_are_several(tmp_path):
    first, second = record("F1", "holds"), record("F1", "refuted", report="second")
    before = summary(whole(first, second, reports=[report(), report("second", tasks=[])]))
    badges.write(before, tmp_path)
    folder = tmp_path / "badges"
    wanted = ("claims", "planted/claims", "planted/part-1", "planted/F1", "second/claims", "second/F1")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == {f"{name}.svg" for name in wanted}
    assert texts((folder / "second" / "F1.svg").read_text(encoding="utf-8")) == ["F1", "refuted"]
    badges.write(summary(whole(first)), tmp_path, before)
    assert {path.name for path in folder.iterdir()} == {"F1.svg", "claims.svg", "part-1.svg"}


def test_badges_are_the_same_byte_for_byte_and_those_of_claims_that_are_gone_are_deleted(tmp_path):
    found, other = summary(everything()), summary(whole(record("F99", "holds")))
    first = {path.name: path.read_bytes() for path in badges.write(found, tmp_path)}
    badges.write(other, tmp_path, found)
    second = {path.name: path.read_bytes() for path in badges.write(found, tmp_path, other)}
    assert first == second
    assert {path.name for path in (tmp_path / "badges").iterdir()} == set(first)


def test_files_of_others_stay_and_nothing_is_deleted_through_a_link(tmp_path):
    others, elsewhere = tmp_path / "here" / "badges", tmp_path / "elsewhere"
    for path in (others / "build.svg", others / "theirs" / "lint.svg", elsewhere / "F1.svg"):
        path.parent.mkdir(parents=True)
        path.write_text("of others")
    (others / "empty").mkdir()
    (others / "second").symlink_to(elsewhere)
    reports = [report(), report("second", tasks=[])]
    two = whole(record("F2", "holds"), record("F1", "holds", report="second"), reports=reports)
    badges.write(summary(whole(record("F2", "holds"))), tmp_path / "here", summary(two))
    assert {path.name for path in others.iterdir()} >= {"build.svg", "theirs", "empty", "second"}
    assert (others / "theirs" / "lint.svg").read_text() == (elsewhere / "F1.svg").read_text() == "of others"
