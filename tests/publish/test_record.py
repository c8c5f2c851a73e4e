"""The record: every entry is read back as it was written; a damaged one is set aside, and what can be read stays."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from ontrial import Report
from ontrial.publish import page, provenance
from ontrial.publish.frozen import CaseResult, FrozenReport, Last, Look, Registered, Seen, frozen_report
from ontrial.publish.record import decode, encode, load, readable
from ontrial.report import Folder, Task
from ontrial.stats.comparisons import Comparison
from ontrial.stats.verdicts import Verdict, median_interval
from tests.conftest import ROOT
from tests.publish.test_combine import REPORT, TIMES, declared, fast, merged, names, result


def test_a_result_is_read_back_as_it_was_written():
    interval = median_interval([np.inf, *range(7)], "steps", 1 / 256, never=True)
    nobody = median_interval([1.0], "none", 1 / 256, among=[False])
    seen = [Seen(3.0, -math.inf, math.inf, 8, verdict) for verdict in (Verdict.INCONCLUSIVE, Verdict.REFUTED)]
    first = CaseResult(
        report="planted", id="F4", case="deep", tier="full", dataset="functions", found=Verdict.INCONCLUSIVE,
        evidence=(interval < 300, nobody > 0), registration=2, registered_on="2026-03-01", first_trained="2026-03-02",
        known=Verdict.REFUTED, looks=(Look(8, tuple(seen)),), seeds_needed="at the border", asides=(interval,),
        reported=(Comparison("steps", 250.0, 8, 3.0, 0.0, math.inf),), by_its_own_numbers="no", figures=("a.png",),
        settings=({"name": "deep"},), seconds_trained=3.0, session="then", planned=False,
        last=Last(Verdict.ERROR, None, "it broke", "now"),
    )  # fmt: skip
    found = encode(first)
    assert found["evidence"][0]["high"] == found["looks"][0]["conditions"][0]["high"] == "inf"
    assert [each["look"] for each in found["evidence"]] == [None, 0]
    again = decode(CaseResult, json.loads(json.dumps(found, allow_nan=False)))
    assert encode(again) == found
    assert (again.looks, again.planned, again.last, again.key) == (first.looks, False, first.last, first.key)
    for name in ("planned", "last", "runs", "rounding", "code"):
        del found[name]  # as older records have it
    assert encode(decode(CaseResult, found)) == found
    for entry in (REPORT, declared("F2", registered=Registered(1, "2026-03-01", "ab"))):
        assert decode(type(entry), encode(entry)) == entry


def test_the_committed_record_is_read_back_as_it_is():
    content = json.loads((ROOT / "artifacts" / "verdicts.json").read_bytes())
    assert {"schema": 4, **encode(load(ROOT / "artifacts"))} == content


EMPTY = {key: [] for key in ("sessions", "reports", "claims", "verdicts")}
TWICE = EMPTY | {"schema": 4, "verdicts": [encode(fast("F1"))] * 2}
DAMAGED = [b"{", b'{"schema": 99}', b"[]", b"\xff", b'{"schema": 4, "verdicts": [{}]}']
DAMAGED += [json.dumps(each).encode() for each in (EMPTY | {"schema": 3}, TWICE)]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_record_is_set_aside_and_said(tmp_path, content):
    (tmp_path / "verdicts.json").write_bytes(content)
    said = []
    assert len(merged(tmp_path, [fast("F2")], say=said.append)["verdicts"]) == 1
    assert (tmp_path / "verdicts.json.damaged").read_bytes() == content
    [line] = said
    assert "verdicts.json.damaged" in line


UNREADABLE = [
    {"found": "perhaps"}, {"found": None}, {"id": "../F3"}, {"report": 3}, {"evidence": [{}]}, {"figures": [3]},
    {"registration": "1"}, {"session": None}, {"looks": 3}, {"last": {}},
]  # fmt: skip


@pytest.mark.parametrize("wrong", UNREADABLE, ids=str)
def test_an_entry_that_cannot_be_read_is_set_aside_and_all_others_are_merged(tmp_path, wrong):
    merged(tmp_path, [fast("F2"), fast("F3"), result("M2")])
    path, said = tmp_path / "verdicts.json", []
    record = json.loads(path.read_bytes())
    record["verdicts"][1] |= wrong
    path.write_text(json.dumps(record))
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"verdicts\.json is damaged: verdicts 1"):
        load(tmp_path)
    assert [each.id for each in readable(tmp_path).verdicts] == ["F2", "M2"]
    for number in ("", "-2"):
        path.write_bytes(content)
        assert names(merged(tmp_path, [fast("F1")], TIMES[1], say=said.append)) == [("F1",), ("F2",), ("M2",)]
        assert (tmp_path / f"verdicts.json.damaged{number}").read_bytes() == content
    assert "verdicts 1" in said[0]
    assert "verdicts.json.damaged-2" in said[1]
    page.write(tmp_path)


def test_a_report_s_folder_is_relative_to_the_root_with_slashes(tmp_path):
    said = Report("A title", "by nobody", "", (Task("F", "Part 1", "Task 1", "x"),))
    found = frozen_report(Folder(tmp_path / "claims" / "mine", said), tmp_path)
    assert found == FrozenReport("mine", "A title", "by nobody", "", "claims/mine", said.tasks)


def test_the_record_is_utf_8_whatever_the_locale_says(tmp_path):
    code = """if True:
        import sys
        from pathlib import Path
        from ontrial.publish import page
        from tests.publish.test_combine import FrozenClaim, fast, merged
        merged(Path(sys.argv[1]), [fast("F2")], claims=[FrozenClaim("planted", "F2", "\\u2264 10\\xb2")])
        page.main([sys.argv[1], "--summary"])
        page.main([sys.argv[1]])
    """
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": ""},
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    assert said.returncode == 0, said.stderr.decode()
    assert "≤ 10²" in (tmp_path / "verdicts.json").read_text(encoding="utf-8")


def test_a_session_s_commit_is_of_its_own_repository_and_dirty_where_anything_but_its_outputs_changed(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    def commit(*names):
        """The commit with these files written."""
        for path in (paths := [tmp_path / name for name in names]):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        found = provenance.commit(tmp_path, [tmp_path / "out" / "verdicts.json*", tmp_path / "runs", tmp_path])
        for path in paths:
            path.unlink()
        return found

    assert commit() == ""
    git("init", "-q")
    git("config", "status.showUntrackedFiles", "no")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    git("add", ".gitignore")
    git("commit", "-qm", "one")
    (tmp_path / "claims").mkdir()
    assert len(clean := commit()) == 12
    assert provenance.commit(tmp_path / "claims") == "", "unpacked inside another repository"
    assert commit("artifacts/a.png", "runs/ab/a.npz", "out/verdicts.json", "out/verdicts.json.damaged") == clean
    assert commit("ignored/a.py", "claims/__pycache__/a.pyc") == clean
    for name in ("claims/helper.py", "other_package/__init__.py", "out/mine.py", "größe.py"):
        assert commit(name) == f"{clean}-dirty", name
    (tmp_path / ".gitignore").write_text("changed/\n")
    assert commit() == f"{clean}-dirty"


def test_a_session_s_provenance_names_what_is_installed(tmp_path):
    found = provenance.provenance(tmp_path, {"device": "cpu"}, ["numpy", "no-such-package"])
    assert found["packages"]["numpy"] == np.__version__
    assert "no-such-package" not in found["packages"]
    assert (found["device"], found["commit"]) == ("cpu", "")
