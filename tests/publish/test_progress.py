"""Progress: a line that says the look, what is decided and what is open, and a bar on a terminal."""

import io

import pytest

from ontrial.publish.progress import Reporter, duration, in_words
from ontrial.running.queue import Progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3.4, "3 s"), (200, "3 min 20 s"), (120, "2 min"), (720, "12 min"), (7500, "2 h 5 min"), (7200, "2 h")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_line_says_the_look_what_is_decided_and_how_long_it_will_take():
    words = in_words(Progress(3, 12, 30.0, 720.0, look=2, looks=5, decided=51, open=16))
    assert words == "look 2 of 5: 51 decided, 16 open, about 12 min"


@pytest.mark.parametrize(("left", "text"), [(None, "estimating the time"), (0.2, "about 1 s")])
def test_the_time_left_is_never_0_and_is_not_given_before_there_is_anything_to_estimate_from(left, text):
    assert in_words(Progress(0, 12, 30.0, left)) == f"look 1 of 1: 0 decided, 0 open, {text}"


def test_off_a_terminal_there_is_a_line_every_half_minute_and_where_a_look_begins():
    lines = []
    reporter = Reporter(io.StringIO(), lines.append)
    for second in range(65):
        reporter(Progress(second // 10, 12, float(second), 100.0, 1 + (second >= 40), 2, 5, 3))
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
    terminal = Terminal(raw, encoding=encoding, write_through=True)
    reporter = Reporter(terminal, print)
    reporter(Progress(3, 12, 30.0, 100.0, 2, 5, 51, 16))
    reporter(Progress(13, 24, 31.0, 100.0, 3, 5, 52, 15))
    reporter.close()
    shown = raw.getvalue().decode(encoding)
    assert "look 2 of 5: 51 decided, 16 open, about 1 min 40 s" in shown
    assert "13 of 24 jobs" in shown
