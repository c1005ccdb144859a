"""Rows of text out of a csv or xlsx file, each with the row number a person sees, and all that is wrong.

A cell is text and stays text: no type is guessed. Where a spreadsheet holds a date, a time or a number, it
becomes the text that the contract has for it; a number that lost digits is a problem, not a value. What the
columns mean is not known here.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import singledispatch
from operator import itemgetter
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
from openpyxl.styles.numbers import is_datetime
from openpyxl.utils.exceptions import InvalidFileException

from ekinerja_agent.nouns.errors import Problem
from ekinerja_agent.nouns.messages import Message, as_message

XLSX_MAGIC = b"PK\x03\x04"
XLS_MAGIC = b"\xd0\xcf\x11\xe0"
XLSX_LIMIT_BYTES = 512 * 1024 * 1024
MOST_ROWS, MOST_COLUMNS = 100_000, 200
"""Of a sheet: a row or a cell may name any place, and all places before it would be made up."""
_LAST_ROW = 1_048_576
"""The last that a spreadsheet has: programs that format a whole sheet write empty rows until there."""
"""Most that a workbook may unpack to: about ten times a year of activities of 10,000 people."""

EXACT_DIGITS = 15
"""A spreadsheet keeps this many digits of a number; the others become zeros without a word."""

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_OTHER_SEPARATORS = {"\t": Message("a tab"), "|": Message("a bar (|)")}

_BROKEN_XLSX = (
    # openpyxl has no error of its own for a damaged workbook: whatever its parsers meet comes out as it is.
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    RuntimeError,
    AssertionError,
)

_ANY_DAY = date(2000, 1, 1)

_Grid = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows under the header line, cells in the order of `columns`, which are all that were asked for.

    A cell that is empty, or whose optional column the file does not have, is "". `numbers` are the rows'
    numbers in the file, from 1 (a csv row that spans lines has the number of its first line).
    Rows that are empty throughout are left out. Text is stripped of blanks around it.
    """

    file: str
    columns: tuple[str, ...]
    numbers: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def column(self, name: str) -> list[str]:
        """Given a column's name, return its cells, row by row. Raise ValueError if it is unknown."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


def read_table(
    file: str, content: bytes, *, required: Sequence[str], optional: Sequence[str] = ()
) -> tuple[Table, list[Problem]]:
    """Given a file's name and bytes and the columns it must and may have, return its rows and every problem.

    What the bytes are is told by themselves: a workbook (first sheet), else csv in UTF-8 with comma or
    semicolon as the header line shows. A row with a problem is not among the rows. Raises for no bytes.
    """
    problems: list[Problem] = []
    table = Table(file, (*required, *optional))
    if not content.strip():
        problems.append(
            Problem(
                file,
                0,
                0,
                "",
                Message("the file is empty; allowed: a header row {required}", required=_names(required)),
            )
        )
        return table, problems
    if content.startswith(XLS_MAGIC):
        problems.append(
            Problem(
                file,
                0,
                0,
                "",
                Message("an old Excel file (.xls) or one with a password; save it as .xlsx or CSV UTF-8"),
            )
        )
        return table, problems
    grid = _xlsx_rows if content.startswith(XLSX_MAGIC) else _csv_rows
    _fill(table, required, grid(file, content, problems), problems)
    return table, problems


def _names(columns: Sequence[str]) -> str:
    return ", ".join(columns)


class _NoTextError(Exception):
    """A cell of a workbook has no text in the contract; the message says why and what to do."""


# --- shape: the same for both formats -----------------------------------------------------------------------


def _fill(table: Table, required: Sequence[str], grid: _Grid, problems: list[Problem]) -> None:
    header: list[str] | None = None
    pick = None
    width = 0
    for number, texts in grid:
        cells = [text.strip() for text in texts]
        if not any(cells):
            continue
        if header is None:
            while not cells[-1]:
                cells.pop()
            header, width = cells, len(cells)
            wrong = _header_problems(table, required, number, header)
            problems.extend(wrong)
            pick = None if wrong else _picker(table.columns, header)
            continue
        if len(cells) != width and (len(cells) < width or any(cells[width:])):
            problems.append(
                Problem(
                    table.file,
                    number,
                    0,
                    "",
                    Message("{count} cells; the header row has {width} columns", count=len(cells), width=width),
                )
            )
            continue
        unstorable = _UNSTORABLE.search("".join(cells))
        if unstorable:
            code = ord(unstorable.group())
            problems.append(
                Problem(
                    table.file,
                    number,
                    0,
                    "",
                    Message("the character U+{code} cannot be stored; remove it", code=f"{code:04X}"),
                )
            )
        elif pick is not None:
            table.numbers.append(number)
            table.rows.append(pick(cells))
    if header is None and not problems:
        problems.append(
            Problem(
                table.file, 0, 0, "", Message("no row; allowed: a header row {required}", required=_names(required))
            )
        )


class _Picker:
    """Puts a row's cells into the order that was asked for; a column the file lacks is an empty cell."""

    def __init__(self, places: Sequence[int | None], width: int) -> None:
        self._width = width
        self._get = itemgetter(*(width if place is None else place for place in places), width)

    def __call__(self, cells: list[str]) -> tuple[str, ...]:
        del cells[self._width :]
        cells.append("")
        picked: tuple[str, ...] = self._get(cells)
        return picked[:-1]


