"""Registration: what decides is locked before its seeds are drawn from the lock, and changing it costs other seeds."""

import json
import os
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ontrial import registered
from ontrial.stats.verdicts import median_interval
from tests.conftest import said
from tests.plugin.conftest import FULL, PASSED, SUITE, edited

MORE = '\n@claim_of("X5")\ndef test_five(claim, runs):\n    claim.holds_if(claim.median(runs["far"].value, "v") > 1)\n'


def test_seeds_are_distinct_integers_of_32_bits_and_a_longer_draw_begins_like_a_shorter():
    seeds = registered.drawn("ab" * 32, 5000)
    assert len(set(seeds)) == 5000
    assert all(0 <= seed < 2**32 and type(seed) is int for seed in seeds)
    assert registered.drawn("ab" * 32, 16) == seeds[:16]
    assert seeds[:3] == (2199642791, 3104084215, 2163063985)
    assert registered.drawn("00" * 32, 3) == (2968811710, 3964924996, 3141116543)


def test_a_seed_that_was_drawn_before_is_drawn_again(monkeypatch):
    def stuck(entropy):
        return SimpleNamespace(generate_state=lambda draws, _: [7] * (draws - 1) + [7 + (draws > 1) * entropy[1]])

    monkeypatch.setattr(registered.np.random, "SeedSequence", stuck)
    assert registered.drawn.__wrapped__("0f" * 32, 3) == (7, 8, 9)


WORDS = dict.fromkeys(("claim", "case", "statement", "source", "kind"), "X")
NOTHING = {"conditions": (), "among": (), "alpha": 0.1, "looks": (), "trainings": {}, "defaults": {}, "code": {}}
ONE = registered.Criterion(**WORDS, **NOTHING)


def test_each_registration_of_a_task_halves_the_error():
    found = (("X", 1), ("Y", 1), ("X", 2), ("X", 3))
    locks = tuple(registered.Lock(task, number, "2026-01-02", "", "", ()) for task, number in found)
    assert [each.alpha(1.0) for each in locks] == [1, 1, 1 / 2, 1 / 4]
    assert [registered.next_alpha(locks, task, 1.0) for task in "XYZ"] == [1 / 8, 1 / 2, 1]


def test_each_part_that_decides_is_compared():
    one = replace(ONE, among=(True,))
    others = dict.fromkeys(("statement", "source", "kind"), "Y") | {"conditions": ("Y",), "alpha": 0.2, "looks": (16,)}
    for name, value in (others | {"among": (False,), "trainings": {"a": "{}"}}).items():
        assert list(registered.differences(one, replace(one, **{name: value}))) == [name]


def test_every_border_of_a_region_is_a_side_and_none_of_a_count():
    conditions = ("median of x >= 1, <= 2", "count of n > 3", "share of y > 0.5")
    assert replace(ONE, conditions=conditions).sides == 3


def test_every_case_has_a_criterion_of_its_own():
    first, second = (replace(ONE, case=case) for case in "ab")
    locks = (registered.Lock("X", 1, "2026-01-02", "", "", (first, second)),)
    assert [registered.locked(locks, "X", case) for case in "abc"] == [first, second, None]


def test_a_condition_is_locked_to_the_last_digit_of_its_borders():
    evidence = median_interval([1.0] * 16, "x", 0.1).within(0.1000000001, 0.2000000001)
    assert registered.conditions([evidence]) == ("median of x >= 0.1000000001, <= 0.2000000001",)


def test_a_second_registration_without_the_first_is_refused(tmp_path):
    alone = registered.sealed(registered.Lock("X", 2, "2026-01-02", "ab" * 32, "", ()))
    (tmp_path / "registered.toml").write_text(
        registered.text((alone,)).replace("[task.training]", "claim = []\n[task.training]")
    )
    with pytest.raises(ValueError, match="registration 2 of task 'X' is not what its hash says"):
        registered.read(tmp_path)


