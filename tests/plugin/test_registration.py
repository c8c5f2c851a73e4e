"""Registration: a criterion is locked before its seeds are drawn from the lock; changing it costs other seeds."""

import json
import re
import tomllib

import pytest

from ontrial import registered
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
    """The registrations of the planted report, in their order."""
    return lambda: registered.read(pytester.path / "planted")


def test_register_writes_once_and_does_nothing_twice(run_claims, locks, pytester):
    run_claims(SUITE, "--register").stdout.fnmatch_lines(
        [
            "registered:",
            "X1: new",
            "to judge in full: at most 32 seeds of 1 trainings*",
            "task *: 3 criteria, registration 1",
        ]
    )
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
    [lock] = locks()
    assert (lock.number, lock.before, lock.schema) == (1, "", 2)
    criterion = lock.find("X1", "")
    assert set(criterion.code) == {"test", "noise"}
    assert (criterion.among, criterion.defaults) == ((False,), {"noise": "{}"})


def edited(old, new):
    assert old in SUITE
    return SUITE.replace(old, new)


CLAIM = "@pytest.mark.claim('X1', '{}', source='{}')"
FREE = {
    "a comment": edited("    claim.holds_if(\n", "    # why not\n    claim.holds_if(  # indeed\n"),
    "an aside": edited("    claim.holds_if(c", "    claim.asides = (exactly(3, 'n'),)\n    claim.holds_if(c"),
    "a figure": edited("    claim.holds_if(c", "    claim.figure = None\n    claim.holds_if(c"),
    "moved lines": edited("EXPERIMENTS", "\n\n\nHELPER = 1\n\nEXPERIMENTS") + "\n\ndef helper():\n    return 1\n",
    "another order": SUITE.replace("test_one", "test_zzz"),
    "a training that was made faster to read": SUITE.replace("noise(9.0)", "noise(shift=3.0 ** 2)"),
    "cases the other way round": edited("[1, 2]", "[2, 1]"),
}
COSTLY = {
    "the statement, by one space": edited('@claim_of("X1")', CLAIM.format("a planted  claim", "tests")),
    "the source": edited('@claim_of("X1")', CLAIM.format("a planted claim", "elsewhere")),
    "the kind": edited('kind="said"', 'kind="beyond"'),
    "an added mask": edited('.value, "value")', '.value, "value", among=runs["noise"].value > 8)'),
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
}


def test_what_does_not_decide_changes_nothing(run_claims, locks):
    run_claims(SUITE, "--register")
    [before] = locks()
    for name, text in FREE.items():
        run_claims(text, "--register")
        [lock] = locks()
        assert (lock.hash, lock.number, lock.seeds(3)) == (before.hash, 1, before.seeds(3)), name


def test_what_decides_is_locked_again_with_yes_alone_and_draws_other_seeds(run_claims, locks, pytester):
    run_claims(SUITE, "--register")
    first = (pytester.path / "planted" / "registered.toml").read_text(encoding="utf-8")
    [before] = locks()
    hashes = {before.hash}
    for name, text in COSTLY.items():
        result = run_claims(text, "--register", registered=first)
        assert result.ret == pytest.ExitCode.TESTS_FAILED, name
        result.stdout.fnmatch_lines(["X[12]: *", "nothing was locked: --yes locks again what is locked*"])
        assert len(locks()) == 1, name
        run_claims(text, "--register", "--yes").stdout.fnmatch_lines(["task *registration 2"])
        _, lock = locks()
        assert (lock.number, lock.before) == (2, before.hash), name
        assert not set(lock.seeds(32)) & set(before.seeds(32)), name
        assert lock.hash not in hashes, name
        hashes.add(lock.hash)


def test_a_registration_locks_what_is_new_or_changed_and_leaves_the_rest(run_claims, locks, stored, verdicts):
    run_claims(SUITE, "--register")
    run_claims(None, "-m", "full")
    test = 'def test_three(claim, runs):\n    claim.holds_if(claim.median(runs["noise"].value, "v") > 1)\n'
    run_claims(f'{SUITE}\n@claim_of("X3")\n{test}', "--register").stdout.fnmatch_lines(
        ["X3: new", "task *: 1 criteria, registration 2"]
    )
    first, second = locks()
    assert {each.claim for each in second.criteria} == {"X3"}
    run_claims(None, "-m", "full", "-v").assert_outcomes(passed=4, deselected=4)
    assert {each["seed"] for each in stored()} == {*range(8), *first.seeds(16), *second.seeds(17)}  # 1/8000
    found = verdicts("full")
    assert {name: found[name]["registration"] for name in found} == {"X1": 1, "X2 1": 1, "X2 2": 1, "X3": 2}
    assert found["X3"]["evidence"][0]["alpha"] == 1 / 8000
    assert found["X1"]["evidence"][0]["alpha"] == 1 / 4000


def test_a_claim_that_is_no_longer_declared_keeps_its_lock(run_claims, locks):
    run_claims(SUITE, "--register")
    before = locks()
    run_claims(SUITE.split('@claim_of("X2"')[0], "--register").stdout.fnmatch_lines(["nothing to register*"])
    assert locks() == before


def test_the_seeds_of_full_are_drawn_from_the_lock(run_claims, locks, stored, verdicts):
    run_claims(SUITE, "--register")
    run_claims(None, "-m", "full").assert_outcomes(passed=3, deselected=3)
    [lock] = locks()
    assert {each["seed"] for each in stored()} == {*range(8), *lock.seeds(16)}
    found = verdicts("full")["X1"]
    assert (found["registration"], found["registered_on"]) == (1, lock.on)
    assert found["first_trained"] >= lock.on
    assert found["evidence"][0]["alpha"] == 1 / 4000


