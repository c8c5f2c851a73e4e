"""Looks: seeds are added until a claim is decided or its budget is spent, and no further."""

from collections import Counter

import pytest

from tests.conftest import said

FIRST, SECOND, NEVER = 9.0, 8.0, 0.0  # shifts, of trainings that are decided at the first look, the second, or never
SUITE = """
def late(run):  # all but the first seed agree: too few of 16, enough of 24
    return (np.arange(run.n) > 0).astype(float)

@claim_of("X1", trains={"noise": noise(9.0)})
def test_first(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)

@claim_of("X2", trains={"noise": noise(8.0)})
def test_second(claim, runs):
    claim.holds_if(claim.median(late(runs["noise"]), "late") > 0.5)

@claim_of("X3", trains={"noise": noise(0.0)})
def test_never(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)
"""


@pytest.fixture
def trained(stored):
    """How many seeds of each shift the run store holds."""
    return lambda: dict(Counter(each["settings"]["shift"] for each in stored()))


@pytest.fixture
def run_full(run_claims):
    """Register a suite, then run it in full; without a suite, run it again."""

    def run(text, *options, **words):
        if text is not None:
            assert run_claims(text, "--register").ret in (0, 1)
        return run_claims(None, "-m", "full", "-v", *options, **words)

    return run


def ns(verdicts):
    return {name: [each["n"] for each in found["evidence"]] for name, found in verdicts("full").items()}


def test_what_is_decided_leaves_exactly_its_looks_seeds_and_the_rest_goes_on(run_full, trained, verdicts, pytester):
    result = run_full(SUITE)
    assert said(result) == {"first": "PASSED", "second": "PASSED", "never": "SKIPPED"}
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [32]}
    fast = 8
    assert trained() == {FIRST: fast + 16, SECOND: fast + 24, NEVER: fast + 32}
    third = verdicts("full")["X3"]
    assert [each["seeds"] for each in third["looks"]] == [16, 24, 32]
    assert third["seeds_needed"] == "at the border" or third["seeds_needed"] > 32
    assert [each["look"] for each in verdicts("full")["X2"]["evidence"]] == [1]
    again = run_full(None)  # decided and undecided alike: all is there
    assert "training" not in again.stdout.str()
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [32]}
    run_full(None, "--most-seeds", "48")
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [48]}
    assert trained() == {FIRST: fast + 16, SECOND: fast + 24, NEVER: fast + 48}
    run_full(None, "--most-seeds", "24")
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [48]}, "fewer seeds replace nothing"
    assert verdicts("full")["X3"]["last"]["n"] == 24
    run_full(None, "--seeds", "20")
    assert ns(verdicts) == {"X1": [16], "X2": [24], "X3": [48]}, "nor does a look that was not planned"
    assert [each["last"]["n"] for each in verdicts("full").values()] == [20, 20, 20]
    assert trained() == {FIRST: fast + 20, SECOND: fast + 24, NEVER: fast + 48}


CONDITIONS = """
EXPERIMENTS = {"noise": noise(9.0)}

@claim_of()
def test_planted(claim, runs):
    n = runs["noise"].n
    early = np.ones(n) if n == 16 else -np.ones(n)  # would be refuted at every later look
    claim.holds_if(claim.median(early, "early") > 0, claim.median((np.arange(n) > 0) * 1.0, "late") > 0.5)
"""


def test_a_condition_is_fixed_at_the_look_that_decides_it(run_full, verdicts):
    run_full(CONDITIONS).assert_outcomes(passed=1, deselected=1)
    first, second = verdicts("full")["X1"]["evidence"]
    assert (first["n"], first["estimate"], first["look"], first["verdict"]) == (16, 1.0, 0, "holds")
    assert (second["n"], second["look"], second["verdict"]) == (24, 1, "holds")


CASES = """
EXPERIMENTS = {"noise": noise(0.0)}

@claim_of()
@pytest.mark.parametrize("plus", [9, 0])
def test_planted(claim, runs, plus):
    claim.holds_if(claim.median(runs["noise"].value + plus, "value") > 0)
"""


