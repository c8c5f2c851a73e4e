"""The page in a headless Chromium: it loads, requests nothing, sorts, filters, and fits a phone."""

import shutil

import pytest

from ontrial.publish import page
from tests.publish.browser import browser, visit
from tests.publish.planted import HOSTILE, WORD, everything, plant, record, report, stretched, whole

CLAIMS = ["F1", "F2", "F4", "M2", "M5", "M10", "I1", "P1", "P2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return page.write(plant(tmp_path_factory.mktemp("artifacts"), everything())).parent


@pytest.fixture(scope="module")
def wide(folder):
    return visit(folder, 1280)


def two_reports(folder):
    """A page of two reports, whose claims have the same ids."""
    first = [record("F1", "holds"), record("M2", "refuted")]
    second = [record("F1", "refuted", report="second"), record("X1", "holds", report="second")]
    reports = [report(), report("second", "Another <report>", tasks=[], link="")]
    return page.write(plant(folder, whole(*first, *second, reports=reports))).parent


def test_the_page_loads_without_errors_and_without_any_request(wide):
    assert wide["problems"] == wide["resources"] == []
    assert wide["loaded"] == CLAIMS
    assert len(wide["figures"]) == 4
    assert min(wide["figures"]) > 0
    assert wide["uses"] == [True] * 7, "every figure is in the page once and shown where it belongs"


def test_the_table_sorts_both_ways_and_says_so(wide):
    by_id_again, by_verdict, by_strength, by_id = wide["sorted"]
    assert by_id_again == [CLAIMS[::-1], ["descending", *["none"] * 5]]
    assert by_verdict == [
        ["F1", "M5", "M10", "F2", "F4", "I1", "P1", "P2", "M2"],
        [*["none"] * 4, "ascending", "none"],
    ]
    assert by_strength[0][:3] == ["F2", "M10", "I1"]
    assert by_strength[0][-2:] == ["P1", "P2"]
    assert by_id[0] == CLAIMS


def test_filters_act_on_the_table_and_on_the_claims_below(wide):
    wanted = [["F2"], ["I1", "P1", "P2"], ["M10"], ["F2"], []]  # by verdict, part, kind, text, and text of none
    assert wide["filtered"] == [[names, names, f"{len(names)} of 9 claims"] for names in wanted]
    assert wide["reports"][0] == [], "with one report there is nothing to choose"
    assert wide["revealed"] == CLAIMS, "a link to a claim that is filtered out shows all again"


def test_looks_are_drawn_where_there_were_several_and_open_where_it_is_open(wide):
    assert wide["looks"] == [
        "gain, holds if ≤ 20. 16 seeds: −∞ to 30, across the border; 24 seeds: 1.5 to 21, across the border; "
        "32 seeds: 1 to 8, inside the region",
        "steps, holds if ≥ 3. 16 seeds: 0.5 to 9, across the border; 32 seeds: 1 to 8, across the border",
    ]
    assert wide["opened"] == [False, True]


def test_a_claim_with_a_script_in_it_stays_text(wide, folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert wide["planted"] is None
    assert HOSTILE not in text
    assert "&lt;script&gt;window.planted" in text


def test_every_control_and_drawing_has_a_name_takes_the_keyboard_and_headings_skip_no_level(wide):
    assert wide["unnamed"] == 0
    assert wide["focusable"]
    assert wide["headings"][0] == 1
    assert all(below - above <= 1 for above, below in zip(wide["headings"], wide["headings"][1:], strict=False))


def test_nothing_overflows_on_a_phone(folder):
    seen = visit(folder, 360)
    assert (seen["width"], seen["scrolls"], seen["overflow"]) == (360, False, [])


@pytest.mark.parametrize("width", [360, 1280])
def test_with_several_reports_the_page_opens_with_a_choice_of_one(tmp_path, width):
    seen = visit(two_reports(tmp_path), width)
    assert seen["problems"] == []
    assert (seen["width"], seen["scrolls"], seen["overflow"]) == (width, False, [])
    assert seen["loaded"] == ["planted-F1", "planted-M2", "second-F1", "second-X1"]
    assert seen["reports"] == [["#report-planted", "#report-second"], ["second-F1", "second-X1"]]
    assert seen["unnamed"] == 0


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
    names = [tuple(each[name] for name in ("report", "id", "case", "tier", "dataset")) for each in content["verdicts"]]
    path = page.write(folder, whys=dict.fromkeys(names, f"see https://example.org/{WORD}"))
    path.write_text(path.read_text(encoding="utf-8").replace("<details", "<details open"), encoding="utf-8")
    seen = visit(folder, width)
    assert (seen["width"], seen["scrolls"], seen["overflow"]) == (width, False, [])


def test_a_browser_that_is_missing_is_a_skip_or_where_it_is_demanded_a_failure(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for demanded, outcome in (("0", pytest.skip.Exception), ("1", pytest.fail.Exception)):
        monkeypatch.setenv("REQUIRE_BROWSER", demanded)
        with pytest.raises(outcome, match="apt-get install chromium"):
            browser()
