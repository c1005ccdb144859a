"""Records of pushing terminals that are no punches: the name of each, so that a terminal's own count can be compared.

Runs inside the transaction of whoever calls. Does not know what happened at a door, nor keeps whom it concerned.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

OTHER_RECORDS_TABLE = """CREATE TABLE IF NOT EXISTS other_records (
    terminal TEXT NOT NULL, name BLOB NOT NULL, PRIMARY KEY (terminal, name)
) WITHOUT ROWID"""
_NAME_BYTES = 12


def add_others(db: sqlite3.Connection, terminal: str, names: Iterable[str]) -> None:
    """Given what names records of a terminal, remember each once."""
    rows = [(terminal, sha256(name.encode("utf-8", "surrogatepass")).digest()[:_NAME_BYTES]) for name in names]
    db.executemany("INSERT OR IGNORE INTO other_records VALUES (?, ?)", rows)


def count_others(db: sqlite3.Connection, terminal: str) -> int:
    """Return how many records of a terminal are remembered."""
    return int(db.execute("SELECT count(*) FROM other_records WHERE terminal = ?", (terminal,)).fetchone()[0])
