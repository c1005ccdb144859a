"""A chart can be heard, printed and trusted: no script, and lengths that can be compared."""

from __future__ import annotations

import sys
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from ekinerja_agent.reports.charts import Chart, columns, rows

SVG = "{http://www.w3.org/2000/svg}"
Draw = Callable[[Chart], Markup]


def a_chart(labels: list[str], values: list[float]) -> Chart:
    return Chart("late", "Late <b>", "One bar & more", labels, values, lambda value: f"{value:g} min")


def bars(svg: ET.Element) -> list[tuple[float, float]]:
    """Position and length of each bar's rectangle as (x, width) of a lying or (x, height) of an upright chart."""
    return [
        (float(bar.attrib["x"]), float(bar.attrib["height"]))
        for bar in svg.iter(f"{SVG}rect")
        if "reactive" in bar.get("class", "")
    ]


@pytest.mark.parametrize("draw", [columns, rows])
def test_a_chart_has_a_title_a_description_and_no_script(draw: Draw) -> None:
    svg = ET.fromstring(draw(a_chart(["TL1", "</text><script>"], [3, 4])))  # noqa: S314  # our own drawing
    title, description = svg[0], svg[1]
    assert (title.tag, title.text) == (f"{SVG}title", "Late <b>")
    assert (description.tag, description.text) == (f"{SVG}desc", "One bar & more")
    assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    tags = {element.tag.removeprefix(SVG) for element in svg.iter()}
    assert tags <= {"svg", "title", "desc", "g", "rect", "text", "path"}
    texts = [element.text for element in svg.iter(f"{SVG}text")]
    assert {"TL1", "</text><script>", "3 min", "4 min"} <= set(texts)


def test_twice_as_much_is_twice_as_high() -> None:
    (_, first), (_, second) = bars(ET.fromstring(columns(a_chart(["a", "b"], [100, 200]))))  # noqa: S314
    assert second == pytest.approx(2 * first)


def test_the_first_row_is_on_top() -> None:
    svg = ET.fromstring(rows(a_chart(["first", "second"], [1, 2])))  # noqa: S314
    height = {text.text: float(text.attrib["y"]) for text in svg.iter(f"{SVG}text")}
    assert height["first"] < height["second"]
    assert height["1 min"] < height["2 min"]


@pytest.mark.parametrize("draw", [columns, rows])
def test_nothing_but_zeros_can_be_drawn(draw: Draw) -> None:
    svg = ET.fromstring(draw(a_chart(["a", "b"], [0, 0])))  # noqa: S314
    assert [text.text for text in svg.iter(f"{SVG}text")].count("0 min") == 2


@pytest.mark.parametrize("draw", [columns, rows])
def test_a_chart_of_nothing_is_still_a_chart(draw: Draw) -> None:
    svg = ET.fromstring(draw(a_chart([], [])))  # noqa: S314
    assert svg.get("role") == "img"


def test_the_drawing_library_leaves_later_imports_alone() -> None:
    kinds = {type(finder).__module__ for finder in sys.meta_path}
    assert not any(kind.startswith("pygal") for kind in kinds)
