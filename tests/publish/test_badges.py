"""Badges: one a claim, a part and the whole; word and colour from the verdict; the same bytes every time."""

import re
import xml.etree.ElementTree as ElementTree

from ontrial.publish import badges, templates
from ontrial.stats.verdicts import Verdict
from tests.publish.planted import everything, record, report, summary, whole


def texts(svg):
    return [part.text for part in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_there_is_a_badge_a_claim_a_part_and_one_for_the_whole_in_word_and_colour():
    verdicts = {"F1": "holds", "F2": "refuted", "F4": "inconclusive", "M2": "error", "M5": "holds", "M10": "holds"}
    verdicts |= {"I1": "inconclusive", "P1": "not run", "P2": "not run"}
    counted = {
        "claims": "3 hold · 1 refuted · 2 inconclusive · 2 not run · 1 error",
        "part-1": "1 hold · 1 refuted · 1 inconclusive",
        "part-2": "2 hold · 0 refuted · 0 inconclusive · 1 error",
        "part-3": "0 hold · 0 refuted · 1 inconclusive · 2 not run",
    }
    made = {name.removesuffix(".svg"): text for name, text in badges.badges(summary(everything())).items()}
    found = {name: texts(text) for name, text in made.items()}
    assert found == {name: [name.replace("part-", "Part "), words] for name, words in (verdicts | counted).items()}
    for name, verdict in verdicts.items():
        assert [each for each in Verdict if badges.COLOURS[each] in made[name]] == [verdict]


def test_what_holds_is_green_and_what_is_refuted_red_on_badges_and_in_all_styles_of_the_page():
    style = templates.source("page.css")
    found = re.findall(r"--(holds|refuted): #(..)(..)", style)
    assert len(found) == 6, "light, dark and printed"
    found += [(str(verdict), *re.findall("..", colour[1:])[:2]) for verdict, colour in badges.COLOURS.items()][:2]
    assert [name for name, red, green in found if (int(green, 16) > int(red, 16)) != (name == "holds")] == []
    rules = re.findall(r"\.(holds|refuted) \{ --verdict: var\(--(\w+)\)", style)
    assert rules == [("holds", "holds"), ("refuted", "refuted")]


def test_a_badge_is_well_formed_and_as_wide_as_its_texts():
    for text in (badges.svg("claims", "3 hold · 1 refuted", "#000000"), badges.svg('<&">', "<script>", "#000000")):
        root = ElementTree.fromstring(text)
        widths = [int(part.get("width")) for part in root.iter() if part.tag.endswith("rect")]
        lengths = [int(part.get("textLength")) + 10 for part in root.iter() if part.tag.endswith("}text")]
        assert int(root.get("width")) == max(widths) == sum(lengths)


def test_every_report_has_a_folder_where_there_are_several_until_they_are_gone(tmp_path):
    first, second = record("F1", "holds"), record("F1", "refuted", report="second")
    two, one = summary(whole(first, second, reports=[report(), report("second", tasks=[])])), summary(whole(first))
    folder = tmp_path / "badges"
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in badges.write(two, tmp_path)}
    names = ("claims", "planted/claims", "planted/part-1", "planted/F1", "second/claims", "second/F1")
    assert set(written) == {f"{name}.svg" for name in names}
    assert texts(written["second/F1.svg"]) == ["F1", "refuted"]
    badges.write(one, tmp_path, two)
    assert {path.name for path in folder.iterdir()} == {"F1.svg", "claims.svg", "part-1.svg"}
    again = {path.relative_to(folder).as_posix(): path.read_bytes() for path in badges.write(two, tmp_path, one)}
    assert again == written
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == set(written)


def test_files_of_others_stay_and_nothing_is_deleted_through_a_link(tmp_path):
    others, elsewhere = tmp_path / "here" / "badges", tmp_path / "elsewhere"
    for path in (others / "build.svg", others / "theirs" / "lint.svg", others / "empty" / "x", elsewhere / "F1.svg"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of others")
    (others / "second").symlink_to(elsewhere)
    reports = [report(), report("second", tasks=[])]
    two = whole(record("F2", "holds"), record("F1", "holds", report="second"), reports=reports)
    badges.write(summary(whole(record("F2", "holds"))), tmp_path / "here", summary(two))
    for path in (others / "build.svg", others / "theirs" / "lint.svg", others / "empty" / "x", elsewhere / "F1.svg"):
        assert path.read_text() == "of others"
