"""A report as an xlsx workbook: one sheet for each table, with numbers that can be computed with.

Promises that no text becomes a formula, however it begins, and that percentages and rupiah are exact numbers. Headers
stay in view and have filters. The first sheet says what the report is of. Does not know what is counted.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from ekinerja_agent.files.foreign_text import STARTS_A_FORMULA
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.reports.document import WITHHELD, WITHHELD_SIGN, Cell, Column, Document, Kind, Table

NUMBER_FORMATS: dict[Kind, str] = {
    "whole": "#,##0",
    "percent": "0.00##%",
    "points": "+0.00##;-0.00##;0.00",
    "number": "0.00##",
    "rupiah": "#,##0",
    "day": "yyyy-mm-dd",
    "date": "yyyy-mm-dd",
}

_LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST_TEXT = 32_767  # characters in a cell
_A4 = 9  # of the paper sizes in ECMA-376 18.3.1.63
_NARROWEST, _WIDEST = 9, 60  # characters
_BOLD = Font(bold=True)
_HEADER_FILL = PatternFill("solid", fgColor="DCE6EB")
_HEADER_ALIGNMENT = Alignment(wrap_text=True, vertical="top")


def as_xlsx(document: Document, written: Formats) -> bytes:
    """Given a document and its language, return the workbook's bytes."""
    with _book(f"{document.title}, {document.period}") as book:
        _about(book, document, written)
        names = {_sheet_name(written.words.gettext("About"), set())}
        for table in document.tables:
            name = _sheet_name(table.title, names)
            names.add(name)
            _sheet(book.create_sheet(name), table)
        return _bytes(book)


def table_as_xlsx(table: Table) -> bytes:
    """Given a table, return the bytes of a workbook that holds it alone, for programs that look at the first sheet."""
    with _book(table.title) as book:
        _sheet(book.create_sheet(_sheet_name(table.title, set())), table)
        return _bytes(book)


@contextmanager
def _book(title: str) -> Iterator[Workbook]:
    """A workbook whose sheets go through files of openpyxl's own: a disk without room for these is told of once."""
    book = Workbook(write_only=True)
    book.properties.creator = "ekinerja-agent"
    book.properties.title = title
    book.properties.created = book.properties.modified = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    try:
        yield book
    except OSError:
        for sheet in book.worksheets:
            for writing in (sheet._rows, sheet._writer and sheet._writer.xf):  # noqa: SLF001 - else Python ends them later
                with suppress(Exception):
                    writing.close()
        raise


def _bytes(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _about(book: Workbook, document: Document, written: Formats) -> None:
    sheet = book.create_sheet(_sheet_name(written.words.gettext("About"), set()))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 40, 60
    sheet.append([_cell(sheet, document.title, "text", bold=True)])
    sheet.append([_cell(sheet, document.period, "text", bold=True)])
    sheet.append([])
    rows: list[tuple[str, Cell, Kind]] = [(label, text, "text") for label, text in document.facts]
    rows += [(notice.strong, notice.text, "text") for notice in document.notices]
    rows += [(figure.label, figure.value, figure.kind) for figure in document.figures]
    rows += [(section.title, paragraph, "text") for section in document.sections for paragraph in section.paragraphs]
    for label, value, kind in rows:
        sheet.append([_cell(sheet, label, "text", bold=True), _cell(sheet, value, kind, wrap=True)])


def _sheet(sheet: Any, table: Table) -> None:
    last = get_column_letter(len(table.columns))
    for place, column in enumerate(table.columns):
        sheet.column_dimensions[get_column_letter(place + 1)].width = _width(column, (row[place] for row in table.rows))
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{last}{len(table.rows) + 1}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.append(list(_headers(sheet, table.columns)))
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        sheet.append([_cell(sheet, cell, kind) for cell, kind in zip(row, kinds, strict=True)])


def _headers(sheet: Any, columns: Sequence[Column]) -> Iterator[Any]:
    for column in columns:
        cell = _cell(sheet, column.heading, "text", bold=True)
        cell.fill, cell.alignment = _HEADER_FILL, _HEADER_ALIGNMENT
        yield cell


def _cell(sheet: Any, value: Cell, kind: Kind, *, bold: bool = False, wrap: bool = False) -> Any:
    """A cell of the kind; of a text it is said that it is one, which no first letter can change."""
    if value is WITHHELD:
        value, kind = WITHHELD_SIGN, "text"
    if value is None:
        return None
    cell = WriteOnlyCell(sheet)
    if kind == "text":
        text = _NOT_IN_XML.sub("�", str(value))[:_LONGEST_TEXT]
        cell.value = text
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(STARTS_A_FORMULA)
    elif kind == "percent":
        cell.value = Decimal(str(value)) / 100
    elif kind in {"points", "number"}:
        cell.value = Decimal(str(value))
    else:
        cell.value = value
    if kind in NUMBER_FORMATS:
        cell.number_format = NUMBER_FORMATS[kind]
    if bold:
        cell.font = _BOLD
    if wrap:
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
    return cell


def _width(column: Column, cells: Iterable[Cell]) -> int:
    longest = max((len(_shown(cell)) for cell in cells), default=0) + 2
    heading = max(map(len, column.heading.split()), default=0) + 4  # the filter's arrow
    return min(max(longest, heading, _NARROWEST), _WIDEST)


def _shown(cell: Cell) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    return cell.isoformat() if isinstance(cell, date) else str(cell or "")


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name that spreadsheets allow and that no other sheet has."""
    plain = _NOT_IN_SHEET_NAME.sub(" ", title).strip(" '")
    folded = {name.casefold() for name in taken}
    name, number = plain[:_LONGEST_SHEET_NAME], 2
    while name.casefold() in folded:
        mark = f" {number}"
        name, number = plain[: _LONGEST_SHEET_NAME - len(mark)] + mark, number + 1
    return name
