"""Takes deliveries into the central database: each in one transaction, each punch once, whoever sends it again.

Punches first, then the notes that vouch for them, then the days that must be scored anew. A punch that the database can
never hold is rejected with the reason; it does not stop the others. Does not know where a delivery comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    case,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from ekinerja_agent.central.collected import terminal_logins
from ekinerja_agent.central.collected.doubts import held
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store import partitions
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.database_errors import is_bad_data, is_refused, reason
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.central.store.tables.columns import MessageText
from ekinerja_agent.central.store.tables.recorded import (
    apart_releases,
    clock_readings,
    coverage,
    doubtful_punches,
    punches,
    quarantine,
    set_apart,
    slot_owners,
    terminal_facts,
    terminal_status,
)
from ekinerja_agent.central.versions import counting
from ekinerja_agent.nouns.coverage import ClockReading, Coverage
from ekinerja_agent.nouns.delivery import Delivery, Note, Receipt
from ekinerja_agent.nouns.messages import Message, as_message
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Contradiction, Punch, Quarantined, Source
from ekinerja_agent.nouns.terminal import SlotOwner, TerminalFact, TerminalStatus

T = TypeVar("T")

PUNCH_COLUMNS = (
    "punch_id",
    "batch",
    "terminal",
    "pin",
    "clock",
    "occurrence",
    "at",
    "offset_s",
    "verify",
    "state",
    "work_code",
    "source",
    "raw",
    "corrected",
    "received_at",
)
_APART = ("terminal", "punch_id", "code", *PUNCH_COLUMNS[3:-1])


def deliver(engine: Engine, delivery: Delivery, received_at: datetime) -> Receipt:
    """Given a delivery, make it durable and return which punches are now in central and which can never be.

    A punch that was already there counts as accepted, one of another login's terminal as rejected: the sender keeps it.
    What was told of such a terminal is quarantined, and a fact of whom it serves is to be sent again. Coverage of a
    terminal of which a punch was rejected is not taken: it would vouch for what is not here. Raise
    TemporarilyUnavailable if nothing was taken but may be later.
    """
    if received_at.tzinfo is None:  # asked here, or every punch would be rejected for it
        raise ValueError(f"{received_at} has no time zone; an instant must be aware")
    return in_transaction(engine, lambda conn: _deliver(conn, delivery, received_at))


def insert_punches(
    conn: Connection, named: Mapping[str, Punch], batch: int, received_at: datetime
) -> tuple[int, dict[str, Message]]:
    """Given punches by id and the batch that witnesses them, insert them in the order of their ids.

    Return how many were not there before, and by id the reason why others can never be.
    """
    new = 0

    def store(names: Sequence[str]) -> None:
        nonlocal new
        rows = (punch_row(name, named[name], batch, received_at) for name in names)
        new += insert_rows(conn, punches, PUNCH_COLUMNS, rows, ignore_known=True)

    partitions.make(conn, {punch.clock_text[:7] for punch in named.values()})
    # One order for all writers: two that bring the same punches wait for each other, never in a circle.
    refused = isolate(conn, sorted(named), store)
    rejected = {name: Message("central cannot store it: {reason}", reason=reason(error)) for name, error in refused}
    return new, rejected


def punch_row(name: str, punch: Punch, batch: int, received_at: datetime) -> tuple[Any, ...]:
    """Given a punch's id and the punch, return its row in the order of PUNCH_COLUMNS, which is that of its values."""
    return (name, batch, *punch, received_at)


def insert_coverage(conn: Connection, stretches: Sequence[Coverage], batch: int) -> None:
    """Given coverage and the batch that vouches for it, insert what is not there yet."""
    for stretch in stretches:
        c = coverage.c
        known = exists().where(
            c.terminal == stretch.terminal,
            c.end == stretch.end,
            c.start.is_not_distinct_from(stretch.start),  # a unique constraint lets "since ever" in twice
            c.kind == stretch.kind,
            c.batch == batch,
        )
        if not conn.scalar(select(known)):
            conn.execute(
                insert(coverage).values(
                    terminal=stretch.terminal,
                    start=stretch.start,
                    end=stretch.end,
                    kind=stretch.kind,
                    batch=batch,
                )
            )


def insert_quarantined(conn: Connection, records: Iterable[Quarantined], batch: int) -> None:
    """Given quarantined records and the batch that brought them, insert what is not there yet, each with a number."""
    named = {_quarantine_id(record, batch): record for record in records}
    _insert_new(
        conn,
        quarantine,
        [
            {
                "quarantine_id": name,
                "terminal": record.terminal,
                "source": record.source.value,
                "batch": batch,
                "position": record.position,
                "raw": record.raw,
                "reason": _storable(record.reason),
                "found_at": record.found_at,
            }
            for name, record in named.items()
        ],
    )
    if named:
        rows = [_numbered(name, record) for name, record in named.items()]
        insert_rows(conn, set_apart, ["quarantine_id", *_APART], rows, ignore_known=True)


