"""The record: merged across sessions, never to its loss, cleared of what is declared no longer."""

import hashlib
import json
import math
import subprocess
import sys
import threading
from dataclasses import replace

import filelock
import numpy as np
import pytest

from ontrial import files
from ontrial.files import LockHeld
from ontrial.publish import combine, page, provenance, record
from ontrial.publish.frozen import (
    CaseResult,
    FrozenClaim,
    FrozenReport,
    Last,
    Look,
    Registered,
    Seen,
    frozen_report,
)  # fmt: skip
from ontrial.publish.record import decode, encode
from ontrial.report import Folder, Task
from ontrial.report import Report as Said
from ontrial.stats.comparisons import Comparison
from ontrial.stats.verdicts import Verdict, exactly, median_interval
from tests.publish import planted

REPORT = FrozenReport("planted", tasks=(Task("F", "", "", ""), Task("M", "", "", "")))


REFUTED, OPEN, ERROR = Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.ERROR


def session(time="2026-03-01T10:00:00+00:00"):
    return {"time": time, "commit": "", "packages": {}}


LATER = session("2026-03-02T10:00:00+00:00")


def judged(name, tier="fast", *, value=1.0, **more):
    evidence = (exactly(value, "count") > 0,)
    found = {"registration": 1 if tier == "full" else None} | more
    names = {"report": "planted", "id": name, "case": "", "tier": tier, "dataset": "digits"}
    return CaseResult(**names | found, found=Verdict.HOLDS, evidence=evidence)


def found(verdict, n=24, planned=True, **more):
    """A finding in full on n seeds; of an error without evidence."""
    sign = {Verdict.HOLDS: [1.0] * n, REFUTED: [-1.0] * n, OPEN: [-1.0, 1.0] * (n // 2), ERROR: []}[verdict]
    evidence = (median_interval(sign, "sign", 1 / 4000) > 0,) if sign else ()
    known = {"registration": 1, "planned": planned, "problem": "ZeroDivisionError: x" if verdict is ERROR else ""}
    names = {"report": "planted", "id": "F2", "case": "", "tier": "full", "dataset": "digits"}
    return CaseResult(**names | known | more, found=verdict, evidence=evidence)


def declared(name, *cases, **more):
    return FrozenClaim("planted", name, f"says {name}", "said", "tests", cases or ("",), **more)


def merge(folder, verdicts, **more):
    more = {"reports": [REPORT], "claims": [declared(each.id, each.case) for each in verdicts]} | more
    path = combine.merge(folder, verdicts, more.pop("session", session()), **more)
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
    whole = merge(tmp_path, [judged("F2", case="deep")], claims=[locked], collected=["planted"])
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


def test_figures_have_digests_and_a_kept_verdict_keeps_its_own(tmp_path):
    (tmp_path / "figures").mkdir()
    for name in "ab":
        (tmp_path / "figures" / f"{name}.png").write_bytes(name.encode())
    whole = merge(tmp_path, [found(REFUTED, figures=("figures/a.png",)), judged("M2", figures=("figures/b.png",))])
    first = {f"figures/{name}.png": hashlib.sha256(name.encode()).hexdigest() for name in "ab"}
    assert whole["figures"] == first
    for name in "ab":
        (tmp_path / "figures" / f"{name}.png").write_bytes(b"edited")
    again = [found(ERROR, figures=("figures/a.png",)), judged("M2", figures=("figures/b.png",))]
    whole = merge(tmp_path, again, session=LATER)
    assert whole["figures"]["figures/a.png"] == first["figures/a.png"]
    assert whole["figures"]["figures/b.png"] != first["figures/b.png"]


def test_an_error_in_fast_deletes_no_figure_that_others_show(tmp_path):
    shared, own = tmp_path / "figures" / "shared.png", tmp_path / "figures" / "own.png"
    shared.parent.mkdir()
    for path in (shared, own):
        path.write_bytes(b"")
    names = tuple(path.relative_to(tmp_path).as_posix() for path in (shared, own))
    merge(tmp_path, [judged("F2", figures=names[:1]), judged("F3", figures=names)])
    merge(tmp_path, [replace(judged("F3"), found=ERROR, evidence=(), problem="x")])
    assert shared.exists()
    assert not own.exists()


@pytest.mark.parametrize(
    "figure", ["../mine.png", "figures/../../mine.png", "{}/mine.png", "README.png", "figures/notes.txt", "figures",
               "figures/link.png", "figures/linked/mine.png", "", "figures/\0.png"],
)  # fmt: skip
def test_only_figures_of_its_own_leave_and_none_through_a_link(tmp_path, figure):
    folder, mine = tmp_path / "artifacts", tmp_path / "mine.png"
    (folder / "figures").mkdir(parents=True)
    for path in (mine, folder / "README.png", folder / "figures" / "notes.txt"):
        path.write_bytes(b"mine")
    (folder / "figures" / "link.png").symlink_to(mine)
    (folder / "figures" / "linked").symlink_to(tmp_path)
    merge(folder, [judged("F3", figures=(figure.format(tmp_path),))])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.suffix in (".png", ".txt")}
    whole = merge(folder, [judged("F2")], collected=["planted"])
    assert [each["id"] for each in whole["verdicts"]] == ["F2"]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.suffix in (".png", ".txt")} == before


