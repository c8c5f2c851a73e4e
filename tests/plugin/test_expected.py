"""known.toml, the expected verdicts: exact in every part, never stale, and rewritten by --accept alone."""

import tomllib

import pytest

from tests.conftest import known_as, planted, said

HOLDS, REFUTED = "exactly(1, 'count') > 0", "exactly(1, 'count') < 0"
ONE = planted("X1", REFUTED)
CASES = """
@claim_of()
@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_planted(claim, depth):
    claim.holds_if(exactly(len(depth), "letters") < 5)
"""


@pytest.fixture
def path(pytester):
    return pytester.path / "planted" / "known.toml"


def test_an_expected_verdict_is_of_its_case_tier_and_data_alone(run_claims):
    result = run_claims(CASES, known=known_as("refuted", case="shallow"))
    result.assert_outcomes(xfailed=1, passed=1, deselected=2)
    run_claims(CASES, known=known_as("refuted", case="deep")).assert_outcomes(failed=2, deselected=2)
    trained = planted("X1", "claim.median(runs['a'].value, 'value') < 0", "noise(3.0)")
    run_claims(trained, known=known_as("refuted", tier="full", data="own")).assert_outcomes(failed=1, deselected=1)
    run_claims(trained, known=known_as("refuted", data="mnist")).assert_outcomes(failed=1, deselected=1)
    run_claims(trained, known=known_as("refuted", data="own")).assert_outcomes(xfailed=1, deselected=1)


@pytest.mark.parametrize("entry", [{"claim": "X2"}, {"case": "middle"}, {"claim": "X3", "tier": "full"}])
def test_an_entry_that_no_test_declares_is_an_error(run_claims, stored, entry):
    text = CASES + planted("X4", HOLDS, "noise()")
    result = run_claims(text, known=known_as("refuted", **entry))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    gone = entry.get("claim", "X1")
    result.stderr.fnmatch_lines([f"ERROR: *known.toml has what no test declares: {gone} *Remove these entries."])
    assert stored() == []


def test_where_only_some_tests_are_selected_the_others_are_not_missed(run_claims):
    text = CASES + planted("X2", test="other")
    run_claims(text, "--claim=X2", known=known_as("refuted", case="shallow")).assert_outcomes(passed=1, deselected=5)
    run_claims(text, "planted/test_planted.py::test_other").assert_outcomes(passed=1, deselected=1)
    run_claims(text, "-k", "other").assert_outcomes(passed=1, deselected=5)


@pytest.mark.parametrize(
    "content",
    [
        "[[known]]\nclaim = 'X1'\n",
        known_as("perhaps"),
        known_as("error"),
        known_as("refuted") + known_as("holds"),
        "no toml at all",
        "known = 3\n",
        "known = ['X1']\n",
        known_as("refuted").replace('"X1"', "1"),
        known_as("refuted") + "whi = 'a misspelt why'\n",
    ],
)
def test_a_damaged_file_is_refused_by_name(run_claims, content):
    result = run_claims(ONE, known=content)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *known.toml*"])


def test_accept_rewrites_the_verdicts_and_no_why_or_comment(run_claims, path):
    conditions = enumerate((HOLDS, REFUTED, REFUTED, HOLDS), 1)
    text = "".join(planted(f"X{number}", condition, test=f"{number}") for number, condition in conditions)
    before = f"# A comment.\n\n{known_as('refuted', 'X1')}\n# Another.\n{known_as('holds', 'X2')}"
    run_claims(text, known=before)
    assert path.read_text(encoding="utf-8") == before
    moved = ["X1 fast counts: refuted, now holds", "X2 fast counts: holds, now refuted"]
    lines = ["accepted:", *moved, "X3 fast counts: refuted, not expected before"]
    run_claims(None, "--accept").stdout.fnmatch_lines(lines)
    content = path.read_text(encoding="utf-8")
    after = f"# A comment.\n\n{known_as('holds', 'X1')}\n# Another.\n{known_as('refuted', 'X2')}"
    assert content.startswith(after)
    [added] = tomllib.loads(content.removeprefix(after))["known"]
    assert (added["claim"], added["verdict"], added["why"]) == ("X3", "refuted", "")
    result = run_claims(None, "-v")
    assert said(result) == {"1": "PASSED", "2": "XFAIL", "3": "XFAIL", "4": "PASSED"}
    assert "not as expected" not in result.stdout.str()
    run_claims(None, "--accept").stdout.fnmatch_lines(["nothing to accept: all is as expected"])
    assert path.read_text(encoding="utf-8") == content


def test_accept_writes_no_error_and_nothing_of_a_session_that_is_refused(run_claims, path):
    content = known_as("refuted")
    result = run_claims("@claim_of()\ndef test_planted(claim):\n    1 / 0\n", "--accept", known=content)
    result.stdout.fnmatch_lines(["nothing to accept: all is as expected, except 1 error"])
    for options in (["--claim=X9"], ["nowhere"]):
        assert "nothing to accept" not in run_claims(ONE, "--accept", *options).stdout.str()
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"known = []\n",
        b'known = []\nnote = "x"\n',
        b"\xef\xbb\xbf# a mark\r\n\r\n",
        b"# LF\n",
        b"# CRLF\r\nknown = []\r\n",
    ],
)
def test_accept_writes_the_file_in_its_form(run_claims, path, content):
    if content is not None:
        path.write_bytes(content)
    run_claims(ONE, "--accept").stdout.fnmatch_lines(["accepted:"])
    after, content = path.read_bytes(), content or b""
    assert after.startswith(content.split(b"known")[0])
    assert after.count(b"\r\n") == (after.count(b"\n") if b"\r" in content else 0)
    assert [each["claim"] for each in tomllib.loads(after.decode("utf-8-sig"))["known"]] == ["X1"]
    run_claims(None).assert_outcomes(xfailed=1, deselected=1)


def test_accept_changes_an_entry_of_an_inline_array(run_claims, path):
    entry = 'known = [ # of one\n  {claim = "X1", tier = "fast", data = "counts", verdict = "holds"}, # why not\n]\n'
    run_claims(ONE, "--accept", known=entry)
    assert path.read_text(encoding="utf-8") == entry.replace('"holds"', '"refuted"')
