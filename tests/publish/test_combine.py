"""Combining: sessions are merged and folders combined, nothing decided is replaced by less, what is gone leaves."""

import hashlib
import json
import threading
from dataclasses import replace

import filelock
import pytest

from ontrial import files
from ontrial.files import LockHeld
from ontrial.publish.combine import combine, merge
from ontrial.publish.frozen import CaseResult, FrozenClaim, FrozenReport, Registered
from ontrial.report import Task
from ontrial.stats.verdicts import Verdict, median_interval

HOLDS, REFUTED, OPEN, ERROR = Verdict.HOLDS, Verdict.REFUTED, Verdict.INCONCLUSIVE, Verdict.ERROR
TIMES = [f"2026-03-0{day}T10:00:00+00:00" for day in range(1, 5)]
REPORT = FrozenReport("planted", tasks=(Task("F", "", "", ""), Task("M", "", "", "")))


def result(name, found=HOLDS, n=24, **more):
    """A result in full on n seeds; of an error without evidence."""
    sign = {HOLDS: [1.0] * n, REFUTED: [-1.0] * n, OPEN: [-1.0, 1.0] * (n // 2), ERROR: []}[found]
    evidence = (median_interval(sign, "sign", 1 / 4000) > 0,) if sign else ()
    names = {"report": "planted", "id": name, "case": "", "tier": "full", "dataset": "digits", "registration": 1}
    problem = "ZeroDivisionError: x\nin a test" if found is ERROR else ""
    return CaseResult(**names | {"found": found, "evidence": evidence, "problem": problem} | more)


def fast(name, found=HOLDS, **more):
    return result(name, found, **{"tier": "fast", "registration": None} | more)


def declared(name, *cases, **more):
    return FrozenClaim("planted", name, f"says {name}", "said", "tests", cases or ("",), **more)


def merged(folder, results, time=TIMES[0], **more):
    claims = [declared(each.id, each.case) for each in results]
    path = merge(folder, results, {"time": time, "commit": ""}, **{"reports": [REPORT], "claims": claims} | more)
    return json.loads(path.read_bytes())


def drawn(folder, *names):
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(name.encode())
    return names


def names(record, *parts):
    return [tuple(each[part] for part in ("id", *parts)) for each in record["verdicts"]]


def test_sessions_are_merged_and_do_not_overwrite_other_tiers_or_registrations(tmp_path):
    merged(tmp_path, [fast("M10"), fast("F2"), result("F2"), result("F2", registration=0)])
    record = merged(tmp_path, [fast("F2", REFUTED)], TIMES[1])
    expected = [("F2", "full", 1), ("F2", "full", 0), ("F2", "fast", None), ("M10", "fast", None)]
    assert names(record, "tier", "registration") == expected
    assert [each["found"] for each in record["verdicts"]] == ["holds", "holds", "refuted", "holds"]
    assert [each["time"] for each in record["sessions"]] == TIMES[:2]
    assert [each["name"] for each in record["reports"]] == ["planted"]


def test_what_is_declared_no_longer_leaves_with_its_figures_where_its_report_was_collected_whole(tmp_path):
    [figure] = drawn(tmp_path, "figures/old.png")
    old = [fast("F2", case="old"), result("F2", case="old"), fast("F2", case="deep"), fast("F3", figures=(figure,))]
    merged(tmp_path, old)
    part = merged(tmp_path, [fast("F2", case="deep")])
    assert len(part["verdicts"]) == 4
    assert part["claims"][0]["cases"] == ["old", "deep"], "a part of a report says nothing of the rest"
    claims = [declared("F2", "deep", registered=Registered(2, "2026-03-01", "ab"))]
    record = merged(tmp_path, [fast("F2", case="deep")], claims=claims, collected=["planted"])
    assert names(record, "case", "tier") == [("F2", "deep", "fast"), ("F2", "old", "full")], "with its history"
    assert [(each["id"], each["cases"]) for each in record["claims"]] == [("F2", ["deep"])]
    assert not (tmp_path / figure).exists()


def test_figures_have_digests_and_belong_to_the_latest_registration(tmp_path):
    a, b = drawn(tmp_path, "figures/a.png", "figures/b.png")
    record = merged(tmp_path, [result("F2", REFUTED, figures=(a,)), fast("M2", figures=(b,))])
    first = {name: hashlib.sha256(name.encode()).hexdigest() for name in (a, b)}
    assert record["figures"] == first
    for name in (a, b):
        (tmp_path / name).write_bytes(b"edited")
    record = merged(tmp_path, [result("F2", ERROR, figures=(a,)), fast("M2", figures=(b,))], TIMES[1])
    assert record["figures"][a] == first[a], "a recorded result keeps its own"
    assert record["figures"][b] != first[b]
    record = merged(tmp_path, [result("F2", registration=2, figures=(b,))], TIMES[2])
    assert [each["figures"] for each in record["verdicts"]] == [[b], [], [b]]
    assert not (tmp_path / a).exists()


def test_an_error_in_fast_deletes_no_figure_that_others_show(tmp_path):
    shared, own = drawn(tmp_path, "figures/shared.png", "figures/own.png")
    merged(tmp_path, [fast("F2", figures=(shared,)), fast("F3", figures=(shared, own))])
    merged(tmp_path, [fast("F3", ERROR)])
    assert [each.name for each in (tmp_path / "figures").iterdir()] == ["shared.png"]


@pytest.mark.parametrize(
    "figure", ["../mine.png", "figures/../../mine.png", "{}/mine.png", "README.png", "figures/notes.txt", "figures",
               "figures/link.png", "figures/linked/mine.png", "", "figures/\0.png"],
)  # fmt: skip
def test_only_figures_of_its_own_leave_and_none_through_a_link(tmp_path, figure):
    folder = tmp_path / "artifacts"
    drawn(folder, "README.png", "figures/notes.txt")
    (tmp_path / "mine.png").write_bytes(b"mine")
    (folder / "figures" / "link.png").symlink_to(tmp_path / "mine.png")
    (folder / "figures" / "linked").symlink_to(tmp_path)
    merged(folder, [fast("F3", figures=(figure.format(tmp_path),))])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.suffix in (".png", ".txt")}
    assert names(merged(folder, [fast("F2")], collected=["planted"])) == [("F2",)]
    assert {path: path.read_bytes() for path in before} == before


def test_sessions_at_the_same_time_lose_nothing(tmp_path):
    ids = [f"F{number}" for number in range(1, 9)]
    threads = [threading.Thread(target=merged, args=(tmp_path, [fast(name)])) for name in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = json.loads((tmp_path / "verdicts.json").read_bytes())
    assert names(record) == [(name,) for name in ids]
    assert not list(tmp_path.glob(".verdicts.json.*")), "no part is left behind"


def test_a_record_that_somebody_holds_is_waited_for_said_and_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    said = []
    with filelock.FileLock(tmp_path / ".verdicts.lock"), pytest.raises(LockHeld, match="held by another process"):
        merged(tmp_path, [fast("F2")], limit=0.2, say=said.append)
    assert ".verdicts.lock" in said[0]
    assert not (tmp_path / "verdicts.json").exists()


def unplanned(found, n=24):
    return result("F2", found, n, planned=False)


SOME = median_interval([-1.0, 1.0] * 12, "sign", 1 / 4000, among=[True] * 20 + [False] * 4) > 0
KEPT = [
    (result("F2", REFUTED), result("F2", ERROR)),
    (result("F2", REFUTED), result("F2", OPEN, 96)),
    (result("F2", REFUTED), result("F2", REFUTED, 20)),
    (result("F2", REFUTED), unplanned(HOLDS, 96)),
    (result("F2", OPEN), result("F2", ERROR)),
    (result("F2", OPEN), result("F2", OPEN, 20)),
    (result("F2", OPEN), unplanned(HOLDS, 96)),
    (replace(result("F2", OPEN), evidence=(SOME,)), result("F2", OPEN, 22)),  # on 24 seeds, of which some are left out
    (unplanned(HOLDS), result("F2", ERROR)),
    (unplanned(HOLDS), result("F2", OPEN)),
]
TAKEN = [
    (result("F2", REFUTED), result("F2", HOLDS)),
    (result("F2", OPEN), result("F2", HOLDS)),
    (result("F2", OPEN), result("F2", OPEN, 32)),
    (result("F2", OPEN, 96), result("F2", REFUTED)),  # clearer, by an engine that rounds differently
    (result("F2", ERROR), unplanned(OPEN)),
    (result("F2", ERROR), result("F2", ERROR)),
    (unplanned(HOLDS, 32), result("F2", HOLDS)),
    (unplanned(OPEN, 32), result("F2", OPEN)),
    (result("F2", REFUTED, registration=None), result("F2", ERROR, registration=None)),  # as in fast
]


@pytest.mark.parametrize(("first", "second"), KEPT, ids=lambda each: f"{each.found} {each.n}")
def test_nothing_decided_is_replaced_by_less(tmp_path, first, second):
    said = []
    [before] = merged(tmp_path, [first])["verdicts"]
    record = merged(tmp_path, [second], TIMES[1], say=said.append)
    [kept] = record["verdicts"]
    last = {"found": second.found, "n": second.n, "problem": second.problem, "session": TIMES[1]}
    assert kept == before | {"last": last}
    assert [each["time"] for each in record["sessions"]] == TIMES[:2]
    [line] = said
    assert line.startswith(f"the record keeps: F2 {first.found} (n = {first.n}); this session found {second.found}")
    [again] = merged(tmp_path, [result("F2", REFUTED, 320)], TIMES[2])["verdicts"]
    assert (again["found"], again.get("last")) == ("refuted", None), "a later good result clears it"
    for name, each, time in (("early", first, TIMES[0]), ("late", second, TIMES[1])):
        merged(tmp_path / name, [each], time)
    for into, order in (("one", ("early", "late")), ("two", ("late", "early", "late"))):
        path = combine(tmp_path / into, [tmp_path / each for each in order])
        [both] = json.loads(path.read_bytes())["verdicts"]
        assert (both["found"], both["last"]["found"]) == (first.found, second.found)


@pytest.mark.parametrize(("first", "second"), TAKEN, ids=lambda each: f"{each.found} {each.n}")
def test_what_is_at_least_as_clear_replaces_what_is_there(tmp_path, first, second):
    said = []
    merged(tmp_path, [first])
    [after] = merged(tmp_path, [second], TIMES[1], say=said.append)["verdicts"]
    assert (after["found"], after["session"], after.get("last"), said) == (second.found, TIMES[1], None, [])


def test_folders_are_combined_and_the_later_session_wins(tmp_path):
    [figure] = drawn(tmp_path / "late", "figures/a.png")
    merged(tmp_path / "early", [fast("F3"), fast("M4")])
    late = [replace(declared("F3"), statement="reworded"), declared("P1")]
    merged(tmp_path / "late", [fast("F3", REFUTED, figures=(figure,))], TIMES[1], claims=late)
    for into, others in (("one", ["early", "late"]), ("two", ["late", "early", "absent"])):
        record = json.loads(combine(tmp_path / into, [tmp_path / other for other in others]).read_bytes())
        assert names(record, "found", "session") == [("F3", "refuted", TIMES[1]), ("M4", "holds", TIMES[0])]
        statements = {each["id"]: each["statement"] for each in record["claims"]}
        assert statements == {"F3": "reworded", "M4": "says M4", "P1": "says P1"}
        assert (tmp_path / into / figure).exists()
    assert names(json.loads(combine(tmp_path / "early", []).read_bytes()), "found") == [
        ("F3", "holds"),
        ("M4", "holds"),
    ]


def test_combining_copies_no_figure_out_of_its_folder_and_changes_no_input(tmp_path):
    drawn(tmp_path / "from", "figures/a.png", "../a.png")
    merged(tmp_path / "from", [fast("F2", figures=("figures/a.png", "figures/../../a.png"))])
    combine(tmp_path / "deep" / "into", [tmp_path / "from"])
    assert (tmp_path / "deep" / "into" / "figures" / "a.png").exists()
    assert not (tmp_path / "deep" / "a.png").exists()
    (tmp_path / "from" / "verdicts.json").write_text("{")
    before = (tmp_path / "deep" / "into" / "verdicts.json").read_bytes()
    with pytest.raises(ValueError, match=r"from.verdicts\.json is damaged"):
        combine(tmp_path / "deep" / "into", [tmp_path / "from"])
    assert (tmp_path / "from" / "verdicts.json").read_text() == "{"
    assert (tmp_path / "deep" / "into" / "verdicts.json").read_bytes() == before


def test_of_two_declarations_of_a_claim_the_later_registration_counts(tmp_path):
    old, new = (replace(declared("F2"), statement=text, registered=Registered(number, "2026-01-01", str(number)))
                for number, text in ((1, "as it was"), (2, "as it is")))  # fmt: skip
    merged(tmp_path / "early", [result("F2", registration=2)], claims=[new])
    merged(tmp_path / "late", [result("F3")], TIMES[1], claims=[old])
    for order in (("early", "late"), ("late", "early")):
        path = combine(tmp_path / "".join(order), [tmp_path / each for each in order])
        assert [each["statement"] for each in json.loads(path.read_bytes())["claims"]] == ["as it is"]
