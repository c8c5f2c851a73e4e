"""The page: what it says of a record, and the same bytes every time."""

import re
import shutil

import pytest

from ontrial.publish import page
from tests.publish.planted import everything, plant, record, whole

WHYS = {("planted", "F2", "deep", "full", "functions"): "It is so, and not otherwise."}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = plant(tmp_path_factory.mktemp("artifacts"), everything())
    page.write(folder, whys=WHYS)
    return folder


def words(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_the_page_says_why_with_the_numbers_and_shows_the_other_evidence(folder):
    text = words(folder)
    assert "It is so, and not otherwise. deep, steps: 4.5 (1 to 8), n = 8; it holds if ≥ 20" in text
    assert "ZeroDivisionError" in text
    assert "Not run: there is no evidence" in text
    assert "Other evidence: fast, functions: inconclusive" in text
    assert "784-20-10" in text
    assert "labels random" in text
    assert "bbbbbbbbbbbb" in text
    assert "1 Mar 2026" in text


def test_the_page_says_how_it_was_registered_looked_at_and_judged_before(folder):
    text = words(folder)
    assert "Registration 1, registered on 28 Feb 2026, first seed trained on 2 Mar 2026" in text
    assert re.search(r"First registration, before criteria were locked: ✓ holds\s?, n = 8", text)
    assert "Registration 1, registered on 28 Feb 2026, not yet run in full" in text
    assert "By the report&#39;s own numbers: no" in text
    assert "n = 214 of 320 seeds" in text
    assert "about 1,234 seeds (80 % power)" in text
    assert "holds if ≤ 20 · decided at 32 seeds" in text


def test_the_page_says_how_often_a_verdict_may_be_wrong_and_what_cannot_be_excluded(folder, tmp_path):
    text = words(folder)
    assert "1/4000" in text
    assert "5 sides on which one can be wrong" in text
    assert "at most 0.12 %" in text
    assert "registered in private, looked, and registered again cannot be excluded" in text
    assert "the code of a trainer changed after registration, as long as every recorded value stayed the same" in text
    assert "says nothing about other test sets, however many seeds agree" in text
    plant(tmp_path, whole(record("F1", "holds")))
    page.write(tmp_path)
    text = words(tmp_path)
    assert "says nothing about other test sets, however many seeds agree" in text
    assert "all 8 must agree" in text
    assert "No bound over all claims together is given" in text
    assert "1/4000" not in text


def test_the_page_of_a_fast_run_shows_the_full_record_beside_it(tmp_path):
    full = plant(tmp_path / "artifacts", whole(record("F3", "holds", tier="full"), record("P1", "holds", tier="full")))
    fast = plant(full / "fast", whole(record("F3", "refuted")))
    before = (full / "verdicts.json").read_bytes()
    page.write(fast, beside=full)
    text = words(fast)
    assert "planted P1" in text
    assert "Other evidence: fast, digits: refuted" in text
    assert "all 8 must agree" in text
    assert "1/4000" in text
    assert "is not there" not in text, "figures come from either folder"
    assert (full / "verdicts.json").read_bytes() == before
    assert not (full / "index.html").exists()


def test_the_page_is_the_same_byte_for_byte(folder, tmp_path):
    again = page.write(plant(tmp_path, everything()), whys=WHYS).read_bytes()
    assert again == (folder / "index.html").read_bytes()


def test_reasons_are_read_from_the_reports_own_folders(tmp_path):
    known = '[[known]]\nclaim = "F3"\ntier = "fast"\ndata = "digits"\nverdict = "refuted"\nwhy = "därum"\n'
    (tmp_path / "claims" / "planted").mkdir(parents=True)
    (tmp_path / "claims" / "planted" / "known.toml").write_text(known, encoding="utf-8")
    plant(tmp_path / "artifacts", whole(record("F3", "refuted", known="refuted")))
    page.main([str(tmp_path / "artifacts"), "--root", str(tmp_path)])
    assert "därum" in words(tmp_path / "artifacts")


def test_without_verdicts_the_command_says_what_to_do(tmp_path):
    with pytest.raises(SystemExit, match="judge some claims first"):
        page.main([str(tmp_path)])


def test_a_figure_that_is_missing_is_said(tmp_path):
    folder = plant(tmp_path, whole(record("F3", "holds")))
    shutil.rmtree(folder / "figures")
    assert "figures/planted/fast-digits/planted.png, is not there" in page.write(folder).read_text(encoding="utf-8")


def test_the_summary_is_printed_as_markdown(tmp_path, capsys):
    page.main([str(plant(tmp_path, everything())), "--summary"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "9 claims: 3 hold · 1 refuted · 2 undecided · 2 not run · 1 error."
    rows = {line.split(" | ")[0].strip("| "): line for line in lines}
    assert rows["F2"] == "| F2 | planted F2 | refuted (by its own numbers: no) | 8 |"
    assert rows["P2"] == "| P2 | planted P2 | not run (before: refuted, n = 8) | – |"
    assert rows["M10"] == "| M10 | planted M10 | **holds** | 214 |"
    assert rows["F1"] == "| F1 | planted F1 | **holds** | – |"
    assert rows["M5"].endswith("| **holds** (fast only) | 8 |")
    assert "<script>" not in "".join(lines)