def _numbered(name: str, record: Quarantined) -> tuple[Any, ...]:
    """The row of its number, in the order of these columns."""
    if record.apart is None:
        return (name, record.terminal, "", *([None] * (len(_APART) - 2)))
    return (name, record.terminal, record.apart.punch_id, record.code, *record.apart[1:])


def _take_released(conn: Connection, records: Iterable[Quarantined], received_at: datetime) -> None:
    """What is set apart and was released before it came is a punch of the batch that released it."""
    apart = [record for record in records if record.apart is not None and record.apart.pin]
    if not apart:
        return
    r = apart_releases.c
    query = select(r.batch, r.terminal, r.code).where(
        r.terminal.in_(sorted({record.terminal for record in apart})), counting(apart_releases)
    )
    batches = {(row.terminal, row.code): row.batch for row in conn.execute(query.order_by(r.batch.desc()))}
    released: dict[int, dict[str, Punch]] = {}
    for record in apart:
        batch = batches.get((record.terminal, record.code))
        if batch is not None and record.apart is not None:
            released.setdefault(batch, {})[record.apart.punch_id] = record.apart
    for batch, named in sorted(released.items()):
        insert_punches(conn, named, batch, received_at)


def punch_days(arriving: Collection[Punch]) -> set[tuple[str, date]]:
    """Given punches, return (terminal, day) of what they change: their day, and the night duty that began before."""
    written = {(punch.terminal, punch.clock_text[:10]) for punch in arriving}
    days = {(terminal, date.fromisoformat(day)) for terminal, day in written}
    days |= {
        (punch.terminal, (punch.clock - timedelta(seconds=punch.offset_s or 0)).date())
        for punch in arriving
        if punch.corrected
    }
    return days | {(terminal, day - timedelta(days=1)) for terminal, day in days}


def _deliver(conn: Connection, delivery: Delivery, received_at: datetime) -> Receipt:
    named = delivery.named
    apart = terminal_logins.of_others(conn, _terminals(delivery))
    ours = {name: punch for name, punch in named.items() if punch.terminal not in apart} if apart else named
    doubts = {name: doubt for name, doubt in delivery.doubts.items() if name in ours}
    waiting = held(conn, ours) | doubts.keys()
    arriving = {name: punch for name, punch in ours.items() if name not in waiting}
    _, rejected = insert_punches(conn, arriving, FROM_TERMINAL, received_at)
    rejected |= _keep_doubtful(conn, ours, doubts, received_at)
    rejected |= {name: apart[punch.terminal] for name, punch in named.items() if punch.terminal in apart}
    incomplete = {named[name].terminal for name in rejected}
    trusted = [n for n in delivery.notes if not (isinstance(n, Coverage) and n.terminal in incomplete)]

    def store(part: Sequence[Note]) -> None:
        _insert_notes(conn, part, received_at)

    refused = isolate(conn, [note for note in trusted if note.terminal not in apart], store)
    lost = [(note, as_message(reason(error))) for note, error in refused]
    # A state is for display: that of another login's terminal is that login's to tell.
    lost += [(n, apart[n.terminal]) for n in trusted if n.terminal in apart and not isinstance(n, TerminalStatus)]
    insert_quarantined(conn, [_set_apart(note, why, received_at) for note, why in lost], FROM_TERMINAL)
    changed_days.mark(conn, punch_days(ours.values()) | _days_made(ours, doubts))
    kept = [note for note, error in refused if isinstance(note, TerminalFact) and is_refused(error)]
    kept += [note for note in trusted if isinstance(note, TerminalFact) and note.terminal in apart]
    accepted = tuple(name for name in named if name not in rejected)
    return Receipt(accepted=accepted, rejected=rejected, kept=tuple(kept))


def _terminals(delivery: Delivery) -> set[str]:
    return {punch.terminal for punch in delivery.punches} | {note.terminal for note in delivery.notes}


def _set_apart(note: Note, why: Message, at: datetime) -> Quarantined:
    return Quarantined(
        terminal=note.terminal,
        source=Source.POLL,
        position=-1,
        raw=repr(note).encode("utf-8", "backslashreplace"),
        reason=Message("central could not store this {kind}: {reason}", kind=type(note).__name__, reason=why),
        found_at=at,
    )


def _keep_doubtful(
    conn: Connection, named: Mapping[str, Punch], doubts: Mapping[str, Contradiction], received_at: datetime
) -> dict[str, Message]:
    """Keep records that contradict what was proven, each once; return by id why others can never be kept."""

    def store(names: Sequence[str]) -> None:
        rows = (
            (*punch_row(name, named[name], FROM_TERMINAL, received_at), doubt.kind.value, doubt.since, doubt.until)
            for name in names
            for doubt in (doubts[name],)
        )
        columns = [*PUNCH_COLUMNS, "contradicts", "made_since", "made_until"]
        insert_rows(conn, doubtful_punches, columns, rows, ignore_known=True)

    refused = isolate(conn, sorted(doubts), store)
    return {name: Message("central cannot store it: {reason}", reason=reason(error)) for name, error in refused}


