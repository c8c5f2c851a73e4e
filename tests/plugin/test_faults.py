"""A fault of one claim is an error of that claim alone: all others are judged and recorded."""

import pytest

from tests.conftest import PREAMBLE, known_as, planted, said

NOISE = "claim.median(runs['a'].value, 'value') > 0"
WELL = planted("X1", NOISE, "noise(9.0)", test="well") + planted("X2", test="count")
PASSED = {"well": "PASSED", "count": "PASSED"}
HELD = {"X1": "holds", "X2": "holds"}
RAISE = "raise ArithmeticError('no \\udc80 number')"
BODIES = (  # of a test, with what is said of it
    ("1 / 0", "*ZeroDivisionError*"),
    ("raise SystemExit(3)", "*SystemExit*"),
    ("raise ValueError('\\udc80')", "*ValueError*"),
    ("raise AssertionError('by hand')", "*by hand*"),
    ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()", "*"),
    ("pytest.xfail('not a good day')", "*not a good day*"),
    ("pass", "the test ended without a verdict: its last statement must be claim.holds_if(...)"),
    ("claim.holds_if()", "*"),
    ("claim.holds_if(True)", "*"),
    ("claim.holds_if(-1 < exactly(3, 'n') < 5)", "*"),
    ("claim.holds_if(exactly(1, 'n') > '0')", "*"),
    ("claim.holds_if(exactly(1, 3) > 0)", "*a measure is named by text*"),
    ("claim.holds_if(exactly(1, ' ') > 0)", "*a measure is named by text*"),
    ("claim.holds_if(exactly(1, 'n \\udc80') > 0)", "*"),
    ("claim.holds_if(exactly(3, 'n') > 2); claim.holds_if(exactly(3, 'n') > 2)", "*judged before*"),
    ("claim.holds_if(exactly(3, 'n') > 2); raise RuntimeError('late')", "*late*"),
    ("claim.holds_if(exactly(1, 'n') > 2); pytest.xfail('a bad day')", "*a bad day*"),
    ("claim.holds_if(median_interval(range(12), 'n', alpha=0.4) > 3)", "*use claim.median*"),
    ("object.__setattr__(e := exactly(1, 'n') > 0, 'region', 3); claim.holds_if(e)", "*"),
    ("claim.asides = (exactly(1, 3),); claim.holds_if(exactly(1, 'n') > 0)", "*an aside's measure is named by text*"),
    ("claim.asides = ('n',); claim.holds_if(exactly(1, 'n') > 0)", "*"),
    ("claim.asides = exactly(1, 'n'); claim.holds_if(exactly(1, 'n') > 0)", "*"),
    ("claim.reported = {'n': 3}; claim.holds_if(exactly(1, 'n') > 0)", "*"),
    ("claim.own_numbers = (1,); claim.holds_if(exactly(1, 'n') > 0)", "*"),
    ("claim.own_numbers = {'n': 'x'}; claim.holds_if(exactly(1, 'n') > 0)", "*"),
)
CONDITIONS = (  # of a test with runs
    ("claim.median(np.where(np.arange(8) == 3, np.nan, 1.0), 'value') > 0", "*value*3*"),
    ("claim.median(runs['a'].value[1:], 'value') > 0", "*value: 7 numbers for 8 seeds*among=*"),
    ("claim.median(runs['a'].value, 'a') > 0, claim.share([True] * 9, 'b') > 0.1", "*b: 9 numbers for 8 seeds*"),
    (
        "claim.median(runs['a'].valeu, 'value') > 0",
        "*AttributeError: 'valeu' was not recorded by noise(shift=9.0); recorded were *value*",
    ),
)
METHODS = (  # of a training
    f"def estimate(self, seeds): {RAISE}",
    "def estimate(self, seeds): return float('nan')",
    f"def describe(self): {RAISE}",
    "def describe(self): return {'a': {1, 2}}",
    f"def terms(self): {RAISE}",
    f"def settings(self): {RAISE}",
    "def settings(self): return {'a': float('nan')}",
    f"def __str__(self): {RAISE}",
    f"def __hash__(self): {RAISE}",
    f"def at(self, scale): {RAISE}",
    "judged_on = property(lambda self: 1 / 0)",
    "judged_on = 3",
    "needs = property(lambda self: 1 / 0)",
    "shared = property(lambda self: 1 / 0)",
    "def train(self, seeds, needed): return None",
    "def train(self, seeds, needed): raise SystemExit(3)",
)
MADE = """
class {name}(type(noise())):
    {method}

of_{name} = {name}(*(getattr(noise({shift}), name) for name in list(noise().__match_args__)))
"""
FUNCTIONS = """
@training(looks=looks, losses=["train_loss"])
def diverging(*, seed):
    return {"train_loss": np.array([1.0, np.nan if seed in (2, 5) else 0.5]), "value": 1.0}

@training
def failing(*, seed):
    raise ArithmeticError("no number")

@training(looks=Looks((20,), 20))
def other(*, seed):
    return {"value": 1.0}

@training
def reaching(*, seed):
    import helper_that_does_not_parse
    return {"value": 1.0}
"""
TRAININGS = (
    ("diverging()", "*train_loss is not finite in 2 of 8 seeds (2, 5) of diverging()*"),
    ("failing()", "*failing() (* failed: ArithmeticError: no number"),
    ("reaching()", "*SyntaxError: *"),
    ("noise(), 'b': other()", "*its trainings are looked at with different numbers of seeds*"),
    ("noise(), 5: noise(1.0), '5': noise(2.0)", "*two of its trainings read the same*"),
    ("3", "*EXPERIMENTS names what is no training: a*"),
)
TAKES_CLAIM, TAKES_RUNS = "\ndef test_{test}(claim): pass", "\ndef test_{test}(claim, runs): pass"
DECLARATIONS = (
    ("@claim_of('{id}', trains=[noise()])" + TAKES_RUNS, "*trains= must name its trainings, as *"),
    ("@claim_of('{id}', trains=np.ones(3))" + TAKES_RUNS, "*trains= must name its trainings, as *"),
    ("@claim_of('{id}')" + TAKES_RUNS, "*it takes `runs`, but trains nothing*"),
    ("@claim_of('{id}', trains={{'a': noise()}})" + TAKES_CLAIM, "*does not take the fixture `runs`*"),
    ("@claim_of('{id}')\ndef test_{test}(runs): pass", "*a claim's test must take the fixture `claim`*"),
    ("@claim_of('{id}')\ndef test_{test}(): pass", "*a claim's test must take the fixture `claim`*"),
    ("@pytest.mark.claim('{id}', 3, source='x')" + TAKES_CLAIM, "*statement, source and kind are text, not 3"),
    ("@pytest.mark.claim('{id}', 's', source='\\udc80')" + TAKES_CLAIM, "*"),
    ("@pytest.mark.claim('{id}', 'a')" + TAKES_CLAIM, "*@pytest.mark.claim(id, statement, source=*): *source*"),
    ("@claim_of('{id}', tiers='fast')" + TAKES_CLAIM, "*unexpected keyword*tiers*"),
    ("@claim_of('{id}', kind='heard')" + TAKES_CLAIM, "*kind 'heard': there are said, asked, beyond"),
    ("@claim_of('../../x')" + TAKES_CLAIM, "*'../../x' is no id*"),
    ("@claim_of(7)" + TAKES_CLAIM, "*7 is no id*"),
    ("@claim_of('')" + TAKES_CLAIM, "*'' is no id*"),
    ("@claim_of('{id}\\n')" + TAKES_CLAIM, "*\\n' is no id*"),
    (
        "@claim_of('{id}')\ndef test_{test}(claim, tmp_path): pass",
        "*takes tmp_path: a claim's test takes claim*",
    ),
    ("@pytest.mark.usefixtures('tmpdir')\n@claim_of('{id}')" + TAKES_CLAIM, "*takes tmpdir*"),
    ("@pytest.mark.skipif('no such name', reason='x')\n@claim_of('{id}')" + TAKES_CLAIM, "*no such name*"),
    ("@pytest.mark.xfail(reason='by hand')\n@claim_of('{id}')" + TAKES_CLAIM, "*pytest.mark.xfail says nothing of a*"),
    ("@pytest.mark.xfail(raises=IndexError)\n@claim_of('{id}')" + TAKES_CLAIM, "*pytest.mark.xfail says nothing of *"),
    ("@claim_of('{id}')\nasync def test_{test}(claim): pass", "*a look cannot await*"),
    (
        "@claim_of('{id}')\n@pytest.mark.parametrize('depth', [9], indirect=True)\ndef test_{test}(claim, depth): pass",
        "*depth comes from a fixture *",
    ),
    ("@claim_of('{id}')\ndef test_{test}(claim, width): pass", "*width comes from a fixture *"),
    ("@claim_of('X1')" + TAKES_CLAIM, "*claim planted/X1 is declared twice: *::test_well and *::test_*"),
    (
        "@claim_of('{id}')\n@pytest.mark.parametrize('a', [1, '1'], ids=['a', 'b'])\ndef test_{test}(claim, a): pass",
        "*claim planted/Y* (1) is declared twice with this case*",
    ),
    (
        "class Test{test}:\n    def setup_method(self): pass\n\n"
        "    @claim_of('{id}')\n    def test_{test}(self, claim): pass",
        "*setup_method runs round pytest's own call alone*",
    ),
)
FIXTURES = """
@pytest.fixture
def depth(request):
    return -request.param

@pytest.fixture(params=[9.0])
def width(request):
    return -request.param
"""


