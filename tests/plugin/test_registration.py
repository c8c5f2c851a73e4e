"""Registration: a criterion is locked before its seeds are drawn from the lock; changing it costs other seeds."""

import json
import re
import tomllib

import pytest

from ontrial import registration
from tests.conftest import said

SUITE = """
EXPERIMENTS = {"noise": noise(9.0)}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)

@claim_of("X2", kind="said")
@pytest.mark.parametrize("plus", [1, 2])
def test_two(claim, runs, plus):
    claim.holds_if(
        claim.median(runs["noise"].value + plus, "value, moved") > 0.1,
        claim.share(runs["noise"].value > 0, "above nothing") > 0.5,
    )
"""


@pytest.fixture
def locks(pytester):
    """The locks of the planted report, by their tasks."""
    return lambda: registration.read(pytester.path / "planted")


def test_register_writes_once_and_does_nothing_twice(run_claims, locks, pytester):
    run_claims(SUITE, "--register").stdout.fnmatch_lines(["registered:", "task *: 3 criteria, registration 1"])
    path = pytester.path / "planted" / "registered.toml"
    content = path.read_bytes()
    whole = tomllib.loads(content.decode())
    [task] = whole["task"]
    assert [(each["id"], each["case"]) for each in task["claim"]] == [("X1", ""), ("X2", "1"), ("X2", "2")]
    assert task["claim"][1]["conditions"] == ["median of value, moved > 0.1", "share of above nothing > 0.5"]
    assert (task["claim"][0]["statement"], task["claim"][0]["looks"]) == ("a planted claim", [16, 24, 32])
    assert task["claim"][0]["alpha"] == 1 / 4000
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", task["on"])
    run_claims(None, "--register").stdout.fnmatch_lines(["nothing to register: all criteria are as they are locked"])
    assert path.read_bytes() == content
    [lock] = locks().values()
    assert (lock.number, lock.before) == (1, "")


def edited(old, new):
    assert old in SUITE
    return SUITE.replace(old, new)


FREE = {
    "a comment": edited("    claim.holds_if(\n", "    # why not\n    claim.holds_if(  # indeed\n"),
    "an aside": edited("    claim.holds_if(c", "    claim.asides = (exactly(3, 'n'),)\n    claim.holds_if(c"),
    "a figure": edited("    claim.holds_if(c", "    claim.figure = None\n    claim.holds_if(c"),
    "prose": edited('@claim_of("X1")', "@pytest.mark.claim('X1', 'in other words', source='elsewhere', kind='beyond')"),
    "moved lines": edited("EXPERIMENTS", "\n\n\nHELPER = 1\n\nEXPERIMENTS") + "\n\ndef helper():\n    return 1\n",
    "another order": SUITE.replace("test_one", "test_zzz"),
    "a training that was made faster to read": SUITE.replace("noise(9.0)", "noise(shift=3.0 ** 2)"),
    "cases the other way round": edited("[1, 2]", "[2, 1]"),
}
COSTLY = {
    "a border": edited('"value") > 0', '"value") > 1'),
    "the last digit of a border": edited("> 0.1", "> 0.1000000001"),
    "whether a border is included": edited('"value") > 0', '"value") >= 0'),
    "a measure's name": edited('"value, moved"', '"value"'),
    "a condition less": edited('        claim.share(runs["noise"].value > 0, "above nothing") > 0.5,\n', ""),
    "a condition more": edited('"value") > 0', '"value") > 0, claim.median(runs["noise"].value, "again") > -1'),
    "another statistic": edited(
        'claim.median(runs["noise"].value, "value")', 'claim.share(runs["noise"].value > 1, "value")'
    ),
    "another training": edited("noise(9.0)", "noise(10.0)"),
    "a training more": edited('{"noise"', '{"more": noise(11.0), "noise"'),
    "another name of a training": SUITE.replace('"noise"', '"din"'),
    "a case less": edited("[1, 2]", "[1]"),
    "a claim less": SUITE.split('@claim_of("X2"')[0],
    "another id": edited('"X1"', '"X3"'),
}


def test_what_does_not_decide_changes_nothing(run_claims, locks):
    run_claims(SUITE, "--register")
    [before] = locks().values()
    for name, text in FREE.items():
        run_claims(text, "--register")
        [lock] = locks().values()
        assert (lock.hash, lock.number, lock.seeds(3)) == (before.hash, 1, before.seeds(3)), name


def test_what_decides_changes_the_hash_and_every_seed(run_claims, locks, pytester):
    run_claims(SUITE, "--register")
    first = (pytester.path / "planted" / "registered.toml").read_text(encoding="utf-8")
    [before] = locks().values()
    hashes = {before.hash}
    for name, text in COSTLY.items():
        result = run_claims(text, "--register", registered=first)
        result.stdout.fnmatch_lines(["task *registration 2"])
        [lock] = locks().values()
        assert (lock.number, lock.before) == (2, before.hash), name
        assert not set(lock.seeds(32)) & set(before.seeds(32)), name
        assert lock.hash not in hashes, name
        hashes.add(lock.hash)


def test_the_seeds_of_full_are_drawn_from_the_lock(run_claims, locks, stored, verdicts):
    run_claims(SUITE, "--register")
    run_claims(None, "-m", "full").assert_outcomes(passed=3, deselected=3)
    [lock] = locks().values()
    assert {each["seed"] for each in stored()} == {*range(8), *lock.seeds(16)}
    found = verdicts("full")["X1"]
    assert (found["registration"], found["registered_on"]) == (1, lock.on)
    assert found["first_trained"] >= lock.on
    assert found["evidence"][0]["alpha"] == 1 / 4000


