"""The figures that ontrial makes: what they show and say, and which arrays they refuse."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from ontrial import by, curves, scatter
from ontrial.publish.figures import Gallery, drawing_for

NOISE = np.random.default_rng(0).normal(size=(4, 6))
LABELS = dict(xlabel="step", ylabel="loss (nats)")


MIDDLE = np.median(NOISE, 0)
ACROSS = np.median(NOISE, 1)


@pytest.mark.parametrize(
    ("drawing", "faint", "bold"),
    [
        (curves(range(6), {"a": NOISE, 2: -NOISE}, **LABELS, xscale="log"), [*NOISE, *-NOISE], [MIDDLE, -MIDDLE]),
        (curves(range(6), NOISE + 9, **LABELS, yscale="log"), [*NOISE + 9], [MIDDLE + 9]),
        (by(range(4), {"a": NOISE, "b": -NOISE}, **LABELS), [*NOISE.T, *-NOISE.T], [ACROSS, -ACROSS]),
        (by(list("wxyz"), NOISE, **LABELS, ylim=(-9, 9)), [*NOISE.T], [ACROSS]),
        (scatter(NOISE[0], NOISE[1], **LABELS), [NOISE[1]], [ACROSS[1:2]]),
        (scatter({"a": NOISE[0]}, {"a": NOISE[1]}, **LABELS), [NOISE[1]], [ACROSS[1:2]]),
    ],
)
def test_every_seed_is_faint_and_the_median_bold(drawing, faint, bold):
    [axes] = drawing.draw("fast tier").axes
    found = [(np.round(line.get_ydata(), 9).tolist(), line.get_alpha() is not None) for line in axes.get_lines()]
    wanted = [(each, True) for each in faint] + [(each, False) for each in bold]
    assert sorted(found) == sorted((np.round(each, 9).tolist(), is_faint) for each, is_faint in wanted)
    assert (axes.get_xlabel(), axes.get_ylabel()) == tuple(LABELS.values())
    assert (axes.get_legend() is None) == (len(bold) == 1 and "a" not in drawing.shown[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: curves(range(5), NOISE, **LABELS), r"the array has the shape \(4, 6\), and should have \(seed, 5\)"),
        (lambda: curves(range(6), {"a": NOISE[0]}, **LABELS), r"a has the shape \(6,\), and should have \(seed, 6\)"),
        (lambda: by(range(6), NOISE, **LABELS), r"should have \(6, seed\)"),
        (lambda: by(range(4), NOISE[:, :0], **LABELS), r"has the shape \(4, 0\), and should have \(4, seed\)"),
        (lambda: scatter(NOISE, NOISE, **LABELS), r"should have \(seed\)"),
        (lambda: scatter(NOISE[0], NOISE[0, :3], **LABELS), "x and y differ in their names or numbers"),
        (lambda: scatter({"a": NOISE[0]}, NOISE[0], **LABELS), "differ in their names or numbers of seeds"),
        (lambda: curves(range(6), {}, **LABELS), "0 names: a figure shows 1 to 5"),
        (lambda: curves(range(6), dict.fromkeys(range(6), NOISE), **LABELS), "6 names: a figure shows 1 to 5"),
    ],
)
def test_arrays_that_are_no_such_figure_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def plain(level):
    figure = Figure(figsize=(3, 2))
    figure.subplots().axhline(level)
    return figure


@pytest.mark.parametrize(
    "make", [lambda level: curves(range(6), NOISE, xlabel=f"{level:.1f}", ylabel="y"), plain], ids=["helper", "plain"]
)
def test_a_figure_is_drawn_again_where_it_shows_something_else_and_only_there(tmp_path, make):
    times = []
    for level in (0.1, 0.1, 0.9):
        gallery = Gallery()
        drawing = drawing_for(make(level), "X1", "", "noise", 4)
        path = tmp_path / gallery.add(drawing, tmp_path, report="mine", tier="fast", dataset="noise")
        gallery.finish()
        times.append((path.read_bytes(), path.stat().st_mtime_ns))
    assert path.name == "X1.png"
    assert times[0] == times[1] != times[2]


def test_the_line_below_a_plain_figure_names_tier_data_and_seeds_where_anything_was_trained(tmp_path):
    figures = []
    for seeds in (4, 0):
        drawing = drawing_for(plain(0.1), "X1", "", "noise", seeds)
        gallery = Gallery()
        gallery.add(drawing, tmp_path / str(seeds), report="mine", tier="fast", dataset="noise")
        figures += [figure for figure, _ in gallery._made.values()]
    assert [figure.texts[0].get_text() for figure in figures] == [
        "fast tier · noise · n = 4 seeds",
        "fast tier · noise",
    ]
