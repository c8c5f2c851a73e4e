"""The page in a headless Chromium: it loads, asks for nothing, sorts, filters, and fits a phone."""

import shutil

import pytest

from ontrial.publish import page
from tests.publish.browser import HOW, ask, browser
from tests.publish.planted import HOSTILE, WORD, everything, plant, record, report, stretched, whole

CLAIMS = ["F1", "F2", "F4", "M2", "M5", "M10", "I1", "P1", "P2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = plant(tmp_path_factory.mktemp("artifacts"), everything())
    page.write(folder)
    return folder


@pytest.fixture(scope="module")
def wide(folder):
    return ask(folder, 1280)


@pytest.fixture(scope="module")
def narrow(folder):
    return ask(folder, 360)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A page with two reports, whose claims have the same ids."""
    first = [record("F1", "holds"), record("M2", "refuted")]
    second = [record("F1", "refuted", report="second"), record("X1", "holds", report="second")]
    planted = whole(*first, *second, reports=[report(), report("second", "Another <report>", tasks=[], link="")])
    folder = plant(tmp_path_factory.mktemp("two"), planted)
    page.write(folder)
    return folder


def test_the_page_loads_without_errors_and_without_any_request(wide):
    assert wide["problems"] == []
    assert wide["resources"] == []
    assert wide["loaded"] == CLAIMS


def test_the_table_sorts_both_ways_and_says_so(wide):
    assert wide["by_id_again"] == CLAIMS[::-1]
    assert wide["by_id"] == CLAIMS
    assert wide["states_by_id"] == ["descending", *["none"] * 5]
    assert wide["states_by_verdict"] == [*["none"] * 4, "ascending", "none"]
    assert wide["by_verdict"] == ["F1", "M5", "M10", "F2", "F4", "I1", "P1", "P2", "M2"]
    assert wide["by_strength"][:3] == ["F2", "M10", "I1"]
    assert wide["by_strength"][-2:] == ["P1", "P2"]


def test_filters_act_on_the_table_and_on_the_claims_below(wide):
    assert wide["refuted"] == [["F2"], ["F2"], "1 of 9 claims"]
    assert wide["part"] == [["I1", "P1", "P2"], ["I1", "P1", "P2"], "3 of 9 claims"]
    assert wide["beyond"] == [["M10"], ["M10"], "1 of 9 claims"]
    assert wide["text"] == [["F2"], ["F2"], "1 of 9 claims"]
    assert wide["nothing"] == [[], [], "0 of 9 claims"]
    assert wide["reports"] == [], "with one report there is nothing to choose"


def test_with_several_reports_the_page_opens_with_a_choice_of_one(two):
    seen = ask(two, 1280)
    assert seen["problems"] == []
    assert seen["reports"] == ["#report-planted", "#report-second"]
    assert seen["loaded"] == ["planted-F1", "planted-M2", "second-F1", "second-X1"]
    assert seen["second"] == ["second-F1", "second-X1"]
    assert seen["overflow"] == []
    assert seen["unnamed"] == 0


def test_with_several_reports_nothing_overflows_on_a_phone_either(two):
    seen = ask(two, 360)
    assert seen["scroll_width"] <= 360
    assert seen["overflow"] == []


def test_every_figure_is_there_once_and_shown_where_it_belongs(wide):
    assert len(wide["figures"]) == 4
    assert min(wide["figures"]) > 0
    assert wide["uses"] == [True] * 7


def test_looks_are_drawn_where_there_were_several_and_open_where_it_is_open(wide):
    assert wide["looks"] == [
        "gain, holds if ≤ 20. 16 seeds: −∞ to 30, across the border; 24 seeds: 1.5 to 21, across the border; "
        "32 seeds: 1 to 8, inside the region",
        "steps, holds if ≥ 3. 16 seeds: 0.5 to 9, across the border; 32 seeds: 1 to 8, across the border",
    ]
    assert wide["opened"] == [False, True]


def test_a_claim_with_a_script_in_it_stays_text(wide, folder):
    assert wide["planted"] is None
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "&lt;script&gt;window.planted" in text


def test_every_control_and_drawing_has_a_name_takes_the_keyboard_and_headings_skip_no_level(wide):
    assert wide["unnamed"] == 0
    assert wide["focusable"]
    levels = wide["headings"]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))


def test_nothing_overflows_on_a_phone(narrow):
    assert narrow["width"] == 360
    assert narrow["scroll_width"] <= 360
    assert narrow["overflow"] == []


@pytest.mark.parametrize(("reports", "width"), [(1, 360), (1, 740), (2, 360), (2, 740), (2, 1280)])
def test_nothing_overflows_where_words_have_no_break(tmp_path, reports, width):
    """A long id, case, link, file name or snake_case name, wherever there may be one, with all details open."""
    planted = everything()
    if reports == 2:
        planted["reports"].append(report("second"))
        for name in ("claims", "verdicts"):
            planted[name] += [each | {"report": "second"} for each in planted[name]]
    content = stretched(planted)
    missing = content["verdicts"][0]["figures"] = [f"figures/{WORD}.png"]
    folder = plant(tmp_path, content)
    (folder / missing[0]).unlink()
    named = [tuple(each[name] for name in ("report", "id", "case", "tier", "dataset")) for each in content["verdicts"]]
    path = page.write(folder, whys=dict.fromkeys(named, f"see https://example.org/{WORD}"))
    path.write_text(path.read_text(encoding="utf-8").replace("<details", "<details open"), encoding="utf-8")
    seen = ask(folder, width)
    assert seen["overflow"] == []
    assert seen["scroll_width"] <= width


def test_a_browser_that_is_missing_is_a_skip_or_where_it_is_demanded_a_failure(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match=HOW):
        browser()
    monkeypatch.setenv("REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match=HOW):
        browser()