def test_a_verdict_is_read_back_as_it_was_written():
    interval = median_interval([np.inf, *range(7)], "steps", 1 / 256, never=True)
    nobody = median_interval([1.0], "none", 1 / 256, among=[False])
    seen = Seen(3.0, -math.inf, math.inf, 8, Verdict.INCONCLUSIVE)
    first = CaseResult(
        report="planted", id="F4", case="deep", tier="full", dataset="functions", found=OPEN,
        evidence=(interval < 300, nobody > 0), registration=2, registered_on="2026-03-01", first_trained="2026-03-02",
        known=Verdict.REFUTED, looks=(Look(8, (seen, replace(seen, verdict=REFUTED))),), seeds_needed="at the border",
        asides=(interval,), reported=(Comparison("steps", 250.0, 8, 3.0, 0.0, math.inf),), by_its_own_numbers="no",
        figures=("a.png",), settings=({"name": "deep"},), seconds_trained=3.0, session="then", planned=False,
        last=Last(Verdict.ERROR, None, "it broke", "now"),
    )  # fmt: skip
    found = encode(first)
    assert found["evidence"][0]["high"] == found["looks"][0]["conditions"][0]["high"] == "inf"
    assert found["evidence"][1]["left_out"] == 1
    assert [each["look"] for each in found["evidence"]] == [None, 0]
    again = decode(CaseResult, json.loads(json.dumps(found, allow_nan=False)))
    assert encode(again) == found
    assert (again.looks, again.planned, again.last, again.key) == (first.looks, False, first.last, first.key)
    for name in ("planned", "last", "runs", "rounding", "code"):
        del found[name]  # as older records have it
    assert encode(decode(CaseResult, found)) == found
    assert decode(FrozenReport, encode(REPORT)) == REPORT
    lock = declared("F2", registered=Registered(1, "2026-03-01", "ab"))
    assert decode(FrozenClaim, encode(lock)) == lock


@pytest.mark.parametrize("content", [b"{", b'{"schema": 99}', b"[]", b"\xff", b'{"schema": 4, "verdicts": [{}]}'])
def test_a_damaged_record_is_kept_aside_and_told(tmp_path, content):
    (tmp_path / "verdicts.json").write_bytes(content)
    said = []
    assert len(merge(tmp_path, [judged("F2")], say=said.append)["verdicts"]) == 1
    assert (tmp_path / "verdicts.json.damaged").read_bytes() == content
    [line] = said
    assert "verdicts.json.damaged" in line


UNREADABLE = [
    {"found": "perhaps"}, {"found": None}, {"id": "../F3"}, {"report": 3}, {"evidence": [{}]}, {"figures": [3]},
    {"registration": "1"}, {"session": None}, {"looks": 3}, {"last": {}},
]  # fmt: skip


