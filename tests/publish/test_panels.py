"""The drawings of a claim's evidence: axes that show every number, ticks that can be read, the region where it is."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from ontrial.publish import panels
from ontrial.publish.templates import environment
from ontrial.stats.verdicts import Interval, Region
from tests.publish.planted import everything, evidence, record, summary, whole

MACROS = environment().get_template("drawings.html").module


def drawn(values, low, high, verdict, region, **more):
    """The axis of an interval, its drawing, and how many dots this has."""
    found = evidence("steps", values or [0.0], low, high, verdict, region) | {"values": values} | more
    [claim] = summary(whole(record("F3", verdict, evidence=[found]))).claims
    [panel] = panels.by_case(claim)
    [row] = panel.rows
    dots = panels.dots(row.interval, panel.axis)
    root = ElementTree.fromstring(MACROS.interval(panel, row, dots, panels.seed_values(row.interval)))
    return panel.axis, root, sum(path.get("d").count("h0") for path in root.iter("path"))


@pytest.mark.parametrize(
    ("numbers", "scale"),
    [
        ([1, 2, 3], "linear"), ([-1, 2, 3], "linear"), ([1e-6, 1e-3, 1], "log"), ([-300, -0.1, 0.1, 0.2], "asinh"),
        ([5, 5, 5], "linear"), ([0, 0], "linear"), ([math.inf, math.inf], "linear"), ([-math.inf, 5, 6], "linear"),
        ([0.945, 0.97], "linear"), ([3, 170], "log"), ([3, 1700], "log"), ([1e-6, 10], "log"), ([1e-6, 1e6], "log"),
        ([-400, 0.1, 0.2, 3], "asinh"), ([-1, 1, math.inf], "linear"), ([900_000, 1_100_000], "linear"),
    ],
)  # fmt: skip
def test_every_number_has_its_place_in_order_and_ticks_are_few_and_do_not_touch_on_a_phone(numbers, scale):
    region = Region(high=numbers[1] * 1.01 if math.isfinite(numbers[1]) else 1.0)
    on = panels.axis([*numbers, math.nan], region)
    assert on.scale == scale
    places = [on.at(value) for value in sorted(numbers)]
    assert places == sorted(places)
    assert len(set(places)) == len(set(numbers))
    assert all(0 <= place <= 100 for place in places)
    ticks = on.ticks(region)
    assert 2 <= len(ticks) <= 8
    assert [on.at(region.high)] == [place for place, *_, is_border in ticks if is_border]
    assert ("∞" in [label for _, label, *_ in ticks]) == (math.inf in numbers)
    for (below, left, *_), (above, right, *_) in zip(ticks, ticks[1:], strict=False):
        assert above - below > 2 * (len(left) + len(right)) / 2, "percent: 6 of 300 pixels a character"


def test_borders_close_together_have_their_labels_outside_and_infinity_is_beyond_the_axis():
    region = Region(low=0.945, high=0.965)
    ticks = panels.axis([0.2, 0.98], region).ticks(region)
    assert [anchor for *_, anchor, is_border in ticks if is_border] == ["end", "start"]
    found = panels.axis([1, 2, math.inf], Region(high=2.0))
    assert found.at(2) < found.right < found.at(math.inf) < 100
    assert panels.axis([1, 2], Region(high=2.0)).at(math.inf) == 100


def test_a_drawing_has_a_dot_a_seed_and_says_what_it_shows():
    _, root, dots = drawn([1.0, 2.0, 3.0, "inf"], 1.0, "inf", "inconclusive", {"high": 2.5})
    assert dots == 4
    label = "steps: estimate 2.5, interval 1 to ∞, across the border of the region ≤ 2.5; seeds from 1 to ∞"
    assert root.get("aria-label") == label
    _, root, dots = drawn([float(value) for value in range(320)], 100.0, 200.0, "holds", {"high": 400})
    assert dots == 320
    assert len(ElementTree.tostring(root)) < 12 * 320 + 1500
    assert drawn([1.0] * 320, 1.0, 1.0, "holds", {"high": 4})[2] == 7, "those in one place are drawn once"
    runs = drawn([5.0, 6.0], -0.9, -0.5, "holds", {"high": 0}, estimate=-0.7, statistic="correlation")
    assert runs[2] == 0, "the runs behind a correlation are not on its axis"
    _, root, _ = drawn([], "-inf", "inf", "inconclusive", {"high": 1}, estimate="nan")
    assert root.findall("line[@class='tick']") == []
    assert "estimate –" in root.get("aria-label")


def test_dots_name_their_seeds_where_these_are_known():
    claims = {claim.id: claim for claim in summary(everything()).claims}
    found = {name: [row.drawn for panel in panels.by_case(claims[name]) for row in panel.rows] for name in ("F2", "F4")}
    assert found == {"F2": ["0" * 64] * 2, "F4": ["numbered"] * 3 + [""]}, "not where some are left out"


@pytest.mark.parametrize("region", [{"low": 0, "high": 4}, {"low": 0}, {"high": 4}])
def test_the_shade_is_where_the_claim_holds(region):
    on, root, _ = drawn([1.0, 2.0, "inf"], 1.0, 3.0, "holds", region)
    shade = root.find("rect[@class='region']")
    begin, width = (float(shade.get(name).rstrip("%")) for name in ("x", "width"))
    assert begin == (on.at(0) if "low" in region else 0)
    assert begin + width == pytest.approx(on.at(4) if "high" in region else 100, abs=0.01)


def test_looks_have_a_row_each_up_to_the_one_that_decided():
    claims = {claim.id: claim for claim in summary(everything()).claims}
    [panel] = panels.by_look(claims["M10"])  # the other condition was decided at its first look
    assert [(row.name, row.interval.high) for row in panel.rows] == [("n = 16", 30), ("n = 24", 21), ("n = 32", 8)]
    root = ElementTree.fromstring(MACROS.looks(panel))
    seen = "16 seeds: −∞ to 30, across the border; 24 seeds: 1.5 to 21, across the border; 32 seeds: 1 to 8, inside"
    assert root.get("aria-label") == f"gain, holds if ≤ 20. {seen} the region"
    assert [group.get("class") for group in root.findall("g")] == ["inconclusive", "inconclusive", "holds"]
    assert root.find("line[@class='border']").get("x1") == f"{panel.axis.at(20)}%"
    assert float(root.find("g/rect").get("x").rstrip("%")) == 0, "an end that is infinite runs out of the drawing"
    ends = {name: [panel.ended for panel in panels.by_look(claims[name])] for name in ("M10", "I1", "F2")}
    assert ends == {"M10": ["decided at 32 seeds"], "I1": ["open at 15 seeds"], "F2": []}


def test_seeds_are_named_with_those_left_out():
    shares = {"values": (1.0, 0.0, 1.0), "statistic": "share"}
    for more, text in (
        ({"values": (1.0,) * 214, "left_out": 106}, "n = 214 of 320 seeds"),
        ({"values": (1.0,) * 24}, "n = 24"),
        (shares, "2 of 3 seeds"),
        (shares | {"left_out": 1}, "2 of 3 seeds, 1 left out"),
        ({"values": (3.0,), "statistic": "count"}, ""),
    ):
        assert panels.seeds(Interval(**{"measure": "x"} | more, estimate=1.0, low=0.0, high=2.0, alpha=0.01)) == text


def test_a_number_is_short_whatever_its_size():
    words = {9.99e-5: "1 × 10⁻⁴", 9.94e-5: "9.9 × 10⁻⁵", 6e-5: "6 × 10⁻⁵", -7.31e-12: "−7.3 × 10⁻¹²", 1e-4: "0.0001"}
    words |= {0.0: "0", math.inf: "∞", math.nan: "–", 1234.5: "1,234", 0.28749: "0.287"}
    assert {value: panels.short(value) for value in words} == words
    assert all(panels.short(sign * 10.0**power) for power in np.linspace(-300, 300, 601) for sign in (1, -1))
