"""What people entered of their days, whatever was decided of it: for leaders who ask who wrote down nothing.

Judges nothing; an entry that a rule rejected when it came in, or that the person withdrew, is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl
from sqlalchemy import select, true

from ekinerja_agent.central.facts.activities import lasted_minutes
from ekinerja_agent.central.store.engine import Readable, reading
from ekinerja_agent.central.store.frames import read_frame
from ekinerja_agent.central.store.tables.imported import activities, activity_steps
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.month_days import last_day
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.scoring.frames.schemas import Schema

ENTRIES: Schema = {
    # One row per person and day with an entry. Minutes are those claimed, from start to end.
    "nip": pl.String,
    "day": pl.Date,
    "minutes": pl.Int64,
    "planned_minutes": pl.Int64,  # of entries that name a plan
}
_ENTERED: Schema = {"nip": pl.String, "day": pl.Date, "start": pl.Time, "end": pl.Time, "plan": pl.String}


def entered(source: Readable, month: date, nips: Sequence[str] | None = None) -> pl.DataFrame:
    """Given a month (its first day) and people (None: everybody), return ENTRIES of theirs, by NIP and day."""
    first, last = month, last_day(month)
    a = activities.c
    near = [a.date.between(first, last)] if nips is None else [a.date.between(first, last), a.nip.in_(nips)]
    ever_there = a.activity_id.in_(select(a.activity_id).where(*near))
    row = current(activities, ever_there).subquery().c
    withdrawn = select(activity_steps.c.activity).where(activity_steps.c.status == EntryStatus.WITHDRAWN)
    query = select(row.nip, row.date.label("day"), row.start, row.end, row.plan).where(
        row.date.between(first, last),
        row.reason.is_(None),
        row.id.not_in(withdrawn),
        true() if nips is None else row.nip.in_(nips),
    )
    with reading(source) as conn:
        told = read_frame(conn, query, _ENTERED)
    return (
        told.with_columns(minutes=lasted_minutes())
        .group_by("nip", "day")
        .agg(pl.col("minutes").sum(), planned_minutes=pl.col("minutes").filter(pl.col("plan").is_not_null()).sum())
        .sort("nip", "day")
        .select(*ENTRIES)
    )