def found(verdicts, tier="fast"):
    return {name: each["found"] for name, each in verdicts(tier).items()}


def check(result, verdicts, texts, words):
    """The faults are errors with their messages; what is well was judged, and is in the record."""
    seen = said(result)
    assert {name: seen.pop(name) for name in PASSED} == PASSED
    assert len(seen) >= len(texts)
    assert set(seen.values()) <= words
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    text = result.stdout.str() + result.stderr.str()
    assert "INTERNALERROR" not in text
    assert "NOT WRITTEN" not in text
    result.stdout.fnmatch_lines_random([message for _, message in texts])
    whole = found(verdicts)
    assert {name: whole.pop(name) for name in HELD} == HELD
    assert set(whole.values()) <= {"error"}


def test_a_test_that_is_broken(run_claims, verdicts):
    tests = [f"@claim_of('Y{n}')\ndef test_{n}(claim):\n    {body}\n" for n, (body, _) in enumerate(BODIES)]
    tests += [planted(f"Z{n}", condition, "noise(9.0)", test=f"z{n}") for n, (condition, _) in enumerate(CONDITIONS)]
    text = f"from ontrial.stats.verdicts import median_interval\n{WELL}\n" + "\n".join(tests)
    result = run_claims(text, "-v", known=known_as("refuted", "Y3") + known_as("refuted", "Y5"))
    check(result, verdicts, BODIES + CONDITIONS, {"FAILED", "ERROR"})
    assert len(found(verdicts)) == len(HELD) + len(BODIES) + len(CONDITIONS)


