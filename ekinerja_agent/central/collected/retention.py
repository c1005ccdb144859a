"""Retention: punches that no month needs any more go, whole months at a time, and a receipt says what went.

Promises that what an open, unpaid or disputed month needs stays, that the guard of the punches stands again when the
transaction ends, and that a month without its punches is never scored as if nobody had come. Does not know how long is
long enough: that is a setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, exists, func, insert, not_, or_, select, text

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, require
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.central.store.tables.imported import correction_decisions, corrections
from ekinerja_agent.central.store.tables.periods import period_payments
from ekinerja_agent.central.store.tables.recorded import punches, purges, redated_punches, redating_decisions, redatings
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.month_days import month_after
from ekinerja_agent.nouns.statuses import EntryStatus

_ROWS_AT_ONCE = 10_000
_EASTERNMOST = timedelta(hours=9)
_GUARD = "punches_keep_delete"


@dataclass(frozen=True, slots=True)
class Going:
    """Punches whose clock stood before the day `before`: how many, the first and the last clock, and the digest of
    their names and bytes. `kept_because`: why `before` is not the day that was asked for; None if it is.
    """

    before: date
    rows: int
    first_clock: datetime | None
    last_clock: datetime | None
    digest: str
    kept_because: Message | None


def plan(engine: Engine, wanted: date) -> Going:
    """Given the first day of a month, return what of the punches before it may go."""
    with reading(engine) as conn:
        return _going(conn, wanted)


def purge(engine: Engine, wanted: date, *, account: Account, now: datetime) -> Going:
    """Given the first day of a month, delete what `plan` tells, with a receipt in `purges` and in the audit log.

    Raise Refused if the account is no operator, or the database's role may not.
    """
    require(account, Deed.PURGE)

    def work(conn: Connection) -> Going:
        going = _going(conn, wanted)
        if going.rows == 0:
            return going
        _delete(conn, going)
        receipt = {
            "before": going.before,
            "rows": going.rows,
            "first_clock": going.first_clock,
            "last_clock": going.last_clock,
            "digest": going.digest,
        }
        conn.execute(insert(purges).values(receipt | {"account_id": account.id, "at": now}))
        told = {name: value if isinstance(value, (int, str)) else str(value) for name, value in receipt.items()}
        audit.append(conn, account.name, "db.purge", "punches", told, now)
        return going

    return in_transaction(engine, work)


def purged_before(conn: Connection) -> date | None:
    """Given a connection, return the day before which the punches are gone, None if all are there."""
    before: date | None = conn.scalar(select(func.max(purges.c.before)))
    return before


def known_since(conn: Connection) -> datetime | None:
    """Given a connection, return the instant before which no silence of a terminal proves anything any more."""
    before = purged_before(conn)
    return None if before is None else datetime(before.year, before.month, before.day, tzinfo=UTC) - _EASTERNMOST


def _going(conn: Connection, wanted: date) -> Going:
    before = wanted
    because: Message | None = None
    for needed, why in _needed(conn):
        # The month itself, and the one before it, into which its first night reaches.
        if month_after(needed, -1) < before:
            before, because = month_after(needed, -1), why
    p, summary = punches.c, sha256()
    rows, first, last = 0, None, None
    query = select(p.punch_id, p.batch, p.clock, p.raw).where(_goes(before)).order_by(p.punch_id, p.batch)
    for row in conn.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        rows += 1
        first, last = min(first or row.clock, row.clock), max(last or row.clock, row.clock)
        summary.update(f"{row.punch_id}\t{row.batch}\t{bytes(row.raw).hex()}\n".encode())
    return Going(before, rows, first, last, f"sha256:{summary.hexdigest()}", because)


def _needed(conn: Connection) -> Iterator[tuple[date, Message]]:
    """Months (first days) that need their punches, the earliest of each kind, and why."""
    r, paid = results.c, period_payments.c
    # An adjusted score is paid with the later month whose close recorded it.
    settled = exists().where(
        paid.period == func.coalesce(r.adjusted_in, r.period), paid.unit == func.coalesce(r.closed_with, r.unit)
    )
    period = conn.scalar(select(func.min(r.period)).where(not_(settled)))
    if period is not None:
        yield (
            date.fromisoformat(f"{period}-01"),
            Message("{period} is not paid in every office; see: ekinerja-agent period status {period}", period=period),
        )
    c, d = corrections.c, correction_decisions.c
    waiting = and_(c.status == EntryStatus.PENDING, ~exists().where(d.correction == c.id))
    day = conn.scalar(select(func.min(c.date)).where(waiting))
    if day is not None:
        yield (
            day.replace(day=1),
            Message("a correction of {day} waits for a decision; see: ekinerja-agent correction list", day=day),
        )
    b, e = redatings.c, redating_decisions.c
    clock = conn.scalar(select(func.min(b.first_clock)).where(~exists().where(e.redating == b.id)))
    if clock is not None:
        yield (
            clock.date().replace(day=1),
            Message("a redating of {day} waits for a decision; approve or reject it", day=clock.date()),
        )
    if changed := changed_days.days_scored(conn):
        month = changed[0].replace(day=1)
        yield (
            month,
            Message(
                "{day} changed since it was scored; run: ekinerja-agent score run --month {month}",
                day=changed[0],
                month=f"{month:%Y-%m}",
            ),
        )


def _goes(before: date) -> ColumnElement[bool]:
    """A clock that was reset puts a punch of today before the day, and somebody may redate it: what came later stays,
    and so does what has another true time.
    """
    p, r = punches.c, redated_punches.c
    cut = datetime(before.year, before.month, before.day)  # noqa: DTZ001 - a terminal's clock
    instant = cut.replace(tzinfo=UTC)
    moved = exists().where(r.punch_id == p.punch_id, r.at >= instant)
    return and_(p.clock < cut, p.received_at < instant, or_(not_(p.corrected), p.at < instant), not_(moved))


def _delete(conn: Connection, going: Going) -> None:
    if conn.dialect.name == "postgresql":
        asked: dict[str, Any] = {"cut": going.before, "rows": going.rows}
        conn.execute(text("SELECT ekinerja_purge_punches(:cut, :rows)"), asked)
        return
    guard = conn.scalar(text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = :name"), {"name": _GUARD})
    conn.exec_driver_sql(f"DROP TRIGGER {_GUARD}")
    conn.execute(delete(punches).where(_goes(going.before)))
    conn.exec_driver_sql(str(guard))
