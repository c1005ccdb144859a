"""A part of a report's document for a screen: the rows that were searched for, so many at a time.

Promises that a page stays small however many rows a report has. Figures and charts stay those of the whole. Does not
know what a row means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ekinerja_agent.central.scored.board import PAGE
from ekinerja_agent.reports.document import Document, Section, Table

_SEARCHED = frozenset({"unit", "unit_code"})
"""Tables with such a column list units or what belongs to them; others explain."""


@dataclass(frozen=True, slots=True)
class TablePage:
    """What is shown of a table: page `page` (from 1) of all `found` rows that fit the search."""

    found: int
    page: int


def table_page(
    document: Document, text: str, page_of: Callable[[str], int]
) -> tuple[Document, Mapping[str, TablePage]]:
    """Given a document, what is searched for in words of its rows, and the page wanted of a table by its key, return
    the document with these rows alone, and by table what part of it that is. Tables that are not for pages go.
    """
    parts: dict[str, TablePage] = {}

    def cut(table: Table) -> Table:
        rows = [row for row in table.rows if _fits(table, row, text.casefold())] if text else table.rows
        page = min(page_of(table.key), max(1, -(-len(rows) // PAGE)))
        parts[table.key] = TablePage(len(rows), page)
        return replace(table, rows=tuple(rows[(page - 1) * PAGE : page * PAGE]))

    def shown(section: Section) -> Section:
        return replace(section, tables=tuple(cut(table) for table in section.tables if table.on_page))

    return replace(document, sections=tuple(map(shown, document.sections))), parts


def _fits(table: Table, row: tuple[object, ...], text: str) -> bool:
    if _SEARCHED.isdisjoint(column.key for column in table.columns):
        return True
    words = (value for column, value in zip(table.columns, row, strict=True) if column.kind == "text")
    return any(isinstance(word, str) and text in word.casefold() for word in words)
