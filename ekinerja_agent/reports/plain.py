"""A report's main table as csv, for programs and for those without a spreadsheet.

Columns have the same keys in every language; percentages and rupiah are plain numbers, dates ISO, what does not exist
is empty. Text that begins like a formula gets an apostrophe in front (files/foreign_text.py). The reader adds up.
"""

from __future__ import annotations

import csv
import io
from datetime import date

from ekinerja_agent.files.foreign_text import shown_not_run
from ekinerja_agent.reports.document import WITHHELD, WITHHELD_SIGN, Cell, Document, Kind, Table


def as_csv(document: Document) -> bytes:
    """Given a document, return its main table."""
    return table_as_csv(document.main_table)


def table_as_csv(table: Table) -> bytes:
    """Given a table, return it: RFC 4180, UTF-8, comma, a header row."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([column.key for column in table.columns])
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        writer.writerow([_text(cell, kind) for cell, kind in zip(row, kinds, strict=True)])
    return file.getvalue().encode()


def _text(cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    if cell is WITHHELD:
        return WITHHELD_SIGN
    if isinstance(cell, date):
        return cell.isoformat()
    return shown_not_run(str(cell)) if kind == "text" else str(cell)
