"""The drawing of an interval: axes that hold every number, ticks that can be read, the region where it is."""

import math
import xml.etree.ElementTree as ElementTree

import pytest
from ontrial.publish.axes import axis

from ontrial.publish import closing, panels, strips
from tests.publish.planted import everything, evidence, record, summary, whole


def held_against(values, low, high, verdict, region, **more):
    found = evidence("steps", values or [0.0], low, high, verdict, region) | {"values": values} | more
    [claim] = summary(whole(record("F3", verdict, evidence=[found]))).claims
    return claim.shown[0].evidence[0]


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([1, 2, 3], "linear"),
        ([-1, 2, 3], "linear"),
        ([1e-6, 1e-3, 1], "log"),
        ([-300, -0.1, 0.1, 0.2], "asinh"),
        ([5, 5, 5], "linear"),
        ([0, 0], "linear"),
        ([math.inf, math.inf], "linear"),
        ([1, 2, math.inf], "linear"),
    ],
)
def test_every_number_has_its_place_in_order(numbers, kind):
    found = axis(numbers)
    assert found.kind == kind
    places = [found.at(value) for value in sorted(numbers)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    assert len(set(places)) == len(set(numbers))


def test_an_axis_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one number"):
        axis([])


@pytest.mark.parametrize(
    "numbers", [[0.945, 0.97], [3, 1700], [1e-6, 10], [1e-6, 1e6], [-400, 0.1, 0.2, 3], [-1, 1, math.inf]]
)
def test_ticks_are_few_apart_and_name_the_border(numbers):
    border = sorted(numbers)[1] * 1.01
    ticks = axis(numbers, [border]).ticks([border])
    assert 2 <= len(ticks) <= 8
    assert [tick[2] for tick in ticks].count(True) == 1
    places = [place for place, _, _ in ticks]
    assert all(above - below >= 13 for below, above in zip(places, places[1:], strict=False))


def test_infinity_has_a_lane_of_its_own_beyond_the_finite_numbers():
    found = axis([1, 2, math.inf])
    assert found.at(2) < found.ends[1] < found.at(math.inf) < 100
    assert "∞" in [label for _, label, _ in found.ticks()]
    assert axis([1, 2]).at(math.inf) == 100


def dots(root):
    return sum(path.get("d").count("h0") for path in root.iter("path"))


def test_hundreds_of_seeds_take_little_room_and_those_in_one_place_are_one_dot():
    spread = [float(value) for value in range(320)]
    drawn = held_against(spread, 100.0, 200.0, "holds", {"high": 400})
    text = strips.strip(drawn, strips.common_axis([drawn]), "x")
    assert dots(ElementTree.fromstring(text)) == 320
    assert len(text) < 12 * 320 + 1500
    same = held_against([1.0] * 320, 1.0, 1.0, "holds", {"high": 4})
    assert dots(ElementTree.fromstring(strips.strip(same, strips.common_axis([same]), "x"))) == 7


def test_the_estimate_of_no_seeds_is_drawn_nowhere():
    drawn = held_against([], "-inf", "inf", "inconclusive", {"high": 1}, estimate="nan")
    root = ElementTree.fromstring(strips.strip(drawn, strips.common_axis([drawn]), "x"))
    assert root.findall("line[@class='tick']") == []
    assert "estimate –" in root.get("aria-label")


def test_a_strip_has_a_dot_a_seed_and_says_what_it_shows():
    drawn = held_against([1.0, 2.0, 3.0, "inf"], 1.0, "inf", "inconclusive", {"high": 2.5})
    text = strips.strip(drawn, strips.common_axis([drawn]), "deep <net>")
    root = ElementTree.fromstring(text)
    assert dots(root) == 4
    label = "estimate 2.5, interval 1 to ∞, across the border of the region ≤ 2.5; seeds from 1 to ∞"
    assert root.get("aria-label") == f"deep <net>: {label}"


def test_the_runs_behind_a_correlation_are_no_dots_on_its_axis():
    drawn = held_against([5.0, 6.0, 7.0], -0.9, -0.5, "holds", {"high": 0}, estimate=-0.7, statistic="correlation")
    text = strips.strip(drawn, strips.common_axis([drawn]), "Spearman")
    assert dots(ElementTree.fromstring(text)) == 0


def test_the_shade_is_where_the_claim_holds():
    drawn = held_against([1.0, 2.0, 3.0], 1.0, 3.0, "holds", {"low": 0, "high": 4})
    on = strips.common_axis([drawn])
    region = ElementTree.fromstring(strips.strip(drawn, on, "x")).find("rect[@class='region']")
    assert float(region.get("x").rstrip("%")) == on.at(0)
    assert float(region.get("width").rstrip("%")) == pytest.approx(on.at(4) - on.at(0), abs=0.01)


def test_how_an_interval_closed_in_has_a_row_a_look_up_to_the_one_that_decided():
    claims = {claim.id: claim for claim in summary(everything()).claims}
    [found] = closing.closings(claims["M10"])
    assert [(seeds, seen.high) for seeds, seen in found.seen] == [(16, 30.0), (24, 21.0), (32, 8.0)]
    assert found.end == "decided at 32 seeds", "the other condition was decided at its first look"
    root = ElementTree.fromstring(closing.drawing(found))
    assert [group.get("class") for group in root.findall("g")] == ["inconclusive", "inconclusive", "holds"]
    [border] = root.findall("line[@class='border']")
    assert border.get("x1") == f"{found.axis.at(20)}%"
    assert float(root.find("g/rect").get("x").rstrip("%")) == 0, "an end that is infinite runs out of the drawing"
    [still_open] = closing.closings(claims["I1"])
    assert still_open.end == "open at 32 seeds"
    assert closing.closings(claims["F2"]) == []


def test_every_planted_claim_can_be_drawn():
    for claim in summary(everything()).claims:
        for panel in panels.of(claim):
            ElementTree.fromstring(strips.ruler(panel.region, panel.axis))
            for judged, found in panel.rows:
                ElementTree.fromstring(strips.strip(found, panel.axis, judged.case))
