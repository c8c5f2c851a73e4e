"""A repetition is identical to the last recorded digit, or says what is not."""

import copy

import pytest

from ontrial.publish import repetition
from tests.publish.planted import look, plant, record, whole

FIRST = whole(record("F3", "holds"), record("M4", "refuted", dataset="mnist", tier="full"), record("B2", "holds"))
ANOTHER_DIGIT = copy.deepcopy(FIRST)
ANOTHER_DIGIT["verdicts"][0]["evidence"][0]["values"][3] += 1e-6
SAME, NEW = record("F3", "holds", seconds_trained=9.0, session="2026-03-03T10:00:00+00:00"), record("I1", "holds")
MOVED = [record("F3", "inconclusive"), record("B2", "holds"), NEW]
TIER = "planted M4 full mnist 1"


@pytest.fixture
def compared(tmp_path):
    """The command's exit and what it says, of two records."""

    def compared(first, second, *options):
        paths = [str(plant(tmp_path / name, content)) for name, content in (("first", first), ("second", second))]
        try:
            return repetition.main([*options, *paths]) or ""
        except SystemExit as stopped:
            return stopped.code

    return compared


@pytest.mark.parametrize(
    ("second", "options", "fails", "says"),
    [
        (FIRST, [], "", "identical: 3 verdicts, with the value of every seed\n"),
        (whole(SAME), [], "", "identical: 1 verdicts, with the value of every seed\n"),  # seconds and session differ
        (ANOTHER_DIGIT, [], "planted F3 fast digits: other numbers", ""),
        (whole(record("M4", "holds", dataset="mnist", tier="full"), NEW), [],
         f"{TIER}: refuted, then holds\n{TIER}: other numbers\nplanted I1 fast digits: only in the second", ""),
        (whole(), [], "the folders have no verdict in common: nothing was repeated", ""),
        (whole(*MOVED), ["--rounded-otherwise"], "",
         "no contradiction in 2 verdicts, 1 moved from or to inconclusive\n"
         "planted F3 fast digits: holds, then inconclusive\n"),
        (whole(record("F3", "refuted")), ["--rounded-otherwise"], "planted F3 fast digits: holds, then refuted", ""),
        (whole(NEW), ["--rounded-otherwise"], "the folders have no verdict in common: nothing was repeated", ""),
    ],
)  # fmt: skip
def test_the_command_names_what_differs(compared, capsys, second, options, fails, says):
    assert (compared(FIRST, second, *options), capsys.readouterr().out) == (fails, says)


@pytest.mark.parametrize("content", [b"{", b'{"schema": 99}', b'{"schema": 4, "verdicts": [{}]}', None])
def test_a_damaged_input_is_named_and_stays_where_it_is(tmp_path, content):
    good, bad = plant(tmp_path / "good", FIRST), plant(tmp_path / "bad", FIRST)
    path = bad / "verdicts.json"
    path.unlink() if content is None else path.write_bytes(content)
    for arguments in ([good, bad], [bad, good], ["--rounded-otherwise", good, bad]):
        with pytest.raises(SystemExit, match=r"bad.verdicts\.json") as stopped:
            repetition.main([*map(str, arguments)])
        assert isinstance(stopped.value.code, str), "which exits with 1"
    assert [each.name for each in bad.glob("*.json*")] == ([] if content is None else ["verdicts.json"])


def looked(*looks):
    """The looks of a result: seeds, and the verdicts of the conditions."""
    return [look(seeds, *((1.0, 1.0, 1.0, verdict) for verdict in found)) for seeds, *found in looks]


@pytest.mark.parametrize(
    ("before", "looks", "then", "differs"),
    [
        ("refuted", looked((16, "holds", "inconclusive"), (32, "holds", "refuted")), "inconclusive", ""),  # as after 16
        ("refuted", looked((16, "holds", "inconclusive"), (32, "holds", "refuted")), "holds", "moved"),
        ("refuted", looked((8, "holds"), (16, "inconclusive"), (32, "refuted")), "inconclusive", ""),
        ("holds", looked((16, "holds", "holds")), "inconclusive", "moved"),
        ("holds", looked((16, "holds", "holds")), "refuted", "contradicts"),
        ("refuted", looked((16, "holds", "refuted")), "refuted", ""),
        ("refuted", looked((32, "refuted")), "holds", "contradicts"),  # no look at 16 seeds
        ("holds", [], "refuted", "contradicts"),
    ],
)
def test_on_another_machine_verdicts_are_compared_after_the_same_look(compared, capsys, before, looks, then, differs):
    first = whole(record("M4", before, tier="full", looks=looks))
    second = whole(record("M4", then, tier="full", looks=looked((16, then))))
    assert bool(compared(first, second, "--rounded-otherwise")) == (differs == "contradicts")
    moved = f"no contradiction in 1 verdicts, {int(differs == 'moved')} moved" if differs != "contradicts" else ""
    assert capsys.readouterr().out.startswith(moved)


def test_a_table_says_how_far_estimates_moved(compared, capsys):
    def judged(claim, *looks):
        found = [look(16, *((*numbers, "holds") for numbers in looks))]
        many = record(claim, "holds", tier="full", looks=found)
        return many | {"evidence": many["evidence"] * len(looks)}

    first = whole(
        judged("M4", (10.0, 8.0, 12.0), (1.0, 1.0, 1.0)),
        judged("M5", (0.0, -1.0, 1.0)),
        judged("I1", (5.0, 5.0, float("inf"))),
        judged("F3", (3.0, 3.0, 3.0)),
    )
    second = whole(
        judged("M4", (11.0, 9.0, 13.0), (1.0, 1.0, 1.0)),  # by a quarter of the interval's width, and not at all
        judged("M5", (-1.0, -1.0, 1.0)),
        judged("I1", (6.0, 6.0, 7.0)),  # the first interval is unbounded
        judged("F3", (4.0, 4.0, 4.0)),  # all seeds agreed, on another value
    )
    assert compared(first, second, "--rounded-otherwise") == ""
    assert capsys.readouterr().out.split("\n\n")[1].splitlines()[2:] == [
        "| on M | 2 | 3 | 0.25 | 0.5 | M5 |",
        "| on F | 1 | 1 | ∞ | ∞ | F3 |",
    ]
