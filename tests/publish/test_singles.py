"""What one run of one seed would have said, beside the verdict of all."""

import pytest

from ontrial.publish.reading import summary
from ontrial.publish.singles import alone, in_words, misled, of
from tests.publish.planted import declared, evidence, record, whole

BELOW = {"high": 0, "high_included": False}


def full(name, found, *conditions, **more):
    """A claim in full; conditions: the values of its seeds, which should lie below 0, or evidence as it is."""
    planted = [
        each if isinstance(each, dict) else evidence("x", each, min(each), max(each), "inconclusive", BELOW)
        for each in conditions
    ]
    return record(name, found, tier="full", evidence=planted, **more)


def said(*verdicts, **more):
    return summary(whole(*verdicts, **more))


def single(found, *conditions):
    [claim] = said(full("F1", found, *conditions)).claims
    return alone(claim.shown)


@pytest.mark.parametrize(
    ("found", "agree"), [("holds", 0.25), ("refuted", 0.75), ("inconclusive", 0.75), ("error", None)]
)
def test_a_seed_holds_where_all_its_values_lie_in_their_regions(found, agree):
    mine = single(found, [-1.0, -1.0, 1.0, 0.0], [-1.0, 1.0, -1.0, -1.0])
    assert (mine and (mine.agree, mine.n, mine.bound)) == (agree and (agree, 4, ""))


def test_conditions_of_other_seeds_are_not_combined_seed_by_seed():
    assert single("holds", [-1.0, -1.0, 1.0, 1.0], [-1.0] * 3).words.replace("\u00a0", " ") == "50 %"
    both = [-1.0, -1.0, 1.0, 1.0], [-1.0, -1.0, 1.0]
    assert [single(found, *both).words.replace("\u00a0", " ") for found in ("holds", "refuted")] == ["≤ 50 %", "≥ 50 %"]
    some = evidence("x", [-1.0, 1.0], -1.0, 1.0, "holds", BELOW, left_out=2)
    assert single("holds", [1.0, -1.0], some).words.replace("\u00a0", " ") == "≤ 50 %"
    none = evidence("x", [1.0], "-inf", "inf", "inconclusive", BELOW) | {"values": [], "n": 0, "left_out": 8}
    assert single("holds", [-1.0, -1.0], none).words.replace("\u00a0", " ") == "100 %"
    assert single("inconclusive", none) is None


def test_shares_are_of_successes_pairs_of_pairs_and_counts_need_no_seed():
    share = evidence("converged", [1.0, 0.0, 1.0, 1.0], 0.2, 1.0, "inconclusive", {"low": 0.9}, statistic="share")
    count = evidence("layers", [3.0], 3.0, 3.0, "holds", {"low": 3, "high": 3}, alpha=0.0, statistic="count")
    assert single("inconclusive", share, count).words.replace("\u00a0", " ") == "75 %"
    assert single("holds", count) is None


def test_only_none_and_all_are_rounded_to_none_and_all():
    many = [-1.0] * 999
    assert single("holds", [*many, 1.0]).words.replace("\u00a0", " ") == "99 %"
    assert single("refuted", [*many, 1.0]).words.replace("\u00a0", " ") == "1 %"
    assert single("refuted", many).words.replace("\u00a0", " ") == "0 %"


def test_a_claim_is_its_cases_together_and_what_is_not_full_counts_not_at_all():
    cases = [full("F2", "refuted", values, case=case) for case, values in (("a", [-1.0, 1.0]), ("b", [1.0, 1.0]))]
    claims = [declared("F2", "a", "b"), declared("F3", "a", "b"), declared("M1")]
    found = said(
        *cases,
        full("F3", "holds", [-1.0], case="a"),
        full("F4", "holds", [-1.0, -1.0, -1.0, 1.0]),
        full("I1", "holds", [-1.0, 1.0]),
        full("I2", "inconclusive", [-1.0, 1.0]),
        record("M1", "holds"),
        claims=claims,
    )
    singles = of(found.claims)
    assert {name: each.words.replace("\u00a0", " ") for name, each in singles.items()} == {
        "F2": "100 %", "F4": "75 %", "I1": "50 %", "I2": "50 %",
    }  # fmt: skip
    assert misled(singles) == ["I1"]
    assert misled(singles, 0.8) == ["F4", "I1"]
    first, _, _, _, *rows = in_words(found).replace("\u00a0", " ").splitlines()
    assert first == (
        "Of single seeds, 62 % agree in the median over claims that hold (2). Of single seeds, 100 % agree in the "
        "median over claims that are refuted (1). Fewer than three in four agree in 1 of 3: I1."
    )
    assert rows[0] == "| F2 | planted F2 | refuted | 100 % | 2 | a 50 %; b 100 % |"
    assert rows[1] == "| F4 | planted F4 | **holds** | 75 % | 4 |  |"
    assert len(rows) == 4
