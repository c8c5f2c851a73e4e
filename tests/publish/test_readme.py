"""README.md and docs/ say what the last runs found."""

import re
import shutil
from pathlib import Path

import pytest

from ontrial.publish import readme
from ontrial.publish.reading import read, summary
from ontrial.publish.readme import documents, filled, generated
from ontrial.publish.registrations import changes, changes_in_words, registrations
from tests.publish.planted import declared, evidence, locked, plant, record, whole

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", documents(ROOT), ids=lambda path: path.name)
def test_the_generated_parts_are_not_stale(path):
    stale = "run: python -m ontrial.publish.readme"
    assert path.read_text(encoding="utf-8") == generated(path, ROOT, ROOT / "artifacts"), stale


def test_a_part_is_filled_between_its_markers():
    assert filled("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb"
    with pytest.raises(ValueError, match="is missing"):
        filled("a", "x", "new")


@pytest.mark.parametrize("path", documents(ROOT), ids=lambda path: path.name)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(path):
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
def project(tmp_path):
    """A project with a record, a README and a document, and a finding in its report's folder."""
    plant(tmp_path / "artifacts", whole(record("F1", "holds", tier="full"), record("M2", "refuted")))
    (tmp_path / "claims" / "planted").mkdir(parents=True)
    template = "It {{ verdict('F1', 'holds') }} — [see]({{ figure('F1') }})."
    for name in (readme.FINDINGS, readme.IN_SHORT):
        (tmp_path / "claims" / "planted" / name).write_text(template, encoding="utf-8")
    (tmp_path / "docs").mkdir()
    names = ("findings-in-full", "cost", "registrations", "singles", "undecided", "changes")
    marked = "".join(f"<!-- {name} -->\n<!-- /{name} -->\n" for name in names)
    (tmp_path / "docs" / "more.md").write_text(marked, encoding="utf-8")
    head = "<!-- verdicts -->\nold\n<!-- /verdicts -->\n<!-- findings -->\n<!-- /findings -->\n"
    (tmp_path / "README.md").write_text(head, encoding="utf-8")
    return tmp_path


def test_every_document_is_filled_and_a_check_tells_which_are_stale(project):
    with pytest.raises(SystemExit, match="stale: "):
        readme.main(["--root", str(project), "--check"])
    readme.main(["--root", str(project)])
    text = (project / "README.md").read_text(encoding="utf-8")
    assert "| F1 | planted F1 | **holds** | 8 |" in text
    assert "| M2 | planted M2 | refuted (fast only) | 8 |" in text
    assert "It holds — [see](artifacts/figures/planted/full-digits-1/planted.png)." in text
    text = (project / "docs" / "more.md").read_text(encoding="utf-8")
    assert "[see](../artifacts/figures/planted/full-digits-1/planted.png)" in text
    assert "Nothing is inconclusive." in text
    assert "| F1 | planted F1 | **holds** | 100\u00a0% | 8 |  |" in text
    readme.main(["--root", str(project), "--check"])


def test_a_finding_that_is_stale_fails_and_leaves_every_document_as_it_was(project):
    (project / "claims" / "planted" / readme.FINDINGS).write_text("{{ verdict('M2', 'holds') }}", encoding="utf-8")
    before = (project / "README.md").read_bytes()
    with pytest.raises(SystemExit, match="M2 is holds, but its verdict is refuted"):
        readme.main(["--root", str(project)])
    assert (project / "README.md").read_bytes() == before
    shutil.rmtree(project / "artifacts")
    with pytest.raises(SystemExit, match=r"verdicts\.json"):
        readme.main(["--root", str(project)])


def test_the_first_registration_stands_beside_what_a_lock_gave_and_what_moved_is_told():
    def full(name, found, registration, **more):
        return record(name, found, tier="full", registration=registration, **more)

    count = evidence("layers", [3.0], 3.0, 3.0, "holds", {"low": 3, "high": 3}, alpha=0.0, statistic="count")
    verdicts = [
        *(full("F1", found, number) for found, number in (("refuted", 0), ("holds", 1))),
        *(full("F2", "holds", number) for number in (0, 1)),
        full("F3", "inconclusive", 0),
        full("F4", "holds", 1, evidence=[count]),
        full("F5", "holds", 0, case="a"),
        full("F5", "holds", 1, case="a"),
    ]
    cases = {"F5": ("a", "b")}
    ids = ("F1", "F2", "F3", "F4", "F5", "F6")
    claims = [declared(name, *cases.get(name, ()), registered=locked()) for name in ids]
    lines = registrations(summary(whole(*verdicts, claims=claims))).splitlines()
    assert "Of 4 claims that were judged before criteria were locked, 2 have been judged again" in lines[0]
    assert "1 of these moved (by chance: F1). 2 claims are new." in lines[0]
    assert lines[4:] == [
        "| F1 | planted F1 | refuted (n = 8) | holds (n = 8) | refuted → holds | chance |",
        "| F2 | planted F2 | holds (n = 8) | holds (n = 8) | no |  |",
        "| F3 | planted F3 | inconclusive (n = 8) | not yet run |  |  |",
        "| F5 | planted F5 | holds (n = 8) | not yet run |  |  |",
        "| F4 | planted F4 | new | holds | | |",
        "| F6 | planted F6 | new | not yet run | | |",
    ]


def test_what_moved_a_verdict_is_its_criterion_its_seeds_its_interval_or_chance():
    moves = {
        "F1": [("", "holds", "refuted")],
        "F2": [("", "inconclusive", "holds")],
        "F3": [("", "holds", "inconclusive")],
        "F4": [("", "inconclusive", "refuted")],
        "F5": [("a", "refuted", "refuted"), ("b", "inconclusive", "holds")],
        "F6": [("a", "holds", "holds"), ("b", "inconclusive", "holds")],
    }
    verdicts = [
        record(name, found, tier="full", case=case, registration=number)
        for name, cases in moves.items()
        for case, *both in cases
        for number, found in enumerate(both)
    ]
    verdicts.append(record("F7", "holds", tier="full", registration=0))
    verdicts += [record("F7", "refuted", tier="full", case=case) for case in ("a", "b")]
    cases = {name: [case for case, *_ in each] for name, each in moves.items()} | {"F7": ["a", "b"]}
    claims = [declared(name, *each, registered=locked()) for name, each in cases.items()]
    text = registrations(summary(whole(*verdicts, claims=claims)), {"planted": {("F4", 2): "a reason"}})
    assert "6 of these moved (by chance: F1, F7; by seeds: F2, F6; by interval: F3; by criterion: F4)" in text
    assert "; in F5 a case did. 0 claims are new." in text
    ends = [line.split(" | ")[4:] for line in text.splitlines()[4:]]
    assert ends == [
        ["holds → refuted", "chance |"],
        ["inconclusive → holds", "seeds |"],
        ["holds → inconclusive", "interval |"],
        ["inconclusive → refuted", "criterion |"],
        ["b: inconclusive → holds", "seeds |"],
        ["b: inconclusive → holds", "seeds |"],
        ["holds → refuted", "chance |"],
    ]


def test_a_report_says_which_criteria_changed_and_why(tmp_path):
    assert changes(tmp_path) == {}
    path = tmp_path / "changed.toml"
    path.write_text('[[changed]]\nclaims = ["F1", "M1"]\nwhy = "both count"\n', encoding="utf-8")
    assert changes(tmp_path) == {("F1", 2): "both count", ("M1", 2): "both count"}
    more = {("F1", 3): "another reason", ("F2", 2): "long " * 40}
    lines = changes_in_words(more | changes(tmp_path)).splitlines()
    assert lines[0].startswith("- **F2**: long")
    assert lines[-2:] == ["- **F1, M1**: both count.", "- **F1**, round 3: another reason."]
    for damage in ("[[changed]]\nclaims = ['F1']", "changed = 3", "[", "[[changed]]\nclaims = ['F1', 'F1']\nwhy = ''"):
        path.write_text(damage, encoding="utf-8")
        with pytest.raises(ValueError, match=r"changed\.toml is damaged"):
            changes(tmp_path)


def test_every_changed_criterion_is_of_a_claim_that_there_is():
    claims = {claim.id for claim in read(ROOT / "artifacts").claims}
    for report in read(ROOT / "artifacts").reports:
        assert {claim for claim, _ in changes(ROOT / report.folder)} <= claims
