"""The drawings of a claim's evidence: axes that show every number, ticks that can be read, the region where it is."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from ontrial.publish import panels
from ontrial.publish.templates import environment
from ontrial.stats.verdicts import Interval, Region
from tests.publish.planted import everything, evidence, record, summary, whole


def drawn(values, low, high, verdict, region, **more):
    """The axis and the drawing of an interval."""
    found = evidence("steps", values or [0.0], low, high, verdict, region) | {"values": values} | more
    [claim] = summary(whole(record("F3", verdict, evidence=[found]))).claims
    [panel] = panels.by_case(claim)
    [row] = panel.rows
    interval = environment().get_template("drawings.html").module.interval
    dots = panels.dots(row.interval, panel.axis)
    return panel.axis, ElementTree.fromstring(interval(panel, row, dots, panels.seed_values(row.interval)))


def dots(root):
    return sum(path.get("d").count("h0") for path in root.iter("path"))


@pytest.mark.parametrize(
    ("numbers", "scale"),
    [
        ([1, 2, 3], "linear"), ([-1, 2, 3], "linear"), ([1e-6, 1e-3, 1], "log"), ([-300, -0.1, 0.1, 0.2], "asinh"),
        ([5, 5, 5], "linear"), ([0, 0], "linear"), ([math.inf, math.inf], "linear"), ([1, 2, math.inf], "linear"),
        ([math.nan, 2], "linear"),
    ],
)  # fmt: skip
def test_every_number_has_its_place_in_order(numbers, scale):
    found = panels.axis(numbers, Region(high=numbers[1] if math.isfinite(numbers[1]) else 1.0))
    assert found.scale == scale
    there = sorted(value for value in numbers if not math.isnan(value))
    places = [found.at(value) for value in there]
    assert places == sorted(places)
    assert len(set(places)) == len(set(there))
    assert all(0 <= place <= 100 for place in places)


@pytest.mark.parametrize(
    "numbers",
    [
        [0.945, 0.97], [3, 170], [3, 1700], [1e-6, 10], [1e-6, 1e6], [-400, 0.1, 0.2, 3], [-1, 1, math.inf],
        [900_000, 1_100_000], [-math.inf, 5, 6],
    ],
)  # fmt: skip
def test_ticks_are_few_name_the_border_and_do_not_touch_on_a_phone(numbers):
    region = Region(high=sorted(numbers)[1] * 1.01)
    on = panels.axis(numbers, region)
    ticks = on.ticks(region)
    assert 2 <= len(ticks) <= 8
    assert [on.at(region.high)] == [place for place, *_, is_border in ticks if is_border]
    assert ("∞" in [label for _, label, *_ in ticks]) == (math.inf in numbers)
    for (below, left, *_), (above, right, *_) in zip(ticks, ticks[1:], strict=False):
        assert above - below > 6 / 300 * 100 * (len(left) + len(right)) / 2, "6 pixels a character, 300 the drawing"


def test_two_borders_close_together_have_their_labels_outside_and_infinity_a_place_beyond_the_axis():
    region = Region(low=0.945, high=0.965)
    ticks = panels.axis([0.2, 0.98], region).ticks(region)
    assert [anchor for *_, anchor, is_border in ticks if is_border] == ["end", "start"]
    found = panels.axis([1, 2, math.inf], Region(high=2.0))
    assert found.at(2) < found.right < found.at(math.inf) < 100
    assert panels.axis([1, 2], Region(high=2.0)).at(math.inf) == 100


def test_a_drawing_has_a_dot_a_seed_and_says_what_it_shows():
    _, root = drawn([1.0, 2.0, 3.0, "inf"], 1.0, "inf", "inconclusive", {"high": 2.5})
    assert dots(root) == 4
    label = "steps: estimate 2.5, interval 1 to ∞, across the border of the region ≤ 2.5; seeds from 1 to ∞"
    assert root.get("aria-label") == label


def test_hundreds_of_seeds_take_little_room_and_those_in_one_place_are_one_dot():
    _, root = drawn([float(value) for value in range(320)], 100.0, 200.0, "holds", {"high": 400})
    assert dots(root) == 320
    assert len(ElementTree.tostring(root)) < 12 * 320 + 1500
    assert dots(drawn([1.0] * 320, 1.0, 1.0, "holds", {"high": 4})[1]) == 7


def test_the_estimate_of_no_seeds_and_the_runs_behind_a_correlation_are_not_drawn():
    _, root = drawn([], "-inf", "inf", "inconclusive", {"high": 1}, estimate="nan")
    assert root.findall("line[@class='tick']") == []
    assert "estimate –" in root.get("aria-label")
    _, root = drawn([5.0, 6.0], -0.9, -0.5, "holds", {"high": 0}, estimate=-0.7, statistic="correlation")
    assert dots(root) == 0


def test_the_shade_is_where_the_claim_holds():
    on, root = drawn([1.0, 2.0, 3.0], 1.0, 3.0, "holds", {"low": 0, "high": 4})
    region = root.find("rect[@class='region']")
    assert float(region.get("x").rstrip("%")) == on.at(0)
    assert float(region.get("width").rstrip("%")) == pytest.approx(on.at(4) - on.at(0), abs=0.01)
    region = drawn([1.0, 2.0, "inf"], 1.0, 3.0, "holds", {"low": 0})[1].find("rect[@class='region']")
    assert float(region.get("x").rstrip("%")) + float(region.get("width").rstrip("%")) == pytest.approx(100)


def test_looks_have_a_row_each_up_to_the_one_that_decided():
    claims = {claim.id: claim for claim in summary(everything()).claims}
    [panel] = panels.by_look(claims["M10"])
    assert [(row.name, row.interval.high) for row in panel.rows] == [
        ("n = 16", 30.0),
        ("n = 24", 21.0),
        ("n = 32", 8.0),
    ]
    assert panel.ended == "decided at 32 seeds", "the other condition was decided at its first look"
    root = ElementTree.fromstring(environment().get_template("drawings.html").module.looks(panel))
    assert [group.get("class") for group in root.findall("g")] == ["inconclusive", "inconclusive", "holds"]
    assert root.find("line[@class='border']").get("x1") == f"{panel.axis.at(20)}%"
    assert float(root.find("g/rect").get("x").rstrip("%")) == 0, "an end that is infinite runs out of the drawing"
    assert [panel.ended for panel in panels.by_look(claims["I1"])] == ["open at 32 seeds"]
    assert panels.by_look(claims["F2"]) == []


@pytest.mark.parametrize(
    ("values", "more", "text"),
    [
        ([1.0] * 214, {"left_out": 106}, "n = 214 of 320 seeds"),
        ([1.0] * 24, {}, "n = 24"),
        ([1.0, 0.0, 1.0], {"statistic": "share"}, "2 of 3 seeds"),
        ([1.0, 0.0, 1.0], {"statistic": "share", "left_out": 1}, "2 of 3 seeds, 1 left out"),
        ([3.0], {"statistic": "count"}, ""),
    ],
)
def test_seeds_are_named_with_those_left_out(values, more, text):
    assert panels.seeds(Interval("x", 1.0, 0.0, 2.0, 0.01, values, **more)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.99e-5, "1 × 10⁻⁴"), (9.94e-5, "9.9 × 10⁻⁵"), (6e-5, "6 × 10⁻⁵"), (-7.31e-12, "−7.3 × 10⁻¹²"),
        (1e-4, "0.0001"), (0.0, "0"), (math.inf, "∞"), (math.nan, "–"), (1234.5, "1,234"), (0.28749, "0.287"),
    ],
)  # fmt: skip
def test_a_number_is_short(value, text):
    assert panels.short(value) == text


def test_every_magnitude_can_be_shown():
    for value in np.concatenate([sign * 10.0 ** np.linspace(-300, 300, 601) for sign in (1, -1)]):
        assert panels.short(float(value))
