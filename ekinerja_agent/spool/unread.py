"""What is remembered of uploads that nobody could read, and the table in which it waits.

A row of its own beside that of the uploads that were read: to ask a terminal for everything again, another serial and
another owner make those bytes no more readable. Runs inside the transaction of whoever calls. Does not know what an
upload is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.spool.instants import instant_text, read_instant
from ekinerja_agent.spool.pushes import Hole

if TYPE_CHECKING:
    import sqlite3

UNREAD_TABLE = """CREATE TABLE unread_uploads (
    terminal TEXT PRIMARY KEY, kind TEXT NOT NULL, seen_at TEXT, refused INTEGER NOT NULL,
    kept_bytes INTEGER NOT NULL, kept_since TEXT, holes TEXT NOT NULL
) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class UnreadUploads:
    """What must be known of a terminal's uploads that nobody could read when the program starts again.

    `kind` is what the last of them called itself, `seen_at` when it came, `refused` that it was not kept. `kept_bytes`
    were kept since `kept_since`. `holes`, in order and apart, are stretches in which their records may lie.
    """

    terminal: str
    kind: str = ""
    seen_at: datetime | None = None
    refused: bool = False
    kept_bytes: int = 0
    kept_since: datetime | None = None
    holes: tuple[Hole, ...] = ()


def read_unread(db: sqlite3.Connection, terminal: str) -> UnreadUploads:
    """Given a terminal, return what is remembered of its uploads that nobody could read; blank if there were none."""
    row = db.execute("SELECT * FROM unread_uploads WHERE terminal = ?", (terminal,)).fetchone()
    if row is None:
        return UnreadUploads(terminal)
    _, kind, seen_at, refused, kept_bytes, kept_since, holes = row
    return UnreadUploads(
        terminal=terminal,
        kind=kind,
        seen_at=read_instant(seen_at),
        refused=bool(refused),
        kept_bytes=kept_bytes,
        kept_since=read_instant(kept_since),
        holes=tuple((read_instant(start), read_instant(end)) for start, end in json.loads(holes)),
    )


def write_unread(db: sqlite3.Connection, memory: UnreadUploads) -> None:
    """Keep what is remembered in place of the earlier. Raise ValueError if an instant has no time zone."""
    db.execute(
        "INSERT OR REPLACE INTO unread_uploads VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            memory.terminal,
            memory.kind,
            instant_text(memory.seen_at),
            memory.refused,
            memory.kept_bytes,
            instant_text(memory.kept_since),
            json.dumps([[instant_text(start), instant_text(end)] for start, end in memory.holes]),
        ),
    )