@pytest.mark.parametrize("wrong", UNREADABLE, ids=str)
def test_an_entry_that_cannot_be_read_is_set_aside_and_all_others_are_merged(tmp_path, wrong):
    merge(tmp_path, [judged("F2"), judged("F3"), judged("M2", "full")])
    path, said = tmp_path / "verdicts.json", []
    whole = json.loads(path.read_bytes())
    whole["verdicts"][1] |= wrong
    path.write_text(json.dumps(whole))
    content = path.read_bytes()
    with pytest.raises(ValueError, match=r"verdicts\.json is damaged: verdicts 1"):
        record.load(tmp_path)
    assert [each.id for each in record.readable(tmp_path).verdicts] == ["F2", "M2"]
    for number in ("", "-2"):
        path.write_bytes(content)
        found = merge(tmp_path, [judged("F1")], session=LATER, say=said.append)
        assert [each["id"] for each in found["verdicts"]] == ["F1", "F2", "M2"]
        assert (tmp_path / f"verdicts.json.damaged{number}").read_bytes() == content
    assert "verdicts 1" in said[0]
    assert "verdicts.json.damaged-2" in said[1]
    page.write(tmp_path)


def test_a_record_that_somebody_holds_is_waited_for_told_and_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.05)
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
    place = record.order([REPORT])
    ids = sorted(["X1", "M10", "M2", "F10", "F9", "Fa1"], key=lambda name: place("planted", name))
    assert ids == ["F9", "F10", "M2", "M10", "Fa1", "X1"]


def test_the_commit_is_of_the_project_s_own_repository_alone(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    (tmp_path / "inside").mkdir()
    (tmp_path / "file").write_text("1")
    assert provenance.commit(tmp_path) == ""
    git("init", "-q")
    git("add", "file")
    git("commit", "-qm", "one")
    assert len(provenance.commit(tmp_path)) == 12
    assert provenance.commit(tmp_path / "inside") == "", "unpacked inside some other repository"
    (tmp_path / "file").write_text("2")
    assert provenance.commit(tmp_path).endswith("-dirty")


def test_a_file_that_git_neither_tracks_nor_ignores_makes_a_session_dirty(tmp_path):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path, check=True)

    git("init", "-q")
    git("config", "status.showUntrackedFiles", "no")
    (tmp_path / ".gitignore").write_text("ignored/\n")
    git("add", ".gitignore")
    git("commit", "-qm", "one")
    (tmp_path / "claims").mkdir()

    def is_dirty(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("")
        found = provenance.commit(
            tmp_path, [tmp_path / "out" / "verdicts.json*", tmp_path / "runs", tmp_path]
        ).endswith("-dirty")
        for name in names:
            (tmp_path / name).unlink()
        return found

    assert not is_dirty("artifacts/a.png", "runs/ab/a.npz", "out/verdicts.json", "out/verdicts.json.damaged")
    assert not is_dirty("ignored/a.py", "claims/__pycache__/a.pyc")
    assert is_dirty("claims/helper.py")
    assert is_dirty("models/new/measures.py")
    assert is_dirty("other_package/__init__.py")
    assert is_dirty("out/mine.py")
    assert is_dirty("größe.py")


def test_an_environment_names_what_is_installed(tmp_path):
    found = provenance.provenance(tmp_path, {"device": "cpu"}, ["numpy", "no-such-package"])
    assert found["packages"]["numpy"] == np.__version__
    assert "no-such-package" not in found["packages"]
    assert (found["device"], found["commit"]) == ("cpu", "")


def test_the_record_is_utf_8_whatever_the_locale_says(tmp_path):
    code = (
        "import sys; from pathlib import Path; from tests.publish import test_record as t; "
        "t.merge(Path(sys.argv[1]), [t.judged('F2')], claims=[t.declared('F2', '\\u2264 10\\xb2')]); "
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
    found = frozen_report(Folder(tmp_path / "claims" / "mine", said), tmp_path)
    assert (found.name, found.folder, found.title, found.tasks) == ("mine", "claims/mine", "A title", said.tasks)
