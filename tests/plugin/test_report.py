"""A report: the folder that its claims lie in, and what its report.py says of it."""

from pathlib import Path

import pytest

from ontrial import Report, Task
from ontrial.publish.frozen import FrozenReport
from ontrial.publish.record import order
from ontrial.report import OTHERS, Folder, folder_of, task_of
from tests.conftest import PREAMBLE, said

CLAIM = "@claim_of()\ndef test_planted(claim):\n    claim.holds_if(exactly(1, 'count') > 0)\n"
REPORT = "from ontrial import Report\nREPORT = Report('A title')\n"


def test_a_claim_belongs_to_the_nearest_folder_with_a_report_else_to_its_own(tmp_path):
    deep = tmp_path / "homework" / "part"
    deep.mkdir(parents=True)
    (tmp_path / "homework" / "report.py").write_text(REPORT)
    assert folder_of(deep / "test_it.py").name == "part"  # no package, so no part of the report
    (deep / "__init__.py").touch()
    folder_of.cache_clear()
    assert folder_of(deep / "test_it.py") == Folder(tmp_path / "homework", Report(""))
    assert folder_of(deep / "test_it.py").report.title == "A title"


def test_the_order_is_that_of_the_report(tmp_path):
    tasks = (Task("G", "1", "2", "One"), Task("F", "1", "1", "Two"), Task("FX", "1", "3", "Three"))
    folder = Folder(tmp_path, Report("A report", tasks=tasks))
    assert task_of(folder.report.tasks, "FX2").prefix == "FX"
    assert task_of(folder.report.tasks, "F2").prefix == "F"
    assert task_of(folder.report.tasks, "Q2") is OTHERS
    ids = ["Q1", "F10", "FX1", "F9", "G2", "free"]
    place = order([FrozenReport("mine", tasks=tasks)])
    assert sorted(ids, key=lambda claim: place("mine", claim)) == ["G2", "F9", "F10", "FX1", "Q1", "free"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must set REPORT = Report(title, …)"),
        ("REPORT = 'A title'\n", "must set REPORT = Report(title, …)"),
        ("def f(:\n", "cannot be imported: SyntaxError"),
        ("import not_there\n", "cannot be imported: ModuleNotFoundError"),
        ("from ontrial import Report\nREPORT = Report()\n", "cannot be imported: TypeError"),
    ],
)
def test_a_report_that_is_none_is_refused_by_name(run_claims, text, message):
    result = run_claims(CLAIM, report=text)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "report.py" in result.stderr.str()
    assert message in result.stderr.str()


def test_two_reports_of_one_name_are_refused(run_claims, pytester):
    for place in ("one", "two"):
        folder = Path(pytester.mkdir(place), "homework")
        folder.mkdir()
        (folder / "test_it.py").write_text(PREAMBLE + CLAIM)
    result = run_claims(None, "one", "two")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: two reports are called homework: *one*homework and *two*homework"])


OTHERS_SUITE = """
import pytest

@pytest.mark.full
def test_marked(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.fixture(params=["fast", "full"])
def tier(request): return request.param

def test_with_a_tier_of_its_own(tier): pass
"""


def test_a_suite_without_claims_keeps_its_own_markers_and_fixtures(pytester, run_claims):
    run_claims("", "--collect-only")
    (pytester.path / "planted" / "test_planted.py").write_text(OTHERS_SUITE)
    options = ("-o", "markers=slow: takes long", "-v")
    result = run_claims(None, *options)
    result.assert_outcomes(passed=4)
    run_claims(None, *options, "-m", "slow").assert_outcomes(passed=1, deselected=3)


def test_tiers_are_chosen_with_markers(run_claims):
    text = CLAIM + "\ndef test_plain(): pass\n\ndef test_tiers(tier): assert tier in ('fast', 'full')\n"
    for options, names in (
        ((), {"planted", "tiers"}),
        (("-m", "fast"), {"planted", "tiers"}),
        (("-m", "full"), {"planted", "tiers"}),
        (("-m", "claim and not full"), {"planted"}),
        (("-m", "claim"), {"planted"}),
    ):
        assert said(run_claims(text, "-v", *options)).keys() == names
    run_claims(text, "-m", "fast or full").assert_outcomes(passed=4, deselected=1)
    run_claims(text).assert_outcomes(passed=3, deselected=2)
