"""Who did what: an insert-only log whose rows are chained by SHA-256 and counted by the database itself.

A row that was changed, removed, put in or moved shows in the chain; rows cut off at the end show by the count. Somebody
who owns the database could write chain and count anew: that shows against an end that was noted elsewhere.

Beside the actor a row keeps the uid of who acted and, where the host keeps it, the uid with which they logged in. Both
are part of its digest; rows from before they were kept have none, and their digests are as they were.

Does not know what the actions mean, nor whether they were allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Row, ScalarSelect, exists, insert, or_, select

from ekinerja_agent.central.store.engine import Readable, reading, wait_turn
from ekinerja_agent.central.store.tables.access import audit, audit_end
from ekinerja_agent.host import os_user
from ekinerja_agent.nouns.errors import CheckFailed
from ekinerja_agent.nouns.messages import Message

SYSTEM = "system"
"""The actor of what the service does by itself."""

HOSTS_DIFFER = timedelta(minutes=5)
"""By so much two hosts may tell another time; the database refuses rows that are further ahead of its own clock."""

_FIRST_DIGEST = "0" * 64
_CHAIN_LOCK = 0x61756469
_COMPARE = Message("This was done outside of ekinerja-agent; compare with the latest backup")


class End(NamedTuple):
    """The end of the log: how many rows it has and the digest of the last. Noted elsewhere, it proves all before it."""

    rows: int
    digest: str

    def __str__(self) -> str:
        return f"{self.rows}:{self.digest}"

    @classmethod
    def read(cls, text: str) -> End:
        """Given text in which an end stands, as a line of a log or a mail, return it. Raise ValueError if none does."""
        found = re.search(r"\b([0-9]{1,18}):([0-9a-f]{64})\b", text)
        if found is None:
            raise ValueError(f"no ROWS:DIGEST in {text!r}")
        return cls(int(found[1]), found[2])


def append(conn: Connection, actor: str, action: str, subject: str, details: Mapping[str, Any], now: datetime) -> str:
    """Given who did what to which subject, add a row to the chain in the caller's transaction; return its digest.

    Call it last in the transaction, since other writers of the log wait until it ends; but before a change of
    accounts, passwords or owners, whose rows name it. `details` holds JSON values only.
    """
    wait_turn(conn, _CHAIN_LOCK)
    previous = conn.scalar(select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)) or _FIRST_DIGEST
    text = _canonical(dict(details))
    who = os_user.caller()
    digest = _digest(previous, now, actor, action, subject, text, who.uid, who.login_uid)
    conn.execute(
        insert(audit).values(
            at=now,
            actor=actor,
            action=action,
            subject=subject,
            details=text,
            uid=who.uid,
            login_uid=who.login_uid,
            previous_digest=previous,
            digest=digest,
        )
    )
    return digest


def count_so_far() -> ScalarSelect[int]:
    """Return how many rows the log has, to be kept with a row: what belongs to it comes before the next one."""
    return select(audit_end.c.rows).scalar_subquery()


def rows(
    engine: Engine,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Iterator[dict[str, Any]]:
    """Given the database, yield the log, oldest first: id, at, actor, action, subject, details, digest, uid, login_uid.

    `action` is a whole word as `period.close`, or what stands before its point. The days are UTC, both included.
    """
    a = audit.c
    conditions: list[ColumnElement[bool]] = []
    if actor is not None:
        conditions.append(a.actor == actor)
    if action is not None:
        conditions.append(or_(a.action == action, a.action.startswith(f"{action}.", autoescape=True)))
    if subject is not None:
        conditions.append(a.subject == subject)
    if first is not None:
        conditions.append(a.at >= _midnight(first))
    if last is not None:
        conditions.append(a.at < _midnight(last) + timedelta(days=1))
    query = select(audit).where(*conditions).order_by(a.id)
    with reading(engine) as conn:
        for row in conn.execute(query.execution_options(yield_per=1000)):
            yield {
                "id": row.id,
                "at": row.at,
                "actor": row.actor,
                "action": row.action,
                "subject": row.subject,
                "details": json.loads(row.details),
                "digest": row.digest,
                "uid": row.uid,
                "login_uid": row.login_uid,
            }


def verify(engine: Engine, noted: End | None = None) -> End:
    """Given the database and an end that was noted before, check every row of the log and return its end.

    Raise CheckFailed naming the first row that is wrong, and how.
    """
    with reading(engine) as conn:
        return walk(conn, noted)


def head(source: Readable) -> End:
    """Given the database, return the end of the log as the database counts it; nothing is checked."""
    with reading(source) as conn:
        counted = conn.execute(select(audit_end.c.rows, audit_end.c.digest)).one_or_none()
    return End(0, _FIRST_DIGEST) if counted is None else End(counted.rows, counted.digest)


def holds(source: Readable, end: End) -> bool:
    """Given the database and an end that was noted, tell whether the log has a row with that digest."""
    if not end.rows:
        return True
    with reading(source) as conn:
        return bool(conn.scalar(select(exists().where(audit.c.digest == end.digest))))


def not_of(conn: Connection, ends: Collection[End]) -> set[End]:
    """Given ends that were noted elsewhere, return those that this log, unbroken, never had."""
    wanted: dict[int, set[End]] = {}
    for end in ends:
        if end.rows:
            wanted.setdefault(end.rows, set()).add(end)
    query = select(audit.c.digest).order_by(audit.c.id).execution_options(yield_per=1000)
    strange = set().union(*wanted.values())
    for number, digest in enumerate(conn.scalars(query), 1):
        strange -= {end for end in wanted.get(number, ()) if end.digest == digest}
    return strange


def set_back(engine: Engine) -> Iterator[Message]:
    """Given the database, yield which rows are of an earlier instant than one before them, by more than two hosts
    differ: a clock was set back, or was ahead before.
    """
    latest: Row[Any] | None = None
    query = select(audit).order_by(audit.c.id)
    with reading(engine) as conn:
        for row in conn.execute(query.execution_options(yield_per=1000)):
            if latest is not None and row.at < latest.at - HOSTS_DIFFER:
                yield Message(
                    "the time goes back at row {row}, after row {before}", row=_named(row), before=_named(latest)
                )
            if latest is None or row.at > latest.at:
                latest = row


def walk(conn: Connection, noted: End | None = None) -> End:
    """As `verify`, within a transaction of the caller's."""
    count, last = 0, None
    noted_digest = None
    query = select(audit).order_by(audit.c.id)
    for row in conn.execute(query.execution_options(yield_per=1000)):
        if wrong := _wrong(conn, row, last.digest if last else _FIRST_DIGEST):
            raise CheckFailed(
                Message(
                    "the audit log is broken at row {row}: {wrong}. {compare}",
                    row=_named(row),
                    wrong=wrong,
                    compare=_COMPARE,
                )
            )
        count += 1
        last = row
        if noted is not None and count == noted.rows:
            noted_digest = row.digest
    end = End(count, last.digest if last else _FIRST_DIGEST)
    _compare_with_count(conn, end, last)
    if noted is not None and noted.rows and noted_digest != noted.digest:
        raise CheckFailed(
            Message(
                "the audit log is not the one that was noted: {difference}. {compare}",
                difference=_noted_instead(noted, count, noted_digest),
                compare=_COMPARE,
            )
        )
    return end