def _picker(columns: Sequence[str], header: Sequence[str]) -> _Picker:
    places = {name: place for place, name in enumerate(header)}
    return _Picker([places.get(name) for name in columns], len(header))


def _header_problems(table: Table, required: Sequence[str], number: int, header: Sequence[str]) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    for name in header:
        if name in seen:
            problems.append(Problem(table.file, number, 0, name, Message("this column stands twice; keep one")))
        elif name not in table.columns:
            problems.append(Problem(table.file, number, 0, name, _unknown_column(table.columns, name)))
        seen.add(name)
    problems.extend(
        Problem(table.file, number, 0, name, Message("this column is missing")) for name in required if name not in seen
    )
    return problems


def _unknown_column(columns: Sequence[str], name: str) -> Message:
    if not name:
        return Message("a column without a name; name it or delete it")
    near = difflib.get_close_matches(name.casefold(), columns, n=1)
    if near:
        return Message("unknown column; did you mean {name}? allowed: {allowed}", name=near[0], allowed=_names(columns))
    return Message("unknown column; allowed: {allowed}", allowed=_names(columns))


# --- csv ----------------------------------------------------------------------------------------------------


def _csv_rows(file: str, content: bytes, problems: list[Problem]) -> _Grid:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        problems.append(
            Problem(
                file,
                number,
                0,
                "",
                Message("the byte 0x{byte} is not UTF-8; save the file as CSV UTF-8", byte=f"{byte:02X}"),
            )
        )
        return
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = ";" if ";" in header else ","
    if delimiter not in header:
        for separator, name in _OTHER_SEPARATORS.items():
            if separator in header:
                message = Message(
                    "the columns are separated by {name}; allowed: comma or semicolon. Save the file as CSV UTF-8",
                    name=name,
                )
                problems.append(Problem(file, 1, 0, "", message))
                return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(Problem(file, number, 0, "", _csv_problem(str(error))))
            return
        yield number, cells


def _csv_problem(message: str) -> Message:
    if "unexpected end of data" in message:
        return Message("a quotation mark opens in this row and never closes; the rows after it were not read")
    if "expected after" in message:
        return Message('text stands after a closing quotation mark; a mark inside a quoted cell is written ""')
    return Message("this row cannot be read as csv ({message}); the rows after it were not read", message=message)


# --- xlsx ---------------------------------------------------------------------------------------------------


def _xlsx_rows(file: str, content: bytes, problems: list[Problem]) -> _Grid:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked_bytes = sum(part.file_size for part in archive.infolist())
        if unpacked_bytes > XLSX_LIMIT_BYTES:
            problems.append(
                Problem(
                    file, 0, 0, "", Message("unpacks to {count} bytes; use csv for so many rows", count=unpacked_bytes)
                )
            )
            return
        yield from _sheet_rows(file, content, problems)
    except _TooLargeError as error:
        message = Message(
            "the first sheet goes beyond {rows} rows or {columns} columns; delete what is outside of the table, or use "
            "csv for more rows",
            rows=MOST_ROWS,
            columns=MOST_COLUMNS,
        )
        problems.append(Problem(file, error.row, 0, "", message))
    except _BROKEN_XLSX as error:
        message = Message(
            "not a readable xlsx workbook ({kind}: {error}); save it again, or as CSV UTF-8",
            kind=type(error).__name__,
            error=error,
        )
        problems.append(Problem(file, 0, 0, "", message))


