"""README.md says what the last runs found."""

import pytest

from publish.readme import README, filled, generated


def test_the_generated_parts_are_not_stale():
    text = README.read_text()
    assert text == generated(text, README.parent / "artifacts"), "run: python -m publish.readme"


def test_a_part_is_filled_between_its_markers():
    assert filled("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb"
    with pytest.raises(ValueError, match="lacks the marker"):
        filled("a", "x", "new")


def test_the_worked_example_runs_as_written(run_claims, pytester):
    example = README.read_text().split("<!-- example -->\n```python\n")[1].split("```\n<!-- /example -->")[0]
    run_claims(example, "-m", "fast", "--claim", "X1", "--seeds", "8").assert_outcomes(passed=1, deselected=1)
    assert '"found": "holds"' in (pytester.path / "artifacts" / "verdicts.json").read_text()