def test_the_cases_of_a_claim_go_on_independently(run_full, verdicts, trained):
    run_full(CASES)
    assert ns(verdicts) == {"X1 9": [16], "X1 0": [32]}
    assert trained() == {NEVER: 8 + 32}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--most-seeds", "10"], "*--most-seeds 10: the first look takes 16 seeds; give at least 16"),
        (["--most-seeds", "20", "--seeds", "20"], "*--seeds takes exactly so many, --most-seeds at most so many*"),
        (["--seeds", "5"], "*5 seeds cannot decide anything*at least 1? are needed"),
        (["--seeds", "0"], "*--seeds 0: at least 1 seed*"),
        (["--most-seeds=-3"], "*--most-seeds -3: *"),
    ],
)
def test_numbers_of_seeds_that_cannot_be_are_refused_before_training(run_full, trained, options, message):
    result = run_full(SUITE, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message.removeprefix('*')}"])
    assert trained() == dict.fromkeys((FIRST, SECOND, NEVER), 8)


def test_too_few_seeds_in_fast(run_claims, stored):
    result = run_claims(SUITE, "--seeds", "5")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert stored() == []


def test_very_many_seeds_say_at_once_what_they_would_take(run_claims, monkeypatch):
    monkeypatch.setattr("ontrial.running.plan.Plan.first_jobs", lambda self: pytest.exit("enough"))
    monkeypatch.setattr("ontrial.running.store.name_of", lambda *key: pytest.fail("a key was made"))
    result = run_claims(SUITE, "--seeds", "100000")
    result.stdout.fnmatch_lines(["first look: about 83 h* on 1 worker*"])


def test_a_claim_that_is_skipped_at_a_look_is_skipped(run_full, verdicts):
    text = CASES.replace("    claim.holds_if", "    if plus == 0 and len(claim.seeds) > 8:\n        pytest.skip('no')\n"
                         "    claim.holds_if")  # fmt: skip
    run_full(text).assert_outcomes(passed=1, skipped=1, deselected=2)


BROKEN = {
    "a loss that is not finite": (
        """
@training(looks=looks)
def broken(*, seed):
    return {"train_loss": np.array([1.0, np.nan if seed in (2, 5) else 0.5]), "value": 1.0}

@claim_of(trains={"a": broken()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""",
        "*train_loss is not finite in 2 of 8 seeds (2, 5) of broken()*",
    ),
    "NaN in a measure": (
        """
@claim_of(trains={"a": noise()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(np.where(np.arange(8) == 3, np.nan, 1.0), "value") > 0)
""",
        "*value*3*",
    ),
    "fewer numbers than seeds": (
        """
@claim_of(trains={"a": noise()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value[1:], "value") > 0)
""",
        "*value: 7 numbers for 8 seeds*among=*",
    ),
    "two conditions of different seeds": (
        """
@claim_of(trains={"a": noise(9.0)})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "a") > 0, claim.share([True] * 9, "b") > 0.1)
""",
        "*b: 9 numbers for 8 seeds*",
    ),
    "two trainings with different looks": (
        """
@claim_of(trains={"a": noise(), "b": other()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""",
        "*its trainings are looked at with different numbers of seeds*",
    ),
    "no training": (
        """
EXPERIMENTS = {"a": 3}
@claim_of()
def test_planted(claim, runs):
    claim.holds_if(exactly(1, "n") > 0)
""",
        "*EXPERIMENTS names what is no training: a*",
    ),
    "runs of nothing": (
        "@claim_of()\ndef test_planted(claim, runs):\n    claim.holds_if(exactly(1, 'n') > 0)\n",
        "*it takes `runs`, but trains nothing*",
    ),
    "trainings without runs": (
        "@claim_of(trains={'a': noise()})\ndef test_planted(claim):\n    claim.holds_if(exactly(1, 'n') > 0)\n",
        "*does not take the fixture `runs`*",
    ),
    "a name that was not recorded": (
        """
@claim_of(trains={"a": noise()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].valeu, "value") > 0)
""",
        "*AttributeError: 'valeu' was not recorded by noise(shift=0.0); recorded were *value*",
    ),
    "a training that fails": (
        """
@training
def failing(*, seed):
    raise ArithmeticError("no number")

@claim_of(trains={"a": failing()})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)
""",
        "*failing() (* failed: ArithmeticError: no number",
    ),
}
WELL = """
@training(looks=Looks((20,), 20))
def other(*, seed):
    return {"value": 1.0}

@claim_of("X2", trains={"well": noise(9.0)})
def test_well(claim, runs):
    claim.holds_if(claim.median(runs["well"].value, "value") > 0)
"""


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_broken_is_an_error_of_that_claim_alone(run_claims, text, message):
    result = run_claims(WELL + text, "-v")
    assert said(result)["well"] == "PASSED"
    assert said(result)["planted"] in ("FAILED", "ERROR")
    result.stdout.fnmatch_lines([message])


