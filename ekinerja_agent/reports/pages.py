"""A report as one HTML file that an office can open anywhere, print on A4 and file.

Promises that everything people wrote is escaped, and that the file needs no network and no script. Does not know what
is counted.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ekinerja_agent import __version__
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.reports import charts
from ekinerja_agent.reports.codes import meaning
from ekinerja_agent.reports.document import WITHHELD, WITHHELD_SIGN, Cell, Column, Document, Kind, Picture, Table
from ekinerja_agent.reports.figures import two_decimals
from ekinerja_agent.scoring.frames.exact import percent_text

_HERE = Path(__file__).parent


def as_page(document: Document, written: Formats) -> str:
    """Given a document and its language, return the page as HTML text."""
    return (
        environment(written)
        .get_template("report.html.j2")
        .render(document=document, **page_parts(written), **document_parts(written))
    )


def page_parts(written: Formats) -> dict[str, object]:
    """Given a language, return what the layout of every page needs: lang, version, css."""
    return {"lang": written.lang, "version": __version__, "css": Markup(style_sheet())}  # noqa: S704 ours


def document_parts(written: Formats) -> dict[str, object]:
    """Given a language, return what report.html.j2 needs beside the document, in whatever frame it stands.

    `address` gives the page that a row of a table leads to; here none does.
    """
    return {
        "draw": _draw,
        "places": _places,
        "cell": partial(_written, written),
        "address": lambda _table, _row: None,
    }


def style_sheet() -> str:
    """Return the style of every page and chart."""
    return (_HERE / "page.css").read_text(encoding="utf-8") + charts.CHART_CSS


def environment(written: Formats, *templates: Path) -> Environment:
    """Given a language, return Jinja2 with its words and its forms of numbers and dates as filters.

    `templates` are directories that are looked into before that of the reports.
    """
    jinja = Environment(
        loader=FileSystemLoader([*templates, _HERE / "templates"]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.policies["ext.i18n.trimmed"] = True
    jinja.install_gettext_translations(written.words, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    jinja.filters.update(
        spoken=written.said,
        whole=written.whole,
        rupiah=written.rupiah,
        percent=written.percent,
        ppm=lambda ppm: written.percent(percent_text(ppm)),
        month=written.month,
        short_day=written.short_day,
        instant=written.instant,
        weekday=written.weekday,
        day=written.day,
        meaning=partial(meaning, words=written.words),
    )
    return jinja


def _draw(picture: Picture) -> Markup:
    return charts.columns(picture.chart) if picture.form == "columns" else charts.rows(picture.chart)


def _places(table: Table) -> tuple[list[tuple[int, Column]], list[tuple[int, Column]]]:
    """Given a table, return its columns with their places: those that are columns on a page, and those beneath."""
    placed = list(enumerate(table.columns))
    return [one for one in placed if not one[1].beneath], [one for one in placed if one[1].beneath]


def _written(written: Formats, value: Cell, kind: Kind, *, large: bool = False) -> str:
    """Given a cell, return how people of the language write it; `large`: as a figure that stands alone."""
    if value is None or value is WITHHELD:
        return "–" if value is None else WITHHELD_SIGN
    if kind == "percent" and large:
        return written.percent(two_decimals(Fraction(str(value))))
    exact = {"percent": written.percent, "points": written.signed, "number": written.decimal}.get(kind)
    if exact is not None:
        return exact(str(value))
    if isinstance(value, date):
        return written.short_day(value) if kind == "day" else written.day(value)
    if isinstance(value, int):
        return written.rupiah(value) if kind == "rupiah" and large else written.whole(value)
    return str(value)
