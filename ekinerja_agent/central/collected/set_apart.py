"""Records that a person has to judge: which of them wait, whose they may be, and what is told of them.

One waits until it is a punch, or a person dismissed it, or it was read again as something else, in a batch that counts.
Does not know who may decide that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Date, FromClause, and_, exists, func, or_, select, type_coerce

from ekinerja_agent.central.collected.unowned_slots import Span
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.recorded import apart_settled, punches, purges, quarantine, set_apart
from ekinerja_agent.central.versions import counting, not_taken_back
from ekinerja_agent.nouns.messages import Message, both, plural
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch, Source

LOOKED_BACK = timedelta(days=62)
"""What waits is told while it may matter to a month that is not closed."""
MOST_CODES = 5
_AT_ONCE = 200
_SECOND = timedelta(seconds=1)


class Apart(NamedTuple):
    """A row of the quarantine by its number; `punch` None: nobody can be made out in it."""

    number: int
    quarantine_id: str
    terminal: str
    code: str | None
    punch: Punch | None


def waits(row: FromClause) -> ColumnElement[bool]:
    """Given the table of what is set apart, or an alias of it, return the condition for rows that wait for a person."""
    r, p, d, twin = row.c, punches.c, apart_settled.c, set_apart.alias("twin")
    # Live and later it comes in two forms: what is said of one is said of both.
    same = and_(
        *(r.punch_id != "", twin.c.punch_id == r.punch_id, twin.c.terminal == r.terminal, twin.c.code == r.code)
    )
    settled = exists().where(d.apart == twin.c.id, counting(apart_settled), or_(twin.c.id == r.id, same))
    is_punch = exists().where(p.punch_id == r.punch_id, p.clock == r.clock, not_taken_back(p.batch))
    # Where retention took the punches, nothing tells whether it was one.
    gone = exists().where(purges.c.before > type_coerce(func.date(r.clock), Date))
    return and_(~settled, or_(r.punch_id == "", and_(~is_punch, ~gone)))


class KeptBytes(NamedTuple):
    """The bytes of a row that waits, as they came."""

    apart: Apart
    position: int
    raw: bytes
    reason: str
    found_at: datetime


def pushed(conn: Connection) -> list[KeptBytes]:
    """Given a connection, return what waits of the uploads of terminals, by terminal, in the order in which it came."""
    s, q = set_apart.c, quarantine.c
    came = (q.position, q.raw.label("bytes"), q.reason.label("why"), q.found_at)
    query = (
        select(set_apart, *came)
        .join(quarantine, q.quarantine_id == s.quarantine_id)
        .where(q.source == Source.PUSH, q.batch == FROM_TERMINAL, waits(set_apart))
        .order_by(s.terminal, q.found_at, q.position, s.id)
    )
    return [
        KeptBytes(_apart(row), row.position, bytes(row.bytes), row.why, row.found_at) for row in conn.execute(query)
    ]


def find(conn: Connection, *conditions: ColumnElement[bool]) -> list[Apart]:
    """Given conditions, return the rows that they leave, by number; of imports that were taken back there are none."""
    s, q = set_apart.c, quarantine.c
    query = (
        select(set_apart)
        .join(quarantine, q.quarantine_id == s.quarantine_id)
        .where(*conditions, not_taken_back(q.batch))
        .order_by(s.id)
    )
    return [_apart(row) for row in conn.execute(query)]


def _apart(row: Any) -> Apart:
    punch = None
    if row.punch_id:
        punch = Punch(
            *(row.terminal, row.pin, row.clock, row.occurrence, row.at, row.offset_s),
            *(row.verify, row.state, row.work_code, Source(row.source), bytes(row.raw), row.corrected),
        )
    return Apart(row.id, row.quarantine_id, row.terminal, row.code, punch)


def unnamed_moments(
    conn: Connection, terminals: Sequence[str], since: datetime, until: datetime
) -> Mapping[str, Sequence[Span]]:
    """Given terminals and two clocks (naive, the second excluded), return by terminal the seconds in which somebody was
    recorded whom no PIN names, in order, as long as that waits for a person.
    """
    found: dict[str, set[Span]] = {}
    s = set_apart.c
    for part in chunks(terminals, _AT_ONCE):
        query = select(s.terminal, s.at).where(
            *(s.terminal.in_(part), s.pin == "", s.clock >= since, s.clock < until, s.at.is_not(None)),
            waits(set_apart),
        )
        for row in conn.execute(query):
            found.setdefault(row.terminal, set()).add((row.at, row.at + _SECOND))
    return {terminal: sorted(moments) for terminal, moments in found.items()}


def waiting_by_terminal(conn: Connection, terminals: Sequence[str], since: datetime) -> Mapping[str, Message]:
    """Given terminals and a clock (naive), say of each how many records with a person in them wait since then, of which
    events and of how many people.
    """
    s = set_apart.c
    counted: dict[str, list[tuple[str, int]]] = {}
    people: dict[str, int] = {}
    for part in chunks(terminals, _AT_ONCE):
        waiting = (s.terminal.in_(part), s.punch_id != "", s.clock >= since, waits(set_apart))
        number = func.count(s.punch_id.distinct())
        for row in conn.execute(
            select(s.terminal, s.code, number.label("records")).where(*waiting).group_by(s.terminal, s.code)
        ):
            counted.setdefault(row.terminal, []).append((row.code, row.records))
        pins = select(s.terminal, func.count(s.pin.distinct()).label("pins")).where(*waiting).group_by(s.terminal)
        people |= {row.terminal: row.pins for row in conn.execute(pins)}
    return {terminal: _sentence(each, people[terminal]) for terminal, each in sorted(counted.items())}


def _sentence(codes: Sequence[tuple[str, int]], pins: int) -> Message:
    most = sorted(codes, key=lambda each: (-each[1], each[0]))
    named = [f"{code} ({records})" for code, records in most[:MOST_CODES]]
    records = sum(records for _, records in codes)
    return Message(
        "{records} set apart, of {people}: event {codes}; `punch quarantine` shows them",
        records=plural("{number} record is", "{number} records are", records),
        people=plural("{number} PIN", "{number} PINs", pins),
        codes=both([*named, Message("others")] if len(most) > MOST_CODES else named),
    )
