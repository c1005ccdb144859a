"""Table files: what a person typed arrives as text, or as a problem with its row number."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ekinerja_agent.files.table_file import XLSX_MAGIC, Table, read_table
from ekinerja_agent.nouns.errors import Problem

REQUIRED = ("nip", "name")
OPTIONAL = ("unit", "from")


def read(content: str | bytes) -> tuple[Table, list[Problem]]:
    raw = content.encode() if isinstance(content, str) else content
    return read_table("people.csv", raw, required=REQUIRED, optional=OPTIONAL)


def told(content: str | bytes) -> list[str]:
    return [str(problem) for problem in read(content)[1]]


def workbook(*rows: tuple[object, ...], formats: dict[str, str] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for place, number_format in (formats or {}).items():
        sheet[place].number_format = number_format
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_comma_semicolon_bom_crlf_and_workbook_give_the_same_rows() -> None:
    rows = [("nip", "from", "name"), ("0123", "2026-09-01", "Siti; Nur, S.E."), ("456", "", 'Budi "Bud"')]

    def as_csv(delimiter: str, ending: str) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator=ending).writerows(rows)
        return out.getvalue()

    expected = [("0123", "Siti; Nur, S.E.", "", "2026-09-01"), ("456", 'Budi "Bud"', "", "")]
    contents = [
        as_csv(",", "\n"),
        as_csv(";", "\r\n"),
        b"\xef\xbb\xbf" + as_csv(";", "\n").encode(),
        workbook(*rows),
        workbook(rows[0], ("0123", date(2026, 9, 1), rows[1][2]), (456, None, rows[2][2])),
    ]
    for content in contents:
        table, problems = read(content)
        assert (table.rows, table.numbers, problems) == (expected, [2, 3], [])
    assert table.column("from") == ["2026-09-01", ""]


def test_a_row_keeps_the_number_of_its_line_over_empty_and_long_rows() -> None:
    table, problems = read('\nnip,name\n1,"two\nlines"\n,\n\n2,Ani\n')
    assert table.rows == [("1", "two\nlines", "", ""), ("2", "Ani", "", "")]
    assert table.numbers == [3, 7]
    assert problems == []


def test_columns_without_a_name_may_trail_as_long_as_they_are_empty() -> None:
    table, problems = read("nip;name;;\n1;Ani;;\n2;Budi;;stray\n")
    assert table.rows == [("1", "Ani", "", "")]
    assert [str(p) for p in problems] == ["people.csv:3: 4 cells; the header row has 2 columns"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "people.csv: the file is empty; allowed: a header row nip, name"),
        (" \n\n", "people.csv: the file is empty; allowed: a header row nip, name"),
        (",,\n", "people.csv: no row; allowed: a header row nip, name"),
        ("nip\n1\n", "people.csv:1: name: this column is missing"),
        ("nip,nip,name\n", "people.csv:1: nip: this column stands twice; keep one"),
        (
            "nip,name,Unti\n",
            "people.csv:1: Unti: unknown column; did you mean unit? allowed: nip, name, unit, from",
        ),
        ("nip,,name\n", "people.csv:1: a column without a name; name it or delete it"),
        ("nip,name\n1\n", "people.csv:2: 1 cells; the header row has 2 columns"),
        ("nip,name\n1,2,3\n", "people.csv:2: 3 cells; the header row has 2 columns"),
        ("nip,name\n1,a\0b\n", "people.csv:2: the character U+0000 cannot be stored; remove it"),
        (
            b"nip,name\n1,Andr\xe9\n",
            "people.csv:2: the byte 0xE9 is not UTF-8; save the file as CSV UTF-8",
        ),
        (
            'nip,name\n1,"Ani\n2,Budi\n',
            ("people.csv:2: a quotation mark opens in this row and never closes; the rows after it were not read"),
        ),
        (
            'nip,name\n1,"Ani" x\n',
            ('people.csv:2: text stands after a closing quotation mark; a mark inside a quoted cell is written ""'),
        ),
        (
            "nip,name\n1," + "x" * 200_000,
            (
                "people.csv:2: this row cannot be read as csv (field larger than field limit (131072)); "
                "the rows after it were not read"
            ),
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "people.csv: an old Excel file (.xls) or one with a password; save it as .xlsx or CSV UTF-8",
        ),
    ],
)
def test_each_malformed_file_is_told_with_its_row(content: str | bytes, problem: str) -> None:
    assert told(content) == [problem]


def test_all_problems_are_told_and_the_good_rows_remain() -> None:
    table, problems = read("nip,name\n1\n2,Ani\n3,\x1b[31m\n4,5,6\n")
    assert [p.line for p in problems] == [2, 4, 5]
    assert table.rows == [("2", "Ani", "", "")]


def test_a_long_number_in_a_workbook_is_a_problem_that_says_what_to_do() -> None:
    table, problems = read(workbook(("nip", "name"), (199001012015011001, "Ani"), ("199001012015011001", "Budi")))
    assert table.numbers == [3]
    assert [str(p) for p in problems] == [
        (
            "people.csv:2: nip: a number of 18 digits, of which a spreadsheet keeps only 15; "
            "format the column as text and enter the cell again"
        )
    ]


def test_dates_times_and_numbers_of_a_workbook_become_the_text_of_the_contract() -> None:
    cells = [
        (date(2026, 9, 7), "2026-09-07"),
        (datetime(2026, 9, 7, 7, 30), "2026-09-07 07:30:00"),
        (time(7, 30), "07:30:00"),
        (timedelta(hours=16, minutes=5), "16:05:00"),
        (4_000_000, "4000000"),
        (4_000_000.0, "4000000"),
        (12.5, "12.5"),
        ("0123", "0123"),
        (True, "TRUE"),
    ]
    table, problems = read(workbook(("nip", "name"), *((n, cell) for n, (cell, _) in enumerate(cells))))
    assert problems == []
    assert table.column("name") == [text for _, text in cells]


def test_midnight_of_a_clock_stays_a_clock() -> None:
    midnight = datetime(2026, 9, 7)
    rows = (("nip", "name"), ("1", midnight), ("2", midnight))
    table, _ = read(workbook(*rows, formats={"B2": "yyyy-mm-dd hh:mm:ss", "B3": "yyyy-mm-dd"}))
    assert table.column("name") == ["2026-09-07 00:00:00", "2026-09-07"]


def test_a_time_of_a_workbook_is_rounded_to_its_second() -> None:
    table, _ = read(workbook(("nip", "name"), ("1", 8 / 24 - 1e-9), formats={"B2": "hh:mm:ss"}))
    assert table.column("name") == ["08:00:00"]


def test_a_formula_without_a_result_and_an_error_cell_are_problems() -> None:
    table, problems = read(workbook(("nip", "name"), ("1", "=A2"), ("2", "#REF!"), ("3", "Ani")))
    assert table.numbers == [4]
    assert [str(p) for p in problems] == [
        "people.csv:2: name: a formula without a result; open and save the file in a spreadsheet",
        "people.csv:3: name: the cell shows the error #REF!; mend its formula",
    ]


def test_a_damaged_workbook_is_a_problem() -> None:
    whole = workbook(("nip", "name"), ("1", "Ani"))
    (problem,) = told(whole[: len(whole) // 2])
    assert problem.startswith("people.csv: not a readable xlsx workbook (BadZipFile")


@given(st.binary() | st.text().map(str.encode) | st.binary().map(XLSX_MAGIC.__add__))
def test_any_bytes_give_rows_or_problems(content: bytes) -> None:
    table, problems = read(content)
    assert problems or table.columns == REQUIRED + OPTIONAL
    assert len(table.numbers) == len(table.rows)


SMALL = workbook(("nip", "name"), ("1", "Ani"), (2, date(2026, 9, 7)), ("3", "=A2"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_damage_to_a_workbook_gives_rows_or_problems(damage: list[tuple[int, int]]) -> None:
    content = bytearray(SMALL)
    for place, byte in damage:
        content[place] = byte
    table, problems = read(bytes(content))
    assert problems or table.rows is not None


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)


@given(st.lists(st.tuples(CELL, CELL).filter(any), max_size=8), st.sampled_from(",;"))
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([REQUIRED, *rows])
    table, problems = read(out.getvalue())
    assert problems == []
    assert [row[:2] for row in table.rows] == rows
