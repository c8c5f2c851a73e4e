"""known.toml: exact in every part, never stale, and rewritten by --accept alone."""

import tomllib

import pytest

from ontrial import expected
from ontrial.stats.verdicts import Verdict
from tests.conftest import known_as, said

HOLDS = "claim.holds_if(exactly(1, 'count') > 0)"
REFUTED = "claim.holds_if(exactly(1, 'count') < 0)"
CASES = """
@claim_of()
@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_planted(claim, depth):
    claim.holds_if(exactly(len(depth), "letters") < 5)
"""
TRAINED = """
@claim_of(trains={"noise": noise(3.0)})
def test_planted(claim, runs):
    claim.holds_if(claim.median(runs["noise"].value, "value") < 0)
"""


def test_a_known_verdict_is_of_its_case_alone(run_claims):
    result = run_claims(CASES, "-v", known=known_as("refuted", case="shallow"))
    result.assert_outcomes(xfailed=1, passed=1, deselected=2)
    run_claims(CASES, known=known_as("refuted", case="deep")).assert_outcomes(failed=2, deselected=2)


@pytest.mark.parametrize("entry", [{"tier": "full", "data": "own"}, {"tier": "fast", "data": "mnist"}])
def test_a_known_verdict_is_of_its_tier_and_data_alone(run_claims, entry):
    run_claims(TRAINED, known=known_as("refuted", **entry)).assert_outcomes(failed=1, deselected=1)
    exact = known_as("refuted", tier="fast", data="own")
    run_claims(TRAINED, known=exact).assert_outcomes(xfailed=1, deselected=1)


@pytest.mark.parametrize("entry", [{"claim": "X2"}, {"case": "shallow"}, {"claim": "X3", "tier": "full"}])
def test_what_no_test_declares_is_an_error(run_claims, stored, entry):
    body = "@claim_of(trains={'noise': noise()})\ndef test_planted(claim, runs):\n    " + HOLDS
    result = run_claims(body, known=known_as("refuted", **entry))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    gone = entry.get("claim", "X1")
    result.stderr.fnmatch_lines([f"ERROR: *known.toml has what no test declares: {gone} *Remove these entries."])
    assert stored() == []


def test_a_case_whose_test_is_gone_is_an_error(run_claims):
    result = run_claims(CASES, known=known_as("refuted", case="middle"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_where_only_some_tests_are_asked_for_the_others_are_not_missed(run_claims):
    other = f"@claim_of('X2')\ndef test_other(claim):\n    {HOLDS}\n"
    text, entries = CASES + other, known_as("refuted", case="shallow")
    run_claims(text, "--claim", "X2", known=entries).assert_outcomes(passed=1, deselected=5)
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
    result = run_claims(f"@claim_of()\ndef test_planted(claim):\n    {REFUTED}\n", known=content)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *known.toml*"])


BEFORE = f"""# What came out.

{known_as("refuted", "X1")}
# This one surprised us.
{known_as("holds", "X2")}
"""
AFTER = """# What came out.

[[known]]
claim = "X1"
case = ""
tier = "fast"
data = "counts"
verdict = "holds"
why = "so it is"

# This one surprised us.
[[known]]
claim = "X2"
case = ""
tier = "fast"
data = "counts"
verdict = "refuted"
why = "so it is"
"""


def test_accept_rewrites_the_verdicts_and_keeps_whys_and_comments(run_claims, pytester):
    text = "".join(
        f"@claim_of('X{number}')\ndef test_{number}(claim):\n    {body}\n"
        for number, body in enumerate((HOLDS, REFUTED, REFUTED, HOLDS), 1)
    )
    result = run_claims(text, "-v", "--accept", known=BEFORE)
    result.stdout.fnmatch_lines(
        [
            "accepted:",
            "X1 fast counts: refuted, now holds",
            "X2 fast counts: holds, now refuted",
            "X3 fast counts: refuted, not known before",
        ]
    )
    content = (pytester.path / "planted" / "known.toml").read_text(encoding="utf-8")
    assert content.startswith(AFTER)
    entries = tomllib.loads(content)["known"]
    assert [(each["claim"], each["verdict"], each["why"]) for each in entries] == [
        ("X1", "holds", "so it is"),
        ("X2", "refuted", "so it is"),
        ("X3", "refuted", ""),
    ]
    result = run_claims(text, "-v")
    assert said(result) == {"1": "PASSED", "2": "XFAIL", "3": "XFAIL", "4": "PASSED"}
    assert "not as expected" not in result.stdout.str()
    result = run_claims(text, "--accept")
    result.stdout.fnmatch_lines(["nothing to accept: all is as expected"])
    assert (pytester.path / "planted" / "known.toml").read_text(encoding="utf-8") == content


def test_accept_makes_the_file_where_there_is_none(run_claims, pytester):
    text = f"@claim_of()\ndef test_planted(claim):\n    {REFUTED}\n"
    run_claims(text, "--accept")
    run_claims(text).assert_outcomes(xfailed=1, deselected=1)


def test_accept_writes_no_error(run_claims, pytester):
    result = run_claims("@claim_of()\ndef test_planted(claim):\n    1 / 0\n", "--accept", known=known_as("refuted"))
    result.stdout.fnmatch_lines(["nothing to accept: all is as expected, except 1 error"])
    assert expected.read(pytester.path / "planted").popitem()[1].verdict is Verdict.REFUTED


def test_nothing_is_accepted_that_was_not_asked_for(run_claims, pytester):
    run_claims(f"@claim_of()\ndef test_planted(claim):\n    {REFUTED}\n")
    assert not (pytester.path / "planted" / "known.toml").exists()


def test_nothing_is_said_of_accepting_before_an_error_that_ends_the_session(run_claims):
    result = run_claims(f"@claim_of()\ndef test_planted(claim):\n    {HOLDS}\n", "--accept", "--claim", "X9")
    assert "nothing to accept" not in result.stdout.str()
    assert "nothing to accept" not in run_claims(None, "--accept", "nowhere").stdout.str()


ONE = f"@claim_of()\ndef test_planted(claim):\n    {REFUTED}\n"


@pytest.mark.parametrize(
    "content",
    [
        b"known = []\n",
        b'known = []\nnote = "x"\n',
        b"\xef\xbb\xbf# a mark\r\n\r\n",
        b"# LF\n",
        b"# CRLF\r\nknown = []\r\n",
    ],
)
def test_accept_keeps_the_form_of_the_file(run_claims, pytester, content):
    path = pytester.path / "planted" / "known.toml"
    path.write_bytes(content)
    run_claims(ONE, "--accept").stdout.fnmatch_lines(["accepted:"])
    after = path.read_bytes()
    assert after.startswith(content.split(b"known")[0])
    assert after.count(b"\r\n") == (after.count(b"\n") if b"\r" in content else 0)
    assert [each["claim"] for each in tomllib.loads(after.decode("utf-8-sig"))["known"]] == ["X1"]
    run_claims(None).assert_outcomes(xfailed=1, deselected=1)


def test_accept_changes_an_entry_of_an_inline_array(run_claims, pytester):
    entry = 'known = [ # of one\n  {claim = "X1", tier = "fast", data = "counts", verdict = "holds"}, # why not\n]\n'
    run_claims(ONE, "--accept", known=entry)
    after = (pytester.path / "planted" / "known.toml").read_text(encoding="utf-8")
    assert after == entry.replace('"holds"', '"refuted"')
