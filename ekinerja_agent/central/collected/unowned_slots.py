"""Slots of 8-byte terminals that have records while nobody knows whose they are.

A record of such a slot is somebody's, and nobody can say whose: where it lies, no silence of the terminal's people
means absence. Does not know how owners become known: from the first one on, the slot is owned for its whole past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, exists, func, or_, select

from ekinerja_agent.central.collected.pin_owners import SLOT
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.recorded import punches, slot_owners
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.nouns.messages import Message

_AFTER_SLOT = SLOT[:-1] + chr(ord(SLOT[-1]) + 1)
_AT_ONCE = 200
LOOKED_BACK = timedelta(days=62)
"""Slots without an owner are told while they may matter to a month that is not closed."""
_MOST_TOLD = 20
_SECOND = timedelta(seconds=1)


Span = tuple[datetime, datetime]
"""Half-open, in UTC."""


def unowned_moments(
    conn: Connection, terminals: Sequence[str], since: datetime, until: datetime
) -> Mapping[str, Sequence[Span]]:
    """Given terminals and two clocks (naive, the second excluded), return by terminal the seconds in which slots that
    never had an owner have records, in order. A record whose clock was corrected has both of its instants.
    """
    found: dict[str, set[Span]] = {}
    p = punches.c
    for part in chunks(terminals, _AT_ONCE):
        query = select(p.terminal, p.at, p.offset_s, p.corrected).where(
            _of_slots(conn, part),
            p.clock >= since,
            p.clock < until,
            p.at.is_not(None),
            ~_owned(),
            not_taken_back(p.batch),
        )
        for row in conn.execute(query):
            moments = found.setdefault(row.terminal, set())
            moments.add((row.at, row.at + _SECOND))
            if row.corrected:
                shown = row.at + timedelta(seconds=row.offset_s)
                moments.add((shown, shown + _SECOND))
    return {terminal: sorted(moments) for terminal, moments in found.items()}


def unowned_slots(conn: Connection, terminals: Sequence[str], since: datetime) -> Mapping[str, Sequence[int]]:
    """Given terminals and a clock (naive), return which slots with records since then never had an owner."""
    found: dict[str, list[int]] = {}
    p = punches.c
    for part in chunks(terminals, _AT_ONCE):
        query = select(p.terminal, p.pin).where(
            _of_slots(conn, part), p.clock >= since, ~_owned(), not_taken_back(p.batch)
        )
        for row in conn.execute(query.distinct()):
            found.setdefault(row.terminal, []).append(int(row.pin.removeprefix(SLOT)))
    return {terminal: sorted(slots) for terminal, slots in found.items()}


def unowned_message(slots: Sequence[int]) -> Message:
    """Given slots of one terminal, say that they have records and no owner."""
    told = ", ".join(map(str, slots[:_MOST_TOLD])) + (" …" if len(slots) > _MOST_TOLD else "")
    return Message("{count} slots have records and nobody knows whose they are: {slots}", count=len(slots), slots=told)


def _of_slots(conn: Connection, terminals: Sequence[str]) -> ColumnElement[bool]:
    p = punches.c
    if conn.dialect.name == "sqlite":
        # The key is the index: its text begins with TERMINAL/uid:.
        return or_(
            *(and_(p.punch_id >= f"{each}/{SLOT}", p.punch_id < f"{each}/{_AFTER_SLOT}") for each in sorted(terminals))
        )
    return and_(p.terminal.in_(sorted(terminals)), p.pin.startswith(SLOT))


def _owned() -> ColumnElement[bool]:
    o, p = slot_owners.c, punches.c
    return exists().where(o.terminal == p.terminal, cast(o.uid, Text) == func.substr(p.pin, len(SLOT) + 1))
