"""The record: merged across sessions, kept where it is damaged, cleared of what is declared no longer."""

import json
import math
import subprocess
import sys
import threading

import filelock
import numpy as np
import pytest

from ontrial.evidence.comparisons import Comparison
from ontrial.evidence.intervals import exactly, median_interval
from ontrial.evidence.verdicts import Verdict
from ontrial.publish import encoding, record, sessions
from ontrial.publish.entries import Declared, Judged, Look, Registered, Report, Seen, report_of
from ontrial.publish.migration import migrated
from ontrial.report import Folder, Task
from ontrial.report import Report as Said
from ontrial.running import locks
from ontrial.running.locks import LockHeld
from tests.publish import planted

REPORT = Report("planted", tasks=(Task("F", "", "", ""), Task("M", "", "", "")))


def session(time="2026-03-01T10:00:00+00:00"):
    return {"time": time, "commit": "", "packages": {}}


def judged(name, tier="fast", *, value=1.0, **more):
    evidence = (exactly(value, "count") > 0,)
    found = {"registration": 1 if tier == "full" else None} | more
    return Judged("planted", name, found.pop("case", ""), tier, "digits", Verdict.HOLDS, evidence, **found)


def declared(name, *cases, **more):
    return Declared("planted", name, f"says {name}", "said", "tests", cases or ("",), **more)


def merge(folder, verdicts, **more):
    more = {"reports": [REPORT], "declared": [declared(each.id, each.case) for each in verdicts]} | more
    path = record.merge(folder, verdicts, more.pop("session", session()), **more)
    return json.loads(path.read_bytes())


def names(whole):
    return [(each["id"], each["tier"], each["registration"]) for each in whole["verdicts"]]


def test_sessions_are_merged_and_do_not_overwrite_other_tiers_or_registrations(tmp_path):
    merge(tmp_path, [judged("M10"), judged("F2"), judged("F2", "full"), judged("F2", "full", registration=0)])
    whole = merge(tmp_path, [judged("F2", value=7)], session=session("2026-03-02T10:00:00+00:00"))
    assert names(whole) == [("F2", "full", 1), ("F2", "full", 0), ("F2", "fast", None), ("M10", "fast", None)]
    assert whole["verdicts"][2]["evidence"][0]["estimate"] == 7
    assert {each["session"] for each in whole["verdicts"]} == {one["time"] for one in whole["sessions"]}
    assert [each["name"] for each in whole["reports"]] == ["planted"]


def test_a_claim_keeps_all_its_cases_in_one_entry(tmp_path):
    whole = merge(tmp_path, [judged("F2", case="shallow"), judged("F2", case="deep")])
    assert whole["claims"][0]["cases"] == ["shallow", "deep"]
    whole = merge(tmp_path, [judged("F2", case="deep")])
    assert whole["claims"][0]["cases"] == ["shallow", "deep"], "a part of a report says nothing of the rest"


def test_what_is_declared_no_longer_leaves_with_its_figures_where_its_report_was_collected_whole(tmp_path):
    figure = tmp_path / "figures" / "old.png"
    figure.parent.mkdir()
    figure.write_bytes(b"")
    gone = judged("F3", figures=("figures/old.png",))
    locked = declared("F2", "deep", registered=Registered(2, "2026-03-01", "ab"))
    before = [judged("F2", case="old"), judged("F2", "full", case="old"), judged("F2", case="deep"), gone]
    merge(tmp_path, before)
    assert len(names(merge(tmp_path, [judged("F2", case="deep")]))) == 4
    whole = merge(tmp_path, [judged("F2", case="deep")], declared=[locked], collected=["planted"])
    assert [(each["id"], each["case"], each["tier"]) for each in whole["verdicts"]] == [
        ("F2", "deep", "fast"),
        ("F2", "old", "full"),
    ], "what stood under an earlier registration stays"
    assert [each["id"] for each in whole["claims"]] == ["F2"]
    assert whole["claims"][0]["cases"] == ["deep"]
    assert not figure.exists()


def test_an_earlier_registration_gives_up_its_figures_to_the_later(tmp_path):
    merge(tmp_path, [judged("F2", "full", figures=("figures/a.png",))])
    whole = merge(tmp_path, [judged("F2", "full", registration=2, figures=("figures/b.png",))])
    assert [each["figures"] for each in whole["verdicts"]] == [["figures/b.png"], []]


def test_a_verdict_is_read_back_as_it_was_written():
    interval = median_interval([np.inf, *range(7)], "steps", 1 / 256, never=True)
    nobody = median_interval([1.0], "none", 1 / 256, among=[False])
    seen = Seen(3.0, -math.inf, math.inf, 8, Verdict.INCONCLUSIVE)
    first = Judged(
        "planted", "F4", "deep", "full", "functions", Verdict.INCONCLUSIVE, (interval < 300, nobody > 0),
        registration=2, registered_on="2026-03-01", first_trained="2026-03-02", known=Verdict.REFUTED,
        looks=(Look(8, (seen, seen)),), decided_at=(0, None), seeds_needed="at the border", asides=(interval,),
        reported=(Comparison("steps", 250.0, 8, 3.0, 0.0, math.inf),), by_its_own_numbers="no",
        figures=("a.png",), settings=({"name": "deep"},), seconds=3.0, session="then",
    )  # fmt: skip
    found = encoding.judged(first)
    assert found["evidence"][0]["high"] == found["looks"][0]["conditions"][0]["high"] == "inf"
    assert found["evidence"][1]["left_out"] == 1
    assert (found["evidence"][0]["look"], found["evidence"][1]["look"]) == (0, None)
    again = encoding.judged_of(json.loads(json.dumps(found, allow_nan=False)))
    assert encoding.judged(again) == found
    assert again.looks == first.looks
    assert again.key == ("planted", "F4", "deep", "full", "functions", 2)
    assert encoding.report_of(encoding.report(REPORT)) == REPORT
    lock = declared("F2", registered=Registered(1, "2026-03-01", "ab"))
    assert encoding.declared_of(encoding.declared(lock)) == lock


