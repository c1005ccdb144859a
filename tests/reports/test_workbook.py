"""A workbook and a csv file hold what a document says, and nothing of it is run by a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekinerja_agent.files.foreign_text import shown_not_run
from ekinerja_agent.locale.formats import Formats
from ekinerja_agent.reports.document import WITHHELD, Column, Document, Figure, Kind, Section, Table
from ekinerja_agent.reports.pages import as_page
from ekinerja_agent.reports.plain import as_csv
from ekinerja_agent.reports.workbook import as_xlsx
from tests.proof.pages import Page

WRITTEN = Formats("id")


def document(kind: Kind, *values: Any, title: str = "Nilai") -> Document:
    columns = (Column("row", "Baris"), Column("value", "Nilai", kind))
    rows = tuple((str(number), value) for number, value in enumerate(values))
    sections = (Section("values", title, tables=(Table("values", title, columns, rows),)),)
    return Document("Laporan", "September 2026", (("Dibuat", "hari ini"),), sections, "values")


def cells(made: Document) -> list[Any]:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(made, WRITTEN)))
    return [row[1] for row in book.worksheets[1].iter_rows(min_row=2)]


def csv_values(made: Document) -> list[str]:
    return [row[1] for row in list(csv.reader(io.StringIO(as_csv(made).decode(), newline="")))[1:]]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), st.sampled_from("=+-@\t\r"))
@settings(max_examples=60)
def test_no_text_becomes_a_formula(text: str, first: str) -> None:
    made = document("text", first + text)
    (cell,) = cells(made)
    assert cell.data_type == "s"
    assert cell.quotePrefix
    (shown,) = csv_values(made)
    assert shown == shown_not_run(first + text)
    assert shown.startswith("'") or shown.lstrip("+-").replace(",", ".").replace(".", "", 1).isdecimal()


def test_text_that_a_file_cannot_hold_does_not_spoil_it() -> None:
    made = document("text", "a\x00b\x0bc", "x" * 40_000)
    assert [len(cell.value) for cell in cells(made)] == [5, 32_767]


@given(st.integers(-1_000_000, 1_000_000))
@settings(max_examples=60)
def test_a_percentage_is_the_same_number_everywhere(ppm: int) -> None:
    text = f"{(Decimal(ppm) / 10_000).normalize():f}"
    made = document("percent", text)
    (cell,) = cells(made)
    assert Decimal(f"{cell.value * 100:.4f}") == Decimal(text)
    assert cell.number_format == "0.00##%"
    assert csv_values(made) == [text]


@pytest.mark.parametrize(
    ("kind", "value", "in_book", "in_csv", "on_page"),
    [
        ("whole", 1_234, 1_234, "1234", "1.234"),
        ("whole", -12, -12, "-12", "−12"),
        ("rupiah", 3_836_000, 3_836_000, "3836000", "3.836.000"),
        ("points", "-4.5", -4.5, "-4.5", "−4,5"),
        ("points", "1.25", 1.25, "1.25", "+1,25"),
        ("points", "0", 0, "0", "0"),
        ("number", "80.5", 80.5, "80.5", "80,5"),
        ("day", date(2026, 9, 7), datetime(2026, 9, 7), "2026-09-07", "Sen, 7 Sep"),
        ("date", date(2026, 9, 7), datetime(2026, 9, 7), "2026-09-07", "7 September 2026"),
        ("whole", None, None, "", "–"),
        ("rupiah", WITHHELD, "•", "•", "•"),
    ],
)
def test_a_value_is_written_for_computing_and_for_reading(
    kind: Kind, value: object, in_book: object, in_csv: str, on_page: str
) -> None:
    made = document(kind, value)
    assert cells(made)[0].value == in_book
    assert csv_values(made) == [in_csv]
    assert Page(as_page(made, WRITTEN)).tables[0].rows[1] == ["0", on_page]


def test_a_percentage_that_stands_alone_has_two_decimals_and_that_of_a_table_all() -> None:
    made = replace(document("percent", "44.4444"), figures=(Figure("Bagian", "44.4444", "percent"),))
    page = as_page(made, WRITTEN)
    assert "<dd>44,44%</dd>" in page
    assert Page(page).tables[0].rows[1] == ["0", "44,4444%"]


def test_sheets_have_names_that_spreadsheets_allow_each_once() -> None:
    table = Table("a", "Kinerja: [2026/09] yang panjang sekali namanya", (Column("x", "X"),), (("1",),))
    sections = (Section("s", "S", tables=(table, table, Table("t", "Tentang", table.columns, table.rows))),)
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(Document("L", "P", (), sections, "a"), WRITTEN)))
    names = book.sheetnames
    assert len({name.casefold() for name in names}) == 4
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_headers_stay_in_view_and_have_filters_even_without_rows() -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(document("whole"), WRITTEN)))
    sheet = book.worksheets[1]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("B2", "A1:B1", "$1:$1")


def test_the_first_sheet_says_what_it_is_with_the_figures_of_the_page() -> None:
    made = document("whole", 1)
    figures = (Figure("Dibayarkan", 5_000_000, "rupiah"), Figure("Hadir", "97.5", "percent"))
    made = Document(made.title, made.period, made.facts, made.sections, made.main, figures=figures)
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(made, WRITTEN))).worksheets[0]
    told = {row[0].value: row[1].value for row in sheet.iter_rows(max_col=2)}
    assert told["Dibuat"] == "hari ini"
    assert (told["Dibayarkan"], told["Hadir"]) == (5_000_000, 0.975)
    assert Page(as_page(made, WRITTEN)).keys["Dibayarkan"] == "Rp 5.000.000"


def test_what_is_too_long_for_a_page_stands_in_the_workbook_alone() -> None:
    columns = (Column("name", "Nama"), Column("nip", "NIP", beneath=True), Column("n", "Banyak", "whole"))
    tables = (
        Table("short", "Pendek", columns, (("Ani", "199", 1),)),
        Table("long", "Panjang", columns, (("Budi", "200", 2),), on_page=False),
    )
    made = Document("L", "P", (), (Section("s", "S", tables=tables),), "long")
    page = Page(as_page(made, WRITTEN))
    assert [table.rows for table in page.tables] == [[["Nama", "Banyak"], ["Ani 199", "1"]]]
    assert openpyxl.load_workbook(io.BytesIO(as_xlsx(made, WRITTEN)))["Panjang"]["B2"].value == "200"
    assert as_csv(made).decode().splitlines() == ["name,nip,n", "Budi,200,2"]


def test_the_same_document_gives_the_same_bytes_of_page_and_csv() -> None:
    made = document("percent", "97.5")
    assert as_page(made, WRITTEN) == as_page(made, WRITTEN)
    assert as_csv(made) == as_csv(made)
