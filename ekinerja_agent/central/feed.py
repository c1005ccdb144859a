"""The inbox that another application fills with activities, and the answers that it reads.

An entry without an answer waits. Does not know what an activity is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from ekinerja_agent.central.bulk import insert_rows
from ekinerja_agent.central.engine import in_transaction, reading
from ekinerja_agent.central.tables.feed import feed_activities, feed_answers

STORED, REJECTED, REFUSED = "stored", "rejected", "refused"
_COLUMNS = ("entry", "outcome", "reason", "batch", "answered_at")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an entry: stored, rejected by a rule (stored too), or refused because it cannot be read."""

    entry: int
    outcome: str
    reason: str | None
    batch: int | None


def waiting(engine: Engine, at_most: int) -> list[Mapping[str, Any]]:
    """Given how many to take, return the oldest entries that have no answer, as texts and `id`."""
    f, a = feed_activities, feed_answers
    query = select(f).outerjoin(a, a.c.entry == f.c.id).where(a.c.entry.is_(None)).order_by(f.c.id).limit(at_most)
    with reading(engine) as conn:
        return [dict(row) for row in conn.execute(query).mappings()]


def answer(engine: Engine, answers: Iterable[Answer], now: datetime) -> None:
    """Given answers, keep them; an entry that has one keeps it."""
    rows = [(one.entry, one.outcome, one.reason, one.batch, now) for one in answers]
    in_transaction(
        engine, lambda conn: insert_rows(conn, feed_answers, _COLUMNS, rows, ignore_known=True) if rows else 0
    )
