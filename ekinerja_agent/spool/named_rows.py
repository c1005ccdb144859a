"""Whole rows of the spool, read and written by the names of their columns: a column more moves none of the others.

Does not know any table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any


def read_rows(db: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
    """Return the rows of a query; each answers to the names of its columns."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query, values).fetchall()


def put_row(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    """Write a row in place of the one with the same key, if there is one."""
    marks = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})", row)
