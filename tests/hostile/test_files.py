"""What a file from somebody's laptop does to who reads it."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from ekinerja_agent.files.table_file import MOST_ROWS, read_table

SHEET = "xl/worksheets/sheet1.xml"


def workbook(*changes: tuple[bytes, bytes], cells: dict[str, str] | None = None) -> bytes:
    """A workbook with a table of one row, some more cells, and its sheet changed byte by byte."""
    book = openpyxl.Workbook()
    for place, text in ({"A1": "code", "B1": "name", "A2": "D", "B2": "Dinas"} | (cells or {})).items():
        book.active[place] = text
    saved, changed = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            for before, after in changes if part == SHEET else ():
                assert before in content
                content = content.replace(before, after)
            new.writestr(part, content)
    return changed.getvalue()


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (workbook((b'<row r="2"', b'<row r="999999999999"')), 1_048_577),
        (workbook(cells={f"A{MOST_ROWS + 1}": "x"}), MOST_ROWS + 1),
        (workbook(cells={"GS2": "x"}), 2),
    ],
    ids=["a row of any number", "a row too many", "a column too many"],
)
def test_t29_a_sheet_that_goes_on_without_end_is_refused_with_its_row(content: bytes, row: int) -> None:
    """Before: all rows up to the number were made up, for ever."""
    table, problems = read_table("units.xlsx", content, required=["code"], optional=["name"])
    assert [(problem.line, problem.message.partition(";")[0]) for problem in problems] == [
        (row, "the first sheet goes beyond 100000 rows or 200 columns")
    ]
    assert len(table.rows) <= 1


def test_rows_and_cells_without_a_value_to_the_end_of_a_sheet_are_none() -> None:
    empty = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    table, problems = read_table("units.xlsx", workbook((b"</sheetData>", empty)), required=["code"], optional=["name"])
    assert (table.rows, problems) == ([("D", "Dinas")], [])
