"""Figures: one PNG each, byte for byte, drawn anew exactly when what they show has changed, whatever the backend."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ontrial.publish import drawings
from ontrial.publish import gallery as gallery_module
from ontrial.publish.drawings import Drawing, drawing_of
from ontrial.publish.figures import COLOURS, grid, panels, reported, seeds_and_median
from ontrial.publish.gallery import Gallery

ROOT = Path(__file__).parents[2]
HERE = os.getpid()
NOISE = np.random.default_rng(0).normal(size=(8, 5))


def planted(values: np.ndarray, calls: list[str] | None = None) -> Drawing:
    def draw(caption):
        (calls if calls is not None else []).append(caption)
        figure, (axes,) = panels(1, ["planted"], caption, "A planted figure")
        seeds_and_median(axes, np.arange(values.shape[1]), values, 0, "planted")
        reported(axes, [1], [1.0], "0.2")
        return figure

    return Drawing("planted", "noise", len(values), draw, (values,))


PLACE = {"report": "mine", "tier": "fast", "dataset": "functions"}


def save(drawing, folder, **more):
    gallery = Gallery()
    name = gallery.add(drawing, folder, **(PLACE | more))
    gallery.finish()
    return name


def test_a_figure_is_drawn_once_and_again_when_its_data_changed(tmp_path):
    calls = []
    assert save(planted(NOISE, calls), tmp_path) == "figures/mine/fast-functions/planted.png"
    save(planted(NOISE, calls), tmp_path)
    assert calls == ["fast tier · noise · n = 8 seeds"]
    save(planted(NOISE + 1, calls), tmp_path)
    assert len(calls) == 2
    name = save(planted(NOISE, calls), tmp_path, tier="full", registration=1)
    assert name == "figures/mine/full-functions-1/planted.png"


@pytest.mark.parametrize("processes", [1, 3])
def test_figures_that_are_drawn_beside_each_other_are_those_that_are_drawn_alone(tmp_path, processes):
    gallery, calls = Gallery(processes), []
    named = {shift: replace(planted(NOISE + shift, calls), name=f"planted-{shift}") for shift in range(4)}
    for each in (*named.values(), *named.values()):  # claims that share a figure each give it
        gallery.add(each, tmp_path / "together", **PLACE)
    gallery.finish()
    assert len(calls) == len(named)
    for each in named.values():
        name = save(each, tmp_path / "alone")
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


LAID_OUT = []  # a parser of formulas, and what it made of one


def is_laid_out(_):
    parser, first = LAID_OUT
    return str(parser.parse("$10^{-3}$") is first)


def test_a_copy_opens_the_fonts_of_formulas_itself(monkeypatch):
    """Copies share the place at which an open font is read, so a formula laid out before may get wrong glyphs."""
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("agg")
    LAID_OUT[:] = [parser, parser.parse("$10^{-3}$")]
    assert is_laid_out(0) == "True"
    monkeypatch.setattr(gallery_module, "_draw", is_laid_out)
    assert gallery_module._by_copies(2, range(2)) == ["False", "False"]


def test_of_two_drawings_of_one_name_the_later_one_lies_there_in_the_end(tmp_path):
    gallery, alone = Gallery(2), tmp_path / "alone"
    for shift in range(3):
        name = gallery.add(planted(NOISE + shift), tmp_path, **PLACE)
    gallery.finish()
    assert (tmp_path / name).read_bytes() == (alone / save(planted(NOISE + 2), alone)).read_bytes()


def broken(fail):
    """What cannot be drawn, though it can be laid out."""

    def draw(caption):
        figure, axes = grid(1, 1, (5, 4))
        axes[0, 0].draw = lambda renderer: fail()
        return figure

    return Drawing("broken", "noise", 1, draw, ())


def no_colour():
    raise ValueError("no such colour")


def kill_a_copy():
    if os.getpid() != HERE:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_cannot_be_drawn_or_written_is_raised_at_the_end_when_all_others_are_there(
    tmp_path, monkeypatch, processes
):
    gallery, write = Gallery(processes), gallery_module.write_atomically

    def full_for_one(path, content):
        if path.stem == "planted":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(gallery_module, "write_atomically", full_for_one)
    gallery.add(planted(NOISE), tmp_path, **PLACE)
    gallery.add(broken(no_colour), tmp_path, **PLACE)
    other = gallery.add(replace(planted(NOISE), name="other"), tmp_path, **PLACE)
    with pytest.raises(ValueError, match=r"figure planted .* No space left.*figure broken .*no such colour"):
        gallery.finish()
    assert (tmp_path / other).is_file()
    gallery.finish()  # it was said, and there is nothing left to draw


@pytest.mark.skipif(not gallery_module._CAN_COPY, reason="no process is copied here")
def test_where_a_copy_is_killed_this_process_draws(tmp_path):
    gallery = Gallery(2)
    names = [gallery.add(each, tmp_path, **PLACE) for each in (planted(NOISE), broken(kill_a_copy))]
    gallery.finish()
    assert all((tmp_path / name).is_file() for name in names)


def test_a_figure_is_the_same_byte_for_byte_and_small(tmp_path):
    first, second = ((tmp_path / one / save(planted(NOISE), tmp_path / one)).read_bytes() for one in ("a", "b"))
    assert first == second
    assert len(first) < 40_000


def test_the_palette_keeps_the_colours_that_tell_lines_apart(tmp_path):
    def draw(caption):
        figure, axes = grid(1, 1, (5, 4))
        for style, colour in enumerate(COLOURS):
            axes[0, 0].plot([0, 1], [style, style + 1], color=colour, linewidth=3)
            axes[0, 0].fill_between([0, 1], [style, style + 1], style, color=colour, alpha=0.15)
        return figure

    name = save(Drawing("colours", "noise", 1, draw, ()), tmp_path)
    with Image.open(tmp_path / name) as image:
        assert image.mode == "P"
        pixels = np.asarray(image.convert("RGB")).astype(int).reshape(-1, 3)
    for colour in COLOURS:
        wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        assert (pixels == wanted).all(1).sum() > 100, colour


def test_a_drawing_names_what_its_runs_were_judged_on():
    @dataclass
    class Training:
        judged_on: str = "mnist"

    @dataclass
    class Run:
        training: Training
        n: int = 16

    run = Run(Training())
    for runs in (run, {"deep": run}):
        found = drawing_of("x", runs, planted(NOISE).draw, NOISE, unit="pairs")
        assert (found.subject, found.n, found.unit) == ("mnist", 16, "pairs")


def test_the_stamp_covers_the_modules_beside_the_drawing_one_that_it_uses(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "stamped_a.py").write_text("import stamped_b\n\ndef draw(caption): ...\n")
    (tmp_path / "stamped_b.py").write_text("WIDTH = 1\n")
    (tmp_path / "stamped_c.py").write_text("import stamped_b\n")
    import stamped_a  # type: ignore[import-not-found]

    def digest():
        drawings._source.cache_clear()
        return drawings._source("stamped_a")

    first = digest()
    (tmp_path / "stamped_c.py").write_text("changed = True\n")
    assert digest() == first
    (tmp_path / "stamped_b.py").write_text("WIDTH = 2\n")
    assert digest() != first
    assert stamped_a.draw.__module__ == "stamped_a"


@pytest.mark.parametrize("backend", ["module://no.such.backend", "nonsense", "tkagg"])
def test_figures_are_drawn_whatever_backend_the_environment_asks_for(tmp_path, backend):
    code = (
        "import sys; from pathlib import Path; from tests.publish import test_drawings as t; "
        "assert 'matplotlib' not in sys.modules; t.save(t.planted(t.NOISE), Path(sys.argv[1])); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(
        command, env=os.environ | {"MPLBACKEND": backend}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "figures/mine/fast-functions/planted.png").read_bytes() == (
        tmp_path / "b" / save(planted(NOISE), tmp_path / "b")
    ).read_bytes()
