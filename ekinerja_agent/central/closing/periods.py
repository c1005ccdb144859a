"""The life of an office's month after its scores: closed, reopened by another person, closed again, paid.

Promises that nothing that was paid is opened again, and that two changes of one month wait for each other. What is
published is written by `results`; judges no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, require
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import Readable, in_transaction, reading, wait_turn
from ekinerja_agent.central.store.tables.periods import period_events, period_payments, period_reopenings
from ekinerja_agent.central.store.tables.scored import results
from ekinerja_agent.county.access import Deed
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import PeriodStatus

_RESULT_LOCK = 0x72657375


@dataclass(frozen=True, slots=True)
class Closing:
    """The newest close of an office, and what became of it: `reopened_because` and `paid_document` are None if not.

    `through` is the last day that it judged; None: the month's. `alone`: nobody else could have signed; None: it was
    closed before that was noted.
    """

    unit: str
    revision: int
    at: datetime
    account_id: int
    accepted_pending: str | None
    through: date | None
    alone: bool | None
    reopened_because: str | None
    paid_at: datetime | None
    paid_document: str | None

    @property
    def state(self) -> PeriodStatus:
        """What became of it."""
        if self.paid_document is not None:
            return PeriodStatus.PAID
        return PeriodStatus.CLOSED if self.reopened_because is None else PeriodStatus.REOPENED


def closings(conn: Connection, period: str) -> dict[str, Closing]:
    """Given a period (YYYY-MM), return the newest close of each office that was ever closed, by unit."""
    e, o, p = period_events.c, period_reopenings.c, period_payments.c
    query = (
        select(
            *(e.unit, e.revision, e.at, e.account_id, e.accepted_pending, e.through, e.alone),
            *(o.reason.label("reopened_because"), p.at.label("paid_at"), p.document.label("paid_document")),
        )
        .outerjoin(period_reopenings, and_(o.period == e.period, o.unit == e.unit, o.revision == e.revision))
        .outerjoin(period_payments, and_(p.period == e.period, p.unit == e.unit, p.revision == e.revision))
        .where(e.period == period)
        .order_by(e.unit, e.revision)
    )
    return {row["unit"]: Closing(**row) for row in conn.execute(query).mappings()}


def reopen(
    engine: Engine, month: date, *, office: str | None, reason: str, account: Account, now: datetime
) -> list[Closing]:
    """Given a month (its first day), open the office (None: every closed one) for another close; return what was open.

    What is published stays what payroll reads until then. Raise Refused if an office is paid or was closed by the same
    person.
    """
    require(account, Deed.CLOSE_MONTH)
    if not reason.strip():
        raise Refused(Message("a month is reopened with a reason in words; it is kept with the month"))

    period = f"{month:%Y-%m}"

    def work(conn: Connection) -> list[Closing]:
        lock(conn)
        opened = chosen(conn, period, office, (PeriodStatus.CLOSED, PeriodStatus.PAID))
        for one in opened:
            if one.state == PeriodStatus.PAID:
                raise Refused(
                    Message(
                        "{unit} is paid for {period} ({paid_document}) and never reopened; enter what is missing, "
                        "as a correction or a document, and the difference is paid with a later month that is closed",
                        unit=one.unit,
                        period=period,
                        paid_document=one.paid_document,
                    )
                )
            if one.account_id == account.id:
                raise Refused(
                    Message(
                        "{account} closed {unit} for {period}; another person reopens it, so that two people answer "
                        "for a change of what is published",
                        account=account.name,
                        unit=one.unit,
                        period=period,
                    )
                )
        conn.execute(
            insert(period_reopenings),
            [
                {
                    "period": period,
                    "unit": one.unit,
                    "revision": one.revision,
                    "reason": reason,
                    "account_id": account.id,
                    "at": now,
                }
                for one in opened
            ],
        )
        details = {"revisions": {one.unit: one.revision for one in opened}, "reason": reason}
        audit.append(conn, account.name, "period.reopen", period, details, now)
        return opened

    return in_transaction(engine, work)


def paid_elsewhere(source: Readable, month: date, nips: Sequence[str], office: str) -> dict[str, str]:
    """Given a month and people, return for those whom another office paid for it which one did."""
    period = f"{month:%Y-%m}"
    r, p = results.c, period_payments.c
    by = func.coalesce(r.closed_with, r.unit)
    query = (
        select(r.nip, p.unit)
        .join(period_payments, and_(p.period == r.period, p.unit == by, p.revision == r.revision))
        .where(r.period == period, p.unit != office, r.adjusted_in.is_(None))
    )
    with reading(source) as conn:
        return {row.nip: row.unit for part in chunks(nips) for row in conn.execute(query.where(r.nip.in_(part)))}


def state_of(conn: Connection, month: date, office: str | None) -> str:
    """Given a month (its first day) and an office (None: of nobody), return its state: open, closed, reopened, paid."""
    one = closings(conn, f"{month:%Y-%m}").get(office or "")
    return PeriodStatus.OPEN if one is None else one.state


def reopened(engine: Engine, month: date) -> tuple[str, ...]:
    """Given a month (its first day), return the offices that are open again, sorted."""
    with reading(engine) as conn:
        return tuple(
            unit for unit, one in closings(conn, f"{month:%Y-%m}").items() if one.state == PeriodStatus.REOPENED
        )


def superseded(row: Any) -> ColumnElement[bool]:
    """Given the columns of results, tell whether its office was closed again since: only the newer close counts."""
    e = period_events.alias().c
    again = and_(e.period == row.period, e.unit == func.coalesce(row.closed_with, row.unit), e.revision > row.revision)
    return and_(row.revision > 0, row.adjusted_in.is_(None), exists().where(again))


def lock(conn: Connection) -> None:
    """Two changes of results wait for each other."""
    wait_turn(conn, _RESULT_LOCK)


def chosen(conn: Connection, period: str, office: str | None, states: Sequence[str]) -> list[Closing]:
    """Given a period and an office (None: every one in these states), return their newest closes.

    Raise Refused if the office is in another state or there is none, NeedsAttention if it was never closed.
    """
    known = closings(conn, period)
    if office is None:
        found = [one for one in known.values() if one.state in states]
        if not found:
            raise Refused(
                Message(
                    "{period} has no office that is closed and waits; `ekinerja-agent period status {period}`",
                    period=period,
                )
            )
        return found
    if office not in known:
        raise NeedsAttention(
            Message(
                "{office} was never closed for {period}; offices that were: {closed}. Close it with `ekinerja-agent "
                "period close {period} --office {office}`",
                office=office,
                period=period,
                closed=", ".join(known) or Message("none"),
            )
        )
    if known[office].state not in states:
        raise Refused(
            Message(
                "{office} is {state} for {period}; close it first",
                office=office,
                state=status_word(known[office].state),
                period=period,
            )
        )
    return [known[office]]