def test_a_training_that_is_broken(run_claims, verdicts, pytester):
    (pytester.path / "planted" / "helper_that_does_not_parse.py").write_text("def (\n")
    made = [MADE.format(name=f"Made{n}", method=method, shift=10.0 + n) for n, method in enumerate(METHODS)]
    named = [f"of_Made{n}" for n in range(len(METHODS))] + [name for name, _ in TRAININGS]
    tests = [planted(f"Y{n}", "exactly(1, 'n') > 0", name, test=f"{n}") for n, name in enumerate(named)]
    result = run_claims(WELL + FUNCTIONS + "\n".join(made + tests), "-v")
    check(result, verdicts, [*((each, "*") for each in METHODS), *TRAININGS], {"FAILED", "ERROR"})


def test_a_declaration_that_is_broken(run_claims, verdicts):
    well = WELL.replace("X1", "X3") + planted("X1", test="well_once")
    tests = [text.format(id=f"Y{n}", test=f"{n}") for n, (text, _) in enumerate(DECLARATIONS)]
    result = run_claims(well + FIXTURES + "\n".join(tests), "-v")
    texts = [(text, message.replace("::test_well ", "::test_well_once ")) for text, message in DECLARATIONS]
    seen = said(result)
    assert seen.pop("well") == seen.pop("count") == "PASSED"
    assert set(seen.values()) == {"ERROR"}
    result.stdout.fnmatch_lines_random([message for _, message in texts])
    whole = found(verdicts)
    assert (whole.pop("X2"), whole.pop("X3")) == ("holds", "holds")
    assert set(whole.values()) <= {"error"}