def _days_made(named: Mapping[str, Punch], doubts: Mapping[str, Contradiction]) -> set[tuple[str, date]]:
    """Of doubtful records (terminal, day) on which they may have been made, and of the night duty before."""
    spans = [(named[name].terminal, doubt.since, doubt.until) for name, doubt in doubts.items()]
    days = {(terminal, clock.date()) for terminal, *ends in spans for clock in ends if clock is not None}
    return days | {(terminal, day - timedelta(days=1)) for terminal, day in days}


def _insert_notes(conn: Connection, notes: Sequence[Note], received_at: datetime) -> None:
    facts = _of(TerminalFact, notes)
    stretches = _of(Coverage, notes)
    _insert_new(conn, terminal_facts, [_columns(fact) for fact in facts])
    insert_coverage(conn, stretches, FROM_TERMINAL)
    apart = _of(Quarantined, notes)
    insert_quarantined(conn, apart, FROM_TERMINAL)
    _take_released(conn, apart, received_at)
    _insert_new(conn, slot_owners, [_columns(owner) for owner in _of(SlotOwner, notes)])
    _insert_new(conn, clock_readings, [_columns(reading) for reading in _of(ClockReading, notes)])
    for status in _of(TerminalStatus, notes):
        _replace_status(conn, status)
    _mark_notes(conn, notes, received_at)


def _mark_notes(conn: Connection, notes: Sequence[Note], received_at: datetime) -> None:
    changed_days.mark(conn, punch_days([one.apart for one in _of(Quarantined, notes) if one.apart is not None]))
    zones = _zones(conn, {note.terminal for note in notes})

    def day(terminal: str, at: datetime) -> date:
        return at.astimezone(zones.get(terminal, UTC)).date()

    spans: dict[str, set[changed_days.Span]] = {}
    for note in notes:
        span: changed_days.Span
        if isinstance(note, Coverage):
            before = None if note.start is None else day(note.terminal, note.start) - timedelta(days=1)
            span = (before, day(note.terminal, note.end))
        elif isinstance(note, TerminalFact):
            span = (day(note.terminal, note.since), None)
        elif isinstance(note, SlotOwner):
            # The first owner that is seen has the slot's whole past.
            span = (None, None)
        else:
            continue
        spans.setdefault(note.terminal, set()).add(span)
    for terminal, of_terminal in sorted(spans.items()):
        changed_days.mark_spans(conn, of_terminal, received_at.date() + timedelta(days=1), terminal)


def _zones(conn: Connection, terminals: set[str]) -> dict[str, tzinfo]:
    facts = terminal_facts.c
    query = select(facts.terminal, facts.timezone).where(facts.terminal.in_(terminals)).order_by(facts.since)
    return {row.terminal: ZoneInfo(row.timezone) for row in conn.execute(query)}


def _replace_status(conn: Connection, status: TerminalStatus) -> None:
    """What a terminal did not tell this time (it was away) stays as it was last heard."""
    table = terminal_status
    added = _upsert(conn, table).values(_columns(status))

    def heard(column: Column[Any]) -> ColumnElement[Any]:
        told = added.excluded[column.name]
        if isinstance(column.type, MessageText):  # of the state that is told
            return case((added.excluded.state == "", column), else_=told)
        return func.coalesce(func.nullif(told, "") if isinstance(column.type, Text) else told, column)

    conn.execute(
        added.on_conflict_do_update(
            index_elements=["terminal"],
            set_={column.name: heard(column) for column in table.columns if not column.primary_key},
            # A status that was delayed on its way never hides a newer one.
            where=func.coalesce(added.excluded.last_contact >= table.c.last_contact, literal(True)),
        )
    )


def _insert_new(conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        conn.execute(_upsert(conn, table).on_conflict_do_nothing(), rows)


def _upsert(conn: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


def isolate(conn: Connection, items: Sequence[T], store: Callable[[Sequence[T]], None]) -> list[tuple[T, Exception]]:
    """Given items and how to store some of them, store all that can be; return each other one with its error.

    Halves what fails until the bad ones stand alone: one bad item among thousands costs a dozen savepoints.
    """
    if not items:
        return []
    try:
        with conn.begin_nested():
            store(items)
    except (SQLAlchemyError, ValueError, OverflowError) as error:
        if not is_bad_data(error):
            raise
        if len(items) == 1:
            return [(items[0], error)]
        middle = len(items) // 2
        return isolate(conn, items[:middle], store) + isolate(conn, items[middle:], store)
    return []


def _of(kind: type[T], notes: Sequence[Note]) -> list[T]:
    return [note for note in notes if isinstance(note, kind)]


def _columns(note: Note) -> dict[str, Any]:
    """The note's fields are the columns of its table."""
    return {
        field.name: _storable(value) if isinstance(value := getattr(note, field.name), str) else value
        for field in fields(note)
    }


def _storable(text: str) -> str:
    """PostgreSQL holds no NUL in a text, and what a terminal says of itself may have one."""
    if isinstance(text, Message):
        return text.changed(_storable)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _quarantine_id(record: Quarantined, batch: int) -> str:
    what = "\0".join((record.terminal, record.source, str(batch), record.raw.hex(), record.reason))
    return sha256(what.encode("utf-8", "backslashreplace")).hexdigest()
