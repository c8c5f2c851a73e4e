"""The page: what it says of a record, and the same bytes every time."""

import re
from pathlib import Path

import numpy as np
import pytest
import tomlkit
from PIL import Image

from ontrial.publish import documents, page, single_seeds, templates, terminal
from ontrial.publish.project import Project
from tests.publish.planted import (
    ALPHA,
    beside,
    declared,
    everything,
    evidence,
    look,
    plant,
    record,
    report,
    summary,
    whole,
)

KEY = ("planted", "F3", "", "fast", "digits")
BORDER = "The interval reaches across the border of the region: too close to call with these seeds."
NOBODY = evidence("x", [1.0], "-inf", "inf", "inconclusive", {"high": 1}) | {"values": [], "n": 0, "estimate": "nan"}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def words_of(text):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("&#39;", "'")


def words(*verdicts):
    return words_of(page.render(summary(whole(*verdicts)), [], Project()))


def test_the_page_says_what_was_found_how_it_was_judged_and_how_often_it_may_be_wrong(tmp_path):
    name = {"claim": "F2", "case": "deep", "tier": "full", "data": "functions"}
    known = tomlkit.dumps({"known": [name | {"verdict": "refuted", "why": "It is <so>."}]})
    write(tmp_path / "claims" / "planted" / "known.toml", known)
    folders = [plant(tmp_path / name, everything()) for name in ("first", "again")]
    first, again = (page.write(folder, tmp_path).read_text(encoding="utf-8") for folder in folders)
    assert first == again
    said = (
        "It is &lt;so&gt;. deep, steps: 4.5 (1 to 8), n = 8; it holds if ≥ 20", "ZeroDivisionError", "labels random",
        "Not run: there is no evidence", "Other evidence: fast, functions: inconclusive", "bbbbbbbbbbbb-dirty",
        "name widths parameters seeds steps data other deep 784-20-10 15,910 12 9,000 mnist epochs 5, batch size 50",
        "Registration 1, registered on 28 Feb 2026, first seed trained on 2 Mar 2026", "1 Mar 2026",
        "First registration, before criteria were locked: ✓ holds , n = 8", "By the report's own numbers: no",
        "Registration 1, registered on 28 Feb 2026, not yet run in full", "n = 214 of 320 seeds", "1/4000",
        "5 sides on which one can be wrong, are wrong by sampling with probability at most 0.12 %", "all 8 must agree",
        "registered in private, looked, and registered again cannot be excluded", "≤ 20 · decided at 32 seeds",
        "the code of a trainer changed after registration, as long as every recorded value stayed the same",
        "says nothing about other test sets, however many seeds agree",
    )  # fmt: skip
    assert [each for each in said if each not in words_of(first)] == []
    assert re.findall("<details class=.looks.( open)?>", first) == ["", " open"], "where it is inconclusive"


@pytest.mark.parametrize(
    ("found", "whys", "more", "said"),
    [
        ("refuted", {KEY: "it is so."}, {"known": "refuted"}, "it is so."),
        ("refuted", {KEY: "it is so."}, {"known": "inconclusive"}, "Expected inconclusive: it is so."),
        ("refuted", {(*KEY[:3], "full", "digits"): "elsewhere"}, {}, "Not explained yet."),
        ("holds", {}, {"seeds_needed": 12}, ""),
        ("error", {KEY: "it is so."}, {"problem": "ZeroDivisionError"}, "ZeroDivisionError"),
        ("inconclusive", {}, {}, BORDER),
        ("inconclusive", {}, {"seeds_needed": "at the border"},
         f"{BORDER} It lies at the border: more seeds would hardly decide it."),
        ("inconclusive", {KEY: "it is so."}, {"seeds_needed": 1234},
         "it is so. At its present share it would take about 1,234 seeds (80 % power)."),
        ("inconclusive", {}, {"seeds_needed": "at the border", "evidence": [NOBODY]},
         "No seed meets the condition, so nothing is known about those that would."),
    ],
)  # fmt: skip
def test_a_verdict_is_explained_by_what_is_known_of_its_case_tier_and_data(found, whys, more, said):
    [claim] = summary(whole(record("F3", found, **more))).claims
    assert page.explanation(claim.shown[0], whys) == said


