"""What employees and units dispute of a draft before the close: entered by one person, decided once by another.

An objection names a finding; accepting it changes no score, for only facts do. What a close does about it is decided in
`usecases/deciding/objections.py`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, Select, Text, and_, case, func, insert, literal, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.store.autonumber import insert_numbered
from ekinerja_agent.central.store.engine import Readable, reading, wait_turn
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.scored import (
    DRAFT,
    objection_decisions,
    objections,
    result_findings,
    result_pending,
    results,
)
from ekinerja_agent.nouns.errors import NeedsAttention, Refused
from ekinerja_agent.nouns.messages import Message
from ekinerja_agent.nouns.scorecard import ScoreStatus
from ekinerja_agent.nouns.status_words import status_word
from ekinerja_agent.nouns.statuses import ObjectionStatus

_LOCK = 0x6F626A65
"""One objection entered or decided at a time."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """A finding by what tells it from others; `scan` None: it is of no scan."""

    nip: str
    day: date
    code: str
    scan: str | None


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection as it stands: pending, accepted or rejected."""

    number: int
    finding: Disputed
    status: ObjectionStatus
    account_id: int


@dataclass(frozen=True, slots=True)
class ReviewedDraft:
    """A person's draft of a month (YYYY-MM) as a unit reviews it; `objections` are those that nobody decided."""

    period: str
    unit: str
    nip: str
    name: str
    status: ScoreStatus
    discipline_score_ppm: int
    performance_score_ppm: int
    payable_rp: int
    findings: int
    pending_days: int
    objections: int


def wait_turn_to_object(conn: Connection) -> None:
    """Given a writing connection, wait until nobody else enters or decides an objection."""
    wait_turn(conn, _LOCK)


def add(conn: Connection, finding: Disputed, *, reason: str, account: Account, now: datetime) -> int:
    """Given a finding of a draft and why it is wrong, keep the objection and return its number; since
    `wait_turn_to_object`.

    Raise NeedsAttention if the draft has no such finding, Refused while another objection to it is undecided, or where
    one was rejected and the draft of that day says what it said then.
    """
    period = f"{finding.day:%Y-%m}"
    f = result_findings.c
    drafted = select(f.date, f.code, f.scan).where(f.period == period, f.nip == finding.nip, f.revision == DRAFT)
    found = [Disputed(finding.nip, row.date, row.code, row.scan) for row in conn.execute(drafted)]
    if finding not in found:
        shown = ", ".join(f"{one.day} {one.code} {one.scan or ''}".strip() for one in found) or "none"
        raise NeedsAttention(
            Message(
                "the draft of {nip} for {period} has no such finding; it has: {shown}. `ekinerja-agent score run "
                "--month {period}` makes it anew",
                nip=finding.nip,
                period=period,
                shown=shown,
            )
        )
    if any(one.finding == finding and one.status == ObjectionStatus.PENDING for one in _of_period(conn, period)):
        raise Refused(
            Message(
                "an objection to {day} {code} of {nip} waits for a decision already",
                day=finding.day,
                code=finding.code,
                nip=finding.nip,
            )
        )
    seen = _digest_of_day(conn, finding)
    o, d = objections.c, objection_decisions.c
    rejected = conn.scalar(
        select(func.max(o.id))
        .join(objection_decisions, d.objection == o.id)
        .where(
            *(~d.accepted, o.seen == seen, o.nip == finding.nip, o.date == finding.day, o.code == finding.code),
            o.scan.is_not_distinct_from(finding.scan),
        )
    )
    if rejected is not None:
        raise Refused(
            Message(
                "objection {number} to {day} {code} of {nip} was rejected, and the draft of that day says the same "
                "since; it can be disputed again once the draft is another",
                number=rejected,
                day=finding.day,
                code=finding.code,
                nip=finding.nip,
            )
        )
    values = {"nip": finding.nip, "date": finding.day, "code": finding.code, "scan": finding.scan}
    number = insert_numbered(
        conn, objections, period=period, reason=reason, account_id=account.id, entered_at=now, seen=seen, **values
    )
    details = values | {"date": finding.day.isoformat(), "reason": reason}
    audit.append(conn, account.name, "objection.add", f"objection/{number}", details, now)
    return number


def decide(conn: Connection, one: Objection, *, accepted: bool, reason: str, account: Account, now: datetime) -> None:
    """Given an objection as it stands since `wait_turn_to_object`, decide it. Raise Refused if it is decided."""
    if one.status != ObjectionStatus.PENDING:
        raise Refused(
            Message(
                "objection {number} is {status} already; enter another one",
                number=one.number,
                status=status_word(one.status),
            )
        )
    conn.execute(
        insert(objection_decisions).values(
            objection=one.number, accepted=accepted, reason=reason, account_id=account.id, decided_at=now
        )
    )
    details = {"accepted": accepted, "reason": reason}
    audit.append(conn, account.name, "objection.decide", f"objection/{one.number}", details, now)


def find(conn: Connection, number: int) -> Objection:
    """Given an objection's number, return it as it stands. Raise NeedsAttention if there is none."""
    found = conn.execute(_standing().where(objections.c.id == number)).one_or_none()
    if found is None:
        raise NeedsAttention(
            Message("there is no objection {number}; `ekinerja-agent objection list` has all", number=number)
        )
    return _objection(found)