@pytest.mark.parametrize(("name", "takes"), [("7", "claim"), ("'X1'", "claim, tmp_path")])
def test_where_nothing_else_is_lost_the_session_is_refused(run_claims, name, takes):
    result = run_claims(f"@claim_of({name})\ndef test_it({takes}): pass\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *test_it*"])


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("@pytest.fixture(autouse=True)\ndef around(tmp_path):\n    yield\n", "test_planted.py", "around runs round *"),
        ("def setup_function():\n    pass\n", "test_planted.py", "setup_function runs round pytest's own call*"),
        ("def setup_module():\n    pass\n", "test_planted.py", "setup_module runs round pytest's own call*"),
        (
            "import pytest\n@pytest.fixture(autouse=True, scope='session')\ndef prepared():\n    yield\n",
            "conftest.py",
            "prepared runs round pytest's own call*",
        ),
    ],
)
def test_what_a_look_cannot_run_is_refused_for_a_whole_module(run_claims, pytester, text, place, message):
    if place == "conftest.py":
        (pytester.path / "planted" / place).write_text(text)
    result = run_claims(WELL if place == "conftest.py" else WELL + text, "-v")
    assert said(result)["well"] == "ERROR"
    result.stdout.fnmatch_lines([f"planted/X1: {message}"])


def test_a_fault_at_one_look_alone_is_an_error(run_claims, verdicts):
    faults = {
        "raises": ("raise AttributeError('no limit')", "AttributeError: no limit*"),
        "leaves": ("raise SystemExit(3)", "SystemExit: 3*"),
        "skips": ("pytest.skip('not yet')", "Skipped: not yet*"),
        "returns": ("return", "ended without a verdict*"),
    }
    text = "faulty = []\ndef is_first(claim, name):\n    return len(claim.seeds) == 16 and faulty.count(name) == 1\n\n"
    for number, (name, (fault, _)) in enumerate(faults.items()):
        text += f"@claim_of('Y{number}', trains={{'a': noise(0.0)}})\ndef test_{name}(claim, runs):\n"
        text += f"    faulty.extend(['{name}'] * (len(claim.seeds) == 16))\n"
        text += f"    if is_first(claim, '{name}'):\n        {fault}\n"
        text += "    claim.holds_if(claim.median(runs['a'].value, 'value') > 0)\n\n"
    run_claims(text, "--register")
    result = run_claims(text, "-m", "full", "-v")
    assert said(result) == dict.fromkeys(faults, "FAILED")
    messages = [f"at 16 seeds it did not do what it does now: {message}" for _, message in faults.values()]
    result.stdout.fnmatch_lines_random(messages)
    assert set(found(verdicts, "full").values()) == {"error"}