def test_cases_share_an_explanation_and_a_later_result_and_unplanned_seeds_are_beside_the_verdict():
    last = {"found": "inconclusive", "n": 16, "problem": "", "session": "2026-03-04T10:00:00+00:00"}
    cases = {"a": {"last": last}, "b": {"planned": False}}
    text = words(*(record("F3", "refuted", case=case, tier="full", **more) for case, more in cases.items()))
    numbers = (f"{case}, steps: 4.5 (1 to 8), n = 8; it holds if ≥ 20" for case in cases)
    assert f"✕ refuted a, b Not explained yet. {' '.join(numbers)}" in text
    assert "The last session (4 Mar 2026) had another result for a: inconclusive, n = 16." in text
    assert "Judged for b at a number of seeds that was not planned (--ontrial-seeds)." in text


def test_the_table_of_origins_has_claims_and_numbers_of_seeds():
    found = [(name, claims, sorted(set(seeds))) for name, claims, seeds, *_ in page.sources(summary(everything()))]
    assert found == [
        ("full, functions", 1, [8]), ("full, mnist", 2, [8, 32, 214]), ("counted", 1, []), ("fast, digits", 3, [0, 8])
    ]  # fmt: skip
    text = words_of(page.render(summary(everything()), [], Project()))
    assert "full, mnist 2 8 to 214 bbbbbbbbbbbb-dirty" in text


def test_a_statement_is_text():
    found = summary(whole(record("F1", "holds"), claims=[declared("F1", statement="<i>so</i>")]))
    text = page.render(found, [], Project())
    assert "&lt;i&gt;so" in text
    assert "<i>so" not in text


def test_our_numbers_are_beside_the_report_s_where_they_differ():
    near = {"of": "loss", "reported": 1.0, "n": 8, "median": 1.1, "low": 0.9, "high": 1.3}
    far = near | {"of": "accuracy", "reported": 2.0}
    for reported, said in (
        ([near, far], "Of 2 numbers of the report, 1 lies outside the range of all our seeds:"),
        ([far], "The report's number lies outside the range of all our seeds:"),
        ([near, near | {"of": "error"}], "All 2 numbers of the report lie within the range of our seeds."),
    ):
        assert said in words(record("F3", "holds", tier="full", reported=reported))
    assert "of all our seeds" not in words(record("F3", "holds", reported=[far])), "a miniature has other numbers"


def test_the_error_of_all_verdicts_together_is_that_of_their_sides_under_a_lock():
    two_borders = evidence("x", [1.0], 0, 1, "holds", {"low": -1, "high": 2})
    halved = evidence("x", [1.0], 0, 1, "holds", {"high": 2}, alpha=ALPHA / 2)
    count = evidence("x", [1.0], 1, 1, "holds", {"high": 2}, alpha=0.0, statistic="count")
    locked = record("F1", "holds", tier="full", evidence=[two_borders, halved, count])
    found = summary(whole(locked, record("F2", "holds", tier="full", registration=0), record("F3", "holds")))
    assert page.bound(found.claims) == (3, pytest.approx(2.5 * ALPHA))


def test_the_page_of_a_fast_run_shows_the_full_record_beside_it(tmp_path):
    full = plant(tmp_path / "artifacts", whole(record("F3", "holds", tier="full"), record("P1", "holds", tier="full")))
    fast = plant(full / "fast", whole(record("F3", "refuted")))
    text = words_of(page.write(fast, beside=full).read_text(encoding="utf-8"))
    assert all(said in text for said in ("planted P1", "Other evidence: fast, digits: refuted", "all 8 must", "1/4000"))
    assert "not on this page" not in text, "figures come from either folder"
    assert not (full / "index.html").exists()
    alone = words(record("F1", "holds"))
    assert "No bound over all claims together is given" in alone
    assert "1/4000" not in alone
    assert "Its figure is not on this page: figures/planted/fast-digits/planted.png" in alone


