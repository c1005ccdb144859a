"""Blocks of punches that get their true time: requests, decisions by somebody else, and which instants stand.

What the terminal recorded is never touched: a redating lies beside it. Of several approved ones of a punch the newest
stands. Does not know why a clock was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, Subquery, func, insert, or_, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.collected.inbox import insert_punches
from ekinerja_agent.central.collected.pin_owners import read_enrolments
from ekinerja_agent.central.marks import changed_days
from ekinerja_agent.central.store.autonumber import insert_numbered
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.recorded import (
    punches,
    quarantine,
    redated_punches,
    redating_decisions,
    redatings,
)
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.nouns.errors import Refused, WrongUsage
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch, Source
from ekinerja_agent.nouns.statuses import EntryStatus

_LOCK = 0x72656461
"""One decision at a time."""
_STATUSES = {None: EntryStatus.PENDING, True: EntryStatus.APPROVED, False: EntryStatus.REJECTED}


class Recorded(NamedTuple):
    """A punch as a terminal recorded it, whether central has it as a punch already, or only its bytes."""

    punch_id: str
    pin: str
    clock: datetime


class Waiting(NamedTuple):
    """A quarantined record of a terminal."""

    source: Source
    position: int
    raw: bytes
    reason: str


class Redated(NamedTuple):
    """Where a punch truly was: its instant, and true local time minus clock in seconds."""

    at: datetime
    shift_s: int


@dataclass(frozen=True, slots=True)
class Redating:
    """A request. Both clocks are included, as the terminal showed them. `approved` None: nobody decided yet."""

    number: int
    terminal: str
    first: datetime
    last: datetime
    shift_s: int
    reason: str
    account_id: int
    requested_at: datetime
    approved: bool | None


def recorded_between(conn: Connection, terminal: str, first: datetime, last: datetime) -> list[Recorded]:
    """Given a terminal and clocks, both included, return the punches between them that stand."""
    p = punches.c
    query = (
        select(p.punch_id, p.pin, p.clock)
        .where(p.terminal == terminal, p.clock.between(first, last), not_taken_back(p.batch))
        .distinct()
        .order_by(p.clock, p.punch_id)
    )
    return [Recorded(**row) for row in conn.execute(query).mappings()]


def waiting_records(conn: Connection, terminal: str, up_to: datetime) -> list[Waiting]:
    """Given a terminal and an instant, return what was in quarantine by then, in the order it was found."""
    q = quarantine.c
    query = (
        select(q.source, q.position, q.raw, q.reason)
        .where(q.terminal == terminal, q.found_at <= up_to, not_taken_back(q.batch))
        .where(or_(q.position >= 0, q.batch > 0))  # no remark of ours on what was refused
        .order_by(q.found_at, q.position)
    )
    return [Waiting(Source(row.source), row.position, bytes(row.raw), row.reason) for row in conn.execute(query)]


def wait_turn_to_decide(conn: Connection) -> None:
    """Given a writing connection, wait until nobody else decides: what is read from now on is as it is decided."""
    wait_turn(conn, _LOCK)


def request(
    conn: Connection,
    terminal: str,
    first: datetime,
    last: datetime,
    *,
    shift_s: int,
    reason: str,
    instants: Mapping[str, datetime],
    account: Account,
    now: datetime,
) -> int:
    """Given a block and the true instant of each of its punches by id, keep the request and return its number."""
    number = insert_numbered(
        conn,
        redatings,
        terminal=terminal,
        first_clock=first,
        last_clock=last,
        shift_s=shift_s,
        reason=reason,
        account_id=account.id,
        requested_at=now,
    )
    insert_rows(
        conn,
        redated_punches,
        ["redating", "punch_id", "at"],
        ((number, name, at) for name, at in sorted(instants.items())),
    )
    details = {
        "terminal": terminal,
        "first_clock": first.isoformat(),
        "last_clock": last.isoformat(),
        "shift_s": shift_s,
        "punches": len(instants),
        "reason": reason,
    }
    audit.append(conn, account.name, "punch.redate", f"redating {number}", details, now)
    return number


def find(conn: Connection, number: int) -> tuple[Redating, dict[str, datetime]]:
    """Given a request's number, return it with the instants of its punches. Raise WrongUsage if there is none."""
    r = redated_punches.c
    row = conn.execute(_requests().where(redatings.c.id == number)).one_or_none()
    if row is None:
        raise WrongUsage(Message("there is no redating {number}; `punch redate list` shows them", number=number))
    instants = {each.punch_id: each.at for each in conn.execute(select(r.punch_id, r.at).where(r.redating == number))}
    return (
        Redating(
            number=row.id,
            terminal=row.terminal,
            first=row.first_clock,
            last=row.last_clock,
            shift_s=row.shift_s,
            reason=row.reason,
            account_id=row.account_id,
            requested_at=row.requested_at,
            approved=row.approved,
        ),
        instants,
    )


