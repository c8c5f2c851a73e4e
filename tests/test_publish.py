"""What is published: figures byte for byte, verdicts merged across sessions, progress that reads well."""

import io
import json

import numpy as np
import pytest

from evidence.intervals import exactly
from evidence.trial import Sentence, Trial
from evidence.verdicts import Verdict
from models.queue import Progress
from publish import drawings, outcome
from publish.drawings import Drawing
from publish.figures import panels, reported, seeds_and_median
from publish.outcome import Record
from publish.progress import Reporter, duration


def planted(values: np.ndarray, calls: list[str]) -> Drawing:
    def draw(caption):
        calls.append(caption)
        figure, (axes,) = panels(1, ["planted"], caption, "A planted figure")
        seeds_and_median(axes, np.arange(values.shape[1]), values, 0, "planted")
        reported(axes, [1], [1.0], "0.2")
        return figure

    return Drawing("planted", "noise", len(values), draw, (values,))


def test_a_figure_is_drawn_once_and_again_when_its_data_changed(tmp_path):
    values, calls = np.random.default_rng(0).normal(size=(8, 5)), []
    names = drawings.save(planted(values, calls), "fast", "functions", tmp_path)
    assert names == ["figures/fast-functions/planted.svg", "figures/fast-functions/planted.png"]
    drawings.save(planted(values, calls), "fast", "functions", tmp_path)
    assert calls == ["fast tier · noise · n = 8 seeds"]
    drawings.save(planted(values + 1, calls), "fast", "functions", tmp_path)
    assert len(calls) == 2


def test_a_figure_is_the_same_byte_for_byte(tmp_path):
    values = np.random.default_rng(0).normal(size=(8, 5))
    first, second = (
        [
            (tmp_path / folder / name).read_bytes()
            for name in drawings.save(planted(values, []), "fast", "functions", tmp_path / folder)
        ]
        for folder in ("one", "two")
    )
    assert first == second


def record(name: str, tier: str = "fast", *, value: float = 1.0) -> Record:
    trial = Trial(Sentence(name, "planted", "tests"), "", 0.99)
    trial.holds_if(exactly(value, "count") > 0)
    return Record(trial, tier, "digits", Verdict.HOLDS, None, (), 1.0)


def test_sessions_are_merged_and_do_not_overwrite_other_tiers(tmp_path):
    outcome.merge(tmp_path, [record("M10"), record("F2"), record("F2", "full")], "cpu")
    path = outcome.merge(tmp_path, [record("F2", value=7)], "cpu")
    whole = json.loads(path.read_text())
    names = [(verdict["id"], verdict["tier"]) for verdict in whole["verdicts"]]
    assert names == [("F2", "full"), ("F2", "fast"), ("M10", "fast")]
    assert whole["verdicts"][1]["evidence"][0]["estimate"] == 7
    assert {verdict["session"] for verdict in whole["verdicts"]} == {one["time"] for one in whole["sessions"]}


@pytest.mark.parametrize("content", [b"{", b'{"schema": 99}', b"[]", b"\xff"])
def test_a_damaged_verdicts_file_is_kept_aside(tmp_path, content):
    (tmp_path / "verdicts.json").write_bytes(content)
    outcome.merge(tmp_path, [record("F2")], "cpu")
    assert (tmp_path / "verdicts.json.damaged").read_bytes() == content
    assert len(json.loads((tmp_path / "verdicts.json").read_text())["verdicts"]) == 1


def test_infinities_are_words_in_json(tmp_path):
    trial = Trial(Sentence("F4", "planted", "tests"), "", 0.99)
    trial.holds_if(trial.median([np.inf] * 8, "steps") > 300)
    path = outcome.merge(tmp_path, [Record(trial, "fast", "functions", Verdict.HOLDS, None, (), 1.0)], "cpu")
    [evidence] = json.loads(path.read_text())["verdicts"][0]["evidence"]
    assert evidence["high"] == evidence["region"]["high"] == "inf"
    assert evidence["values"] == ["inf"] * 8


def test_the_commit_is_marked_where_more_than_the_artifacts_changed(monkeypatch):
    answers = {"rev-parse": "0123456789ab", "status": " M models/stack.py"}
    monkeypatch.setattr(outcome, "_git", lambda verb, *rest: answers[verb])
    assert outcome.environment("cpu")["commit"] == "0123456789ab-dirty"
    answers["status"] = ""
    assert outcome.environment("cpu")["commit"] == "0123456789ab"


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_progress_off_a_terminal_is_a_line_every_half_minute():
    lines = []
    reporter = Reporter(io.StringIO(), lines.append)
    for second in range(65):
        reporter(Progress(second // 10, 12, float(second), 100.0))
    reporter.close()
    assert lines == [
        "training: 3 of 12 jobs in 30 s; about 1 min 40 s left",
        "training: 6 of 12 jobs in 1 min 0 s; about 1 min 40 s left",
    ]


def test_progress_on_a_terminal_is_a_bar():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    reporter = Reporter(terminal, print)
    reporter(Progress(3, 12, 30.0, 100.0))
    reporter.close()
    assert "about 1 min 40 s left" in terminal.getvalue()
