"""A row whose number the database gives."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, insert

from ekinerja_agent.nouns.errors import NeedsAttention
from ekinerja_agent.nouns.messages import Message


def insert_numbered(conn: Connection, table: Table, **values: Any) -> int:
    """Given a table whose key is a running number, and the values of a row, insert it; return its number."""
    key = conn.execute(insert(table).values(**values)).inserted_primary_key
    if key is None:
        raise NeedsAttention(
            Message("the database gave a row of {table} no number; run ekinerja-agent db check", table=table.name)
        )
    return int(key[0])
