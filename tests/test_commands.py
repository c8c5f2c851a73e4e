"""The command line: what `ontrial COMMAND` does where it is not what the modules behind it do."""

import io
import sys

import pytest

from ontrial.__main__ import main
from tests.conftest import known_as
from tests.publish.planted import beside, everything, plant, record, report, whole


@pytest.mark.parametrize("command", ["init", "show", "page", "audit", "prune", "combine", "repeat"])
def test_each_command_says_how_it_is_called(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: ontrial {command} ")


@pytest.mark.parametrize("arguments", [[], ["judge"]])
def test_what_is_no_command_is_said_with_those_there_are(arguments, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    found = capsys.readouterr().err
    assert all(name in found for name in ("init", "plan", "show", "page", "audit"))


def test_init_overwrites_nothing(tmp_path, capsys):
    (tmp_path / "README.md").write_text("mine\n")
    with pytest.raises(SystemExit, match=r"nothing was written, since these files are there: .*README\.md"):
        main(["init", str(tmp_path)])
    assert [path.name for path in tmp_path.rglob("*")] == ["README.md"]
    (tmp_path / "README.md").unlink()
    main(["init", str(tmp_path)])
    assert f"cd {tmp_path} && pytest" in capsys.readouterr().out
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(SystemExit, match=r"test_overfitting\.py"):
        main(["init", str(tmp_path)])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.fixture
def show(tmp_path, monkeypatch, capsys):
    """What `ontrial show` prints in a project with a planted record, as lines."""
    monkeypatch.chdir(tmp_path)
    plant(tmp_path / "artifacts", everything())
    folder = beside(tmp_path) / "claims" / "planted"
    (folder / "known.toml").write_text(known_as("refuted", "F2", "deep", "full", "functions"), encoding="utf-8")

    def run(*arguments):
        main(["show", *arguments])
        return capsys.readouterr().out.splitlines()

    return run


def test_show_prints_what_the_record_has_of_a_claim(show):
    assert show("planted/M10") == [
        "planted/M10: planted M10",
        "source: Part 2, Task 2, beyond the report",
        "verdict: holds",
        "",
        "full, mnist: holds, as expected",
        "  gain: 1.55 (1 to 8), n = 32; it holds if ≤ 20: holds at look 3 (32 seeds)",
        "  loss of those that converged: 10.6 (2 to 9), n = 214 of 320 seeds; it holds if ≤ 20: holds at look 1 "
        "(16 seeds)",
        "  registration 1 of 2026-02-28, first seed trained on 2026-03-02",
        "  figure: artifacts/figures/planted/full-mnist-1/planted.png",
        "reproduce: pytest -m full --ontrial-claim=planted/M10 --ontrial-store=again --ontrial-artifacts=again",
    ]
    found = show("F2")
    assert found[2:5] == [
        "verdict: refuted (by its own numbers: no)",
        "",
        "shallow, full, functions: holds, as expected",
    ]
    assert "deep, full, functions: refuted, as expected" in found
    assert "  so it is" in found
    assert "deep, fast, functions: inconclusive, expected: holds" in show("F2", "--tier=fast")
    assert show("M2")[4:6] == ["fast, digits: error, expected: holds", "  ZeroDivisionError: division by zero"]
    assert show("P1")[2:] == ["verdict: not run"]
    assert show("M5", "--tier=full")[-1] == "not run in this tier"
    assert show("M5")[3] == "by construction: it is so"


def test_show_writes_what_a_terminal_cannot_show_as_an_escape(show, monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    main(["show", "M10"])
    assert b"it holds if \\u2264 20" in written.getvalue()


@pytest.mark.parametrize(
    ("content", "claim", "words"),
    [
        (everything(), "F99", "F99: unknown here; there are F1, F2, F4"),
        (everything(), "other/F2", "other/F2: unknown here"),
        (
            whole(record("F1", "holds"), record("F1", "holds", report="b"), reports=[report(), report("b")]),
            "F1",
            "several reports have it, b/F1 and planted/F1",
        ),
        (None, "F1", r"artifacts/verdicts\.json is not there"),
    ],
)
def test_show_says_why_it_has_nothing_to_show(tmp_path, monkeypatch, content, claim, words):
    monkeypatch.chdir(tmp_path)
    if content:
        plant(tmp_path / "artifacts", content)
    with pytest.raises(SystemExit, match=words):
        main(["show", claim])