def _sheet_rows(file: str, content: bytes, problems: list[Problem]) -> _Grid:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        if not workbook.worksheets:
            problems.append(Problem(file, 0, 0, "", Message("the workbook has no sheet with cells")))
            return
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong size, and rows beyond it would be lost
        formulas = _formulas(content)
        header: list[str] = []
        for number, row in _bounded(sheet.iter_rows()):
            cells = []
            wrong = []
            for place, cell in enumerate(row):
                try:
                    cells.append(_cell_text(cell, computed=(number, place) not in formulas))
                except _NoTextError as problem:
                    wrong.append(Problem(file, number, 0, _name_at(header, place), as_message(problem)))
            if wrong:
                problems.extend(wrong)
                continue
            if not header:
                header = cells
            cells.extend("" for _ in range(len(header) - len(cells)))
            yield number, cells
    finally:
        workbook.close()


class _TooLargeError(Exception):
    """A sheet holds something where no table of ours reaches, in this row."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


_Cells = Sequence[ReadOnlyCell | EmptyCell]


def _bounded(rows: Iterable[_Cells]) -> Iterator[tuple[int, _Cells]]:
    """The rows of a sheet that may hold a table, with their numbers. Raise _TooLargeError if there is more."""
    cells = 0
    for number, row in enumerate(rows, start=1):
        cells += len(row)
        outside = row if number > MOST_ROWS else row[MOST_COLUMNS:]
        if number > _LAST_ROW or cells > MOST_ROWS * MOST_COLUMNS or any(cell.value is not None for cell in outside):
            raise _TooLargeError(number)
        if number <= MOST_ROWS:
            yield number, row[:MOST_COLUMNS]


def _name_at(header: Sequence[str], place: int) -> str:
    return header[place] if place < len(header) and header[place] else Message("column {place}", place=place + 1)


def _formulas(content: bytes) -> set[tuple[int, int]]:
    """Cells of the first sheet that hold a formula, by row number and place: a result may be missing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        if not any(re.search(rb"<(\w+:)?f[ >/]", archive.read(name)) for name in sheets):
            return set()
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    try:
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()
        return {
            (number, place)
            for number, row in _bounded(sheet.iter_rows())
            for place, cell in enumerate(row)
            if cell.data_type == "f"
        }
    finally:
        workbook.close()


def _cell_text(cell: ReadOnlyCell | EmptyCell, *, computed: bool) -> str:
    """Given a cell, return the contract's text for it. Raise _NoTextError if it has none."""
    value = cell.value
    if value is None:
        if not computed:
            raise _NoTextError(Message("a formula without a result; open and save the file in a spreadsheet"))
        return ""
    if cell.data_type == "e":
        raise _NoTextError(Message("the cell shows the error {value}; mend its formula", value=value))
    if isinstance(value, datetime) and is_datetime(cell.number_format) != "date":
        return _to_second(value).isoformat(sep=" ")
    return _text(value)


@singledispatch
def _text(value: object) -> str:
    return str(value)


@_text.register
def _(value: bool) -> str:
    return str(value).upper()


@_text.register(int)
@_text.register(float)
def _(value: float) -> str:
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    text = str(int(value))
    if len(text.lstrip("-")) > EXACT_DIGITS:
        raise _NoTextError(
            Message(
                "a number of {count} digits, of which a spreadsheet keeps only {kept}; format the column as text "
                "and enter the cell again",
                count=len(text),
                kept=EXACT_DIGITS,
            )
        )
    return text


@_text.register
def _(value: datetime) -> str:
    value = _to_second(value)
    return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")


@_text.register
def _(value: date) -> str:
    return value.isoformat()


@_text.register
def _(value: time) -> str:
    return _to_second(datetime.combine(_ANY_DAY, value)).time().isoformat()


@_text.register
def _(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    if not 0 <= seconds < 24 * 3600:
        raise _NoTextError(Message("{value} is no time of a day; allowed: 00:00:00 to 23:59:59", value=value))
    return (datetime.combine(_ANY_DAY, time()) + timedelta(seconds=seconds)).time().isoformat()


def _to_second(value: datetime) -> datetime:
    """A spreadsheet keeps a time as a fraction of a day, which is seldom a whole second by itself."""
    return (value + timedelta(microseconds=500_000)).replace(microsecond=0)
