"""Badges: one a claim, a part and the whole; word and colour from the verdict; the same bytes every time."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from ontrial.publish import badges
from ontrial.publish.reading import summary
from ontrial.stats.verdicts import Verdict
from tests.publish.planted import everything, record, report, whole


@pytest.fixture
def made():
    return badges.badges(summary(everything()))


def test_there_is_a_badge_a_claim_a_part_and_one_for_the_whole(made):
    names = {"claims", "part-1", "part-2", "part-3", "F1", "F2", "F4", "M2", "M5", "M10", "I1", "P1", "P2"}
    assert set(made) == {f"{name}.{kind}" for name in names for kind in ("svg", "json")}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("F1", Verdict.HOLDS),
        ("F2", Verdict.REFUTED),
        ("F4", Verdict.INCONCLUSIVE),
        ("P1", Verdict.NOT_RUN),
        ("M2", Verdict.ERROR),
    ],
)
def test_a_claims_badge_says_its_verdict_in_word_and_colour(made, name, verdict):
    said = json.loads(made[f"{name}.json"])
    assert said == {"schemaVersion": 1, "label": name, "message": str(verdict), "color": badges.COLOURS[verdict]}
    assert f"<title>{name}: {verdict}</title>" in made[f"{name}.svg"]
    assert badges.COLOURS[verdict] in made[f"{name}.svg"]


def test_every_verdict_has_a_colour_of_its_own():
    assert len({badges.COLOURS[verdict] for verdict in Verdict}) == len(Verdict)


def test_the_whole_is_counted():
    planted = whole(*(record(f"F{n}", found) for n, found in enumerate(["holds", "holds", "refuted", "inconclusive"])))
    assert badges.tally(summary(planted).claims) == "2 hold · 1 refuted · 1 undecided"
    assert badges.tally(summary(everything()).claims) == "3 hold · 1 refuted · 2 undecided · 2 not run · 1 error"


def test_badges_are_whole_svg_and_wide_enough(made):
    for name, text in made.items():
        if name.endswith(".svg"):
            root = ElementTree.fromstring(text)
            rectangles = [part for part in root.iter() if part.tag.endswith("rect")]
            assert int(root.get("width")) == max(int(part.get("width")) for part in rectangles)
            texts = [part for part in root.iter() if part.tag.endswith("}text")]
            assert sum(int(part.get("textLength")) + 10 for part in texts) == int(root.get("width"))


def test_every_report_has_a_folder_of_its_own_where_there_are_several(tmp_path):
    reports = [report(), report("second", tasks=[])]
    first, second = record("F1", "holds"), record("F1", "refuted", report="second")
    before = summary(whole(first, second, reports=reports))
    badges.write(before, tmp_path)
    wanted = ("claims", "planted/claims", "planted/part-1", "planted/F1", "second/claims", "second/F1")
    folder = tmp_path / "badges"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    assert found == {f"{name}.json" for name in wanted}
    assert json.loads((folder / "second" / "F1.json").read_text(encoding="utf-8"))["message"] == "refuted"
    badges.write(summary(whole(first)), tmp_path, before)
    assert {path.stem for path in folder.iterdir()} == {"F1", "claims", "part-1"}


def test_a_label_with_markup_stays_text():
    assert "<script>" not in badges.svg("<script>", "holds", "#000000")
    ElementTree.fromstring(badges.svg('<&">', "holds", "#000000"))


def test_badges_are_written_the_same_and_old_ones_leave(tmp_path):
    found = summary(everything())
    first = {path.name: path.read_bytes() for path in badges.write(found, tmp_path)}
    badges.write(gone := summary(whole(record("F99", "holds"))), tmp_path, found)
    second = {path.name: path.read_bytes() for path in badges.write(found, tmp_path, gone)}
    assert first == second
    assert {path.name for path in (tmp_path / "badges").iterdir()} == set(first)


def test_badges_and_folders_of_others_stay_and_nothing_leaves_through_a_link(tmp_path):
    others, elsewhere = tmp_path / "here" / "badges", tmp_path / "elsewhere"
    for path in (others / "build.svg", others / "theirs" / "lint.json", elsewhere / "F1.svg", elsewhere / "F1.json"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of others")
    (others / "empty").mkdir()
    (others / "second").symlink_to(elsewhere)
    reports = [report(), report("second", tasks=[])]
    two = whole(record("F2", "holds"), record("F1", "holds", report="second"), reports=reports)
    badges.write(summary(whole(record("F2", "holds"))), tmp_path / "here", summary(two))
    assert {path.name for path in others.iterdir()} >= {"build.svg", "theirs", "empty", "second"}
    assert (others / "theirs" / "lint.json").read_text() == (elsewhere / "F1.svg").read_text() == "of others"
