"""What is remembered of each terminal between two runs of the program, and the tables in which it waits.

Promises that what is written is read back equal. Runs inside the transaction of whoever calls. Does not know what a
terminal or a log is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.nouns.coverage import ClockReading
from ekinerja_agent.nouns.errors import SerialOfAnother
from ekinerja_agent.nouns.terminal import LogCursor
from ekinerja_agent.spool.instants import instant_text, read_instant
from ekinerja_agent.spool.named_rows import put_row, read_rows

if TYPE_CHECKING:
    import sqlite3

MEMORY_TABLE = """CREATE TABLE memory (
    terminal TEXT PRIMARY KEY, serial TEXT, record_size INTEGER, records INTEGER, last_read_at TEXT,
    office TEXT, timezone TEXT, enabled INTEGER
) WITHOUT ROWID"""
"""As of schema version 1; version 2 adds the two columns below."""
RAW_LOG_COLUMN = "ALTER TABLE memory ADD COLUMN raw_log_kept_at TEXT"
CLOCK_COLUMN = "ALTER TABLE memory ADD COLUMN clock_readings TEXT"
SHOWN_COLUMN = "ALTER TABLE memory ADD COLUMN shown TEXT"
"""Of schema version 7."""
# A table of its own: a poll that brings nothing writes the short row above and leaves the anchor alone.
CURSOR_TABLE = """CREATE TABLE cursor (
    terminal TEXT PRIMARY KEY, serial TEXT NOT NULL, firmware TEXT NOT NULL, transport TEXT NOT NULL,
    record_size INTEGER NOT NULL, position INTEGER NOT NULL, anchor BLOB NOT NULL, latest_clock TEXT,
    proven INTEGER NOT NULL, judged_at TEXT
) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class ShownClock:
    """What a terminal's clock showed (naive) when its log was read, as far as nobody turned it by hand since.

    What is recorded next shows no earlier time than `earliest`, and, so much later, no later one than `latest`.
    `proven_from` is the instant from which on its log is known. `host_began` is when this host's clock says that its
    power came: another time later is another clock. `turned_at` is when a clock was first read that no drift and no
    setting explains; None: it goes as it went.
    """

    earliest: datetime
    latest: datetime
    proven_from: datetime
    host_began: datetime
    turned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TerminalMemory:
    """What must be known of a terminal when the program starts again; None where it is not known yet.

    `serial` is the pinned one. `records` is how many good records the log held at the last good read, `last_read_at`
    the host instant just before that read began. `office`, `timezone` and `enabled` are those last told to central.
    `raw_log_kept_at` is when a log that could not be told apart was last kept whole, None since a read succeeded.
    `cursor` is where the next read may begin. `clock_readings` are the trusted measurements of its clock from the last
    good read on, in order: what the next read brings was recorded after the first of them. `shown` is what its own
    clock said, whatever this host's knows.
    """

    terminal: str
    serial: str | None = None
    record_size: int | None = None
    records: int | None = None
    last_read_at: datetime | None = None
    office: str | None = None
    timezone: str | None = None
    enabled: bool | None = None
    raw_log_kept_at: datetime | None = None
    cursor: LogCursor | None = None
    clock_readings: tuple[ClockReading, ...] = ()
    shown: ShownClock | None = None


def read_memory(db: sqlite3.Connection, terminal: str) -> TerminalMemory | None:
    """Given a terminal, return what was last remembered of it, or None."""
    found = read_rows(db, "SELECT * FROM memory WHERE terminal = ?", (terminal,))
    if not found:
        return None
    (row,) = found
    return TerminalMemory(
        terminal=terminal,
        serial=row["serial"],
        record_size=row["record_size"],
        records=row["records"],
        last_read_at=read_instant(row["last_read_at"]),
        office=row["office"],
        timezone=row["timezone"],
        enabled=None if row["enabled"] is None else bool(row["enabled"]),
        raw_log_kept_at=read_instant(row["raw_log_kept_at"]),
        cursor=_read_cursor(db, terminal),
        clock_readings=tuple(
            ClockReading(terminal, datetime.fromisoformat(at), offset_s, trusted=True)
            for at, offset_s in json.loads(row["clock_readings"] or "[]")
        ),
        shown=_read_shown(row["shown"]),
    )


def read_serials(db: sqlite3.Connection, serial: str | None = None) -> dict[str, str]:
    """Return the pinned serials by terminal; given a serial, only who has that one."""
    return dict(db.execute("SELECT terminal, serial FROM memory WHERE serial = coalesce(?, serial)", (serial,)))


def write_memory(db: sqlite3.Connection, memory: TerminalMemory) -> None:
    """Keep a terminal's memory in place of the earlier one. Raise SerialOfAnother if it pins a serial that another
    terminal has, ValueError if an instant has no time zone.
    """
    if memory.serial is not None:
        # Two first contacts at the same time: each asked whose the serial is before the other one had pinned it.
        holders = read_serials(db, memory.serial)
        if holders and memory.terminal not in holders:
            raise SerialOfAnother(memory.terminal, memory.serial, min(holders))
    readings = [(instant_text(reading.at), reading.offset_s) for reading in memory.clock_readings]
    remembered = {
        "terminal": memory.terminal,
        "serial": memory.serial,
        "record_size": memory.record_size,
        "records": memory.records,
        "last_read_at": instant_text(memory.last_read_at),
        "office": memory.office,
        "timezone": memory.timezone,
        "enabled": memory.enabled,
        "raw_log_kept_at": instant_text(memory.raw_log_kept_at),
        "clock_readings": json.dumps(readings),
        "shown": None if memory.shown is None else _shown_text(memory.shown),
    }
    put_row(db, "memory", remembered)
    cursor = memory.cursor
    if cursor is None:
        db.execute("DELETE FROM cursor WHERE terminal = ?", (memory.terminal,))
    elif cursor != _read_cursor(db, memory.terminal):
        place = {
            "terminal": memory.terminal,
            "serial": cursor.serial,
            "firmware": cursor.firmware,
            "transport": cursor.transport,
            "record_size": cursor.record_size,
            "position": cursor.position,
            "anchor": cursor.anchor,
            "latest_clock": None if cursor.latest_clock is None else cursor.latest_clock.isoformat(),
            "proven": cursor.proven,
            "judged_at": instant_text(cursor.judged_at),
        }
        put_row(db, "cursor", place)


def _shown_text(shown: ShownClock) -> str:
    clocks = [shown.earliest.isoformat(), shown.latest.isoformat()]
    instants = map(instant_text, (shown.proven_from, shown.host_began, shown.turned_at))
    return json.dumps([*clocks, *instants])


def _read_shown(text: str | None) -> ShownClock | None:
    if text is None:
        return None
    *known, turned_at = json.loads(text)
    earliest, latest, proven_from, host_began = map(datetime.fromisoformat, known)
    return ShownClock(earliest, latest, proven_from, host_began, read_instant(turned_at))


def _read_cursor(db: sqlite3.Connection, terminal: str) -> LogCursor | None:
    found = read_rows(db, "SELECT * FROM cursor WHERE terminal = ?", (terminal,))
    if not found:
        return None
    (row,) = found
    return LogCursor(
        serial=row["serial"],
        firmware=row["firmware"],
        transport=row["transport"],
        record_size=row["record_size"],
        position=row["position"],
        anchor=row["anchor"],
        latest_clock=read_instant(row["latest_clock"]),
        proven=bool(row["proven"]),
        judged_at=read_instant(row["judged_at"]),
    )
