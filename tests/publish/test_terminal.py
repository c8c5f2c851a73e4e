"""The verdict table and the progress that a terminal shows."""

import io

import pytest

from ontrial.publish import terminal
from ontrial.publish.frozen import CaseResult, FrozenReport
from ontrial.publish.record import decode
from ontrial.running.workers import Status
from tests.publish.planted import evidence, record, report


def table(*verdicts, reports=None):
    reports = [decode(FrozenReport, each) for each in reports or [report()]]
    return [" ".join(line.split()) for line in terminal.table([decode(CaseResult, each) for each in verdicts], reports)]


def test_claims_are_in_the_order_of_the_report_not_of_their_letters():
    found = table(record("M2", "holds"), record("I1", "refuted"), record("F10", "holds"), record("F9", "holds"))
    assert [line.split()[0] for line in found] == ["claim", "F9", "F10", "M2", "I1"]


def test_a_row_a_condition_with_its_seeds_and_a_crash_with_its_first_line():
    conditions = [
        evidence("steps", [1.0] * 214, 1.0, 8.0, "holds", {"high": 20}, left_out=106),
        evidence("layers", [3.0], 3.0, 3.0, "holds", {"low": 3, "high": 3}, alpha=0.0, statistic="count"),
    ]
    crash = record("F2", "error", problem="ZeroDivisionError: 0\nand more")
    assert table(record("F1", "holds", case="deep", evidence=conditions), crash)[1:] == [
        "F1 deep holds steps 1 1 … 8 ≤ 20 214 of 320",
        "layers 3 = 3",
        "F2 error ZeroDivisionError: 0",
    ]


def test_a_narrow_terminal_has_lines_of_their_own_for_each_condition_none_too_long():
    measure = "share of the three largest changes of slope that have a spike of the gradient norm near them"
    found = [evidence(measure, [1.0] * 256, 0.0, 1 / 3, "refuted", {"low": 0.5, "low_included": False})]
    judged = [decode(CaseResult, record("G2", "refuted", evidence=found))]
    assert len(terminal.table(judged, width=500)) == 2
    assert terminal.table(judged, width=80) == [
        "G2  refuted",
        "  share of the three largest changes of slope that have a spike of the gradient",
        "    norm near them: 1 (0 … 0.3333), it holds if > 0.5, n = 256",
    ]


def test_the_report_is_named_where_there_are_several():
    found = table(record("F1", "holds"), record("F1", "refuted", report="a"), reports=[report(), report("a", tasks=[])])
    assert [line.split(" ", 2)[:2] for line in found] == [["report", "claim"], ["a", "F1"], ["planted", "F1"]]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.4, "3 s"), (200, "3 min 20 s"), (120, "2 min"), (720, "12 min"), (7500, "2 h 5 min"), (7200, "2 h")],
)
def test_durations(seconds, text):
    assert terminal.duration(seconds) == text


@pytest.mark.parametrize(("left", "text"), [(None, terminal.TIME_UNKNOWN), (0.2, "about 1 s"), (720.0, "about 12 min")])
def test_the_time_left_is_never_0_and_is_not_given_before_there_is_anything_to_estimate_from(left, text):
    words = terminal.in_words(Status(3, 12, 30.0, left, look=2, looks=5, decided=51, open=16))
    assert words == f"look 2 of 5: 51 decided, 16 open, {text}"


def test_off_a_terminal_there_is_a_line_every_half_minute_and_where_a_look_begins():
    lines = []
    reporter = terminal.Reporter(io.StringIO(), lines.append)
    for second in range(65):
        reporter(Status(second // 10, 12, float(second), 100.0, 1 + (second >= 40), 2, 5, 3))
    reporter.close()
    assert lines == [
        "look 1 of 2: 5 decided, 3 open, about 1 min 40 s (3 of 12 jobs)",
        "look 2 of 2: 5 decided, 3 open, about 1 min 40 s (4 of 12 jobs)",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_on_a_terminal_there_is_a_bar_that_it_can_show(encoding):
    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    raw = io.BytesIO()
    reporter = terminal.Reporter(Terminal(raw, encoding=encoding, write_through=True), print)
    reporter(Status(3, 12, 30.0, 100.0, 2, 5, 51, 16))
    reporter(Status(13, 24, 31.0, 100.0, 3, 5, 52, 15))
    reporter.close()
    shown = raw.getvalue().decode(encoding)
    assert "look 2 of 5: 51 decided, 16 open, about 1 min 40 s" in shown
    assert "13 of 24 jobs" in shown