def test_a_hash_covers_number_date_the_hash_before_and_the_order_of_trainings():
    one = replace(ONE, trainings={"a": "{}", "b": "{}"})
    lock = registered.Lock("X", 2, "2026-01-02", "ab" * 32, "", (one,))
    others = [replace(lock, **each) for each in ({"number": 3}, {"on": "2026-01-03"}, {"before": "cd" * 32})]
    others.append(replace(lock, criteria=(replace(one, trainings={"b": "{}", "a": "{}"}),)))
    assert len({registered.sealed(each).hash for each in (lock, *others)}) == 5


@pytest.mark.parametrize(
    ("was", "now", "differs"),
    [
        (("{}", '{"x":1}'), ("{}", '{"x":2}'), True),
        (('{"x":1}', "{}"), ("{}", '{"x":1}'), False),
        (('{"x":1}', "{}"), ("{}", '{"x":2}'), True),
        (('{"x":1}', "{}"), ("{}", "{}"), True),
        (("{}", '{"x":1}'), ("{}", "{}"), False),
        (("{}", "{}"), ("{}", '{"x":1}'), False),
    ],
)
def test_a_field_of_a_training_counts_where_one_declares_it_or_both_have_it(was, now, differs):
    one, other = (replace(ONE, trainings={"a": declared}, defaults={"a": rest}) for declared, rest in (was, now))
    assert bool(registered.differences(one, other)) == differs


def test_the_day_of_the_first_seed_is_that_of_the_oldest_of_all_trainings(judged, pytester, verdicts, locks):
    old = {json.dumps(seed) for seed in locks()[0].seeds(3)[2:]}
    for path in pytester.path.glob("runs/*/*.json"):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if json.dumps(stored["seed"]) in old and stored["settings"]["shift"] == 3.0:
            os.utime(path, (1_000_000_000, 1_000_000_000))
    judged(SUITE, *FULL).assert_outcomes(**PASSED)
    assert {name: each["first_trained"][:4] for name, each in verdicts("full").items()} == {
        "X1": "2001", "X2 1": "2001", "X2 2": "2001", "X3": "2001", "X4": ""
    }  # fmt: skip


def test_register_locks_what_decides_and_full_draws_its_seeds_from_that(judged, locks, lock_file, stored, verdicts):
    content = lock_file.read_bytes()
    judged(SUITE, "--register").stdout.fnmatch_lines(["nothing to register: all criteria are as they are locked"])
    assert lock_file.read_bytes() == content == registered.text(locks()).encode()
    [lock] = locks()
    assert (lock.number, lock.before, lock.schema) == (1, "", 2)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", lock.on)
    assert [(each.claim, each.case) for each in lock.criteria] == [
        ("X1", ""), ("X2", "1"), ("X2", "2"), ("X3", ""), ("X4", "")
    ]  # fmt: skip
    one, two, _, three, _ = lock.criteria
    assert two.conditions == ("median of lead, moved > 0.1", "share of above nothing > 0.5")
    assert (one.statement, one.looks, one.alpha) == ("a planted claim", (16, 24, 32), 1 / 4000)
    assert set(one.code) == {"test", "measured", "stretched", "LIMIT", "noise"}
    assert (one.among, three.among, one.defaults) == ((False,), (True,), {"near": "{}", "far": "{}"})
    assert {each["seed"] for each in stored()} == {*range(8), *lock.seeds(16)}
    found = verdicts("full")["X1"]
    assert (found["registration"], found["registered_on"]) == (1, lock.on)
    assert found["first_trained"] >= lock.on
    assert found["evidence"][0]["alpha"] == 1 / 4000


