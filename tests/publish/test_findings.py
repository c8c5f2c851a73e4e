"""Findings: words that are checked against the verdicts that they speak of."""

import pytest

from ontrial.publish import findings
from ontrial.publish.reading import summary
from tests.publish.planted import declared, evidence, locked, record, whole


def said(template, *verdicts, **more):
    found = summary(whole(*verdicts, **more))
    return findings.findings(found, found.reports[0], template)


@pytest.fixture
def found():
    """What a template makes of one claim that holds, in full, for its case "deep"."""
    return lambda template: said(template, record("F9", "holds", case="deep", tier="full", dataset="functions"))


def test_numbers_come_from_the_evidence(found):
    assert found("It {{ verdict('F9', 'holds') }}.") == "It holds."
    assert (
        found("{{ numbers('F9', case='deep') }}, {{ basis('F9') }}") == "4.5 (interval 1 to 8), full, functions · n = 8"
    )
    assert found("![x]({{ figure('F9') }})") == "![x](artifacts/figures/planted/full-functions-1/planted.png)"


def test_an_interval_and_a_range_over_seeds_say_which_they_are():
    beside = {"of": "loss at 5", "reported": 3.0, "n": 8, "median": 2.0, "low": 1.0, "high": 9.0}
    kept = evidence("smaller", [1.0] * 8, 1.0, 2.0, "holds", {})
    judged = record("F9", "holds", tier="full", dataset="functions", reported=[beside], asides=[kept])
    assert said("{{ ours('F9', 'loss at 5') }}", judged) == "2 (seeds from 1 to 9)"
    assert said("{{ aside('F9', 'smaller') }}", judged) == "1 (interval 1 to 2)"
    assert said("{{ aside('F9', 'larger', otherwise='') }}.", judged) == "."
    with pytest.raises(findings.StaleFinding, match="speak of 'larger' beside F9, which was not recorded"):
        said("{{ aside('F9', 'larger') }}", judged)


def test_single_seeds_and_the_report_s_own_numbers_speak_too(found):
    assert found("{{ alone('F9') }}, {{ alone_typically('holds') }}, {{ misled() }}") == "100\u00a0%, 100\u00a0%, none"
    few, many = [1.0, 9.0], [-1.0, *[9.0] * 7]
    judged = [
        record(name, "refuted", tier="full", by_its_own_numbers="yes", evidence=[planted])
        for name, values in (("F1", few), ("F2", few), ("F3", many), ("F4", few))
        for planted in [evidence("x", values, min(values), 9.0, "refuted", {"high": 2})]
    ]
    template = "{{ misled() }}; {{ alone_typically('refuted') }}; {{ by_own_numbers('F1', 'yes') }}"
    assert said(template, *judged) == "F1, F2 and F4; 50\u00a0%; F1"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ verdict('F9', 'refuted') }}", "say that F9 is refuted, but its verdict is holds"),
        ("{{ verdict('F9', 'refuted', 'deep') }}", "say that F9 deep is refuted"),
        ("{{ numbers('F9', case='shallow') }}", "speak of F9 shallow, which was not judged"),
        ("{{ numbers('F9', 1, 'deep') }}", "speak of condition 1 of F9 deep, which has 1"),
        ("{{ numbers('F8') }}", "speak of F8, which was not judged"),
        ("{{ ours('F9', 'loss', 'deep') }}", "speak of 'loss' beside F9, which was not recorded"),
        ("{{ alone('F8') }}", "speak of single seeds of F8, which full did not judge on seeds"),
        ("{{ alone_typically('refuted') }}", "that full found to be refuted, and there are none"),
        ("{{ by_own_numbers('F9', 'yes') }}", "by its own numbers F9 is: yes, but it is: not given"),
    ],
)
def test_words_that_the_evidence_no_longer_bears_out_are_refused(found, template, reason):
    with pytest.raises(findings.StaleFinding, match=reason):
        found(template)


def test_what_was_not_run_since_it_was_registered_anew_is_spoken_of_as_it_stood_and_said_so():
    first = record("F9", "refuted", tier="full", dataset="functions", registration=0)
    more = {"claims": [declared("F9", registered=locked())]}
    template = "{{ verdict('F9', 'refuted') }}, {{ basis('F9') }}"
    assert said(template, first, **more) == "refuted, first registration, full, functions · n = 8"
    again = record("F9", "holds", tier="full", dataset="functions")
    with pytest.raises(findings.StaleFinding, match="its verdict is holds"):
        said(template, first, again, **more)


def test_paragraphs_and_items_are_wrapped_and_headings_are_not(found):
    text = found(f"### {'a heading ' * 20}\n\nx\n\n- {'word ' * 60}\n\n- y\n\n{'word ' * 60}")
    heading, items, paragraph = text.split("\n\n")
    _, item, last = items.split("\n- ")
    item = f"- {item}"
    assert last == "y"
    assert "\n" not in heading
    assert item.startswith("- word")
    assert "\n  word" in item
    assert max(map(len, paragraph.splitlines())) <= 120
