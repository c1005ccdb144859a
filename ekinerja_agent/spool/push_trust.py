"""What is remembered of how far a pushing terminal can be believed, and the table in which it waits.

A row of its own beside that of its uploads. Runs inside the transaction of whoever calls. Does not know what an upload
is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from ekinerja_agent.spool.instants import instant_text, read_instant

if TYPE_CHECKING:
    import sqlite3

TRUST_TABLE = """CREATE TABLE IF NOT EXISTS push_trust (
    terminal TEXT PRIMARY KEY, serial TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class PushTrust:
    """What must be known of a terminal's word when the program starts again; None where it is not known yet.

    `known_since` is when it was first heard of, `source` the address that its serial is bound to; `other_source` was
    the last other one, heard at `other_at`. `access` tells that it is in access-control mode, `events` how many lines
    with nobody in them came. `stamp_clock` is the newest clock (naive) of the uploads whose stamp is kept,
    `stamp_counts` that its stamps grow by lines, `stamp_back_at` when one last went back, `old_lines` when
    records last came that are older than what was vouched for.

    `gives_count` tells whether it answers how many records it has (None: not known), `unanswered` how often in a row it
    did not. `asked_number` is the question that it has now, put at `asked_at` of the clocks from `asked_since` to
    `asked_until` (naive), `asked_from` whence. `told` and `held` are what it last answered and what was held then,
    `told_at` when; `day_only` that the next question is of its day alone. `by_word_at` is when it last was believed
    without a count. `foreign` names what only another address brought: it is not held of this terminal.

    `proven` are stretches in which all its records are held, `newest` is the newest instant that its clock has shown in
    a record, `right_at` when a record last came as it was made: its clock was right then.

    In access-control mode it counts all that it has. `never_sent` are so many that it had before it came here, as two
    answers agreed since the clock `never_sent_since` (naive); `unconfirmed` is what one answer made of that.
    """

    terminal: str
    serial: str
    known_since: datetime | None = None
    source: str | None = None
    other_source: str | None = None
    other_at: datetime | None = None
    access: bool = False
    events: int = 0
    stamp_clock: datetime | None = None
    stamp_counts: bool = False
    stamp_back_at: datetime | None = None
    old_lines: tuple[datetime, ...] = ()
    gives_count: bool | None = None
    unanswered: int = 0
    asked_number: int | None = None
    asked_at: datetime | None = None
    asked_since: datetime | None = None
    asked_until: datetime | None = None
    asked_from: str | None = None
    told: int | None = None
    held: int | None = None
    told_at: datetime | None = None
    day_only: bool = False
    by_word_at: datetime | None = None
    foreign: tuple[str, ...] = ()
    proven: tuple[tuple[datetime, datetime], ...] = ()
    newest: datetime | None = None
    right_at: datetime | None = None
    never_sent: int | None = None
    never_sent_since: datetime | None = None
    unconfirmed: int | None = None
    unconfirmed_since: datetime | None = None


_CLOCKS = ("stamp_clock", "asked_since", "asked_until", "never_sent_since", "unconfirmed_since")
_INSTANTS = tuple(
    name
    for name, kind in get_type_hints(PushTrust).items()
    if datetime in get_args(kind) and name not in (*_CLOCKS, "old_lines", "proven")
)
_NAMES = frozenset(field.name for field in fields(PushTrust))


def read_trust(db: sqlite3.Connection, terminal: str, serial: str) -> PushTrust:
    """Return what is remembered of a terminal's word; blank if nothing is, or if that was another serial's."""
    row = db.execute("SELECT body FROM push_trust WHERE terminal = ? AND serial = ?", (terminal, serial)).fetchone()
    if row is None:
        return PushTrust(terminal, serial)
    told: dict[str, Any] = {name: value for name, value in json.loads(row[0]).items() if name in _NAMES}
    for name in (*_INSTANTS, *_CLOCKS):
        told[name] = read_instant(told.get(name))
    told["foreign"] = tuple(told.get("foreign", ()))
    told["proven"] = tuple(
        (datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in told.get("proven", ())
    )
    told["old_lines"] = tuple(map(datetime.fromisoformat, told.get("old_lines", ())))
    return PushTrust(**told)


def write_trust(db: sqlite3.Connection, trust: PushTrust) -> None:
    """Keep what is remembered in place of the earlier. Raise ValueError if an instant has no time zone."""
    values = asdict(trust)
    values |= {name: instant_text(values[name]) for name in _INSTANTS}
    values["proven"] = [[instant_text(start), instant_text(end)] for start, end in trust.proven]
    values["old_lines"] = [instant_text(at) for at in trust.old_lines]
    values |= {name: None if values[name] is None else values[name].isoformat() for name in _CLOCKS}
    db.execute("INSERT OR REPLACE INTO push_trust VALUES (?, ?, ?)", (trust.terminal, trust.serial, json.dumps(values)))


def forget_trust(db: sqlite3.Connection, terminal: str) -> None:
    """Given a terminal, forget whence it came and what it told."""
    db.execute("DELETE FROM push_trust WHERE terminal = ?", (terminal,))
