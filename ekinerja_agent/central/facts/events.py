"""What people were called to and who was there, in the frames that are scored. Judges nothing.

An event of a unit is one of every unit below it too. Ceremonies that rules announce are not known here.
"""

from __future__ import annotations

from datetime import date

import polars as pl
from sqlalchemy import ColumnElement, Connection, func, or_, select, tuple_

from ekinerja_agent.central.batches import current
from ekinerja_agent.central.facts.columns import read_frame
from ekinerja_agent.central.facts.personal import Wanted
from ekinerja_agent.central.tables.imported import event_attendance, events
from ekinerja_agent.scoring.frames import EVENT_ATTENDANCE, EVENTS, EVERY_UNIT, Schema

_DEEPEST_UNIT = 20


def read_events(conn: Connection, units: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Given UNITS and the days of a month, return EVENTS with one row for each unit that is called."""
    row = current(events).subquery().c  # an event may have moved into the month
    shape: Schema = {**{name: kind for name, kind in EVENTS.items() if name != "audience"}, "audience": pl.String}
    query = select(
        row.code.label("event"),
        *(row.kind, row.unit, row.date.label("day"), row.opens, row.closes, row.terminal, row.audience),
    ).where(row.date.between(first, last))
    told = read_frame(conn, query, shape).with_columns(pl.col("audience").str.split(" "))
    return _with_units_below(told, units).select(*EVENTS).unique(maintain_order=True).sort("day", "event", "unit")


def read_attendance(conn: Connection, wanted: Wanted, first: date, last: date) -> pl.DataFrame:
    """Given the people and days wanted, return EVENT_ATTENDANCE: their rows, and of each event one row of anybody,
    which tells that somebody took attendance.
    """
    a = event_attendance.c
    row = current(event_attendance, or_(wanted(a.nip), _first_of_each(first, last))).subquery().c
    query = select(row.event, row.nip, row.status.label("mark"), row.document).where(row.date.between(first, last))
    return read_frame(conn, query, EVENT_ATTENDANCE).sort("event", "nip")


def _first_of_each(first: date, last: date) -> ColumnElement[bool]:
    """The first row that stands for an event of these days, by its whole key, so that no older version rises."""
    a = event_attendance.c
    held = a.event.in_(select(a.event).where(a.date.between(first, last)))
    standing = current(event_attendance, held).subquery().c
    one = select(standing.event, func.min(standing.nip)).group_by(standing.event)
    return tuple_(a.event, a.nip).in_(one)


def _with_units_below(told: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    below = units.select("unit", "parent", "valid_from", "valid_to").drop_nulls("parent")
    found, level = [told], told.filter(pl.col("unit") != EVERY_UNIT)
    for _ in range(_DEEPEST_UNIT):
        level = (
            level.join(below, left_on="unit", right_on="parent", how="inner", suffix="_below")
            .filter(
                pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("day")),
                pl.col("valid_to").is_null() | (pl.col("day") <= pl.col("valid_to")),
            )
            .select(*(pl.col("unit_below").alias("unit") if name == "unit" else name for name in told.columns))
        )
        if level.is_empty():
            break
        found.append(level)
    return pl.concat(found)
