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
