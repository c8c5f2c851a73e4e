"""What other plugins and processes do with tests, and what this plugin leaves alone where no claim is."""

import os
import sys

import pytest

from tests.conftest import OPTIONS, PREAMBLE, planted, said

SUITE = planted("X1", "claim.median(runs['a'].value, 'value') > 0", "noise(9.0)", test="one")
SUITE += planted("X2", "exactly(1, 'count') < 0", test="two")
WITH_XDIST = (*OPTIONS[:-1], "-pxdist")
OTHER_PLUGIN = """
def pytest_addoption(parser):
    parser.addoption("--forked", action="store_true")
    parser.addoption("--reruns", type=int)

def pytest_configure(config):
    config.addinivalue_line("markers", "claim: a claim of an insurance")
    config.addinivalue_line("markers", "flaky: rerun")
    config.addinivalue_line("markers", "slow: takes long")
"""
PLAIN = "import pytest\n\ndef test_plain(tmp_path):\n    assert tmp_path\n"


@pytest.fixture
def run_xdist(run_claims, pytester):
    """Run a suite as it is called with xdist, in a process of its own."""
    pytest.importorskip("xdist")

    def run(text, *options):
        run_claims(text, "--collect-only")
        return pytester.run(sys.executable, "-m", "pytest", *WITH_XDIST, *options)

    return run


@pytest.mark.parametrize(
    ("options", "workers"),
    [(["-n", "2", "--register"], 2), (["-n2", "--workers=1"], 1), (["--tx=2*popen", "--dist=loadfile", "--accept"], 2)],
)
def test_claims_run_in_one_process_with_as_many_workers(run_xdist, verdicts, stored, options, workers):
    done = run_xdist(SUITE, *options)
    done.stdout.fnmatch_lines(
        [f"-n 2 is taken as --ontrial-workers {workers}: claims are judged in one*", "X1 *holds*"]
    )
    done.assert_outcomes(passed=1, failed=1, deselected=2)
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "refuted"}
    assert len(stored()) == 8
    assert "[gw" not in done.stdout.str()
    last = {"--register": "registered:", "--accept": "accepted:"}.get(options[-1], "written to *")
    done.stdout.fnmatch_lines([last])


def test_tests_that_are_no_claims_are_left_to_xdist(run_xdist, pytester):
    pytester.makeconftest(OTHER_PLUGIN)
    texts = (
        PLAIN,
        "TEXT = '@pytest.mark.claim(1, 2, source=3)'\n" + PLAIN,
        "TEXT = '@pytest.mark.claim(1, 2, source=3)'\nclaims = lambda found: found.claim\n" + PLAIN,
        "import pytest\n\n@pytest.mark.claim('a loss', number=3)\ndef test_marked():\n    pass\n",
        "import pytest\n\n@pytest.mark.claim\ndef test_bare():\n    pass\n",
    )
    for number, text in enumerate(texts):
        (pytester.path / "planted" / f"test_{number}.py").write_text(text)
    done = pytester.run(sys.executable, "-m", "pytest", *WITH_XDIST, "-n2", "-v")
    done.assert_outcomes(passed=5)
    assert "[gw" in done.stdout.str()
    done = run_xdist(SUITE, "-n2", "-v", "-m", "not fast and not full")
    assert "[gw" in done.stdout.str()
    assert done.ret == 0


