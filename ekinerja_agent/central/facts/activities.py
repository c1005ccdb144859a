"""Activities of a month as the frame that is scored: what was approved, at most the standard time of its type.

Of each activity the newest version stands, as the newest step decided it. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, bindparam, select

from ekinerja_agent.central.facts.scope import FIRST, LAST, Scope, Whose
from ekinerja_agent.central.imported.decisions import activity_minutes, activity_status, joined_with_steps
from ekinerja_agent.central.store.frames import read_frame
from ekinerja_agent.central.store.tables.imported import activities, activity_standards, activity_steps
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import VOLUME
from ekinerja_agent.scoring.frames.schemas import ACTIVITIES, Schema
from ekinerja_agent.scoring.frames.steps import collect, covers

_HUNDREDTHS = 100
_NS_PER_MINUTE = 60_000_000_000
_TOLD: Schema = {
    **{name: kind for name, kind in ACTIVITIES.items() if name != "minutes"},
    **dict.fromkeys(("type", "volume"), pl.String),
    "approved_minutes": pl.Int64,
}
_STANDARDS: Schema = {"type": pl.String, "unit": pl.String, "standard_minutes": pl.Int64}


def read_activities(
    conn: Connection, wanted: Scope, spells: pl.DataFrame, statuses: Collection[EntryStatus] = (EntryStatus.APPROVED,)
) -> pl.DataFrame:
    """Given who is wanted and SPELLS, return ACTIVITIES that have one of the statuses.

    An approval without minutes approves the whole activity; what is not approved is claimed as a whole. An activity of
    a type with a standard time counts at most that time for its volume; without a volume, once.
    """
    values = {**wanted.values, "statuses": list(statuses)}
    query = _activities(wanted.whose, decided=wanted.has(activity_steps))
    told = read_frame(conn, query, _TOLD, values).lazy()
    told = told.with_columns(minutes=pl.coalesce("approved_minutes", lasted_minutes()))
    counted = _at_most_standard(conn, wanted, told, spells).select(*ACTIVITIES)
    return collect(counted.sort("nip", "day", "start", "activity"))


@cache
def _activities(whose: Whose, *, decided: bool) -> Select[Any]:
    """Those of the month that have one of the statuses; `decided`: somebody decided some here since they came."""
    a = activities.c
    # On the key only: an activity may have moved into the month or out of it since it was first stored.
    ever_there = a.activity_id.in_(select(a.activity_id).where(a.date.between(FIRST, LAST), whose(a.nip)))
    row = current(activities, ever_there).subquery()
    c = row.c
    status, minutes = (activity_status(row), activity_minutes(row)) if decided else (c.status, c.approved_minutes)
    return (
        select(
            c.nip,
            c.activity_id.label("activity"),
            c.date.label("day"),
            c.start,
            c.end,
            c.type,
            c.volume,
            minutes.label("approved_minutes"),
        )
        .select_from(joined_with_steps(row) if decided else row)
        .where(status.in_(bindparam("statuses")), c.date.between(FIRST, LAST))
    )


def lasted_minutes() -> pl.Expr:
    """The whole minutes from `start` to `end`."""
    return (pl.col("end").cast(pl.Int64) - pl.col("start").cast(pl.Int64)) // _NS_PER_MINUTE


def _at_most_standard(conn: Connection, wanted: Scope, told: pl.LazyFrame, spells: pl.DataFrame) -> pl.LazyFrame:
    standards = wanted.read(conn, activity_standards, _standards, _STANDARDS)
    if standards.is_empty():
        return told
    typed = told.filter(pl.col("type").is_in(standards["type"].implode()))
    unit = (
        typed.select("activity", "nip", "day")
        .join(spells.lazy().select("nip", "unit", "valid_from", "valid_to"), on="nip", how="inner")
        .filter(
            covers("day"),
        )
        .unique("activity", keep="last", maintain_order=True)
        .select("activity", "unit")
    )
    of_all = standards.lazy().filter(pl.col("unit").is_null()).select("type", of_all="standard_minutes")
    parts = pl.col("volume").str.extract_groups(VOLUME)
    decimals = parts.struct.field("2").fill_null("0").str.pad_end(2, "0").cast(pl.Int64)
    volume_e2 = parts.struct.field("1").cast(pl.Int64) * _HUNDREDTHS + decimals
    times_e2 = pl.when(pl.col("volume").is_null()).then(_HUNDREDTHS).otherwise(volume_e2)
    return (
        told.join(unit, on="activity", how="left")
        .join(standards.lazy().drop_nulls("unit"), on=["type", "unit"], how="left")
        .join(of_all, on="type", how="left")
        .with_columns(most=pl.coalesce("standard_minutes", "of_all") * times_e2 // _HUNDREDTHS)
        .with_columns(minutes=pl.min_horizontal("minutes", "most"))
    )


@cache
def _standards(_whose: Whose) -> Select[Any]:
    row = current(activity_standards).subquery().c
    return select(row.type, row.unit, row.standard_minutes)