def test_full_without_a_registration_is_an_error_of_that_claim(run_claims, stored):
    result = run_claims(SUITE, "-m", "full", "-v")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*planted/X1 is not registered: *pytest --register*"])
    assert stored() == []


def test_a_claim_that_differs_from_its_lock_is_an_error_that_shows_both_and_the_cost(run_claims, verdicts, stored):
    run_claims(SUITE, "--register")
    run_claims(None, "-m", "full")
    before = stored()
    result = run_claims(COSTLY["a border"], "-m", "full", "-v", "--fresh")
    assert said(result) == {"one": "ERROR", "two": "PASSED"}
    result.stdout.fnmatch_lines(
        [
            "*X1 is not as it was registered on 20*:",
            "*conditions: registered *'median of value > 0'*",
            "*conditions: now *'median of value > 1'*",
            "*--register --yes --claim X1*other seeds and a smaller error, 1/8000 a side in place of 1/4000*",
        ]
    )
    assert {verdicts("full")[name]["found"] for name in ("X2 1", "X2 2")} == {"holds"}
    assert {each["seed"] for each in stored()} == {each["seed"] for each in before}


def test_every_difference_is_refused_in_full_before_training(run_claims, stored):
    run_claims(SUITE, "--register")
    run_claims(SUITE.replace("9.0", "8.0"), "-m", "fast")
    for name in COSTLY.keys() - {"a case less"}:
        result = run_claims(COSTLY[name], "-m", "full", "--claim", "X1,X2")
        assert result.ret != 0, name
        result.stdout.re_match_lines([r".*(is not as it was registered|code changed since it was registered).*"])


def test_a_training_that_differs_is_refused_before_it_is_trained(run_claims, stored):
    run_claims(SUITE, "--register")
    run_claims(COSTLY["another training"], "-m", "full")
    assert {each["settings"]["shift"] for each in stored()} == {9.0}


def test_a_second_registration_halves_the_error_and_keeps_the_verdicts_of_the_first(run_claims, verdicts, pytester):
    run_claims(SUITE, "--register")
    run_claims(None, "-m", "full")
    run_claims(COSTLY["a border"], "--register", "--yes")
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
    first, second = locks()
    assert [first.task, second.task] == ["X", "Y"]
    assert not set(first.seeds(100)) & set(second.seeds(100))
    run_claims(COSTLY["a border"] + other, "--register", "--yes")
    *before, third = locks()
    assert before == [first, second]
    assert (third.task, third.number) == ("X", 2)


def test_a_claim_is_registered_only_where_all_of_it_was_judged(run_claims, locks):
    broken = SUITE.replace('runs["noise"].value + plus', 'runs["noise"].value + 1 / (plus - 1)')
    run_claims(broken, "--register").stdout.fnmatch_lines(["not registered, since planted/X2 (1) was not judged"])
    assert [each.claim for lock in locks() for each in lock.criteria] == ["X1"]
    run_claims(SUITE, "--register", "planted/test_planted.py::test_two").stdout.fnmatch_lines(
        ["not registered, since only a part of planted was collected*"]
    )
    assert len(locks()) == 1
    run_claims(SUITE, "--register", "--claim", "X2")
    assert [len(lock.criteria) for lock in locks()] == [1, 2]


def test_sides_are_counted_against_what_the_report_allows(run_claims, locks):
    report = "from ontrial import Report\nREPORT = Report('A report', sides={})\n"
    run_claims(SUITE, "--register", report=report.format(4)).stdout.fnmatch_lines(
        ["NOT WRITTEN: the claims of planted have 5 sides: *sides=5*"]
    )
    assert locks() == ()
    run_claims(None, "--register", report=report.format(5))
    [lock] = locks()
    assert {each.alpha for each in lock.criteria} == {0.05 / 5}
    assert run_claims(None, "-m", "full", report=report.format(6)).ret != 0


def test_the_first_look_is_the_first_that_can_decide(run_claims, stored, verdicts):
    report = "from ontrial import Report\nREPORT = Report('A report', sides=4)\n"
    suite = """
@training
def coin(*, seed: int):
    return {"value": 1.0}

EXPERIMENTS = {"coin": coin()}

@claim_of("X1")
def test_one(claim, runs):
    claim.holds_if(claim.median(runs["coin"].value, "value") > 0)
"""
    run_claims(suite, "--register", report=report)
    run_claims(None, "-m", "full").assert_outcomes(passed=1, deselected=1)
    assert verdicts("full")["X1"]["looks"][0]["seeds"] == 9


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
    ('on = "20', 'on = "19'),
    ("a planted claim", "a planted  claim"),
    ('kind = "said"', 'kind = "beyond"'),
    ('source = "tests"', 'source = "text"'),
    ("among = [false]", "among = [true]"),
    ("test = ", "tests = "),
    ('noise = "', 'noise = "0'),
    ("schema = 2", "schema = 1"),
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


def test_trainings_whose_names_read_the_same_are_refused(run_claims, locks):
    text = SUITE.replace('{"noise": noise(9.0)}', '{"noise": noise(9.0), 5: noise(8.0), "5": noise(7.0)}')
    run_claims(text, "--register").stdout.fnmatch_lines(["*planted/X1: two of its trainings read the same*"])
    assert locks() == ()