CLAIM = "@pytest.mark.claim('X1', '{}', source='{}')"
FREE = {
    "a comment": edited("    claim.holds_if(\n", "    # why not\n    claim.holds_if(  # indeed\n"),
    "an aside": edited("    claim.holds_if(\n", "    claim.asides = (exactly(3, 'n'),)\n    claim.holds_if(\n"),
    "a figure": edited("    claim.holds_if(\n", "    claim.figure = None\n    claim.holds_if(\n"),
    "moved lines": edited("EXPERIMENTS", "\n\n\nOTHER = 1\n\nEXPERIMENTS") + "\n\ndef other():\n    return 1\n",
    "another order": edited("test_one", "test_zzz"),
    "a training that was made faster to read": edited("noise(9.0)", "noise(shift=3.0 ** 2)"),
    "cases the other way round": edited("[1, 2]", "[2, 1]"),
    "a claim that is no longer declared": SUITE.split('@claim_of("X4")')[0],
}
COSTLY = {
    "the statement, by one space": edited('@claim_of("X1")', CLAIM.format("a planted  claim", "tests")),
    "the source": edited('@claim_of("X1")', CLAIM.format("a planted claim", "elsewhere")),
    "the kind": edited('kind="said"', 'kind="beyond"'),
    "an added mask": edited('"value") > 2', '"value", among=runs["far"].value > 8) > 2'),
    "a border": edited('"value") > 2', '"value") > 1'),
    "the last digit of a border": edited("> 0.1", "> 0.1000000001"),
    "whether a border is included": edited('"value") > 2', '"value") >= 2'),
    "a measure's name": edited('"lead, moved"', '"lead"'),
    "a condition less": edited('        claim.share(runs["far"].value > 0, "above nothing") > 0.5,\n', ""),
    "a condition more": edited('"value") > 2', '"value") > 2, claim.median(runs["far"].value, "again") > -1'),
    "another statistic": edited('claim.median(runs["far"].value, "far"', 'claim.share(runs["far"].value > 1, "far"'),
    "another training": edited("noise(9.0)", "noise(10.0)"),
    "a training more": edited('{"near"', '{"more": noise(11.0), "near"'),
    "another name of a training": edited('"far"', '"din"'),
    "the order of trainings": edited('"near": noise(3.0), "far": noise(9.0)', '"far": noise(9.0), "near": noise(3.0)'),
    "a case less": edited("[1, 2]", "[1]"),
}


def test_what_does_not_decide_changes_nothing(judged, locks):
    before = locks()
    for name, text in FREE.items():
        judged(text, "--register").stdout.fnmatch_lines(["nothing to register*"])
        assert locks() == before, name


@pytest.mark.parametrize("name", COSTLY)
def test_what_decides_is_refused_in_full_and_locked_again_with_yes_alone(judged, locks, stored, name):
    [before] = locks()
    trained = {each["seed"] for each in stored()}
    if name != "a case less":  # the others are as they were registered
        result = judged(COSTLY[name], *FULL, "--claim", "X1,X2,X3", "--fresh")
        result.stdout.re_match_lines([r".*X[123].* is not as it was registered on 20"])
    result = judged(COSTLY[name], "--register")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["X[123]: *", "nothing was locked: --ontrial-yes locks again what is locked*"])
    assert locks() == (before,)
    assert {each["seed"] for each in stored()} == trained
    judged(COSTLY[name], "--register", "--yes").stdout.fnmatch_lines(["task *registration 2"])
    first, lock = locks()
    assert first == before
    assert (lock.number, lock.before) == (2, before.hash)
    assert not set(lock.seeds(32)) & set(before.seeds(32))


def test_a_difference_shows_both_sides_and_the_cost_and_leaves_other_claims_alone(judged, verdicts, stored):
    before = stored()
    result = judged(COSTLY["a border"], *FULL, "-v", "--fresh")
    assert said(result) == {"one": "ERROR", "two": "PASSED", "three": "PASSED", "four": "PASSED"}
    result.stdout.fnmatch_lines(
        [
            "*X1 is not as it was registered on 20*:",
            "*conditions: registered *'median of value > 2'*",
            "*conditions: now *'median of value > 1'*",
            "*--ontrial-register --ontrial-yes --ontrial-claim X1*other seeds*smaller error, 1/8000 a side in *1/4000*",
        ]
    )
    assert {each["seed"] for each in stored()} == {each["seed"] for each in before}


def test_what_can_be_seen_before_training_is_refused_without_it(judged, pytester):
    def seeds(store):
        return {
            json.loads(path.read_text(encoding="utf-8"))["seed"] for path in pytester.path.glob(f"{store}/*/*.json")
        }

    judged(COSTLY["a border"], *FULL, "--store=border", "--claim=X1")
    judged(COSTLY["another training"], *FULL, "--store=training")
    assert seeds("border") == set(range(8))  # of fast, which shows the region
    assert seeds("training") == set()


