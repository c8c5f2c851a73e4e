"""Every row of the table of outcomes: what was found, what is known, and what pytest says of it."""

import xml.etree.ElementTree

import pytest

from tests.conftest import known_as, said

HOLDS = "claim.holds_if(exactly(1, 'count') > 0)"
REFUTED = "claim.holds_if(exactly(1, 'count') < 0)"
OPEN = "claim.holds_if(claim.median(range(12), 'count') > 3)"
NO_TEXT = "claim.asides = (exactly(1, 3),); " + HOLDS
NAN = "claim.holds_if(claim.median([1.0] * 7 + [np.nan], 'count') > 3)"
ROWS = {  # name: what the test does, what is known of it, what pytest says
    "holds_nothing_known": (HOLDS, "", "PASSED"),
    "holds_known": (HOLDS, "holds", "PASSED"),
    "holds_known_inconclusive": (HOLDS, "inconclusive", "PASSED"),
    "holds_known_refuted": (HOLDS, "refuted", "FAILED"),
    "refuted_nothing_known": (REFUTED, "", "FAILED"),
    "refuted_known_to_hold": (REFUTED, "holds", "FAILED"),
    "refuted_known": (REFUTED, "refuted", "XFAIL"),
    "refuted_known_inconclusive": (REFUTED, "inconclusive", "XFAIL"),
    "open_nothing_known": (OPEN, "", "SKIPPED"),
    "open_known_to_hold": (OPEN, "holds", "SKIPPED"),
    "open_known_refuted": (OPEN, "refuted", "SKIPPED"),
    "open_known": (OPEN, "inconclusive", "SKIPPED"),
    "crash": ("1 / 0", "", "FAILED"),
    "crash_known_refuted": ("1 / 0", "refuted", "FAILED"),
    "assertion_known_refuted": ("assert 1 == 2", "refuted", "FAILED"),
    "bare_assert": ("assert claim.median(range(12), 'x') > -1", "", "FAILED"),
    "no_number": (NAN, "refuted", "FAILED"),
    "no_verdict": ("claim.median(range(12), 'x') > 0", "", "ERROR"),
    "no_verdict_known_refuted": ("pass", "refuted", "ERROR"),
    "no_drawing": ("claim.figure = 'no drawing'; " + HOLDS, "", "FAILED"),
    "no_drawing_known_refuted": ("claim.figure = 'no drawing'; " + REFUTED, "refuted", "FAILED"),
    "skipped_by_hand": ("pytest.skip('no')", "", "SKIPPED"),
}


def suite(rows, tier):
    """A claim a row, and what is known of them."""
    text, known = "", ""
    for number, (name, (body, verdict, _)) in enumerate(rows.items(), 1):
        text += f"\n@claim_of('X{number}')\ndef test_{name}(claim):\n    {body}\n"
        known += known_as(verdict, f"X{number}", tier=tier) if verdict else ""
    return text, known


@pytest.mark.parametrize(
    ("tier", "options"), [("fast", ()), ("fast", ("--runxfail",)), ("full", ()), ("full", ("--runxfail",))]
)
def test_every_row(run_claims, verdicts, tier, options):
    text, known = suite(ROWS, tier)
    result = run_claims(text, "-v", "-m", tier, *options, known=known)
    assert said(result) == {name: word for name, (_, _, word) in ROWS.items()}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = verdicts(tier)
    for number, (name, (body, verdict, _)) in enumerate(ROWS.items(), 1):
        if name == "skipped_by_hand":
            assert f"X{number}" not in found
            continue
        word = {HOLDS: "holds", REFUTED: "refuted", OPEN: "inconclusive"}.get(body, "error")
        assert found[f"X{number}"]["found"] == word
        assert found[f"X{number}"]["known"] == (verdict or None)
        assert bool(found[f"X{number}"]["problem"]) == (word == "error")


def test_only_contradictions_fail_a_run(run_claims):
    calm = {name: row for name, row in ROWS.items() if row[2] in ("PASSED", "SKIPPED", "XFAIL")}
    text, known = suite(calm, "fast")
    result = run_claims(text, "-v", known=known)
    assert said(result) == {name: word for name, (_, _, word) in calm.items()}
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "not as expected (--ontrial-accept writes these*",
            "  X3 fast counts: expected inconclusive, found holds",
            "  X6 fast counts: not expected, found inconclusive",
        ]
    )


def test_an_outcome_says_interval_region_n_and_the_reason_in_known_toml_or_what_to_do(run_claims):
    contradiction = "claim.holds_if(claim.median(range(1, 9), 'steps') < 0)"
    text, known = suite({"a": (OPEN, "", ""), "b": (REFUTED, "refuted", ""), "c": (contradiction, "", "")}, "fast")
    run_claims(text, "-rsx", known=known).stdout.fnmatch_lines(
        [
            "*planted/X3 is refuted: steps: 4.5, interval 1 to 8 (n = 8;*), and the claim requires < 0",
            "*--ontrial-accept*",
            "SKIPPED*planted/X1 is inconclusive: count: 5.5, interval * (n = 12;*",
            "XFAIL*planted/X2 is refuted: count: 1*requires < 0. so it is",
        ]
    )


def test_the_table_is_printed_in_the_order_of_the_report(run_claims, verdicts):
    report = (
        "from ontrial import Report, Task\n"
        "REPORT = Report('A report', tasks=(Task('Z', '1', '1', 'Last letter'), Task('A', '1', '2', 'First letter')))\n"
    )
    body = "(claim):\n    claim.holds_if(exactly(1, 'count') > 0)\n"
    text = "".join(f"@claim_of('{name}')\ndef test_{name}{body}" for name in ("A2", "A10", "Z1"))
    result = run_claims(text, report=report)
    result.stdout.fnmatch_lines(["claim*verdict*region*n", "Z1 *", "A2 *", "A10 *"])
    assert list(verdicts()) == ["Z1", "A2", "A10"]


def test_reports_for_other_programs_have_the_verdict_with_its_interval_region_and_n(run_claims, pytester):
    text, _ = suite({"open": (OPEN, "", ""), "crash": ("1 / 0", "", ""), "unwritable": (NO_TEXT, "", "")}, "fast")
    run_claims(text, "--junitxml=report.xml")
    cases = {
        each.get("name"): each for each in xml.etree.ElementTree.parse(pytester.path / "report.xml").iter("testcase")
    }
    found, crash, unwritable = (
        {each.get("name"): each.get("value") for each in cases[f"test_{name}[fast]"].iter("property")}
        for name in ("open", "crash", "unwritable")
    )
    assert found == {
        "ontrial_claim": "planted/X1",
        "ontrial_case": "",
        "ontrial_verdict": "inconclusive",
        "ontrial_registration": "",
        "ontrial_measure_1": "count",
        "ontrial_interval_1": "1 to 10",
        "ontrial_region_1": "> 3",
        "ontrial_n_1": "12",
    }
    assert crash["ontrial_verdict"] == unwritable["ontrial_verdict"] == "error"