def test_a_claim_that_a_worker_of_xdist_finds_is_an_error_that_says_what_to_do(run_xdist, pytester, stored):
    (pytester.path / "planted" / "marks.py").write_text(PREAMBLE)
    (pytester.path / "pytest.ini").write_text("[pytest]\npythonpath = planted\ntestpaths = planted\n")
    (pytester.path / "planted" / "test_hidden.py").write_text("from marks import *\n" + SUITE)
    done = pytester.run(sys.executable, "-m", "pytest", *WITH_XDIST, "-n2")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["*planted/X1: a worker of pytest-xdist cannot judge a claim: leave -n out*"])
    assert stored() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--forked"], "--forked: claims are judged in the process that writes the record; leave it out"),
        (["--reruns", "2"], "--reruns: a claim is judged once, *"),
    ],
)
def test_plugins_that_judge_a_claim_elsewhere_or_again_are_refused(run_claims, pytester, stored, options, message):
    pytester.makeconftest(OTHER_PLUGIN)
    result = run_claims(SUITE, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert stored() == []
    run_claims(PLAIN, *options).assert_outcomes(passed=1)


def test_a_claim_that_would_be_rerun_is_an_error_of_its_own(run_claims, pytester):
    pytester.makeconftest(OTHER_PLUGIN)
    result = run_claims(SUITE.replace("@claim_of('X2')", "@pytest.mark.flaky\n@claim_of('X2')"), "-v")
    assert said(result) == {"one": "PASSED", "two": "ERROR"}
    result.stdout.fnmatch_lines(["planted/X2: pytest.mark.flaky would judge it again*"])


OTHERS = """
@pytest.fixture
def claim():
    return "of an insurance"

@pytest.fixture(params=["fast", "full"])
def tier(request):
    return request.param

@pytest.mark.claim("a loss", number=3)
def test_marked():
    pass

@pytest.mark.claim("a loss")
def test_fixture(claim):
    assert claim == "of an insurance"

@pytest.mark.full
def test_tier(tier):
    assert tier

@pytest.mark.slow
def test_slow():
    pass
"""


def test_a_suite_without_claims_has_its_own_marks_and_fixtures(run_claims, pytester):
    pytester.makeconftest(OTHER_PLUGIN)
    (pytester.path / "planted" / "test_plain.py").write_text(PLAIN + OTHERS)
    result = run_claims()
    result.assert_outcomes(passed=6)
    assert "verdicts" not in result.stdout.str()
    run_claims(None, "-m", "slow").assert_outcomes(passed=1, deselected=5)
    assert {path.name for path in pytester.path.iterdir()} - {"__pycache__"} == {"planted", "pytest.ini", "conftest.py"}
    assert set(os.listdir(pytester.path / "planted")) - {"__pycache__"} == {"test_plain.py"}


STAND_INS = """
from random import Random
from types import SimpleNamespace
import pytest

def pytest_addoption(parser):
    parser.addoption("--workers", "--parallel-workers", dest="workers")  # pytest-parallel
    parser.addoption("--tests-per-worker")
    parser.addini("workers", "")
    parser.addoption("--accept", action="store_true", default=False)  # pytest-accept
    parser.addoption("--accept-copy", action="store_true", default=False)
    parser.addoption("--randomly-seed", dest="randomly_seed", default=1)  # pytest-randomly
    parser.addoption("--reruns", type=int)  # pytest-rerunfailures
    parser.addini("reruns", "")
    parser.addoption("--timeout")  # pytest-timeout
    parser.addini("timeout", "")

def pytest_configure(config):
    config.addinivalue_line("markers", "flaky: rerun")
    config.addinivalue_line("markers", "timeout: stop")
    if config.option.workers:
        config.pluginmanager.register(SimpleNamespace(), "parallelrunner")

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    Random(config.option.randomly_seed).shuffle(items)
"""


def test_it_runs_beside_plugins_that_have_the_same_short_options(run_claims, pytester, verdicts):
    pytester.syspathinsert()
    (pytester.path / "others.py").write_text(STAND_INS)
    run_claims(SUITE, "--collect-only")
    options = [each for each in OPTIONS if each != "-ptests.short_options"] + ["-pothers", "--ontrial-workers=1"]
    result = pytester.runpytest_subprocess(*options, "--accept", "--timeout=60", "--randomly-seed=2")
    result.assert_outcomes(passed=1, failed=1, deselected=2)
    assert {name: each["found"] for name, each in verdicts().items()} == {"X1": "holds", "X2": "refuted"}
    assert not (pytester.path / "planted" / "known.toml").exists()
    result = pytester.runpytest_subprocess(*options, "--workers=2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pytest-parallel runs tests in other processes*"])


BESIDE = """
import pytest

@pytest.fixture
def runs():
    return "of a cricketer"

@pytest.fixture(params=["fast", "slow"])
def tier(request):
    return request.param
"""
GUESTS = """
@pytest.mark.fast
def test_runs(runs, tier):
    assert (runs, tier) in [("of a cricketer", "fast"), ("of a cricketer", "slow")]

def test_nobody(claim):
    pass

@claim_of("X3", trains={"a": noise(9.0)})
def test_three(claim, runs):
    claim.holds_if(claim.median(runs["a"].value, "value") > 0)

def test_runs_after_a_claim(runs):
    assert runs == "of a cricketer"
"""


@pytest.mark.parametrize("where", ["conftest.py", "beside.py"])
def test_what_claims_are_given_is_given_to_them_alone(run_claims, pytester, where):
    pytester.syspathinsert()
    (pytester.path / where).write_text(BESIDE)
    result = run_claims(SUITE + GUESTS, "-v", *(() if where == "conftest.py" else ("-pbeside",)))
    result.assert_outcomes(passed=5, failed=1, errors=2, deselected=3)
    assert said(result)["three"] == "PASSED"
    result.stdout.fnmatch_lines(["*test_nobody* uses the fixture `claim` without @pytest.mark.claim(...)"])


def test_optimised_python_and_other_processes_are_refused_for_claims_alone(run_claims, pytester):
    script = "import multiprocessing, pytest, sys\n\ndef run():\n    sys.exit(pytest.main(sys.argv[1:]))\n\n"
    script += "if __name__ == '__main__':\n    process = multiprocessing.get_context('spawn').Process(target=run)\n"
    script += "    process.start(); process.join(); sys.exit(process.exitcode)\n"
    (pytester.path / "script.py").write_text(script)
    commands = [[sys.executable, "-O", "-m", "pytest", *OPTIONS], [sys.executable, "script.py", *OPTIONS]]
    (pytester.path / "planted" / "test_plain.py").write_text("def test_plain():\n    pass\n")
    assert [pytester.run(*command).ret for command in commands] == [0, 0]
    run_claims(SUITE, "--collect-only")
    for command, message in zip(
        commands, ["python -O removes*: run without -O", "a worker runs the script*"], strict=True
    ):
        done = pytester.run(*command)
        assert done.ret == pytest.ExitCode.USAGE_ERROR
        done.stderr.fnmatch_lines([f"ERROR: {message}"])
