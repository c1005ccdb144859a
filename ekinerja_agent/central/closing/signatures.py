"""Who signed that pending days count as present, for the second person who closes the month.

A signature names its days, and holds for one close of one office. The database itself refuses a close that only one
person signed. Does not know why a day is pending.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account, another_may
from ekinerja_agent.central.closing import periods
from ekinerja_agent.central.store.autonumber import insert_numbered
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import Readable, in_transaction, reading
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.periods import pending_signatures, signed_days
from ekinerja_agent.county.access import Deed

Day = tuple[str, date]
"""A NIP and a day of that person."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, when, and for which days."""

    account_id: int
    name: str
    at: datetime
    days: frozenset[Day]


def is_alone(source: Readable, account: Account) -> bool:
    """Given an account that closes months, tell whether there is nobody else who could sign with it."""
    with reading(source) as conn:
        return not another_may(conn, account, Deed.CLOSE_MONTH)


def names(conn: Connection, period: str, closed: Mapping[str, periods.Closing]) -> dict[str, list[str]]:
    """Given a period (YYYY-MM) and the newest closes of its offices, return by office who signed for the next one."""
    s = pending_signatures.c
    query = select(s.unit, s.after_revision, accounts.c.name).join(accounts, accounts.c.id == s.account_id)
    found: dict[str, list[str]] = {}
    for row in conn.execute(query.where(s.period == period).order_by(s.id)):
        if row.after_revision == _newest(closed, row.unit) and row.name not in found.setdefault(row.unit, []):
            found[row.unit].append(row.name)
    return found


def signatures_of(source: Readable, month: date, offices: Iterable[str]) -> dict[str, list[Signature]]:
    """Given a month (its first day) and offices, return by office the signatures for its next close, oldest first."""
    period = f"{month:%Y-%m}"
    s, d = pending_signatures.c, signed_days.c
    with reading(source) as conn:
        closed = periods.closings(conn, period)
        found: dict[str, list[Signature]] = {}
        for office in offices:
            query = (
                select(s.id, s.account_id, accounts.c.name, s.at)
                .join(accounts, accounts.c.id == s.account_id)
                .where(s.period == period, s.unit == office, s.after_revision == _newest(closed, office))
                .order_by(s.id)
            )
            for row in conn.execute(query).all():
                days = conn.execute(select(d.nip, d.date).where(d.signature == row.id))
                signed = frozenset((each.nip, each.date) for each in days)
                found.setdefault(office, []).append(Signature(row.account_id, row.name, row.at, signed))
        return found


def sign(
    engine: Engine,
    month: date,
    days: Mapping[str, Collection[Day]],
    *,
    reason: str,
    account: Account,
    now: datetime,
) -> None:
    """Given a month (its first day) and pending days by office, keep that the account signs for them."""
    period = f"{month:%Y-%m}"

    def work(conn: Connection) -> None:
        periods.lock(conn)
        closed = periods.closings(conn, period)
        for office, pending in days.items():
            number = insert_numbered(
                conn,
                pending_signatures,
                period=period,
                unit=office,
                after_revision=_newest(closed, office),
                reason=reason,
                account_id=account.id,
                at=now,
                audit_rows=audit.count_so_far(),
            )
            insert_rows(
                conn, signed_days, ["signature", "nip", "date"], ((number, nip, day) for nip, day in sorted(pending))
            )
            details = {"unit": office, "days": len(pending), "reason": reason}
            audit.append(conn, account.name, "period.sign", period, details, now)

    in_transaction(engine, work)


def _newest(closed: Mapping[str, periods.Closing], office: str) -> int:
    return closed[office].revision if office in closed else 0
