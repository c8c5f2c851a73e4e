"""What the record keeps: nothing decided is replaced by less, whether sessions write or folders are combined."""

import json

import pytest

from ontrial.publish.combine import combine
from ontrial.publish.frozen import FrozenClaim, Registered
from ontrial.stats.verdicts import Verdict
from tests.publish.test_record import ERROR, LATER, OPEN, REFUTED, found, judged, merge, session

KEPT = [
    (found(REFUTED), found(ERROR)),
    (found(REFUTED), found(OPEN, 96)),
    (found(REFUTED), found(REFUTED, 20)),
    (found(REFUTED), found(Verdict.HOLDS, 96, planned=False)),
    (found(OPEN), found(ERROR)),
    (found(OPEN), found(OPEN, 20)),
    (found(OPEN), found(Verdict.HOLDS, 96, planned=False)),
    (found(Verdict.HOLDS, planned=False), found(ERROR)),
    (found(Verdict.HOLDS, planned=False), found(OPEN)),
]
TAKEN = [
    (found(REFUTED), found(Verdict.HOLDS)),
    (found(OPEN), found(Verdict.HOLDS)),
    (found(OPEN), found(OPEN, 32)),
    (found(OPEN, 96), found(REFUTED, 24)),  # clearer, by an engine that rounds otherwise
    (found(ERROR), found(OPEN, planned=False)),
    (found(ERROR), found(ERROR)),
    (found(Verdict.HOLDS, 32, planned=False), found(Verdict.HOLDS, 24)),
    (found(OPEN, 32, planned=False), found(OPEN, 24)),
    (found(REFUTED, registration=None), found(ERROR, registration=None)),  # counts without a lock, as in fast
]


def short(first, second):
    return f"{first.found} {first.n}, then {second.found} {second.n}"


@pytest.mark.parametrize(("first", "second"), KEPT, ids=[short(*pair) for pair in KEPT])
def test_nothing_decided_is_replaced_by_less(tmp_path, first, second):
    said = []
    [before] = merge(tmp_path, [first])["verdicts"]
    whole = merge(tmp_path, [second], session=LATER, say=said.append)
    [kept] = whole["verdicts"]
    assert kept.pop("last") == {
        "found": str(second.found), "n": second.n, "problem": second.problem, "session": LATER["time"],
    }  # fmt: skip
    assert kept == before
    assert LATER in whole["sessions"]
    [line] = said
    assert line.startswith(f"the record keeps: F2 {first.found} (n = {first.n}); this session found {second.found}")
    [again] = merge(tmp_path, [found(REFUTED, 320)], session=session("2026-03-03T10:00:00+00:00"))["verdicts"]
    assert (again["found"], again.get("last")) == ("refuted", None), "a later good finding clears it"


@pytest.mark.parametrize(("first", "second"), TAKEN, ids=[short(*pair) for pair in TAKEN])
def test_what_is_at_least_as_clear_replaces_what_is_there(tmp_path, first, second):
    said = []
    merge(tmp_path, [first])
    [after] = merge(tmp_path, [second], session=LATER, say=said.append)["verdicts"]
    assert (after["found"], after["session"], after.get("last")) == (str(second.found), LATER["time"], None)
    assert said == []


@pytest.mark.parametrize(("first", "second"), KEPT, ids=[short(*pair) for pair in KEPT])
def test_combined_folders_follow_the_same_rule_in_whatever_order(tmp_path, first, second):
    merge(tmp_path / "early", [first])
    merge(tmp_path / "late", [second], session=LATER)
    for name, order in (("one", ("early", "late")), ("two", ("late", "early", "late"))):
        path = combine(tmp_path / name, [tmp_path / each for each in order])
        [kept] = json.loads(path.read_bytes())["verdicts"]
        assert (kept["found"], kept["last"]["found"]) == (str(first.found), str(second.found))


def test_combining_copies_no_figure_out_of_its_folder_and_renames_no_input(tmp_path):
    figure, outside = tmp_path / "from" / "figures" / "a.png", tmp_path / "a.png"
    figure.parent.mkdir(parents=True)
    figure.write_bytes(b"1")
    outside.write_bytes(b"2")
    merge(tmp_path / "from", [judged("F2", figures=("figures/a.png", "figures/../../a.png"))])
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
    old, new = (FrozenClaim("planted", "F2", said, "said", "here", ("",), Registered(number, "2026-01-01", str(number)))
                for number, said in ((1, "as it was"), (2, "as it is")))  # fmt: skip
    merge(tmp_path / "early", [judged("F2", "full", registration=2)], claims=[new])
    merge(tmp_path / "late", [judged("F3", "full")], session=LATER, claims=[old])
    for order in (("early", "late"), ("late", "early")):
        path = combine(tmp_path / "".join(order), [tmp_path / each for each in order])
        [claim] = json.loads(path.read_bytes())["claims"]
        assert claim["statement"] == "as it is"
