"""A screen's part of a document: together the pages of a list are the list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekinerja_agent.central.scored.board import PAGE
from ekinerja_agent.reports.document import Column, Document, Section, Table
from ekinerja_agent.web.table_page import TablePage, table_page

COLUMNS = (Column("unit", "Unit"), Column("name", "Name", beneath=True), Column("people", "People", "whole"))
WEIGHTS = Table("weights", "Weights", (Column("aspect", "Aspect"),), (("reporting",),))


def a_document(rows: list[tuple[str, str, int]]) -> Document:
    listed, long = Table("units", "Units", COLUMNS, tuple(rows)), Table("all", "All", COLUMNS, (), on_page=False)
    sections = (Section("units", "Units", tables=(listed, long)), Section("weights", "Weights", tables=(WEIGHTS,)))
    return Document("Title", "2026", (), sections, "units")


@given(
    st.lists(st.tuples(st.sampled_from(["A", "b"]), st.text(max_size=3), st.integers(0, 9)), max_size=160), st.data()
)
def test_the_pages_of_a_list_are_the_rows_that_fit(rows: list[tuple[str, str, int]], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(["", "a", "B", "x", "7"]))
    fits = [row for row in rows if text.casefold() in row[0].casefold() or text.casefold() in row[1].casefold()]
    shown: list[tuple[object, ...]] = []
    for page in range(1, -(-len(fits) // PAGE) + 1):
        document, parts = table_page(a_document(rows), text, lambda _key, page=page: page)
        units, weights = document.tables
        assert len(units.rows) <= PAGE
        assert parts["units"] == TablePage(len(fits), page)
        assert weights == WEIGHTS
        shown += units.rows
    assert shown == fits


def test_a_page_behind_the_last_is_the_last() -> None:
    document, parts = table_page(a_document([("A", "x", 1)]), "", lambda _key: 7)
    assert (parts["units"], len(document.tables[0].rows)) == (TablePage(1, 1), 1)
    assert table_page(a_document([]), "A", lambda _key: 7)[1]["units"] == TablePage(0, 1)