def decide(
    conn: Connection,
    redating: Redating,
    *,
    approved: bool,
    arriving: Sequence[Punch],
    days: Mapping[str, tuple[str, datetime]],
    account: Account,
    now: datetime,
) -> None:
    """Given a request as it stands since `wait_turn_to_decide`, and whether it is approved, keep the decision, and let
    approved punches count.

    `arriving` are those that so far are only bytes in quarantine. `days` tells of each punch its PIN and its true local
    time. Raise Refused if it was decided before, or is about the account's own punches.
    """
    if redating.approved is not None:
        raise Refused(Message("redating {number} is decided already; request another one", number=redating.number))
    if account.nip is not None and account.nip in _owners(conn, redating, days):
        raise Refused(
            Message(
                "some of these punches are your own; another person decides on redating {number}",
                number=redating.number,
            )
        )
    conn.execute(
        insert(redating_decisions).values(
            redating=redating.number, approved=approved, account_id=account.id, decided_at=now
        )
    )
    if approved:
        insert_punches(conn, {punch.punch_id: punch for punch in arriving}, FROM_TERMINAL, now)
        _mark(conn, redating, days)
    word = "punch.redate.approve" if approved else "punch.redate.reject"
    audit.append(conn, account.name, word, f"redating {redating.number}", {"punches": len(days)}, now)


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Given the database, return all requests, newest first: the columns of `punch redate list`."""
    r = redated_punches.c
    count = select(func.count()).where(r.redating == redatings.c.id).scalar_subquery()
    query = _requests().add_columns(count.label("punches")).order_by(redatings.c.id.desc())
    with reading(engine) as conn:
        return [
            {
                "number": row.id,
                "terminal": row.terminal,
                "from": row.first_clock,
                "to": row.last_clock,
                "shift_s": row.shift_s,
                "punches": row.punches,
                "reason": row.reason,
                "requested_by": row.name,
                "status": _STATUSES[row.approved],
            }
            for row in conn.execute(query)
        ]


def current_redatings() -> Subquery:
    """Return a query for what stands: punch_id, at, shift_s of each punch that was redated with approval."""
    r, d = redated_punches.c, redating_decisions.c
    newest = func.row_number().over(partition_by=r.punch_id, order_by=r.redating.desc()).label("newest")
    ranked = (
        select(r.punch_id, r.at, redatings.c.shift_s, newest)
        .join(redating_decisions, d.redating == r.redating)
        .join(redatings, redatings.c.id == r.redating)
        .where(d.approved)
        .subquery()
    )
    return select(ranked.c.punch_id, ranked.c.at, ranked.c.shift_s).where(ranked.c.newest == 1).subquery()


def read_standing(conn: Connection) -> dict[str, Redated]:
    """Given a connection, return by punch id where each redated punch truly was."""
    query = current_redatings()
    return {row.punch_id: Redated(row.at, row.shift_s) for row in conn.execute(select(query))}


def _requests() -> Select[Any]:
    r = redatings.c
    return (
        select(
            r.id,
            r.terminal,
            r.first_clock,
            r.last_clock,
            r.shift_s,
            r.reason,
            r.account_id,
            r.requested_at,
            redating_decisions.c.approved,
            accounts.c.name,
        )
        .outerjoin(redating_decisions, redating_decisions.c.redating == r.id)
        .join(accounts, accounts.c.id == r.account_id)
    )


def _owners(conn: Connection, redating: Redating, days: Mapping[str, tuple[str, datetime]]) -> set[str | None]:
    enrolled = read_enrolments(conn)
    return {enrolled.nip(redating.terminal, pin, local.date(), None) for pin, local in days.values()}


def _mark(conn: Connection, redating: Redating, days: Mapping[str, tuple[str, datetime]]) -> None:
    """The true days, those that the clock showed, and the nights that began before either."""
    shift = timedelta(seconds=redating.shift_s)
    touched = {day.date() for _, local in days.values() for day in (local, local - shift)}
    changed_days.mark(conn, {(redating.terminal, day - timedelta(days=n)) for day in touched for n in (0, 1)})
