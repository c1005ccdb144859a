"""Whether somebody who holds a connection to a database opens another one to it.

Such threads take two of the pool each, and enough of them at once take all and wait for each other. Does not
know why a connection is opened.
"""

from __future__ import annotations

import sqlite3
import threading
import traceback
from collections import Counter
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, Pool

_HOLDER = "who holds it"
_FRAMES = 40
Holder = tuple[int, str]
"""A thread and a database."""


class OneConnection:
    """From `watch` on, notes each connection that a thread opens while it holds one to the same database: where that
    was. `opened` counts all that were opened, `most` tells how many were open at once.
    """

    def __init__(self) -> None:
        self.nested: list[str] = []
        self.opened = self.most = 0
        self._held: Counter[Holder] = Counter()
        self._turn = threading.Lock()

    def watch(self) -> None:
        """Listen to every pool, those that are there and those that will be."""
        event.listen(Pool, "checkout", self._opened)
        event.listen(Pool, "checkin", self._closed)

    def _opened(self, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        holder = threading.get_ident(), _database(connection)
        with self._turn:
            self.opened += 1
            self._held[holder] += 1
            self.most = max(self.most, self._held.total())
            assert record.record_info is not None
            record.record_info[_HOLDER] = holder
            if self._held[holder] > 1:
                self.nested.append("".join(traceback.format_stack(limit=_FRAMES)))

    def _closed(self, _connection: object, record: ConnectionPoolEntry) -> None:
        with self._turn:
            holder = record.record_info.pop(_HOLDER, None) if record.record_info else None
            if holder is not None:
                self._held[holder] -= 1


def _database(connection: DBAPIConnection) -> str:
    """The file of a SQLite connection, the database and server of a PostgreSQL one."""
    if isinstance(connection, sqlite3.Connection):
        (_, _, file) = connection.execute("PRAGMA database_list").fetchone()
        return str(Path(file).resolve())
    told = connection.info  # psycopg2's own, beyond what every driver has
    return f"{told.host} {told.port} {told.dbname}"