@pytest.mark.parametrize("content", [b"{", b'{"schema": 99}', b"[]", b"\xff", b'{"schema": 4, "verdicts": [{}]}'])
def test_a_damaged_record_is_kept_aside_and_told(tmp_path, content):
    (tmp_path / "verdicts.json").write_bytes(content)
    said = []
    assert len(merge(tmp_path, [judged("F2")], say=said.append)["verdicts"]) == 1
    assert (tmp_path / "verdicts.json.damaged").read_bytes() == content
    [line] = said
    assert "verdicts.json.damaged" in line


def test_a_record_that_somebody_holds_is_waited_for_told_and_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.05)
    said = []
    with filelock.FileLock(tmp_path / ".verdicts.lock"), pytest.raises(LockHeld, match="held by another process"):
        merge(tmp_path, [judged("F2")], limit=0.2, say=said.append)
    assert ".verdicts.lock" in said[0]
    assert not (tmp_path / "verdicts.json").exists()


def test_sessions_at_the_same_time_lose_nothing(tmp_path):
    ids = [f"F{number}" for number in range(1, 9)]
    threads = [threading.Thread(target=merge, args=(tmp_path, [judged(name)])) for name in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = json.loads((tmp_path / "verdicts.json").read_bytes())
    assert [each["id"] for each in whole["verdicts"]] == ids
    assert not list(tmp_path.glob(".verdicts.json.*")), "no part is left behind"


def test_claims_stand_in_the_order_of_their_report():
    place = record.order([encoding.report(REPORT)])
    ids = sorted(["X1", "M10", "M2", "F10", "F9", "Fa1"], key=lambda name: place("planted", name))
    assert ids == ["F9", "F10", "M2", "M10", "Fa1", "X1"]


def test_the_commit_is_of_the_project_s_own_repository_alone(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    (tmp_path / "inside").mkdir()
    (tmp_path / "file").write_text("1")
    assert sessions.commit(tmp_path) == ""
    git("init", "-q")
    git("add", "file")
    git("commit", "-qm", "one")
    assert len(sessions.commit(tmp_path)) == 12
    assert sessions.commit(tmp_path / "inside") == "", "unpacked inside some other repository"
    (tmp_path / "file").write_text("2")
    assert sessions.commit(tmp_path).endswith("-dirty")


def test_an_environment_names_what_is_installed(tmp_path):
    found = sessions.environment(tmp_path, {"device": "cpu"}, ["numpy", "no-such-package"])
    assert found["packages"]["numpy"] == np.__version__
    assert "no-such-package" not in found["packages"]
    assert (found["device"], found["commit"]) == ("cpu", "")


def test_the_record_is_utf_8_whatever_the_locale_says(tmp_path):
    code = (
        "import sys; from pathlib import Path; from tests.publish import test_record as t; "
        "t.merge(Path(sys.argv[1]), [t.judged('F2')], declared=[t.declared('F2', '\\u2264 10\\xb2')]); "
        "from ontrial.publish import page; page.main([sys.argv[1], '--summary']); page.main([sys.argv[1]])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": ""},
        capture_output=True,
        check=False,
        cwd=planted.__file__.rsplit("/tests/", 1)[0],
    )
    assert said.returncode == 0, said.stderr.decode()
    assert "≤ 10²" in (tmp_path / "verdicts.json").read_text(encoding="utf-8")


def test_a_report_s_folder_is_told_from_the_root_with_slashes(tmp_path):
    said = Said("A title", "by nobody", "", (Task("F", "Part 1", "Task 1", "x"),))
    found = report_of(Folder(tmp_path / "claims" / "mine", said), tmp_path)
    assert (found.name, found.folder, found.title, found.tasks) == ("mine", "claims/mine", "A title", said.tasks)


def test_a_record_of_schema_3_becomes_the_first_registration():
    interval = {
        "measure": "steps", "statistic": "median", "n": 3, "estimate": 2.0, "low": 1.0, "high": 3.0,
        "confidence": 0.999, "values": [1.0, 2.0, 3.0],
    }  # fmt: skip
    region = {"low": "-inf", "high": 5, "low_included": True, "high_included": True}
    old = {
        "id": "F1", "case": "", "statement": "says", "kind": "said", "source": "tests", "tier": "full",
        "dataset": "mnist", "expected": "refuted", "found": "holds", "reason": "in words with 3 numbers", "problem": "",
        "evidence": [interval | {"region": region, "verdict": "holds"}], "asides": [], "reported": [],
        "figures": ["a.svg", "a.png"], "settings": [], "seconds_trained": 1.0, "session": "then",
    }  # fmt: skip
    claim = {name: old[name] for name in ("id", "statement", "kind", "source")} | {"cases": [""]}
    whole = {"schema": 3, "sessions": [session("then")], "claims": [claim], "verdicts": [old, old | {"tier": "fast"}]}
    found = migrated(whole, REPORT)
    [verdict] = found["verdicts"]
    assert (verdict["report"], verdict["registration"], verdict["known"]) == ("planted", 0, "refuted")
    assert verdict["evidence"][0]["alpha"] == 0.0005
    assert verdict["figures"] == ["a.png"]
    assert "reason" not in verdict
    assert found["claims"][0]["registered"] is None
    assert encoding.judged(encoding.judged_of(verdict)) == verdict
    with pytest.raises(ValueError, match="schema 4"):
        migrated(found, REPORT)