def _wrong(conn: Connection, row: Row[Any], previous: str) -> Message | None:
    """What is wrong with a row that should follow the digest `previous`."""
    told = (row.previous_digest, row.at, row.actor, row.action, row.subject, row.details, row.uid, row.login_uid)
    if row.digest != _digest(*told):
        return Message("it was changed after it was written")
    if row.previous_digest == previous:
        return None
    if row.previous_digest == _FIRST_DIGEST or conn.scalar(
        select(exists().where(audit.c.digest == row.previous_digest))
    ):
        return Message("the order was changed, or a row was put in before it")
    return Message("a row before it was removed")


def _compare_with_count(conn: Connection, end: End, last: Row[Any] | None) -> None:
    """Raise CheckFailed if the log does not end where the database counted to."""
    counted = conn.execute(select(audit_end.c.rows, audit_end.c.digest)).one_or_none()
    where = Message("after row {row}", row=_named(last)) if last else Message("from the first row on")
    if counted is None:
        raise CheckFailed(Message("the count of the audit log (audit_end) was removed. {compare}", compare=_COMPARE))
    if end.rows < counted.rows:
        raise CheckFailed(
            Message(
                "the audit log is cut off {where}: {rows} rows are there, {written} were written. {compare}",
                where=where,
                rows=end.rows,
                written=counted.rows,
                compare=_COMPARE,
            )
        )
    if end != tuple(counted):
        raise CheckFailed(
            Message(
                "the audit log does not end as it was written, at row {row}: {rows} rows are there, {written} were "
                "written, the last with digest {digest}. {compare}",
                row=_named(last) if last else 0,
                rows=end.rows,
                written=counted.rows,
                digest=counted.digest,
                compare=_COMPARE,
            )
        )


def _noted_instead(noted: End, count: int, found: str | None) -> Message:
    if found is None:
        return Message("{rows} rows were noted, {count} are there", rows=noted.rows, count=count)
    return Message(
        "row number {number} had digest {digest}, it has {found}", number=noted.rows, digest=noted.digest, found=found
    )


def _named(row: Row[Any]) -> str:
    return f"{row.id} ({row.at:%Y-%m-%d %H:%M:%S} UTC, {row.actor}: {row.action} {row.subject})"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _digest(
    previous: str,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: str,
    uid: int | None = None,
    login_uid: int | None = None,
) -> str:
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    told: list[str | int | None] = [previous, instant, actor, action, subject, details]
    if (uid, login_uid) != (None, None):
        told += [uid, login_uid]
    return sha256(_canonical(told).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
