"""Punches as people look at them: one row each, whose it is, what nobody owns, and what could not become a punch.

Of several witnesses of one punch the collector's speaks, else the earliest file not taken back. Scores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, or_, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.pin_owners import read_enrolments, read_spells, true_day
from ekinerja_agent.central.collected.redatings import Redated, read_standing
from ekinerja_agent.central.collected.set_apart import waits
from ekinerja_agent.central.store.engine import Readable, reading, transaction
from ekinerja_agent.central.store.tables.columns import message_of
from ekinerja_agent.central.store.tables.recorded import punches, quarantine, set_apart, terminal_facts
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.nouns.punch import Source

_ROWS_AT_ONCE = 5_000


def punch_rows(
    source: Readable,
    *,
    first: date | None = None,
    last: date | None = None,
    office: str | None = None,
    nip: str | None = None,
    terminal: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Given filters, yield punches, oldest clock first: the columns of `punch list`.

    `first` and `last` are days of the terminal's clock, both included. `office` means the people of that unit on the
    punch's day, and, for PINs that nobody owns, the terminals of that unit. Rows come as they are read.
    """
    with reading(source) as conn:
        offices = _offices(conn)
        spells = read_spells(conn)
        for row, owner, redated in _owned(conn, _between(first, last, terminal)):
            if nip is not None and owner != nip:
                continue
            if office is not None:
                day = _day(row, redated)
                unit = offices.get(row.terminal) if owner is None else spells.unit(owner, day)
                if unit != office:
                    continue
            yield _listed(row, owner, redated)


def unmatched(engine: Engine) -> Iterator[dict[str, Any]]:
    """Given the database, yield PINs without a person: terminal, pin, punches (how many), first and last clock."""
    found: dict[tuple[str, str], list[Any]] = {}
    with reading(engine) as conn:
        for row, owner, _ in _owned(conn, _between(None, None, None)):
            if owner is None:
                entry = found.setdefault((row.terminal, row.pin), [0, row.clock, row.clock])
                entry[0] += 1
                entry[2] = row.clock
    for (terminal, pin), (count, first, last) in sorted(found.items()):
        yield {"terminal": terminal, "pin": pin, "punches": count, "first": first, "last": last}


def quarantined(engine: Engine) -> Iterator[dict[str, Any]]:
    """Given the database, yield what waits in the quarantine, oldest first, `raw` as its bytes: what is a punch by now,
    or was dismissed, waits no more.
    """
    q, s = quarantine.c, set_apart.c
    query = (
        select(
            *(s.id.label("number"), q.terminal, q.source, q.position, s.pin, s.clock, s.code),
            *(message_of(q, "reason").label("reason"), q.found_at, q.raw),
        )
        .outerjoin(set_apart, s.quarantine_id == q.quarantine_id)  # nothing is hidden because it has no number
        .where(not_taken_back(q.batch), or_(s.id.is_(None), waits(set_apart)))
        .order_by(q.found_at, q.terminal, q.position, s.id)
    )
    with reading(engine) as conn:
        for row in conn.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)).mappings():
            yield dict(row)


def record_export(
    engine: Engine, account: Account, *, rows: int, digest: str, filters: Mapping[str, str], now: datetime
) -> None:
    """Given who took how many rows out by which filters, and the digest of what they got, write it to the audit log."""
    details = {"rows": rows, "digest": digest, "filters": dict(filters)}
    with transaction(engine) as conn:
        audit.append(conn, account.name, "punch.export", "punches", details, now)


def witnesses(query: Select[Any]) -> Select[Any]:
    """Given a query on punches, leave out those whose file was taken back, and put the speaking witness first."""
    return query.where(not_taken_back(punches.c.batch)).order_by(punches.c.clock, punches.c.punch_id, punches.c.batch)


def _between(first: date | None, last: date | None, terminal: str | None) -> Select[Any]:
    query = select(punches)
    if first is not None:
        query = query.where(punches.c.clock >= datetime.combine(first, time()))
    if last is not None:
        query = query.where(punches.c.clock < datetime.combine(last + timedelta(days=1), time()))
    return query if terminal is None else query.where(punches.c.terminal == terminal)


def _owned(conn: Connection, query: Select[Any]) -> Iterator[tuple[Row[Any], str | None, Redated | None]]:
    """One row per punch, in order of clock, with the person whose it is, and where it truly was if it was redated."""
    enrolled, moved = read_enrolments(conn), read_standing(conn)
    rows = conn.execute(witnesses(query).execution_options(yield_per=_ROWS_AT_ONCE))
    for _, same in groupby(_exact_rather_than_minutes(rows), key=lambda row: row.punch_id):
        row = next(same)
        redated = moved.get(row.punch_id)
        at = redated.at if redated else row.at
        yield row, enrolled.nip(row.terminal, row.pin, _day(row, redated), at), redated


def _exact_rather_than_minutes(rows: Iterable[Row[Any]]) -> Iterator[Row[Any]]:
    """Given punches in order of clock, leave out those of files that tell no seconds beside which another witness tells
    that minute's with them.
    """
    for _, of_minute in groupby(rows, key=lambda row: row.clock.replace(second=0)):
        found = list(of_minute)
        exact = {(row.terminal, row.pin) for row in found if row.source != Source.MINUTES}
        yield from (row for row in found if row.source != Source.MINUTES or (row.terminal, row.pin) not in exact)


def _day(row: Row[Any], redated: Redated | None) -> date:
    """The punch's true local day."""
    if redated is not None:
        return true_day(row.clock, -redated.shift_s, corrected=True)
    return true_day(row.clock, row.offset_s, row.corrected)


def _offices(conn: Connection) -> dict[str, str]:
    newest = select(terminal_facts.c.terminal, func.max(terminal_facts.c.since).label("since")).group_by(
        terminal_facts.c.terminal
    )
    last = newest.subquery()
    query = select(terminal_facts.c.terminal, terminal_facts.c.office).join(
        last, (last.c.terminal == terminal_facts.c.terminal) & (last.c.since == terminal_facts.c.since)
    )
    return {row.terminal: row.office for row in conn.execute(query)}


def _listed(row: Row[Any], owner: str | None, redated: Redated | None) -> dict[str, Any]:
    flags = [
        word
        for word, holds in (
            ("redated", redated is not None),
            ("corrected", row.corrected and redated is None),
            ("unmatched", owner is None),
            ("no_zone", row.at is None and redated is None),
        )
        if holds
    ]
    return {
        "terminal": row.terminal,
        "pin": row.pin,
        "clock": row.clock,
        "at": redated.at if redated else row.at,
        "offset_s": row.offset_s,
        "verify": row.verify,
        "state": row.state,
        "source": row.source,
        "nip": owner,
        "flags": " ".join(flags),
        "punch_id": row.punch_id,
    }
