"""The table on a terminal: in the report's order, and in ASCII where the terminal has nothing else."""

import re

from ontrial.publish import table
from ontrial.publish.encoding import judged_of, report_of
from ontrial.publish.plain import plain
from tests.publish.planted import evidence, record, report


def lines(*verdicts, reports=None, charset="utf-8"):
    reports = [report_of(each) for each in reports or [report()]]
    return table.lines([judged_of(each) for each in verdicts], reports, charset)


def test_claims_stand_in_the_order_of_the_report_not_of_their_letters():
    found = lines(record("M2", "holds"), record("I1", "refuted"), record("F10", "holds"), record("F9", "holds"))
    assert [line.split()[0] for line in found] == ["claim", "F9", "F10", "M2", "I1"]


def test_a_row_a_condition_with_its_seeds():
    conditions = [
        evidence("steps", [1.0] * 214, 1.0, 8.0, "holds", {"high": 20}, left_out=106),
        evidence("layers", [3.0], 3.0, 3.0, "holds", {"low": 3, "high": 3}, alpha=0.0, statistic="count"),
    ]
    first, second = lines(record("F1", "holds", case="deep", evidence=conditions))[1:]
    cells = [cell.strip() for cell in re.split(" {2,}", first)]
    assert cells == ["F1", "deep", "holds", "steps", "1", "1 … 8", "≤ 20", "214 of 320"]
    assert second.split() == ["layers", "3", "=", "3"]


def test_the_report_is_named_where_there_are_several():
    found = lines(record("F1", "holds"), record("F1", "refuted", report="a"), reports=[report(), report("a", tasks=[])])
    assert [line.split()[:2] for line in found] == [["report", "claim"], ["a", "F1"], ["planted", "F1"]]


def test_a_crash_shows_the_first_line_of_its_problem():
    assert "ZeroDivisionError" in lines(record("F1", "error", problem="ZeroDivisionError: 0\nand more"))[1]


def test_a_terminal_that_cannot_show_it_gets_ascii():
    hard = evidence("−x²", [1.0], -1.0, "inf", "holds", {"low": -2})
    found = lines(record("F1", "holds", evidence=[hard]), charset="ascii")
    assert "\n".join(found).isascii()
    assert "-1 .. inf" in found[1]
    assert ">= -2" in found[1]
    assert plain("≤ … − 10⁵ ∞ ß", None) == "<= .. - 105 inf ?"
    assert plain("≤ ß", "latin-1") == "<= ß"
    assert plain("≤ ß", "utf-8") == "≤ ß"
    assert plain("≤", "no such encoding") == "<="
