"""The generated parts of README.md and docs/: what they say of a record; those of this project are not stale."""

import json
import re
import shutil
from pathlib import Path

import pytest

from ontrial.publish import documents, single_seeds
from ontrial.publish.cost import cost
from ontrial.publish.summary import read
from tests.publish.planted import declared, evidence, locked, plant, record, report, summary, whole

ROOT = Path(__file__).parents[2]
BELOW = {"high": 0, "high_included": False}


def full(name, found, **more):
    return record(name, found, tier="full", dataset=more.pop("dataset", "mnist"), **more)


RECORDED = read(ROOT / "artifacts")
DOCUMENTS = documents.documents(ROOT, RECORDED)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_generated_parts_are_not_stale(path):
    stale = "run: ontrial page"
    assert path.read_text(encoding="utf-8") == documents.generated(path, ROOT, RECORDED, ROOT / "artifacts"), stale


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(path):
    def slug(heading):
        return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")

    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not link.startswith("http"):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists(), link
            if anchor and target.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in map(slug, headings), link


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a record, a README and a document, and a finding in its report's folder."""
    plant(tmp_path / "artifacts", whole(full("F1", "holds"), record("M2", "refuted")))
    (tmp_path / "claims" / "planted").mkdir(parents=True)
    for name in ("findings.md", "findings-in-short.md"):
        template = "It {{ verdict('F1', 'holds') }} — [see]({{ figure('F1') }})."
        (tmp_path / "claims" / "planted" / name).write_text(template, encoding="utf-8")
    mutations = '[M2]\nby_construction = """\nthe data\n<are> random"""\n[F1]\nchange = "another seed"\n'
    (tmp_path / "claims" / "planted" / "mutations.toml").write_text(mutations, encoding="utf-8")
    (tmp_path / "docs").mkdir()
    for path, parts in (
        ("README.md", ("verdicts", "findings")),
        ("docs/more.md", ("findings-in-full", "cost", "singles", "inconclusive")),
    ):
        text = "".join(f"<!-- {part} -->\nold\n<!-- /{part} -->\n" for part in parts)
        (tmp_path / path).write_text(text, encoding="utf-8")
    claims = '"""Of F.\n\nOutcome: old\n"""\n' + "".join(
        f'@pytest.mark.claim("{name}", "x")\n' for name in ("F1", "F2")
    )
    (tmp_path / "claims" / "planted" / "test_f.py").write_text(claims, encoding="utf-8")
    (tmp_path / "claims" / "planted" / "test_m.py").write_text('"""Of M."""\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_document_is_filled_and_a_check_names_those_that_are_stale(project):
    with pytest.raises(SystemExit, match=r"stale: README\.md, docs/more\.md, claims/planted/test_f\.py; run"):
        documents.main(["--check"])
    documents.main([])
    text = (project / "README.md").read_text(encoding="utf-8")
    assert "| F1 | planted F1 | **holds** | 8 |" in text
    assert "| M2 | planted M2 | refuted (fast only; by construction: the data &lt;are&gt; random) | 8 |" in text
    assert "It holds — [see](artifacts/figures/planted/full-mnist-1/planted.png)." in text
    text = (project / "docs" / "more.md").read_text(encoding="utf-8")
    assert "[see](../artifacts/figures/planted/full-mnist-1/planted.png)" in text
    assert "Nothing is inconclusive." in text
    assert "| F1 | planted F1 | **holds** | 100\u00a0% | 8 |  |" in text
    assert "\nold\n" not in text
    text = (project / "claims" / "planted" / "test_f.py").read_text(encoding="utf-8")
    assert text.startswith('"""Of F.\n\nOutcome: 1 of 1 hold (full, mnist, 8 seeds, record of ')
    assert text.endswith(').\n"""\n@pytest.mark.claim("F1", "x")\n@pytest.mark.claim("F2", "x")\n')
    documents.main(["--check"])


def test_a_stale_finding_a_missing_marker_or_a_lost_record_fails_and_leaves_every_document_as_it_was(project):
    (project / "claims" / "planted" / "findings.md").write_text("{{ verdict('M2', 'holds') }}", encoding="utf-8")
    before = (project / "README.md").read_bytes()
    with pytest.raises(SystemExit, match="M2 is holds, but its verdict is refuted"):
        documents.main([])
    assert (project / "README.md").read_bytes() == before
    (project / "README.md").write_text("<!-- verdicts -->\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="the marker <!-- verdicts --> or <!-- /verdicts --> is missing"):
        documents.main([])
    shutil.rmtree(project / "artifacts")
    with pytest.raises(SystemExit, match=r"verdicts\.json"):
        documents.main([])


def test_a_part_may_be_about_one_report_and_an_unknown_one_is_an_error(project):
    more = {"claims": [declared("F1", report="second")], "reports": [report(), report("second", "Another")]}
    content = whole(full("F1", "holds"), full("F1", "refuted", report="second"), **more)
    shutil.rmtree(project / "artifacts")
    plant(project / "artifacts", content)
    marker = "<!-- verdicts second -->\n<!-- /verdicts second -->\n<!-- verdicts -->\n<!-- /verdicts -->\n"
    (project / "docs" / "more.md").write_text(marker, encoding="utf-8")
    documents.main([])
    of_one, of_all = (project / "docs" / "more.md").read_text(encoding="utf-8").split("<!-- /verdicts second -->")
    assert (of_one.count("| F1 |"), of_one.count("refuted |"), of_all.count("| F1 |")) == (1, 1, 2)
    assert ("**Another**" in of_one, "**Another**" in of_all) == (False, True)
    (project / "docs" / "more.md").write_text(marker.replace("second", "third"), encoding="utf-8")
    with pytest.raises(SystemExit, match="there is no report third; there are planted, second"):
        documents.main([])


# Inconclusive conditions

NOBODY = evidence("x", [1.0], "-inf", "inf", "inconclusive", BELOW) | {"values": [], "n": 0, "left_out": 32}
SURE = evidence("sure", [1.0, 2.0], 1.0, 2.0, "holds", {"high": 9})
IS_OPEN = evidence("| steps", [1.0] * 8, 1.0, 9.0, "inconclusive", BELOW | {"high": 3}, left_out=4)


def inconclusive(*verdicts, **more):
    return documents.inconclusive(summary(whole(*verdicts, **more))).splitlines()


@pytest.mark.parametrize(
    ("condition", "needed", "words"),
    [
        (IS_OPEN, 1234, r"deep: \| steps: 1 (1 to 9), n = 8 of 12 seeds | &lt; 3 | about 1,226 more seeds |"),
        (IS_OPEN, "at the border", "| at the border |"),
        (IS_OPEN, None, "|  |"),
        (NOBODY, "no seed meets the condition", "| no seed meets the condition |"),
        (NOBODY | {"estimate": "nan"}, "at the border", "| no seed meets the condition |"),  # an older record
    ],
)
def test_an_inconclusive_condition_says_what_it_would_take(condition, needed, words):
    case = full("M2", "inconclusive", case="deep", evidence=[SURE, condition], seeds_needed=needed)
    [row] = inconclusive(case)[2:]
    assert row.startswith("| M2 | planted M2 | deep: ")
    assert row.endswith(words)


def test_open_cases_of_refuted_claims_are_named_and_the_fast_tier_is_left_out():
    cases = [full("M2", "inconclusive", case="a"), full("M2", "refuted", case="b")]
    lines = inconclusive(*cases, record("F1", "inconclusive"), full("F2", "holds"), claims=[declared("M2", "a", "b")])
    last = "Open as well, but their claims are refuted by another case: M2 a."
    assert lines == ["Nothing is inconclusive.", "", last]


# Single seeds


def agreement(found, *conditions):
    """How single seeds agree; conditions: the values of their seeds, which should lie below 0, or evidence as it is."""
    planted = [
        each if isinstance(each, dict) else evidence("x", each, min(each), max(each), "inconclusive", BELOW)
        for each in conditions
    ]
    [claim] = summary(whole(full("F1", found, evidence=planted))).claims
    return (each := single_seeds.agreement(claim.shown)) and each.words.replace("\u00a0", " ")


MANY, COUNT = [-1.0] * 999, evidence("x", [3.0], 3.0, 3.0, "holds", {"low": 3}, alpha=0.0, statistic="count")
SHARE = evidence("converged", [1.0, 0.0, 1.0, 1.0], 0.2, 1.0, "inconclusive", {"low": 0.9}, statistic="share")
SOME = evidence("x", [-1.0, 1.0], -1.0, 1.0, "holds", BELOW, left_out=2)


@pytest.mark.parametrize(
    ("found", "conditions", "words"),
    [
        *((found, ([-1.0, -1.0, 1.0, 0.0], [-1.0, 1.0, -1.0, -1.0]), words)  # combined seed by seed
          for found, words in (("holds", "25 %"), ("refuted", "75 %"), ("inconclusive", "75 %"), ("error", None))),
        ("holds", ([-1.0, -1.0, 1.0, 1.0], [-1.0] * 3), "50 %"),  # of different seeds
        ("holds", ([-1.0, -1.0, 1.0, 1.0], [-1.0, -1.0, 1.0]), "≤ 50 %"),
        ("refuted", ([-1.0, -1.0, 1.0, 1.0], [-1.0, -1.0, 1.0]), "≥ 50 %"),
        ("holds", ([1.0, -1.0], SOME), "≤ 50 %"),
        ("holds", ([-1.0, -1.0], NOBODY), "100 %"),
        ("inconclusive", (NOBODY,), None),
        ("inconclusive", (SHARE, COUNT), "75 %"),
        ("holds", (COUNT,), None),
        ("holds", ([*MANY, 1.0],), "99 %"),  # only all is 100 %, only none is 0 %
        ("refuted", ([*MANY, 1.0],), "1 %"),
        ("refuted", (MANY,), "0 %"),
    ],
)  # fmt: skip
def test_a_single_seed_holds_where_all_its_values_lie_in_their_regions(found, conditions, words):
    assert agreement(found, *conditions) == words


def test_a_row_a_claim_with_all_its_cases_in_full_and_few_that_agree_are_named():
    def single(name, found, values, case=""):
        of_seeds = [evidence("x", values, min(values), max(values), "inconclusive", BELOW)]
        return full(name, found, case=case, evidence=of_seeds)

    found = summary(
        whole(
            single("F2", "refuted", [-1.0, 1.0], "a"),
            single("F2", "refuted", [1.0, 1.0], "b"),
            single("F3", "holds", [-1.0], "a"),
            single("F4", "holds", [-1.0, -1.0, -1.0, 1.0]),
            single("I1", "holds", [-1.0, 1.0]),
            single("I2", "inconclusive", [-1.0, 1.0]),
            record("M1", "holds"),
            claims=[declared("F2", "a", "b"), declared("F3", "a", "b"), declared("M1")],
        )
    )
    first, _, _, _, *rows = single_seeds.table(found).replace("\u00a0", " ").splitlines()
    assert first == (
        "Of single seeds, 62 % agree in the median over claims that hold (2). Of single seeds, 100 % agree in the "
        "median over claims that are refuted (1). Fewer than three in four agree in 1 of 3: I1."
    )
    assert rows == [
        "| F2 | planted F2 | refuted | 100 % | 2 | a 50 %; b 100 % |",
        "| F4 | planted F4 | **holds** | 75 % | 4 |  |",
        "| I1 | planted I1 | **holds** | 50 % | 2 |  |",
        "| I2 | planted I2 | inconclusive | 50 % | 2 |  |",
    ]


# Cost

SHALLOW = {"name": "shallow", "widths": [784, 30, 10], "data": "mnist", "seconds": 3600.0, "asking_seconds": 0.0}
DEEP = {"name": "deep", "widths": [784, 20, 20, 10], "data": "mnist", "seconds": 7200.0, "asking_seconds": 0.0}
PROBED = SHALLOW | {"name": 5, "asking_seconds": 36_000.0}
LATER = SHALLOW | {"trained": 24, "seconds": 72_000.0}


def costing(name, *settings, **more):
    return full(name, "holds", settings=list(settings), **more)


@pytest.mark.parametrize(
    ("verdicts", "hours"),
    [
        ([costing("P2", SHALLOW, DEEP), costing("P7", PROBED), costing("P8", PROBED), costing("M4", DEEP)], "M 2 P 13"),
        ([costing("P3", SHALLOW | {"trained": 12}), costing("P4", LATER)], "P 20"),  # goes on from the first look
        ([costing("P3", LATER), costing("P4", SHALLOW | {"trained": 12})], "P 20"),
        ([record("M4", "holds", settings=[DEEP]), costing("M1", dataset="counts")], ""),
        ([costing("M4", SHALLOW, {"widths": [784]}), costing("P2", SHALLOW | {"seconds": 90.0})], "P 0.025"),
        ([costing("M4", SHALLOW, *(PROBED | {"asked": one} for one in ("sharpness", "tau", "tau")))], "M 21"),
    ],
    ids=["shared by claims", "two looks", "two looks, later first", "fast tier and counts", "not timed", "two probes"],
)
def test_a_training_counts_once_whatever_its_name_and_so_does_each_probe(tmp_path, verdicts, hours):
    text = cost(summary(whole(*verdicts)), tmp_path)
    assert " ".join(" ".join(each) for each in re.findall(r": on (\w) \| (\S+) \|", text)) == hours
    missing = "; ".join(f"on {name}" for name in "FMIP" if name not in hours)
    assert text.endswith(f" Not yet run in full, or not timed: {missing}.")


def test_what_was_not_run_since_its_last_registration_costs_what_it_did_before(tmp_path):
    found = summary(whole(costing("M4", SHALLOW, registration=0), claims=[declared("M4", registered=locked(1))]))
    assert "on M | 1 | 8 |" in cost(found, tmp_path)


def test_every_task_names_the_machines_that_it_was_judged_on_or_their_device(tmp_path):
    sessions = [
        {"time": "A", "cpu": "slow", "matrix_product_rate": 15.3},
        {"time": "B", "cpu": "quick", "matrix_product_rate": 81},
        {"time": "C", "cpu": "Xeon", "matrix_product_rate": 153.0, "device": "cuda"},
    ]
    judged = [costing("M4", SHALLOW, session="B"), costing("M5", DEEP, session="A"), costing("P1", DEEP, session="C")]
    judged += [costing("I1", SHALLOW, session="B"), costing("I1", session="A", case="b")]
    text = cost(summary(whole(*judged) | {"sessions": sessions}), tmp_path)
    for row in (
        "| Part 2, Task 2: on M | 3 | 8 | slow, 15 GFLOP/s; quick, 81 GFLOP/s | – |",
        "on I | 1 | 8 | quick, 81 GFLOP/s |",
        "on P | 2 | 8 | cuda, Xeon |",
    ):
        assert row in text


def test_the_common_loop_sees_the_same_images_at_its_own_rate(tmp_path):
    rows = [{"way": way, "images_per_second": rate} for way, rate in (("plain", 3.0), ("dataloader", 500.0))]
    measured = {"benchmarks": [{"extra_info": row} for row in rows]}
    (tmp_path / "benchmarks.json").write_text(json.dumps(measured), encoding="utf-8")
    first = SHALLOW | {"steps": 1000, "batch_size": 50, "trained": 16}
    line = {"name": "line", "steps": 10, "data": "cos", "trained": 16, "seconds": 36.0}
    judged = [costing("P2", first), costing("P7", first | {"trained": 72, "seconds": 5400.0}), costing("F1", line)]
    text = cost(summary(whole(*judged)), tmp_path)
    assert "on F | 0.01 | 8 | not recorded | – |" in text
    assert "on P | 1.5 | 8 | not recorded | 2 |" in text
    assert "| together | 1.5 | | | 2 |" in text
    assert "the same images at 500 a second" in text


# Findings


def said(template, *verdicts, **more):
    found = summary(whole(*verdicts, **more))
    return documents.findings(found, found.reports[0], template)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("It {{ verdict('F9', 'holds') }}.", "It holds."),
        ("{{ numbers('F9', case='a') }}, {{ basis('F9') }}", "4.5 (interval 1 to 8), full, mnist · n = 8"),
        ("![x]({{ figure('F9') }})", "![x](artifacts/figures/planted/full-mnist-1/planted.png)"),
        ("{{ ours('F9', 'loss at 5', 'a') }}", "2 (seeds from 1 to 9)"),
        ("{{ aside('F9', 'smaller', 'a') }}", "1 (interval 1 to 2)"),
        ("{{ agreement('F9') }}, {{ median_agreement('holds') }}", "100\u00a0%, 96\u00a0%"),
        ("{{ few_agree() }}; {{ median_agreement('refuted') }}", "F1, F2 and F4; 50\u00a0%"),
        ("{{ by_own_numbers('F1', 'yes') }}", "F1"),
        ("{{ verdict('F5', 'refuted') }}, {{ basis('F5') }}", "refuted, first registration, full, mnist · n = 8"),
        ("{{ verdict('F9', 'refuted') }}", "say that F9 is refuted, but its verdict is holds"),
        ("{{ verdict('F9', 'refuted', 'a') }}", "say that F9 a is refuted, but its verdict is holds"),
        ("{{ verdict('F6', 'refuted') }}", "say that F6 is refuted, but its verdict is holds"),
        ("{{ numbers('F9', case='b') }}", "speak of F9 b, which was not judged"),
        ("{{ numbers('F9', 1, 'a') }}", "speak of condition 1 of F9 a, which has 1"),
        ("{{ numbers('F8') }}", "speak of F8, which was not judged"),
        ("{{ ours('F9', 'loss', 'a') }}", "speak of 'loss' beside F9, which was not recorded"),
        ("{{ aside('F9', 'larger', 'a') }}", "speak of 'larger' beside F9, which was not recorded"),
        ("{{ agreement('F8') }}", "speak of single seeds of F8, which full did not judge on seeds"),
        (
            "{{ median_agreement('error') }}",
            "speak of claims that full found to be error, and there are none",
        ),
        (
            "{{ by_own_numbers('F9', 'yes') }}",
            "say that by its own numbers F9 is: yes, but it is: not given",
        ),
        ("{{ figure('F6') }}", "show a figure of F6, which has none"),
    ],
)
def test_findings_are_filled_from_the_record_which_refuses_words_that_no_longer_fit(template, words):
    def refuted(name, values):
        of_seeds = [evidence("x", values, min(values), 9.0, "refuted", {"high": 2})]
        return full(name, "refuted", by_its_own_numbers="yes", evidence=of_seeds)

    beside = {"of": "loss at 5", "reported": 3.0, "n": 8, "median": 2.0, "low": 1.0, "high": 9.0}
    asides = [evidence("smaller", [1.0] * 8, 1.0, 2.0, "holds", {})]
    verdicts = [
        full("F9", "holds", case="a", reported=[beside], asides=asides),
        *(refuted(name, [1.0, 9.0]) for name in ("F1", "F2", "F4")),
        refuted("F3", [-1.0, *[9.0] * 7]),
        full("F5", "refuted", registration=0),
        full("F6", "refuted", registration=0),
        full("F6", "holds", figures=[], evidence=[evidence("x", [*[1.0] * 11, 9.0], 1.0, 1.0, "holds", {"high": 2})]),
    ]
    try:
        found = said(template, *verdicts, claims=[declared(name, registered=locked()) for name in ("F5", "F6")])
    except ValueError as error:
        found = str(error).removeprefix("the findings ")
    assert found == words


def test_paragraphs_and_items_are_wrapped_and_headings_are_not():
    words = "word " * 60
    found = said(f"### {'a heading ' * 20}\n\nx\n\n- {words}\n\n- y\n\n{words}", full("F9", "holds"))
    heading, first, item, *rest = re.split(r"\n\n|\n(?=- )", found)
    assert len(heading) > 200
    assert (first, rest[0]) == ("x", "- y")
    assert {line[:6] for line in item.splitlines()} == {"- word", "  word"}
    assert max(map(len, [*item.splitlines(), *rest[1].splitlines()])) <= 120
