"""Figures: one PNG each, byte for byte, drawn again exactly when what they show has changed, whatever the backend."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ontrial.publish import figures
from ontrial.publish.figures import COLOURS, Drawing, Gallery, drawing_of, grid, panels, reported, seeds_and_median

HERE = os.getpid()
NOISE = np.random.default_rng(0).normal(size=(8, 5))


def planted(values, calls=None, name="planted"):
    def draw(caption):
        (calls if calls is not None else []).append(caption)
        figure, (axes,) = panels(1, ["planted"], caption, "A planted figure")
        seeds_and_median(axes, np.arange(values.shape[1]), values, 0, "planted")
        reported(axes, [1], [1.0], "0.2")
        return figure

    return Drawing(name, "noise", len(values), draw, (values,))


def broken(fail):
    """A figure that can be laid out, but not drawn."""

    def draw(caption):
        figure, axes = grid(1, 1, (5, 4))
        axes[0, 0].draw = lambda renderer: fail()
        return figure

    return Drawing("broken", "noise", 1, draw, ())


def save(folder, *drawings, processes=1, tier="fast", dataset="functions", **more):
    """The files of these drawings."""
    gallery = Gallery(processes)
    names = [gallery.add(each, folder, report="mine", tier=tier, dataset=dataset, **more) for each in drawings]
    gallery.finish()
    return [folder / name for name in names]


def test_a_figure_is_drawn_once_and_again_when_its_data_changed(tmp_path):
    calls = []
    for _ in range(2):
        [path] = save(tmp_path, planted(NOISE, calls))
        assert path == tmp_path / "figures/mine/fast-functions/planted.png"
        assert calls == ["fast tier · noise · n = 8 seeds"]
    assert path.stat().st_size < 40_000
    save(tmp_path, planted(NOISE + 1, calls))
    assert len(calls) == 2
    save(tmp_path, replace(planted(NOISE + 1, calls), n=9))
    assert calls[2:] == ["fast tier · noise · n = 9 seeds"]
    [path] = save(tmp_path, planted(NOISE, calls), tier="full", registration=1)
    assert path == tmp_path / "figures/mine/full-functions-1/planted.png"


def test_a_path_has_no_space_and_leads_nowhere_else_whatever_the_data_are_called(tmp_path):
    paths = [save(tmp_path, planted(NOISE), dataset=name)[0] for name in ("two words", "two-words", "../../words")]
    assert len(set(paths)) == 3
    assert all(path.is_file() for path in paths)
    assert all(re.fullmatch(r"fast-(two-)?words(-[0-9a-f]{6})?", path.parent.name) for path in paths)
    assert {path.parents[1] for path in paths} == {tmp_path / "figures" / "mine"}


@pytest.mark.parametrize("processes", [1, 3])
def test_figures_are_the_same_bytes_in_one_process_and_in_several_and_the_last_of_a_name_counts(tmp_path, processes):
    calls = []
    several = [planted(NOISE + shift, calls, f"planted-{shift}") for shift in range(3)]
    paths = save(tmp_path / "together", *several, *several, planted(NOISE + 9, name="planted-2"), processes=processes)
    assert len(calls) == 3  # claims that share a figure each add it
    alone = [*several[:2], planted(NOISE + 9, name="planted-2")]
    for each, path in zip(alone, paths, strict=False):
        assert save(tmp_path / "alone", each)[0].read_bytes() == path.read_bytes()


def no_colour():
    raise ValueError("no such colour")


def kill_a_fork():
    if os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_cannot_be_drawn_or_written_is_raised_at_the_end_when_all_others_are_there(tmp_path, processes):
    (tmp_path / "figures/mine/fast-functions/planted.png").mkdir(parents=True)
    message = r"figure planted .* IsADirectoryError.*figure broken .*no such colour"
    with pytest.raises(ValueError, match=message):
        save(tmp_path, planted(NOISE), broken(no_colour), planted(NOISE, name="other"), processes=processes)
    assert (tmp_path / "figures/mine/fast-functions/other.png").is_file()


def test_a_fork_opens_the_fonts_of_formulas_itself(tmp_path):
    """Forks share the position in an open font, so a formula laid out before may get wrong glyphs."""
    from matplotlib.mathtext import MathTextParser

    parser, here = MathTextParser("agg"), tmp_path / "laid out here"
    first = parser.parse("$10^{-3}$")
    note = broken(lambda: here.touch() if parser.parse("$10^{-3}$") is first else None)
    save(tmp_path, note, planted(NOISE), processes=2)
    assert here.exists() != figures._CAN_FORK


def test_where_a_fork_is_killed_this_process_draws(tmp_path):
    assert all(path.is_file() for path in save(tmp_path, planted(NOISE), broken(kill_a_fork), processes=2))


def test_the_palette_keeps_the_colours_that_tell_lines_apart(tmp_path):
    def draw(caption):
        figure, axes = grid(1, 1, (5, 4))
        for style, colour in enumerate(COLOURS):
            axes[0, 0].plot([0, 1], [style, style + 1], color=colour, linewidth=3)
            axes[0, 0].fill_between([0, 1], [style, style + 1], style, color=colour, alpha=0.15)
        return figure

    [path] = save(tmp_path, Drawing("colours", "noise", 1, draw, ()))
    with Image.open(path) as image:
        assert image.mode == "P"
        pixels = np.asarray(image.convert("RGB")).astype(int).reshape(-1, 3)
    for colour in COLOURS:
        wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        assert (pixels == wanted).all(1).sum() > 100, colour


def test_a_drawing_names_what_its_runs_were_judged_on():
    run = SimpleNamespace(training=SimpleNamespace(judged_on="mnist"), n=16)
    for runs in (run, {"deep": run}):
        found = drawing_of("x", runs, planted(NOISE).draw, NOISE, unit="pairs")
        assert (found.subject, found.n, found.unit) == ("mnist", 16, "pairs")
        assert figures.drawing_for(found, "X1", "", "own", 3) == found


def test_a_figure_is_drawn_again_when_a_module_that_its_own_uses_and_that_is_beside_it_changes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, source in (
        ("drawing_a", "import drawing_b\ndef draw(caption): return drawing_b.make(caption)\n"),
        ("drawing_b", "make = None\n"),
    ):
        (tmp_path / f"{name}.py").write_text(source)
    import drawing_a  # type: ignore[import-not-found]

    calls = []
    drawing_a.drawing_b.make = planted(NOISE, calls).draw
    for changed, times_drawn in ((None, 1), ("drawing_c", 1), ("drawing_b", 2), ("drawing_a", 3)):
        if changed:
            (tmp_path / f"{changed}.py").write_text("CHANGED = True\n")
        figures._source.cache_clear()
        save(tmp_path, replace(planted(NOISE), draw=drawing_a.draw))
        assert len(calls) == times_drawn


@pytest.mark.parametrize("backend", ["module://no.such.backend", "nonsense"])
def test_figures_are_drawn_whatever_backend_the_environment_names(tmp_path, backend):
    code = (
        "import sys; from pathlib import Path; from tests.publish import test_figures as t; "
        "assert 'matplotlib' not in sys.modules; t.save(Path('.'), t.planted(t.NOISE)); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = os.environ | {"MPLBACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True)
    [path] = save(tmp_path / "here", planted(NOISE))
    assert (tmp_path / path.relative_to(tmp_path / "here")).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("count", "least", "size"), [(1, 0.8, 5), (3, 0.3, 8.5)])
def test_the_line_below_the_title_is_no_wider_than_the_figure(count, least, size):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    caption = "full tier · made of things with names that are long, and other things · n = 320 seeds"
    drawn, _ = panels(count, [""] * count, caption, "Title")
    [line] = [text for text in drawn.texts if text.get_text().startswith("full")]
    width = line.get_window_extent(FigureCanvasAgg(drawn).get_renderer()).width
    assert least < width / drawn.bbox.width < 1
    assert size <= line.get_fontsize() <= size + 0.5
