"""A repetition is identical to the last digit that is kept, or says what is not."""

import copy

import pytest

from ontrial.publish import repetition
from ontrial.publish.record import parse
from tests.publish.planted import plant, record, whole

FIRST = whole(record("F3", "holds"), record("M4", "refuted", dataset="mnist", tier="full"), record("B2", "holds"))


def parsed(*contents):
    return [parse(each)[0] for each in contents]


def test_times_and_sessions_may_differ():
    second = whole(record("F3", "holds", seconds_trained=9.0, session="2026-03-03T10:00:00+00:00"))
    assert repetition.differences(*parsed(FIRST, second)) == []


def test_one_seed_that_differs_in_its_last_digit_is_named():
    second = copy.deepcopy(FIRST)
    second["verdicts"][0]["evidence"][0]["values"][3] += 1e-6
    assert repetition.differences(*parsed(FIRST, second)) == ["planted F3 fast digits: other numbers"]


def test_another_verdict_and_one_that_is_new_are_named():
    second = whole(record("M4", "holds", dataset="mnist", tier="full"), record("I1", "holds"))
    assert repetition.differences(*parsed(FIRST, second)) == [
        "planted M4 full mnist 1: refuted, then holds",
        "planted M4 full mnist 1: other numbers",
        "planted I1 fast digits: only in the second",
    ]


def test_nothing_repeated_is_no_agreement():
    with pytest.raises(ValueError, match="nothing was repeated"):
        repetition.differences(*parsed(FIRST, whole()))


def test_the_command_fails_where_something_differs(tmp_path, capsys):
    first, same, other = (str(plant(tmp_path / name, FIRST)) for name in ("first", "same", "other"))
    repetition.main([first, same])
    assert "identical: 3 verdicts" in capsys.readouterr().out
    plant(tmp_path / "other", whole(record("F3", "refuted")))
    with pytest.raises(SystemExit, match="F3 fast digits: holds, then refuted"):
        repetition.main([first, other])


@pytest.mark.parametrize("content", [b"{", b'{"schema": 99}', b'{"schema": 4, "verdicts": [{}]}', None])
def test_a_damaged_input_is_named_and_stays_where_it_is(tmp_path, content):
    good, bad = plant(tmp_path / "good", FIRST), plant(tmp_path / "bad", FIRST)
    path = bad / "verdicts.json"
    path.unlink() if content is None else path.write_bytes(content)
    for folders, more in (([good, bad], []), ([bad, good], []), ([good, bad], ["--rounded-otherwise"])):
        with pytest.raises(SystemExit, match=r"bad.verdicts\.json") as stopped:
            repetition.main([*more, *map(str, folders)])
        assert isinstance(stopped.value.code, str), "which exits with 1"
    assert [each.name for each in bad.glob("*.json*")] == ([] if content is None else ["verdicts.json"])


def looked(*looks):
    """What was found at each look: seeds, and the verdicts of the conditions."""
    seen = {"estimate": 1.0, "low": 1.0, "high": 1.0, "n": 1}
    return [{"seeds": seeds, "conditions": [seen | {"verdict": each} for each in found]} for seeds, *found in looks]


EARLIER = looked((16, "holds", "inconclusive"))


@pytest.mark.parametrize(
    ("before", "looks", "then", "contradictions", "moved"),
    [
        ("refuted", EARLIER + looked((32, "holds", "refuted")), "inconclusive", 0, 0),  # open after 16 seeds as well
        ("refuted", EARLIER + looked((32, "holds", "refuted")), "holds", 0, 1),
        ("holds", looked((16, "holds", "holds")), "inconclusive", 0, 1),
        ("holds", looked((16, "holds", "holds")), "refuted", 1, 0),
        ("refuted", looked((16, "holds", "refuted")), "refuted", 0, 0),
        ("refuted", looked((32, "refuted")), "holds", 1, 0),  # no look at 16 seeds
        ("holds", [], "refuted", 1, 0),
    ],
)
def test_on_another_machine_verdicts_are_compared_after_the_same_look(before, looks, then, contradictions, moved):
    first = whole(record("M4", before, tier="full", looks=looks))
    second = whole(record("M4", then, tier="full", looks=looked((16, then))))
    count, found, others = repetition.moves(*parsed(first, second))
    assert (count, len(found), len(others)) == (1, contradictions, moved)


OTHERS = ("F3", "inconclusive"), ("B2", "holds"), ("I4", "holds")  # the last is in the second alone, and not compared


def test_the_command_tells_moves_and_fails_at_contradictions(tmp_path, capsys):
    asked = "--rounded-otherwise"
    first = str(plant(tmp_path / "first", FIRST))
    open_ = str(plant(tmp_path / "open", whole(*(record(*each) for each in OTHERS))))
    repetition.main([asked, first, open_])
    assert "no contradiction in 2 verdicts, 1 moved from or to inconclusive\nplanted F3" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="F3 fast digits: holds, then refuted"):
        repetition.main([asked, first, str(plant(tmp_path / "other", whole(record("F3", "refuted"))))])
    with pytest.raises(SystemExit, match="nothing was repeated"):
        repetition.main([asked, first, str(plant(tmp_path / "none", whole(record("I1", "holds"))))])
