"""The cost of the full tier: what is shared counts once, miniatures not at all, and the homework loop by its ratio."""

import pytest

from publish.cost import core_seconds, in_words
from publish.reading import summary
from tests.planted import record, whole

SHALLOW = {"name": "shallow", "widths": [784, 30, 10], "data": "mnist", "seconds": 100.0, "asking_seconds": 0.0}
DEEP = {"name": "deep", "widths": [784, 20, 20, 10], "data": "mnist", "seconds": 40.0, "asking_seconds": 0.0}
ASKED = SHALLOW | {"name": 5, "asking_seconds": 7.0}
BENCHMARKS = {
    "cpu": "planted cores",
    "torch": "2",
    "matrix_product_rate": 1.0,
    "rows": [
        {"way": way, "net": net, "batch": batch, "seeds": 1, "images_per_second": 1, "times_plain": times, "share": 1}
        for way, net, batch, times in [
            ("stacked", "784-30-10", 50, 4.0),
            ("stacked", "784-30-10", 50, 6.0),
            ("stacked", "784-30-10", 5, 99.0),
            ("stacked", "784-20-40-60-50-30-10", 50, 77.0),
            ("dataloader", "784-30-10", 50, 0.5),
        ]
    ],
}


def claims(*verdicts):
    return summary(whole(*verdicts)).claims


def words(*verdicts, sessions=None):
    planted = whole(*verdicts)
    return in_words(summary(planted | {"sessions": sessions or planted["sessions"]}), BENCHMARKS)


def full(name, *settings, case=""):
    return record(name, "holds", case=case, tier="full", dataset="mnist", settings=list(settings))


def test_a_training_counts_once_whatever_it_is_called_and_its_questions_too():
    judged = claims(full("B2", SHALLOW, DEEP), full("B7", ASKED), full("B8", ASKED), full("M4", DEEP))
    seconds = {task.letter: found for task, found in core_seconds(judged).items()}
    assert seconds == {"M": 40.0, "B": 147.0}


def test_a_second_look_goes_on_from_the_first():
    first, second = SHALLOW | {"trained": 12}, SHALLOW | {"trained": 24, "seconds": 210.0}
    for order in ([first, second], [second, first]):
        assert list(core_seconds(claims(full("P3", order[0]), full("P4", order[1]))).values()) == [210.0]


def test_miniatures_and_counts_cost_nothing():
    judged = claims(record("M4", "holds", settings=[DEEP]), full("M1") | {"dataset": "counts"})
    assert core_seconds(judged) == {}


def test_a_task_that_was_not_timed_is_named_and_not_taken_for_free():
    untimed = {key: value for key, value in DEEP.items() if key != "seconds"}
    judged = claims(full("M4", SHALLOW, untimed), full("B2", SHALLOW))
    assert [task.letter for task in core_seconds(judged)] == ["B"]


def test_the_homework_loop_takes_longer_by_the_ratio_on_the_same_net_and_batch():
    on_function = full("G1", SHALLOW | {"data": "cos", "seconds": 9e9})
    text = words(full("M4", SHALLOW | {"seconds": 72_000.0}), on_function)
    assert "| Part 1, Task 2: Networks of equal size on MNIST | 20 | not recorded |" in text
    assert "about 12 times as long (as 784-30-10 does at batch 50): 10 core-days" in text
    assert "Not yet run in full, or not timed: Simulate a function;" in text


@pytest.mark.parametrize(("seconds", "text"), [(90.0, "0.025"), (5400.0, "1.5"), (40_000.0, "11")])
def test_hours_have_two_digits(seconds, text):
    assert f"| together | {text} |" in words(full("M4", SHALLOW | {"seconds": seconds}))


def test_every_task_names_the_machines_that_it_was_judged_on():
    slow, quick = ({"time": time, "cpu": time, "matrix_product_rate": rate} for time, rate in (("A", 15.3), ("B", 81)))
    by_session = {"B": (full("M4", SHALLOW), full("I1", SHALLOW)), "A": (full("M5", DEEP), full("I1"))}
    judged = [each | {"session": name} for name, group in by_session.items() for each in group]
    text = words(*judged, sessions=[slow, quick])
    assert "| Part 1, Task 2: Networks of equal size on MNIST | 0.039 | A, 15 GFLOP/s; B, 81 GFLOP/s |" in text
    assert "Flatness, along a line between two networks | 0.028 | B, 81 GFLOP/s |" in text
