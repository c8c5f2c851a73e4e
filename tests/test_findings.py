"""Findings: words that are checked against the verdicts that they speak of."""

import pytest

from publish import findings
from publish.reading import read, summary
from publish.readme import README
from tests.planted import record, whole


@pytest.fixture
def found():
    """What a template makes of one claim that holds, in full, for its case "deep"."""
    claims = summary(whole(record("F9", "holds", case="deep", tier="full", dataset="functions")))
    return lambda template: findings.findings(claims, template)


def test_numbers_come_from_the_evidence(found):
    assert found("It {{ verdict('F9', 'holds') }}.") == "It holds."
    assert found("{{ numbers('F9', case='deep') }}, {{ basis('F9') }}") == "4.5 (1 to 8), full, functions · n = 8"
    assert found("![x]({{ figure('F9') }})") == "![x](artifacts/figures/full-functions/planted.png)"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ verdict('F9', 'refuted') }}", "says that F9 is refuted, but its verdict is holds"),
        ("{{ verdict('F9', 'refuted', 'deep') }}", "says that F9 deep is refuted"),
        ("{{ numbers('F9', case='shallow') }}", "speaks of F9 shallow, which was not judged"),
    ],
)
def test_words_that_the_evidence_no_longer_bears_out_are_refused(found, template, reason):
    with pytest.raises(findings.StaleFinding, match=reason):
        found(template)


def test_the_project_s_findings_are_five_with_a_figure_each():
    text = findings.findings(read(README.parent / "artifacts" / "verdicts.json"))
    assert text.count("### ") == text.count("![") == 5