def of_month(source: Readable, month: date) -> list[Objection]:
    """Given a month (its first day), return its objections by number."""
    with reading(source) as conn:
        return _of_period(conn, f"{month:%Y-%m}")


def rows(
    conn: Connection, *, month: date | None = None, status: str | None = None, nip: str | None = None
) -> list[dict[str, Any]]:
    """Given a month, a status and a person (None: all), return the objections as they stand, newest first, for a
    listing.
    """
    o, d = objections.c, objection_decisions.c
    entered, decided = accounts.alias(), accounts.alias()
    query = (
        _standing()
        .add_columns(
            *(o.period, o.reason, o.entered_at, d.reason.label("decision"), d.decided_at),
            *(entered.c.name.label("entered_by"), decided.c.name.label("decided_by")),
        )
        .join(entered, entered.c.id == o.account_id)
        .outerjoin(decided, decided.c.id == d.account_id)
        .order_by(o.id.desc())
    )
    if month is not None:
        query = query.where(o.period == f"{month:%Y-%m}")
    if nip is not None:
        query = query.where(o.nip == nip)
    found = [dict(row) for row in conn.execute(query).mappings()]
    return [row for row in found if status in {None, row["status"]}]


def waiting_months(conn: Connection) -> list[date]:
    """Given a connection, return the months (first days) of which an objection waits for a decision, oldest first."""
    waiting = _standing().where(objection_decisions.c.accepted.is_(None))
    query = waiting.with_only_columns(objections.c.period).distinct().order_by(objections.c.period)
    return [date.fromisoformat(f"{period}-01") for period in conn.scalars(query)]


def waiting_for(
    conn: Connection, account: Account, month: date, units: Collection[str] | None, most: int
) -> list[dict[str, Any]]:
    """Given an account, a month (its first day) and units (None: all), return the undecided objections to drafts of
    these units that somebody else entered about somebody else, oldest first, at most `most`.

    Keys: number, nip, date, code, scan, status, account_id, reason, entered_at, name, unit.
    """
    o, r = objections.c, results.c
    query = (
        _standing()
        .add_columns(o.reason, o.entered_at, r.name, r.unit)
        .join(results, and_(r.period == o.period, r.nip == o.nip, r.revision == DRAFT))
        .where(o.period == f"{month:%Y-%m}", objection_decisions.c.accepted.is_(None), o.account_id != account.id)
        .order_by(o.id)
        .limit(most)
    )
    if account.nip is not None:
        query = query.where(o.nip != account.nip)
    if units is not None:
        query = query.where(r.unit.in_(units))
    return [dict(row) for row in conn.execute(query).mappings()]


def review(engine: Engine, month: date) -> list[ReviewedDraft]:
    """Given a month (its first day), return each person's draft for a review by the unit, by unit and NIP."""
    period = f"{month:%Y-%m}"
    r = results.c

    def counted(table: Any) -> Any:
        t = table.c
        query = select(func.count()).where(t.period == r.period, t.nip == r.nip, t.revision == DRAFT)
        return query.correlate(results).scalar_subquery()

    query = (
        select(
            *(r.period, r.unit, r.nip, r.name, r.status, r.discipline_score_ppm, r.performance_score_ppm),
            *(r.payable_rp, counted(result_findings).label("findings")),
            counted(result_pending).label("pending_days"),
        )
        .where(r.period == period, r.revision == DRAFT)
        .order_by(r.unit, r.nip)
    )
    with reading(engine) as conn:
        waiting = [one.finding.nip for one in _of_period(conn, period) if one.status == ObjectionStatus.PENDING]
        return [
            ReviewedDraft(**{**row, "status": ScoreStatus(row["status"])}, objections=waiting.count(row["nip"]))
            for row in conn.execute(query).mappings()
        ]


def _digest_of_day(conn: Connection, finding: Disputed) -> str:
    """Of all that the draft finds on the day: minutes, cost, and the punches and documents that it goes by."""
    f = result_findings.c
    columns = (f.code, f.scan, f.minutes, f.deduction_ppm, f.base, f.punch_ids, f.reference)
    query = select(*columns).where(
        f.period == f"{finding.day:%Y-%m}", f.nip == finding.nip, f.revision == DRAFT, f.date == finding.day
    )
    said = sorted(str(tuple(row)) for row in conn.execute(query))
    return f"sha256:{sha256(json.dumps(said).encode()).hexdigest()}"


def _of_period(conn: Connection, period: str) -> list[Objection]:
    query = _standing().where(objections.c.period == period).order_by(objections.c.id)
    return [_objection(row) for row in conn.execute(query)]


def _standing() -> Select[Any]:
    o, d = objections.c, objection_decisions.c
    status = case(
        (d.accepted.is_(None), literal(ObjectionStatus.PENDING, Text)),
        (d.accepted, literal(ObjectionStatus.ACCEPTED, Text)),
        else_=literal(ObjectionStatus.REJECTED, Text),
    )
    return (
        select(o.id.label("number"), o.nip, o.date, o.code, o.scan, status.label("status"), o.account_id)
        .select_from(objections)
        .outerjoin(objection_decisions, d.objection == o.id)
    )


def _objection(row: Any) -> Objection:
    return Objection(
        row.number, Disputed(row.nip, row.date, row.code, row.scan), ObjectionStatus(row.status), row.account_id
    )
