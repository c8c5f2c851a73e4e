"""The cost of the full tier: what is shared counts once, and miniatures not at all."""

import json

import pytest

from ontrial.publish.cost import core_seconds, images_trained, in_words, loop_rate
from ontrial.publish.reading import summary
from tests.publish.planted import declared, locked, record, whole

SHALLOW = {"name": "shallow", "widths": [784, 30, 10], "data": "mnist", "seconds": 100.0, "asking_seconds": 0.0}
DEEP = {"name": "deep", "widths": [784, 20, 20, 10], "data": "mnist", "seconds": 40.0, "asking_seconds": 0.0}
ASKED = SHALLOW | {"name": 5, "asking_seconds": 7.0}


def claims(*verdicts):
    return summary(whole(*verdicts)).claims


def words(*verdicts, sessions=None):
    planted = whole(*verdicts)
    return in_words(summary(planted | {"sessions": sessions or planted["sessions"]}))


def full(name, *settings, case=""):
    return record(name, "holds", case=case, tier="full", dataset="mnist", settings=list(settings))


def test_a_training_counts_once_whatever_it_is_called_and_its_questions_too():
    judged = claims(full("P2", SHALLOW, DEEP), full("P7", ASKED), full("P8", ASKED), full("M4", DEEP))
    seconds = {task.prefix: found for (_, task), found in core_seconds(judged).items()}
    assert seconds == {"M": 40.0, "P": 147.0}


def test_a_second_look_goes_on_from_the_first():
    first, second = SHALLOW | {"trained": 12}, SHALLOW | {"trained": 24, "seconds": 210.0}
    for order in ([first, second], [second, first]):
        assert list(core_seconds(claims(full("P3", order[0]), full("P4", order[1]))).values()) == [210.0]


def test_miniatures_and_counts_cost_nothing():
    judged = claims(record("M4", "holds", settings=[DEEP]), full("M1") | {"dataset": "counts"})
    assert core_seconds(judged) == {}


def test_a_task_that_was_not_timed_is_named_and_not_taken_for_free():
    untimed = {key: value for key, value in DEEP.items() if key != "seconds"}
    judged = claims(full("M4", SHALLOW, untimed), full("P2", SHALLOW))
    assert [task.prefix for _, task in core_seconds(judged)] == ["P"]


def test_a_row_names_its_task_its_seeds_and_what_is_missing():
    text = words(full("M4", SHALLOW | {"seconds": 72_000.0}))
    assert "| Part 2, Task 2: on M | 20 | 8 | not recorded | – |" in text
    assert "Not yet run in full, or not timed: on F; on I; on P." in text


def test_what_was_not_run_since_it_was_registered_anew_costs_what_it_did_before():
    first = full("M4", SHALLOW) | {"registration": 0}
    found = summary(whole(first, claims=[declared("M4", registered=locked(1))]))
    assert list(core_seconds(found.claims).values()) == [100.0]


@pytest.mark.parametrize(("seconds", "text"), [(90.0, "0.025"), (5400.0, "1.5"), (40_000.0, "11")])
def test_hours_have_two_digits(seconds, text):
    assert f"| together | {text} | | | – |" in words(full("M4", SHALLOW | {"seconds": seconds}))


def test_every_task_names_the_machines_that_it_was_judged_on():
    slow, quick = ({"time": time, "cpu": time, "matrix_product_rate": rate} for time, rate in (("A", 15.3), ("B", 81)))
    by_session = {"B": (full("M4", SHALLOW), full("I1", SHALLOW)), "A": (full("M5", DEEP), full("I1"))}
    judged = [each | {"session": name} for name, group in by_session.items() for each in group]
    text = words(*judged, sessions=[slow, quick])
    assert "| Part 2, Task 2: on M | 0.039 | 8 | A, 15 GFLOP/s; B, 81 GFLOP/s |" in text
    assert "on I | 0.028 | 8 | B, 81 GFLOP/s |" in text


def test_a_training_that_was_asked_two_questions_counts_once_and_each_question_too():
    asked = [ASKED | {"asked": "sharpness"}, ASKED | {"asked": "sensitivity"}, ASKED | {"asked": "sensitivity"}]
    assert list(core_seconds(claims(full("B1", SHALLOW, *asked))).values()) == [114.0]


def test_a_device_is_named_in_place_of_its_processor_s_rate():
    session = {"time": "A", "cpu": "Xeon", "matrix_product_rate": 153.0, "device": "cuda"}
    assert "on M | 0.011 | 8 | cuda, Xeon |" in words(full("M5", DEEP) | {"session": "A"}, sessions=[session])


def test_the_common_loop_sees_the_same_images_at_its_own_rate(tmp_path):
    first = SHALLOW | {"steps": 1000, "batch_size": 50, "trained": 16}
    line = {"name": "line", "steps": 10, "data": "cos", "trained": 16, "seconds": 1.0}
    judged = [full("P2", first), full("P7", first | {"trained": 72, "seconds": 300.0}), full("F1", line)]
    assert [*images_trained(claims(*judged)).values()] == [0, 3_600_000]
    assert loop_rate(tmp_path) is None
    rows = [{"way": way, "images_per_second": rate} for way, rate in (("plain", 3.0), ("dataloader", 500.0))]
    (tmp_path / "benchmarks.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    text = in_words(summary(whole(*judged)), loop_rate(tmp_path))
    assert "Task 1: on F | 0.00028 | 8 | not recorded | – |" in text
    assert "Task 2: on P | 0.083 | 8 | not recorded | 2 |" in text
    assert "| together | 0.084 | | | 2 |" in text
    assert "the same images at 500 a second" in text