def test_full_without_a_registration_is_refused(run_claims, stored):
    result = run_claims(SUITE, "-m", "full")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: planted/X1 is not registered: *pytest --register*"])
    assert stored() == []


def test_a_claim_that_differs_from_its_lock_is_an_error_that_shows_both_and_the_cost(run_claims, verdicts):
    run_claims(SUITE, "--register")
    result = run_claims(COSTLY["a border"], "-m", "full", "-v")
    assert said(result) == {"one": "FAILED", "two": "PASSED"}
    result.stdout.fnmatch_lines(
        [
            "*X1 is not as it was registered on 20*:",
            "*conditions: registered *'median of value > 0'*",
            "*conditions: now *'median of value > 1'*",
            "*--register*other seeds, and half the error that it may make: 1/8000 a side in place of 1/4000*",
        ]
    )
    assert verdicts("full")["X1"]["found"] == "error"
    assert {verdicts("full")[name]["found"] for name in ("X2 1", "X2 2")} == {"holds"}


def test_every_difference_is_refused_in_full(run_claims):
    run_claims(SUITE, "--register")
    for name in COSTLY.keys() - {"a case less", "a claim less"}:
        result = run_claims(COSTLY[name], "-m", "full")
        assert result.ret != 0, name
        result.stdout.re_match_lines([r".*(is not as it was registered|is not registered).*"])


def test_a_training_that_differs_is_refused_before_it_is_trained(run_claims, stored):
    run_claims(SUITE, "--register")
    run_claims(COSTLY["another training"], "-m", "full")
    assert {each["settings"]["shift"] for each in stored()} == {9.0}


def test_a_second_registration_halves_the_error_and_keeps_the_verdicts_of_the_first(run_claims, verdicts, pytester):
    run_claims(SUITE, "--register")
    run_claims(None, "-m", "full")
    run_claims(COSTLY["a border"], "--register")
    run_claims(None, "-m", "full").assert_outcomes(passed=3, deselected=3)
    text = (pytester.path / "artifacts" / "verdicts.json").read_text(encoding="utf-8")
    assert '"registration": 1' in text
    entries = [each for each in json.loads(text)["verdicts"] if each["id"] == "X1"]
    assert {each["registration"]: each["evidence"][0]["alpha"] for each in entries} == {1: 1 / 4000, 2: 1 / 8000}


def test_tasks_are_registered_apart_and_share_no_seeds(run_claims, locks):
    report = (
        "from ontrial import Report, Task\n"
        "REPORT = Report('A report', tasks=(Task('X', '1', '1', 'One'), Task('Y', '1', '2', 'Two')))\n"
    )
    other = SUITE.split("\n\n")[1].replace("X1", "Y1").replace("test_one", "test_other") + "\n"
    run_claims(SUITE + other, "--register", report=report)
    before = locks()
    assert list(before) == ["X", "Y"]
    assert not set(before["X"].seeds(100)) & set(before["Y"].seeds(100))
    run_claims(COSTLY["a border"] + other, "--register")
    after = locks()
    assert after["Y"] == before["Y"]
    assert after["X"].number == 2


def test_a_task_is_registered_only_where_all_of_it_was_judged(run_claims, locks):
    broken = SUITE.replace('claim.median(runs["noise"].value, "value") > 0', "1 / 0")
    run_claims(broken, "--register").stdout.fnmatch_lines(["not registered, since planted/X1 was not judged"])
    assert locks() == {}
    run_claims(SUITE, "--register", "--claim", "X1").stdout.fnmatch_lines(["not registered, since planted/X2*"])
    assert locks() == {}
    run_claims(SUITE, "--register")
    [before] = locks().values()
    run_claims(COSTLY["a border"], "--register", "--claim", "X1")
    run_claims(COSTLY["a border"], "--register", "planted/test_planted.py::test_one")
    assert list(locks().values()) == [before]


def test_register_runs_fast(run_claims):
    result = run_claims(SUITE, "--register", "-m", "full")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --register locks what the fast tier evaluates: leave -m full out"])


DAMAGE = [
    ("> 0.1", "> 0.2"),
    ("alpha = 0.00025", "alpha = 0.25"),
    ("looks = [16, 24, 32]", "looks = [16, 24]"),
    ("registration = 1", "registration = 2"),
    ('id = "X1"', 'id = "X3"'),
    ('\\"shift\\":9.0', '\\"shift\\":8.0'),
    ("shift", "shaft"),
    ("[[task.claim]]", "[[task.clam]]"),
    ("hash = ", "hush = "),
    ("[[task]]", "[task"),
]


def test_a_damaged_lock_is_refused(run_claims, stored, pytester):
    run_claims(SUITE, "--register")
    text = (pytester.path / "planted" / "registered.toml").read_text(encoding="utf-8")
    for number, (old, new) in enumerate(DAMAGE):
        assert old in text
        option = ("-m", "full") if number % 2 else ("--register",)
        result = run_claims(None, *option, registered=text.replace(old, new))
        assert result.ret == pytest.ExitCode.USAGE_ERROR, new
        result.stderr.fnmatch_lines(["ERROR: *registered.toml*"])
    assert {each["seed"] for each in stored()} == set(range(8))