def test_the_command_reads_reasons_from_the_reports_own_folders_or_says_what_to_do(tmp_path):
    known = '[[known]]\nclaim = "F3"\ntier = "fast"\ndata = "digits"\nverdict = "refuted"\nwhy = "därum"\n'
    write(tmp_path / "claims" / "planted" / "known.toml", known)
    artifacts = plant(tmp_path / "artifacts", whole(record("F3", "refuted", known="refuted")))
    page.main([str(artifacts), "--root", str(tmp_path)])
    assert "därum" in (artifacts / "index.html").read_text(encoding="utf-8")
    next(artifacts.glob("figures/*/*/*.png")).write_text("no image")
    for folder, problem in ((artifacts, r"planted\.png"), (tmp_path, "judge some claims first")):
        with pytest.raises(SystemExit, match=problem):
            page.main([str(folder), "--root", str(tmp_path)])


def test_the_summary_is_printed_as_markdown(tmp_path, capsys):
    page.main([str(plant(tmp_path, everything())), "--summary"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "9 claims: 3 hold · 1 refuted · 2 inconclusive · 2 not run · 1 error."
    verdicts = {"F1": "**holds** | –", "F2": "refuted (by its own numbers: no) | 8", "M10": "**holds** | 214"}
    verdicts |= {"P1": "not run | –", "P2": "not run (before: refuted, n = 8) | –"}
    assert {f"| {name} | planted {name} | {verdict} |" for name, verdict in verdicts.items()} < set(lines)
    assert "<script>" not in "".join(lines)


def articles(text):
    """The part of a page on each claim, by its id."""
    return {
        part[1]: part[0] for part in re.findall(r'(<article class="claim[^>]* data-id="(.+?)"[\s\S]*?</article>)', text)
    }


def test_the_page_has_what_the_project_says_beside_the_record(tmp_path):
    root = beside(tmp_path)
    text = page.write(plant(tmp_path / "artifacts", everything()), root).read_text(encoding="utf-8")
    link = '<b><a href="https://example.org/code/blob/HEAD/docs/more.md">It is</a></b>'
    item = f'{link}, see <a href="#F1">F1</a>, <a href="#F2">F2</a> (refuted).'
    assert f"<ul><li>{item}</li></ul>\n<p><em>No</em> &lt;b&gt;.</p>" in text
    assert text.index("What was found") < text.index('id="table"') < text.index("By task") < text.index("<article")
    assert "<title>A planted report</title>" in text
    assert words_of(text).count("it is so") == 2, "in the column by construction, and at the claim"
    shown = words_of(articles(text)["F2"])
    link = "https://example.org/code/blob/bbbbbbbbbbbb/claims/planted/test_F2.py#L12"
    assert f'<a href="{link}"><code>claims/planted/test_F2.py:12</code></a>' in articles(text)["F2"]
    assert "training claims/train.py:3 at commit bbbbbbbbbbbb-dirty , with changes that were not committed" in shown
    assert "pytest -m full --ontrial-claim=planted/F2" in shown
    assert '<a class="values" href="verdicts.json"' in articles(text)["F2"], "without script too"
    assert "margin: how far the interval is from the border of the region" in shown
    assert ("<svg" in articles(text)["F1"], "747 ✓ holds" in words_of(articles(text)["F1"])) == (False, True)


def test_without_anything_beside_the_record_the_page_shows_what_it_has(tmp_path):
    text = page.write(plant(tmp_path / "artifacts", everything()), tmp_path).read_text(encoding="utf-8")
    assert not {"What was found", "construction"} & set(words_of(text).split(" "))
    assert "Test claims/planted/test_F2.py:12 , training claims/train.py:3 at commit" in words_of(text)
    assert "blob" not in text
    beside(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nSource = "javascript:alert(1)"', encoding="utf-8")
    (tmp_path / "claims/planted/findings-in-short.md").write_text("{{ verdict('F2', 'holds') }}", encoding="utf-8")
    text = page.write(tmp_path / "artifacts", tmp_path).read_text(encoding="utf-8")
    assert "do not fit this record: the findings say that F2 is holds, but its verdict is refuted" in words_of(text)
    assert "javascript:" not in text
    (tmp_path / "claims/planted/mutations.toml").write_text("[F2", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mutations\.toml"):
        page.write(tmp_path / "artifacts", tmp_path)


def test_the_reports_of_several_have_their_counts_badges_and_findings(tmp_path):
    second = report("second", "Another", tasks=[])
    content = whole(record("F2", "refuted"), record("F2", "refuted", report="second"), reports=[report(), second])
    beside(tmp_path, reports=("planted", "second"))
    text = page.write(plant(tmp_path / "artifacts", content), tmp_path).read_text(encoding="utf-8")
    assert "<title>Claims on Trial</title>" in text
    assert words_of(text).count("1 claims: 0 hold · 1 refuted · 0 inconclusive") == 2
    assert text.count('<img class="badge" src="data:image/svg+xml;base64,') == 2
    assert all(f'<a href="#{name}-F2">F2</a> (refuted)' in text for name in ("planted", "second"))


def test_n_is_of_pairs_where_a_look_has_two_seeds_for_each_value(tmp_path):
    signs = evidence("sign", [1.0] * 14, -1.0, 1.0, "inconclusive", {"low": 0}, left_out=2)
    every = evidence("loss", [1.0] * 32, 0.5, 2.0, "holds", {"high": 3}, look=0)
    seen = look(32, (1.0, -1.0, 1.0, "inconclusive"), (1.0, 0.5, 2.0, "holds"))
    more = {"looks": [seen], "seeds_needed": 100, "asides": [evidence("tied", [1.0] * 16, 0, 1, "holds", {})]}
    one = record("Z2", "inconclusive", tier="full", evidence=[signs], **more)
    both = record("Z3", "inconclusive", tier="full", evidence=[signs, every], **more)
    earlier = one | {"registration": 0}
    found = summary(whole(earlier, one, both))
    text = articles(page.render(found, [], Project()))
    said = ("n = 14 of 16 pairs", "over 14 pairs of", "about 100 pairs (80 %", "all pairs", "tied 1 (0 to 1) 16 pairs")
    assert [each for each in said if each not in words_of(text["Z2"])] == []
    assert "before criteria were locked: ≈ inconclusive , n = 14 pairs" in words_of(text["Z2"])
    assert "n = 32" in words_of(text["Z3"])
    assert "| 14 pairs |" in templates.render("verdicts.md", summary=found, constructions={})
    assert "| 14 pairs |" in single_seeds.table(found)
    assert "n = 14 of 16 pairs | ≥ 0 | about 86 more pairs |" in documents.inconclusive(found)
    assert "14 of 16 pairs" in terminal.table(found.claims[0].shown)[1]
    assert [seeds for _, _, seeds, *_ in page.sources(found)] == [[32]], "pairs are no seeds"


def test_figures_that_would_make_the_page_too_large_are_linked_the_largest_first(tmp_path, monkeypatch):
    folder = plant(tmp_path, everything())
    found = page.read(folder)
    *others, largest = sorted(folder.glob("figures/*/*/*.png"))
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)).save(largest)
    size = len(page.render(found, [folder], Project()).encode())
    monkeypatch.setattr(page, "MOST_BYTES", size - 1)
    text = page.render(found, [folder], Project())
    assert len(text.encode()) < size
    linked = set(re.findall('Its figure is not on this page: <a href="(.*?)"', text))
    assert linked == {largest.relative_to(folder).as_posix()}
    assert (text.count("<image "), page.render(found, [folder], Project())) == (len(others) - 1, text)


def test_the_committed_page_has_less_than_three_megabytes():
    assert (Path(__file__).parents[2] / "artifacts" / "index.html").stat().st_size <= page.MOST_BYTES == 3_000_000
