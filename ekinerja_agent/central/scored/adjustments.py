"""What a late fact moves of a month that is paid: found by its drafts, recorded once, never in a revision too.

An adjusted score follows the revision that stands for the person; only their difference is paid, with a later month.
How often anything is asked, a difference is found only against what stands, adjustments included. Computes no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, and_, exists, func, insert, select

from ekinerja_agent.central.collected.retention import purged_before
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.periods import adjustments, period_events, period_payments
from ekinerja_agent.central.store.tables.scored import DRAFT, results
from ekinerja_agent.nouns.errors import Refused
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from ekinerja_agent.scoring.frames.schemas import MonthResult


@dataclass(frozen=True, slots=True)
class Paid:
    """Whom a month was paid by which office, and what stands: the newest revision, adjusted or not, and its money.

    `accepted`: a person signed for pending days of the office. `through` is the last day that the paid close judged;
    None: the month's. `drafted` False: nobody scores the person any more.
    """

    nip: str
    office: str
    accepted: bool
    through: date | None
    revision: int
    payable_rp: int
    drafted: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What one person gets more (or less, below 0), and why, in words that name findings and values."""

    nip: str
    standing_rp: int
    difference_rp: int
    reason: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Scores of a paid month (its first day) that follow the revision `from_revision` of exactly these people."""

    month: date
    from_revision: int
    result: MonthResult
    differences: tuple[Difference, ...]


def paid_months(engine: Engine, before: date) -> list[date]:
    """Given a month (its first day), return the earlier ones of which an office is paid, oldest first."""
    p = period_payments.c
    query = select(p.period).where(p.period < f"{before:%Y-%m}").distinct().order_by(p.period)
    with reading(engine) as conn:
        return [date.fromisoformat(f"{period}-01") for period in conn.scalars(query)]


def cut_short(engine: Engine, month: date) -> bool:
    """Given a paid month (its first day), tell whether an office was paid for it by a close before its end."""
    p, e = period_payments.c, period_events.c
    of_close = and_(e.period == p.period, e.unit == p.unit, e.revision == p.revision)
    query = select(e.unit).join(period_payments, of_close).where(p.period == f"{month:%Y-%m}", e.through.is_not(None))
    with reading(engine) as conn:
        return conn.scalars(query.limit(1)).first() is not None


def is_purged(engine: Engine, month: date) -> bool:
    """Given a month (its first day), tell whether retention took its punches away: it cannot be scored again."""
    with reading(engine) as conn:
        before = purged_before(conn)
    return before is not None and month < before


def changed(engine: Engine, month: date) -> list[Paid]:
    """Given a paid month (its first day), return by NIP the people whose draft pays other money than what stands.

    A month without any draft has had no change. Drafts only point to people: a draft does not know of days that a
    person signed for.
    """
    period = f"{month:%Y-%m}"
    r, p, e = results.c, period_payments.c, period_events.c
    newest, draft, any_one = results.alias(), results.alias(), results.alias().c
    any_draft = exists().where(any_one.period == period, any_one.revision == DRAFT)
    last = select(func.max(newest.c.revision)).where(newest.c.period == r.period, newest.c.nip == r.nip)
    stands = results.alias()
    query = (
        select(
            *(r.nip, p.unit, e.accepted_pending.is_not(None).label("accepted"), e.through),
            *(stands.c.revision, stands.c.payable_rp, draft.c.payable_rp.label("drafted_rp")),
        )
        .join(
            period_payments,
            and_(p.period == r.period, p.unit == func.coalesce(r.closed_with, r.unit), p.revision == r.revision),
        )
        .join(period_events, and_(e.period == p.period, e.unit == p.unit, e.revision == p.revision))
        .join(
            stands,
            and_(stands.c.period == r.period, stands.c.nip == r.nip, stands.c.revision == last.scalar_subquery()),
        )
        .outerjoin(draft, and_(draft.c.period == r.period, draft.c.nip == r.nip, draft.c.revision == DRAFT))
        .where(r.period == period, r.adjusted_in.is_(None), any_draft)
        .where(draft.c.payable_rp.is_distinct_from(stands.c.payable_rp))
        .order_by(r.nip)
    )
    with reading(engine) as conn:
        return [
            Paid(
                row.nip,
                row.unit,
                bool(row.accepted),
                row.through,
                row.revision,
                row.payable_rp,
                row.drafted_rp is not None,
            )
            for row in conn.execute(query)
        ]


def record(conn: Connection, adjusted: Adjusted, *, period: str, office: str, now: datetime) -> None:
    """Given adjusted scores, record their differences for the open period that pays them, in the caller's transaction.

    Raise Refused if something else stands for one of the people meanwhile.
    """
    for_period = f"{adjusted.month:%Y-%m}"
    standing = _standing(conn, for_period, [one.nip for one in adjusted.differences])
    for one in adjusted.differences:
        if standing.get(one.nip) != (adjusted.from_revision, one.standing_rp):
            raise Refused(
                Message(
                    "what stands for {nip} in {for_period} changed meanwhile; close {office} once more",
                    nip=one.nip,
                    for_period=for_period,
                    office=office,
                )
            )
    rows = [
        {
            "for_period": for_period,
            "nip": one.nip,
            "from_revision": adjusted.from_revision,
            "to_revision": adjusted.from_revision + 1,
            "period": period,
            "unit": office,
            "difference_rp": one.difference_rp,
            "reason": one.reason,
            "published_at": now,
        }
        for one in adjusted.differences
    ]
    conn.execute(insert(adjustments), rows)


def _standing(conn: Connection, period: str, nips: Sequence[str]) -> dict[str, tuple[int, int]]:
    """By NIP: the newest revision and its money."""
    r = results.c
    found: dict[str, tuple[int, int]] = {}
    for part in chunks(nips):
        query = select(r.nip, r.revision, r.payable_rp).where(r.period == period, r.nip.in_(part))
        for row in conn.execute(query.order_by(r.revision)):
            found[row.nip] = (row.revision, row.payable_rp)
    return found
