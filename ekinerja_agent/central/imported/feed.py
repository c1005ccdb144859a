"""The inbox that another application fills with activities, and the answers that it reads.

An entry without an answer waits. Does not know what an activity is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import wait_turn
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.nouns.statuses import RowOutcome

_COLUMNS = ("entry", "outcome", "reason", "batch", "answered_at")
_LOCK = 0x66656564
"""One who takes entries at a time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an entry: stored, rejected by a rule (stored too), or refused because it cannot be read."""

    entry: int
    outcome: RowOutcome
    reason: str | None
    batch: int | None


def wait_turn_to_take(conn: Connection) -> None:
    """Given a writing connection, wait until nobody else takes entries: those that wait then are taken once."""
    wait_turn(conn, _LOCK)


def waiting(conn: Connection, at_most: int) -> list[Mapping[str, Any]]:
    """Given how many to take, return the oldest entries that have no answer, as texts and `id`."""
    f, a = feed_activities, feed_answers
    query = select(f).outerjoin(a, a.c.entry == f.c.id).where(a.c.entry.is_(None)).order_by(f.c.id).limit(at_most)
    return [dict(row) for row in conn.execute(query).mappings()]


def answer(conn: Connection, answers: Iterable[Answer], now: datetime) -> None:
    """Given answers, keep them; an entry that has one keeps it."""
    rows = [(one.entry, one.outcome, one.reason, one.batch, now) for one in answers]
    if rows:
        insert_rows(conn, feed_answers, _COLUMNS, rows, ignore_known=True)
