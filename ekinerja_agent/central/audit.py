"""Who did what: an insert-only log whose rows are chained by SHA-256, so that a changed or missing row shows.

Does not know what the actions mean, nor whether they were allowed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from ekinerja_agent.central.engine import reading, wait_turn
from ekinerja_agent.central.tables import audit
from ekinerja_agent.errors import CheckFailed

SYSTEM = "system"
"""The actor of what the service does by itself."""

_FIRST_DIGEST = "0" * 64
_CHAIN_LOCK = 0x61756469


def append(conn: Connection, actor: str, action: str, subject: str, details: Mapping[str, Any], now: datetime) -> None:
    """Given who did what to which subject, add a row to the chain in the caller's transaction.

    Call it last in the transaction: other writers of the log wait until it ends. `details` holds JSON values only.
    """
    wait_turn(conn, _CHAIN_LOCK)
    previous = conn.scalar(select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)) or _FIRST_DIGEST
    text = _canonical(dict(details))
    digest = _digest(previous, now, actor, action, subject, text)
    conn.execute(
        insert(audit).values(
            at=now,
            actor=actor,
            action=action,
            subject=subject,
            details=text,
            previous_digest=previous,
            digest=digest,
        )
    )


def rows(engine: Engine) -> Iterator[dict[str, Any]]:
    """Given the database, yield the log, oldest first: id, at, actor, action, subject, details, digest."""
    query = select(audit).order_by(audit.c.id)
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
            }


def verify(engine: Engine) -> int:
    """Given the database, check every digest of the log and return how many rows it has.

    Raise CheckFailed naming the first row that does not continue the chain.
    """
    with reading(engine) as conn:
        return walk(conn)


def walk(conn: Connection) -> int:
    """As `verify`, within a transaction of the caller's."""
    previous, count = _FIRST_DIGEST, 0
    query = select(audit).order_by(audit.c.id)
    for row in conn.execute(query.execution_options(yield_per=1000)):
        expected = _digest(previous, row.at, row.actor, row.action, row.subject, row.details)
        if row.previous_digest != previous or row.digest != expected:
            raise CheckFailed(
                f"the audit log is broken at row {row.id} ({row.at:%Y-%m-%d %H:%M:%S} UTC, {row.actor}: "
                f"{row.action} {row.subject}): this row, or one before it, was changed or removed outside of "
                "ekinerja-agent; compare with the latest backup"
            )
        previous = row.digest
        count += 1
    return count


def _digest(previous: str, at: datetime, actor: str, action: str, subject: str, details: str) -> str:
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    return sha256(_canonical([previous, instant, actor, action, subject, details]).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