def test_a_registration_locks_what_is_new_and_leaves_the_rest(judged, locks, stored, verdicts):
    result = judged(SUITE + MORE, "--register")
    result.stdout.fnmatch_lines(
        [
            "registered:",
            "X5: new",
            "to judge in full: at most 32 seeds of 2 trainings*",
            "task *: 1 criteria, registration 2",
        ]
    )
    first, second = locks()
    assert {each.claim for each in second.criteria} == {"X5"}
    again = judged(COSTLY["a border"] + MORE + MORE.replace("X5", "X6").replace("five", "six"), "--register")
    again.stdout.fnmatch_lines(["X6: new", "nothing was locked: *"])
    assert len(locks()) == 2
    judged(SUITE + MORE, *FULL).assert_outcomes(passed=6, deselected=6)
    assert {each["seed"] for each in stored()} == {*range(8), *first.seeds(16), *second.seeds(17)}  # 1/8000
    found = {name: (each["registration"], each["evidence"][0]["alpha"]) for name, each in verdicts("full").items()}
    assert found == dict.fromkeys(("X1", "X2 1", "X2 2", "X3"), (1, 1 / 4000)) | {"X4": (1, 0), "X5": (2, 1 / 8000)}


def test_a_second_registration_halves_the_error_and_keeps_the_verdicts_of_the_first(judged, pytester):
    judged(COSTLY["a border"], "--register", "--yes")
    judged(COSTLY["a border"], *FULL).assert_outcomes(**PASSED)
    whole = json.loads((pytester.path / "artifacts" / "verdicts.json").read_text(encoding="utf-8"))
    entries = [each for each in whole["verdicts"] if each["id"] == "X1"]
    assert {each["registration"]: each["evidence"][0]["alpha"] for each in entries} == {1: 1 / 4000, 2: 1 / 8000}


def test_full_without_a_registration_is_an_error_of_that_claim(run, stored):
    result = run(SUITE, *FULL, "-v")
    assert said(result) == {"one": "ERROR", "two": "ERROR", "three": "ERROR", "four": "PASSED"}  # a count needs no seed
    result.stdout.fnmatch_lines(["*planted/X1 is not registered: *pytest --ontrial-register*"])
    assert stored() == []


def test_tasks_are_registered_apart_and_share_no_seeds(run, locks):
    tasks = "Task('X', '1', '1', 'One'), Task('Y', '1', '2', 'Two')"
    report = f"from ontrial import Report, Task\nREPORT = Report('A report', tasks=({tasks}))\n"
    other = MORE.replace("X5", "Y1")
    run(SUITE + other, "--register", report=report)
    first, second = locks()
    assert [first.task, second.task] == ["X", "Y"]
    assert not set(first.seeds(100)) & set(second.seeds(100))
    run(COSTLY["a border"] + other, "--register", "--yes")
    *before, third = locks()
    assert before == [first, second]
    assert (third.task, third.number) == ("X", 2)


def test_a_claim_is_registered_only_where_all_of_it_was_judged(run, locks):
    broken = edited("+ plus", "+ 1 / (plus - 1)")
    run(broken, "--register").stdout.fnmatch_lines(["not registered, since planted/X2 (1) was not judged"])
    assert [each.claim for lock in locks() for each in lock.criteria] == ["X1", "X3", "X4"]
    run(SUITE, "--register", "planted/test_planted.py::test_two").stdout.fnmatch_lines(
        ["not registered, since only a part of planted was collected*"]
    )
    assert len(locks()) == 1
    run(SUITE, "--register", "--claim", "X2")
    assert [len(lock.criteria) for lock in locks()] == [3, 2]


def test_sides_are_counted_against_what_the_report_allows(run, locks):
    report = "from ontrial import Report\nREPORT = Report('A report', sides={})\n"
    run(SUITE, "--register", report=report.format(5)).stdout.fnmatch_lines(
        ["NOT WRITTEN: the claims of planted have 6 sides: *sides=6*"]
    )
    assert locks() == ()
    run(None, "--register", report=report.format(6))
    assert {each.alpha for each in locks()[0].criteria} == {0.05 / 6}
    run(None, *FULL, report=report.format(7)).stdout.fnmatch_lines(["*X1 is not as it was registered*", "*alpha: now*"])


