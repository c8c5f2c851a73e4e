"""The page in a headless Chromium: it loads, requests nothing, sorts, filters, and fits a phone."""

import pytest
import tomlkit

from ontrial.publish import page
from ontrial.registered import drawn
from tests.publish.browser import visit
from tests.publish.planted import HOSTILE, WORD, beside, everything, plant, record, report, stretched, whole

CLAIMS = ["F1", "F2", "F4", "M2", "M5", "M10", "I1", "P1", "P2"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    root = beside(tmp_path_factory.mktemp("project"))
    return visit(page.write(plant(root / "artifacts", everything()), root).parent, 1280)


def test_the_page_loads_without_errors_requests_nothing_and_has_every_figure_once(seen):
    assert seen["problems"] == seen["resources"] == []
    assert seen["loaded"] == CLAIMS
    assert (len(seen["figures"]), min(seen["figures"]) > 0, seen["uses"]) == (4, True, [1] * 7)


def test_the_table_sorts_both_ways_and_says_so(seen):
    by_id_again, by_verdict, by_strength, by_id = seen["sorted"]
    assert by_id_again == [CLAIMS[::-1], ["descending", *["none"] * 6]]
    assert by_verdict[0] == ["F1", "M5", "M10", "F2", "F4", "I1", "P1", "P2", "M2"]
    assert by_verdict[1] == [*["none"] * 4, "ascending", "none", "none"]
    assert (by_strength[0][:3], by_strength[0][-2:]) == (["F2", "M10", "I1"], ["P1", "P2"])
    assert by_id[0] == CLAIMS


def test_filters_act_on_the_table_and_on_the_claims_below(seen):
    wanted = [["F2"], ["P1", "P2"], ["M10"], ["F2"], []]  # by verdict, task, kind, text, and text of none
    hashes = ["#verdict=refuted", "#task=P", "#kind=beyond", "#text=PLANTED+f2", "#text=no+such+claim"]
    found = [
        [names, names, f"{len(names)} of 9 claims", hash, 9, ""] for names, hash in zip(wanted, hashes, strict=True)
    ]
    assert seen["filtered"] == found, "each selection is in the address, and Back shows all again"
    assert seen["linked"] == ["F2"]
    assert seen["choices"] == [], "with one report there is nothing to choose"


def test_dots_say_their_seed_and_value_to_pointer_and_keyboard_and_all_values_are_offered_as_csv(seen):
    one, two, *_, last = drawn("0" * 64, 8)
    assert seen["dots"] == [f"seed {one}: 1", f"seed {two}: 2", f"seed {last}: 8", f"seed {one}: 1"]
    text, name = seen["csv"]
    lines = text.splitlines()
    assert (name, len(lines)) == ("planted-F2.csv", 17)
    assert lines[:2] == ["case,measure,of,seed,value", f"shallow,steps,seeds,{one},1"]


def test_every_control_and_drawing_has_a_name_takes_the_keyboard_and_headings_skip_no_level(seen):
    assert seen["unnamed"] == seen["unfocused"] == 0
    assert seen["headings"][0] == 1
    assert all(below - above <= 1 for above, below in zip(seen["headings"], seen["headings"][1:], strict=False))


def test_with_several_reports_the_page_opens_with_a_choice_and_a_link_leads_back_to_all(tmp_path):
    first = [record("F1", "holds"), record("M2", "refuted")]
    second = [record("F1", "refuted", report="second"), record("X1", "holds", report="second")]
    reports = [report(), report("second", "Another <report>", tasks=[], link="")]
    seen = visit(page.write(plant(tmp_path, whole(*first, *second, reports=reports))).parent, 1280)
    assert seen["problems"] == seen["overflow"] == []
    assert seen["unnamed"] == 0
    assert seen["choices"] == ["#report=planted", "#report=second"]
    assert seen["chosen"] == ["second-F1", "second-X1"]
    assert seen["loaded"] == seen["revealed"] == ["planted-F1", "planted-M2", *seen["chosen"]]


@pytest.mark.parametrize(("reports", "width"), [(1, 360), (1, 740), (1, 1280), (2, 360), (2, 740), (2, 1280)])
def test_nothing_overflows_where_words_have_no_break_and_hostile_text_stays_text(tmp_path, reports, width):
    """A long id, case, link, file name or snake_case name, wherever there may be one, with all details open."""
    planted = everything()
    if reports == 2:
        planted["reports"].append(report("second"))
        for name in ("claims", "verdicts"):
            planted[name] += [each | {"report": "second"} for each in planted[name]]
    content = stretched(planted)
    missing = content["verdicts"][0]["figures"] = [f"figures/{WORD}.png"]
    (plant(tmp_path, content) / missing[0]).unlink()
    beside(tmp_path, WORD, ("planted", "second"))
    names = dict.fromkeys(
        tuple(each[part] for part in ("id", "case", "tier", "dataset")) for each in content["verdicts"]
    )
    known = (dict(zip(("claim", "case", "tier", "data"), each, strict=True)) for each in names)
    entries = [{"verdict": "refuted", "why": f"see https://example.org/{WORD}"} | each for each in known]
    for name in ("planted", "second"):
        (tmp_path / "claims" / name / "known.toml").write_text(tomlkit.dumps({"known": entries}), encoding="utf-8")
    path = page.write(tmp_path, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "&lt;script&gt;window.planted" in text
    path.write_text(text.replace("<details", "<details open"), encoding="utf-8")
    seen = visit(tmp_path, width)
    assert (seen["width"], seen["scrolls"], seen["overflow"], seen["planted"]) == (width, False, [], None)