SETUPS = {
    "indirect": (
        "@pytest.fixture\ndef depth(request):\n    return -request.param\n\n"
        "@claim_of()\n@pytest.mark.parametrize('depth', [9.0], indirect=True)\n",
        "claim, runs, depth",
        "depth comes from a fixture *",
    ),
    "a fixture with params": (
        "@pytest.fixture(params=[9.0])\ndef depth(request):\n    return -request.param\n\n@claim_of()\n",
        "claim, runs, depth",
        "depth comes from a fixture *",
    ),
    "an autouse fixture": (
        "@pytest.fixture(autouse=True)\ndef around(tmp_path):\n    yield\n\n@claim_of()\n",
        "claim, runs",
        "around runs round pytest's own call alone*",
    ),
    "setup_function": ("def setup_function():\n    pass\n\n@claim_of()\n", "claim, runs", "setup_function runs round*"),
    "setup_module": ("def setup_module():\n    pass\n\n@claim_of()\n", "claim, runs", "setup_module runs round*"),
    "runs of its own": (
        "@pytest.fixture\ndef runs():\n    return {}\n\n@claim_of()\n",
        "claim, runs",
        "the fixture runs is *",
    ),
    "a coroutine": ("@claim_of()\nasync ", "claim, runs", "a look cannot await*"),
}


@pytest.mark.parametrize(("above", "takes", "message"), SETUPS.values(), ids=SETUPS.keys())
def test_what_only_pytests_own_call_would_give_a_test_is_an_error_of_that_claim(run_claims, above, takes, message):
    body = f"def test_planted({takes}):\n    claim.holds_if(claim.median(runs['a'].value, 'value') > 0)\n"
    result = run_claims(f"{WELL}\nEXPERIMENTS = {{'a': noise(9.0)}}\n{above}{body}", "-v")
    is_of_the_module = "def setup" in above or "autouse" in above or "def runs" in above
    assert said(result) == {"well": "ERROR" if is_of_the_module else "PASSED", "planted": "ERROR"}
    result.stdout.fnmatch_lines([f"planted/X1*: {message}"])


def test_setup_methods_of_a_class_and_autouse_fixtures_of_a_conftest_are_refused_too(run_claims, pytester):
    text = """
class TestPlanted:
    def setup_method(self):
        self.limit = 0

    @claim_of()
    def test_planted(self, claim):
        claim.holds_if(exactly(1, "n") > self.limit)
"""
    result = run_claims(WELL + text)
    result.stdout.fnmatch_lines(["planted/X1: setup_method runs round pytest's own call alone*"])
    (pytester.path / "planted" / "conftest.py").write_text(
        "import pytest\n\n@pytest.fixture(autouse=True, scope='session')\ndef prepared():\n    yield\n"
    )
    result = run_claims(WELL)
    result.stdout.fnmatch_lines(["planted/X2: prepared runs round pytest's own call alone*"])


AT_A_LOOK = """
EXPERIMENTS = {"noise": noise(0.0)}
calls = []

@claim_of()
def test_planted(claim, runs):
    calls.extend([1] * (len(claim.seeds) == 16))
    if len(calls) == 1:  # at the first look in full
        FAULT
    claim.holds_if(claim.median(runs["noise"].value, "value") > 0)
"""


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("raise AttributeError('no limit')", "*AttributeError: no limit*"),
        ("raise SystemExit(3)", "*SystemExit: 3*"),
        ("pytest.skip('not yet')", "*Skipped: not yet*"),
        ("return", "*ended without a verdict*"),
    ],
)
def test_what_a_test_raises_at_a_look_alone_is_told(run_claims, verdicts, fault, message):
    text = AT_A_LOOK.replace("FAULT", fault)
    run_claims(text, "--register")
    result = run_claims(text, "-m", "full", "-v")
    assert said(result) == {"planted": "FAILED"}
    result.stdout.fnmatch_lines([f"at 16 seeds it did not do what it does now: {message}"])
    assert verdicts("full")["X1"]["found"] == "error"
