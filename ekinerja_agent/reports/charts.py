"""Bar charts as inline SVG: no script, no network, a title and a description for those who cannot see them.

Promises the same bytes for the same bars. Every chart stands beside a table with its numbers. Does not know what the
bars count. One colour and the value at the bar: a chart must survive a black-and-white printer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from markupsafe import Markup
from pygal import Bar, HorizontalBar, PluginImportFixer
from pygal.etree import etree as pygal_tree
from pygal.style import Style

# pygal leaves a finder for its map plugins, of a kind that Python 3.11 warns of at every later import and 3.12 ignores.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PluginImportFixer)]

INK = "#1b2733"
BAR_COLOUR = "#1f5f7a"

CHART_WIDTH = 480  # user units; the page scales the drawing to the width it has
CHART_HEIGHT = 270
ROW_HEIGHT = 34
AXIS_HEIGHT = 60
LABEL_LETTERS = 24
ROOM_ABOVE, ROOM_BESIDE = 1.15, 1.4  # of the longest bar: for a number above, or one such as 98,7654% beside it
MOST_ROWS = 20
"""More lying bars do not fit on a page; the table beside the chart always has every row."""

# pygal only measures with these; how a chart looks is in CHART_CSS, once for all charts of a page.
_FONT_SIZE = 15
_MEASURES = Style(label_font_size=_FONT_SIZE, major_label_font_size=_FONT_SIZE, value_font_size=_FONT_SIZE)

CHART_CSS = f"""
.pygal-chart {{ display: block; width: 100%; height: auto; font-family: inherit; }}
.pygal-chart text {{ fill: {INK}; font-size: {_FONT_SIZE}px; }}
.pygal-chart .background {{ fill: none; }}
.pygal-chart .bar rect {{ fill: {BAR_COLOUR}; }}
.pygal-chart .line {{ stroke: none; fill: none; }}
.pygal-chart .axis.x text {{ text-anchor: middle; }}
.pygal-chart .axis.y text {{ text-anchor: end; }}
.pygal-chart .horizontalbar-graph .value {{ text-anchor: start; }}
"""
"""The style of every chart; a page that shows charts has it in its style sheet."""

_NOT_DRAWN = {"defs", "title", "desc"}
_FOR_SCRIPTS = {"tooltip-overlay", "overlay"}


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. `name` is unique on its page; `written` turns a bar's value into the text at the bar."""

    name: str
    title: str
    description: str
    labels: Sequence[str]
    values: Sequence[float]
    written: Callable[[float], str]


def columns(chart: Chart) -> Markup:
    """Given a chart, return its SVG with one upright bar for each label."""
    return _draw(chart, Bar, height=CHART_HEIGHT, value_range=_range(chart, ROOM_ABOVE))


def rows(chart: Chart) -> Markup:
    """Given a chart, return its SVG with one lying bar for each label, the first one on top."""
    upside_down = Chart(
        chart.name,
        chart.title,
        chart.description,
        [_cut(label) for label in reversed(chart.labels)],
        list(reversed(chart.values)),
        chart.written,
    )
    height = AXIS_HEIGHT + ROW_HEIGHT * len(chart.labels)
    return _draw(upside_down, HorizontalBar, height=height, value_range=_range(chart, ROOM_BESIDE))


def _range(chart: Chart, room: float) -> tuple[float, float]:
    """The axis starts at zero always, so that lengths can be compared, and leaves room for the number at the bar."""
    return (0, max(max(chart.values, default=0) * room, 1))


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_LETTERS else f"{label[: LABEL_LETTERS - 1]}…"


def _draw(
    chart: Chart, kind: type[Bar] | type[HorizontalBar], *, height: int, value_range: tuple[float, float]
) -> Markup:
    pygal_tree.to_etree()  # else the drawing is another library's tree wherever lxml happens to be installed
    drawing = kind(
        width=CHART_WIDTH,
        height=height,
        range=value_range,
        style=_MEASURES,
        js=[],
        show_legend=False,
        print_values=True,
        print_values_position="top",
        formatter=chart.written,
        margin=6,
        spacing=8,
        show_y_labels=kind is HorizontalBar,
        show_x_labels=kind is Bar,
        truncate_label=-1,
    )
    drawing.uuid = chart.name
    drawing.x_labels = list(chart.labels)
    drawing.add(chart.title, list(chart.values))
    return _accessible(drawing.render_tree(), chart)


def _accessible(svg: ET.Element, chart: Chart) -> Markup:
    """Given pygal's drawing, return it without its own style and what only scripts use, and with words for the ear."""
    for parent in list(svg.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in _NOT_DRAWN or _is_for_scripts(child):
                parent.remove(child)
    heading = ET.Element("title", id=f"{chart.name}-title")
    heading.text = chart.title
    description = ET.Element("desc", id=f"{chart.name}-desc")
    description.text = chart.description
    svg.insert(0, heading)
    svg.insert(1, description)
    svg.set("role", "img")
    svg.set("aria-labelledby", f"{chart.name}-title {chart.name}-desc")
    # ElementTree escapes every label and title, so the text is safe to stand in the page.
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704


def _is_for_scripts(element: ET.Element) -> bool:
    return not _FOR_SCRIPTS.isdisjoint(element.get("class", "").split())
