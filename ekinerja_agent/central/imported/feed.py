"""The inbox that another application fills with activities, and the answers that it reads.

An entry without an answer waits. No entry is read that is longer than an activity can be, and never more than a few
megabytes of them. Does not know what an activity is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select

from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import wait_turn
from ekinerja_agent.central.store.tables.feed import feed_activities, feed_answers
from ekinerja_agent.central.store.tables.imported import activities, import_batches
from ekinerja_agent.central.store.tables.scored import DRAFT, results
from ekinerja_agent.nouns.statuses import RowOutcome

_COLUMNS = ("entry", "outcome", "reason", "batch", "answered_at")
LONGEST = 10_000
"""Letters of an entry, all its columns together; the database lets in no longer one since schema 27."""
_MOST_LETTERS = 4_000_000
_SKIPPED = 500
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


def waiting(conn: Connection, at_most: int) -> tuple[list[Mapping[str, Any]], list[int]]:
    """Given how many to take, return the oldest entries that have no answer, as texts and `id`, and the numbers of
    those among them that are too long to be read.

    Less than `at_most` are returned where their texts would be more than a few megabytes.
    """
    f = feed_activities.c
    length = sum((func.coalesce(func.length(column), 0) for column in f if column.name != "id"), literal(0))
    numbers, too_long, letters = list[int](), list[int](), 0
    for row in conn.execute(_waiting(f.id, length.label("letters")).limit(at_most)):
        if row.letters > LONGEST:
            too_long.append(row.id)
            continue
        letters += row.letters
        if letters > _MOST_LETTERS:
            break
        numbers.append(row.id)
    if not numbers:
        return [], too_long
    query = _waiting(feed_activities).where(f.id <= numbers[-1], f.id.not_in(too_long[:_SKIPPED]))
    taken = set(numbers)
    return [dict(row) for row in conn.execute(query).mappings() if row["id"] in taken], too_long


def anything_waits(conn: Connection) -> bool:
    """Tell whether an entry has no answer."""
    return conn.scalars(_waiting(feed_activities.c.id).limit(1)).first() is not None


def of_others(conn: Connection, ids: Iterable[str], account: int) -> set[str]:
    """Given activities and an account, return those of which another account brought a version."""
    a, b = activities.c, import_batches.c
    query = select(a.activity_id).join(import_batches, b.id == a.batch).where(b.account_id != account).distinct()
    return {name for part in chunks(sorted(ids)) for name in conn.scalars(query.where(a.activity_id.in_(part)))}


def of_closed_months(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Given activities, return those that are stored on a day of a month in which their person is published."""
    a, r = activities.c, results.c
    found = set()
    for part in chunks(sorted(ids)):
        days = conn.execute(select(a.activity_id, a.nip, a.date).where(a.activity_id.in_(part))).all()
        nips = sorted({row.nip for row in days})
        query = select(r.nip, r.period).where(r.nip.in_(nips), r.revision > DRAFT).distinct()
        closed = {(row.nip, row.period) for row in conn.execute(query)}
        found |= {row.activity_id for row in days if (row.nip, f"{row.date:%Y-%m}") in closed}
    return found


def _waiting(*what: Any) -> Select[Any]:
    f, a = feed_activities, feed_answers
    joined = f.outerjoin(a, a.c.entry == f.c.id)
    return select(*what).select_from(joined).where(a.c.entry.is_(None)).order_by(f.c.id)


def answer(conn: Connection, answers: Iterable[Answer], now: datetime) -> None:
    """Given answers, keep them; an entry that has one keeps it."""
    rows = [(one.entry, one.outcome, one.reason, one.batch, now) for one in answers]
    if rows:
        insert_rows(conn, feed_answers, _COLUMNS, rows, ignore_known=True)
