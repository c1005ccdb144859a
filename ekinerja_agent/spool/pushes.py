"""What is remembered of each terminal that pushes, the commands that wait for it, and the tables of both.

A row of its own beside `memory`: a read of the same terminal at the same moment overwrites nothing here, nor the other
way round. Runs inside the transaction of whoever calls. Does not know what an upload is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ekinerja_agent.nouns.messages import Message, pack, unpack
from ekinerja_agent.nouns.terminal import OK
from ekinerja_agent.spool.instants import instant_text, read_instant
from ekinerja_agent.spool.named_rows import put_row, read_rows

if TYPE_CHECKING:
    import sqlite3

PUSH_TABLES = (
    """CREATE TABLE pushes (
        terminal TEXT PRIMARY KEY, serial TEXT NOT NULL, attlog_stamp TEXT, operlog_stamp TEXT, contact_at TEXT,
        first_at TEXT, covered_until TEXT, gaps TEXT NOT NULL, holes TEXT NOT NULL, everything_asked INTEGER NOT NULL,
        out_of_order INTEGER NOT NULL, firmware TEXT, users INTEGER, records INTEGER, state TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE push_requests (
        number INTEGER PRIMARY KEY AUTOINCREMENT, terminal TEXT NOT NULL, kind TEXT NOT NULL, asked_by TEXT NOT NULL,
        asked_at TEXT NOT NULL, sent_at TEXT, answered_at TEXT, returned INTEGER
    )""",
    "CREATE INDEX push_requests_waiting ON push_requests (terminal, number) WHERE answered_at IS NULL",
)

Stretch = tuple[datetime, datetime]
Hole = tuple[datetime | None, datetime | None]
"""Where a record may lie that could not be understood: after the first instant, before the second. None: not known."""
RequestKind = Literal["reupload", "info"]


@dataclass(frozen=True, slots=True)
class PushMemory:
    """What must be known of a terminal that pushes when the program starts again; None where it is not known yet.

    `serial` is whose uploads these are. Stamps are the texts that the terminal sent with its last upload that was
    stored; None asks for everything. `contact_at` is when it was last heard of. `everything_asked` tells that it was
    asked for its whole log; since then, `first_at` is the first record's instant, and `covered_until` the end of the
    last stretch that was vouched for. `gaps` are stretches after that in which it was not heard of for long, `holes`
    those in which a record lies that waits for a person. `out_of_order` tells that it did not send its log in order.
    `state` is for people.
    """

    terminal: str
    serial: str
    attlog_stamp: str | None = None
    operlog_stamp: str | None = None
    contact_at: datetime | None = None
    first_at: datetime | None = None
    covered_until: datetime | None = None
    gaps: tuple[Stretch, ...] = ()
    holes: tuple[Hole, ...] = ()
    everything_asked: bool = False
    out_of_order: bool = False
    firmware: str | None = None
    users: int | None = None
    records: int | None = None
    state: Message = OK


@dataclass(frozen=True, slots=True)
class PushRequest:
    """Something that a person asked a pushing terminal for. `returned` is its answer: 0, or why it refused."""

    number: int
    terminal: str
    kind: RequestKind
    asked_by: str
    asked_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    returned: int | None = None


def read_push(db: sqlite3.Connection, terminal: str) -> PushMemory | None:
    """Given a terminal, return what was last remembered of its uploads, or None."""
    found = read_rows(db, "SELECT * FROM pushes WHERE terminal = ?", (terminal,))
    if not found:
        return None
    (row,) = found
    gaps, holes = json.loads(row["gaps"]), json.loads(row["holes"])
    return PushMemory(
        terminal=terminal,
        serial=row["serial"],
        attlog_stamp=row["attlog_stamp"],
        operlog_stamp=row["operlog_stamp"],
        contact_at=read_instant(row["contact_at"]),
        first_at=read_instant(row["first_at"]),
        covered_until=read_instant(row["covered_until"]),
        gaps=tuple((datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in gaps),
        holes=tuple((read_instant(start), read_instant(end)) for start, end in holes),
        everything_asked=bool(row["everything_asked"]),
        out_of_order=bool(row["out_of_order"]),
        firmware=row["firmware"],
        users=row["users"],
        records=row["records"],
        state=unpack(row["state"]),
    )


def write_push(db: sqlite3.Connection, memory: PushMemory) -> None:
    """Keep what is remembered of a terminal's uploads. Raise ValueError if an instant has no time zone."""
    row = {
        "terminal": memory.terminal,
        "serial": memory.serial,
        "attlog_stamp": memory.attlog_stamp,
        "operlog_stamp": memory.operlog_stamp,
        "contact_at": instant_text(memory.contact_at),
        "first_at": instant_text(memory.first_at),
        "covered_until": instant_text(memory.covered_until),
        "gaps": json.dumps([[instant_text(start), instant_text(end)] for start, end in memory.gaps]),
        "holes": json.dumps([[instant_text(start), instant_text(end)] for start, end in memory.holes]),
        "everything_asked": memory.everything_asked,
        "out_of_order": memory.out_of_order,
        "firmware": memory.firmware,
        "users": memory.users,
        "records": memory.records,
        "state": pack(memory.state),
    }
    put_row(db, "pushes", row)


def forget_push(db: sqlite3.Connection, terminal: str) -> None:
    """Given a terminal, forget its uploads: it is asked for everything when it next comes."""
    db.execute("DELETE FROM pushes WHERE terminal = ?", (terminal,))


def ask(db: sqlite3.Connection, terminal: str, kind: RequestKind, by: str, at: datetime) -> int:
    """Keep a request until the terminal answers it; return its number. One that waits already is not asked twice."""
    waiting = db.execute(
        "SELECT number FROM push_requests WHERE terminal = ? AND kind = ? AND answered_at IS NULL", (terminal, kind)
    ).fetchone()
    if waiting is not None:
        return int(waiting[0])
    asked = db.execute(
        "INSERT INTO push_requests (terminal, kind, asked_by, asked_at) VALUES (?, ?, ?, ?)",
        (terminal, kind, by, instant_text(at)),
    )
    return int(asked.lastrowid or 0)


def waiting_requests(db: sqlite3.Connection, terminal: str) -> list[PushRequest]:
    """Given a terminal, return what it was asked for and did not answer, oldest first."""
    waiting = "SELECT * FROM push_requests WHERE terminal = ? AND answered_at IS NULL ORDER BY number"
    return [_request(row) for row in read_rows(db, waiting, (terminal,))]


def all_requests(db: sqlite3.Connection) -> list[PushRequest]:
    """Return everything that was ever asked for, oldest first."""
    return [_request(row) for row in read_rows(db, "SELECT * FROM push_requests ORDER BY number")]


def sent(db: sqlite3.Connection, number: int, at: datetime) -> None:
    """Note when a request was last handed to its terminal."""
    db.execute("UPDATE push_requests SET sent_at = ? WHERE number = ?", (instant_text(at), number))


def answered(db: sqlite3.Connection, terminal: str, number: int, returned: int, at: datetime) -> bool:
    """Note what a terminal answered; return whether it was asked that, and had not answered before.

    What it was never sent it can answer only by doing it: a request for everything, by asking what to send.
    """
    done = db.execute(
        "UPDATE push_requests SET answered_at = ?, returned = ? "
        "WHERE number = ? AND terminal = ? AND (sent_at IS NOT NULL OR kind = 'reupload') AND answered_at IS NULL",
        (instant_text(at), returned, number, terminal),
    )
    return done.rowcount == 1


def _request(row: sqlite3.Row) -> PushRequest:
    return PushRequest(
        number=row["number"],
        terminal=row["terminal"],
        kind=row["kind"],
        asked_by=row["asked_by"],
        asked_at=datetime.fromisoformat(row["asked_at"]),
        sent_at=read_instant(row["sent_at"]),
        answered_at=read_instant(row["answered_at"]),
        returned=row["returned"],
    )