SWALLOWED = """
import contextlib

@claim_of("Y1")
def test_swallowed(claim):
    try:
        claim.holds_if(exactly(1, "n") > 2)
    except BaseException:
        pass

@claim_of("Y2")
def test_expected_and_suppressed(claim):
    with contextlib.suppress(BaseException):
        claim.holds_if(exactly(1, "n") > 2)

@claim_of("Y3")
def test_open(claim):
    claim.holds_if(claim.median(range(12), "n") > 3)

@claim_of("Y4")
def test_skipped_after_the_verdict(claim):
    claim.holds_if(exactly(1, "n") > 2)
    pytest.skip("not a good day")

@claim_of("Y5")
def test_judged_twice(claim):
    claim.holds_if(exactly(1, "n") > 2)
    with contextlib.suppress(Exception):
        claim.holds_if(exactly(3, "n") > 2)

@claim_of("Y6")
def test_limits_of_numpy(claim):
    claim.holds_if(exactly(1, "n") > np.float32(2), exactly(1, "m") > np.int64(2))

@claim_of("Y7")
@pytest.mark.parametrize("case", ["\\udc80"])
def test_case_that_cannot_be_encoded(claim, case):
    claim.holds_if(exactly(3, "n") > 2)
"""


def test_what_was_judged_decides_whatever_the_test_does_afterwards(run_claims, verdicts):
    result = run_claims(SWALLOWED, "-v", known=known_as("refuted", "Y2"))
    assert said(result) == {
        "swallowed": "FAILED",
        "expected_and_suppressed": "XFAIL",
        "open": "SKIPPED",
        "skipped_after_the_verdict": "FAILED",
        "judged_twice": "FAILED",
        "limits_of_numpy": "FAILED",
        "case_that_cannot_be_encoded": "PASSED",
    }
    refuted = dict.fromkeys(("Y1", "Y2", "Y4", "Y5", "Y6"), "refuted")
    assert found(verdicts) == refuted | {"Y3": "inconclusive", "Y7 \\udc80": "holds"}
    assert [each["region"]["low"] for each in verdicts()["Y6"]["evidence"]] == [2, 2]


def test_data_that_is_missing_in_full_is_an_error_of_what_needs_it(run_claims, verdicts):
    made = MADE.format(name="Made", shift=8.0, method="def describe(self): return dict(a=1)")
    text = WELL + made + planted("Y1", NOISE, "of_Made")
    run_claims(text, "--register")
    text = text.replace("return dict(a=1)", "raise FileNotFoundError('no data: load it')")
    result = run_claims(text, "-m", "full", "-v")
    assert said(result) == PASSED | {"planted": "ERROR"}
    result.stdout.fnmatch_lines(["*FileNotFoundError: no data: load it"])
    assert found(verdicts, "full") == HELD | {"Y1": "error"}


@pytest.mark.parametrize("name", ["known.toml", "registered.toml"])
@pytest.mark.parametrize("where", ["planted", "planted/test_planted.py"])
def test_a_damaged_file_is_an_error_of_its_own_report_alone(run_claims, pytester, name, where):
    other = pytester.mkdir("another")
    (other / "test_other.py").write_text(PREAMBLE + planted("Z1"))
    (other / name).write_text("no toml at all")
    run_claims(WELL, "--register")
    options = ("-v", *(("-m", "full") if name == "registered.toml" else ()))
    result = run_claims(None, where, "another", *options, "--claim=X2,Z1")
    assert said(result) == {"count": "PASSED", "planted": "ERROR"}
    result.stdout.fnmatch_lines([f"another/Z1: *{name}*"])
    result = run_claims(None, "another", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{name}*"])


def test_a_marker_that_cannot_be_read_takes_nothing_out_of_the_record(run_claims, verdicts):
    run_claims(WELL)
    result = run_claims(WELL.replace("@claim_of('X2')", "@pytest.mark.claim('X2', 'no source')"), "-v")
    assert said(result) == {"well": "PASSED", "count": "ERROR"}
    assert found(verdicts) == HELD
