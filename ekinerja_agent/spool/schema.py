"""The tables of the spool: how a new file begins, and how an older one becomes a current one.

Promises that both ways end in the same tables. Does not know what is done with them.
"""

from __future__ import annotations

from ekinerja_agent.spool.memory import CLOCK_COLUMN, CURSOR_TABLE, MEMORY_TABLE, RAW_LOG_COLUMN, SHOWN_COLUMN
from ekinerja_agent.spool.other_records import OTHER_RECORDS_TABLE
from ekinerja_agent.spool.push_trust import TRUST_TABLE
from ekinerja_agent.spool.pushes import PUSH_TABLES
from ekinerja_agent.spool.unread import UNREAD_TABLE

SCHEMA_VERSION = 8
APPLICATION_ID = 0x454B5350
"""Marks the file as ours ("EKSP"), so that another program's database is not taken for a spool."""

FIRST_SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE seen (
        terminal TEXT NOT NULL, clock TEXT NOT NULL, pin TEXT NOT NULL, occurrence INTEGER NOT NULL,
        seq INTEGER NOT NULL, PRIMARY KEY (terminal, clock, pin, occurrence)
    ) WITHOUT ROWID""",
    """CREATE TABLE queue (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        terminal TEXT NOT NULL, pin TEXT NOT NULL, clock TEXT NOT NULL, occurrence INTEGER NOT NULL,
        at TEXT, offset_s INTEGER, verify INTEGER NOT NULL, state INTEGER NOT NULL, work_code INTEGER NOT NULL,
        source TEXT NOT NULL, raw BLOB NOT NULL, corrected INTEGER NOT NULL,
        added_s INTEGER NOT NULL, reason TEXT
    )""",
    "CREATE INDEX queue_rejected ON queue (terminal, seq) WHERE reason IS NOT NULL",
    # An executemany that the tables themselves keep free of duplicates: one statement per punch, no round trip.
    """CREATE TRIGGER queue_knows BEFORE INSERT ON queue WHEN EXISTS (
        SELECT 1 FROM seen WHERE terminal = NEW.terminal AND clock = NEW.clock AND pin = NEW.pin
        AND occurrence = NEW.occurrence)
    BEGIN SELECT RAISE(IGNORE); END""",
    """CREATE TRIGGER queue_remembers AFTER INSERT ON queue
    BEGIN INSERT INTO seen VALUES (NEW.terminal, NEW.clock, NEW.pin, NEW.occurrence, NEW.seq); END""",
    """CREATE TABLE notes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        terminal TEXT NOT NULL, kind TEXT NOT NULL, call INTEGER NOT NULL, after_seq INTEGER NOT NULL,
        body TEXT NOT NULL UNIQUE
    )""",
    "CREATE INDEX notes_of_terminal ON notes (terminal, kind, call)",
    "CREATE TABLE told (subject TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    MEMORY_TABLE,
    "PRAGMA user_version = 1",
)
_CHEAPER_QUEUE = (
    # AUTOINCREMENT writes its counter once per row; this one is written once per call.
    "CREATE TABLE numbered (last_seq INTEGER NOT NULL)",
    "INSERT INTO numbered SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'queue'), 0)",
    "ALTER TABLE queue RENAME TO queue_1",
    """CREATE TABLE queue (
        seq INTEGER PRIMARY KEY,
        terminal TEXT NOT NULL, pin TEXT NOT NULL, clock TEXT NOT NULL, occurrence INTEGER NOT NULL,
        at TEXT, offset_s INTEGER, verify INTEGER NOT NULL, state INTEGER NOT NULL, work_code INTEGER NOT NULL,
        source TEXT NOT NULL, raw BLOB NOT NULL, corrected INTEGER NOT NULL,
        added_s INTEGER NOT NULL, reason TEXT
    )""",
    "INSERT INTO queue SELECT * FROM queue_1",
    "DROP TABLE queue_1",
    "CREATE INDEX queue_rejected ON queue (terminal, seq) WHERE reason IS NOT NULL",
    "ALTER TABLE seen RENAME TO seen_1",  # dropping the column would ask for SQLite 3.35
    """CREATE TABLE seen (
        terminal TEXT NOT NULL, clock TEXT NOT NULL, pin TEXT NOT NULL, occurrence INTEGER NOT NULL,
        PRIMARY KEY (terminal, clock, pin, occurrence)
    ) WITHOUT ROWID""",
    "INSERT INTO seen SELECT terminal, clock, pin, occurrence FROM seen_1",
    "DROP TABLE seen_1",
    # The tables themselves keep an executemany free of duplicates: one look at the key per punch, no round trip.
    """CREATE TRIGGER queue_admits BEFORE INSERT ON queue BEGIN
        INSERT OR IGNORE INTO seen VALUES (NEW.terminal, NEW.clock, NEW.pin, NEW.occurrence);
        SELECT RAISE(IGNORE) WHERE changes() = 0;
    END""",
)
_OWNERS = (
    "CREATE TABLE agent (name TEXT NOT NULL)",  # one row, written when somebody first asks
    "CREATE TABLE owners (terminal TEXT PRIMARY KEY, agent TEXT NOT NULL) WITHOUT ROWID",
)
STEPS = {
    1: (RAW_LOG_COLUMN, CLOCK_COLUMN, CURSOR_TABLE, *_CHEAPER_QUEUE),
    2: _OWNERS,
    3: PUSH_TABLES,
    4: (UNREAD_TABLE,),
    5: (TRUST_TABLE,),
    # What a record contradicts travels with it: nothing that is done for a punch can be forgotten for such a one.
    6: (SHOWN_COLUMN, "ALTER TABLE queue ADD COLUMN doubt TEXT"),
    7: (OTHER_RECORDS_TABLE,),
}
"""From each earlier schema version to the next. A new file takes the same steps, so both ways end in the same tables.
"""