def test_the_first_look_is_the_first_that_can_decide(run, verdicts):
    report = "from ontrial import Report\nREPORT = Report('A report', sides=4)\n"
    suite = SUITE.split('@claim_of("X2"')[0].replace("noise(", "coin(").replace(
        "EXPERIMENTS", '@training\ndef coin(shift, *, seed: int):\n    return {"value": shift}\n\nEXPERIMENTS'
    )  # fmt: skip
    run(suite, "--register", report=report)
    run(None, *FULL).assert_outcomes(passed=1, deselected=1)
    assert verdicts("full")["X1"]["looks"][0]["seeds"] == 9


def test_register_runs_fast(run):
    result = run(SUITE, "--register", *FULL)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --ontrial-register locks what the fast tier evaluates: leave -m full out"])


def test_trainings_whose_names_read_the_same_are_refused(run, locks):
    text = edited('{"near"', '{5: noise(8.0), "5": noise(7.0), "near"')
    run(text, "--register").stdout.fnmatch_lines(["*planted/X1: two of its trainings read the same*"])
    assert {each.claim for lock in locks() for each in lock.criteria} == {"X4"}


DAMAGE = {
    "> 0.1": "> 0.2", "alpha = 0.00025": "alpha = 0.25", "looks = [16, 24, 32]": "looks = [16, 24]",
    "registration = 1": "registration = 2", 'id = "X1"': 'id = "X3"', '\\"shift\\":9.0': '\\"shift\\":8.0',
    "shift": "shaft", "[[task.claim]]": "[[task.clam]]", "hash = ": "hush = ", "[[task]]": "[task",
    'on = "20': 'on = "19', "a planted claim": "a planted  claim", 'kind = "said"': 'kind = "beyond"',
    'source = "tests"': 'source = "text"', "among = [false]": "among = [true]", "test = ": "tests = ",
    'noise = "': 'noise = "0', "schema = 2": "schema = 1",
}  # fmt: skip


def test_a_damaged_lock_is_refused(judged, lock_file, locks, stored):
    text, before = lock_file.read_text(encoding="utf-8"), stored()
    for number, (old, new) in enumerate(DAMAGE.items()):
        assert old in text
        lock_file.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(ValueError, match=r"registered\.toml(: .* is not what its hash says| cannot be read)"):
            locks()
        if number < 2:
            result = judged(SUITE, *((FULL, ("--register",))[number]), "--fresh")
            assert result.ret == pytest.ExitCode.USAGE_ERROR
            result.stderr.fnmatch_lines(["ERROR: *registered.toml*"])
    assert stored() == before


def test_no_registration_is_deleted_or_taken_out_of_the_chain(judged, locks, lock_file):
    judged(SUITE + MORE, "--register")
    judged(SUITE + MORE, *FULL)
    first, second = locks()
    for rest in ((first,), (second,), None):
        lock_file.unlink() if rest is None else lock_file.write_text(registered.text(rest), encoding="utf-8")
        for option in (FULL, ("--register",)):
            result = judged(SUITE + MORE, *option)
            assert result.ret != 0
            shown = result.stdout.str() + result.stderr.str()
            assert re.search(
                "is not what its hash says|lacks what the record knows as registered.*Take the file", shown
            )
    assert not lock_file.exists()


def test_a_lock_of_schema_1_keeps_its_hash_and_seeds_and_has_the_rest_beside(judged, locks, lock_file):
    [lock] = locks()
    old = registered.sealed(replace(lock, schema=1, beside="to be computed"))
    text = registered.text((old,))
    lock_file.write_text(text, encoding="utf-8")
    assert locks() == (old,)
    assert old.hash != lock.hash
    covered = ("> 0.1", '\\"shift\\":9.0', 'on = "20', "a planted claim", 'kind = "said"', "among = [false]", "test = ")
    for name in covered:
        assert name in text
        lock_file.write_text(text.replace(name, DAMAGE[name]), encoding="utf-8")
        with pytest.raises(ValueError, match="is not what its hash says"):
            locks()
