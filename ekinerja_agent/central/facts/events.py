"""What people were called to and who was there, in the frames that are scored. Judges nothing.

An event of a unit is one of every unit below it too. Ceremonies that rules announce are not known here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, tuple_

from ekinerja_agent.central.facts.scope import FIRST, LAST, Scope, Whose
from ekinerja_agent.central.store.tables.imported import event_attendance, events
from ekinerja_agent.central.versions import current
from ekinerja_agent.county.calendar import EVERY_UNIT
from ekinerja_agent.scoring.frames.schemas import EVENT_ATTENDANCE, EVENTS, Schema, empty
from ekinerja_agent.scoring.frames.steps import covers

_DEEPEST_UNIT = 20
_TOLD: Schema = {**{name: kind for name, kind in EVENTS.items() if name != "audience"}, "audience": pl.String}


def read_events(conn: Connection, units: pl.DataFrame, wanted: Scope) -> pl.DataFrame:
    """Given UNITS and the month that is wanted, return EVENTS with one row for each unit that is called."""
    told = wanted.read(conn, events, _events, _TOLD)
    if told.is_empty():
        return empty(EVENTS)
    told = told.with_columns(pl.col("audience").str.split(" "))
    return _with_units_below(told, units).select(*EVENTS).unique(maintain_order=True).sort("day", "event", "unit")


@cache
def _events(_whose: Whose) -> Select[Any]:
    row = current(events).subquery().c  # an event may have moved into the month
    return select(
        row.code.label("event"),
        *(row.kind, row.unit, row.date.label("day"), row.opens, row.closes, row.terminal, row.audience),
    ).where(row.date.between(FIRST, LAST))


def read_attendance(conn: Connection, wanted: Scope) -> pl.DataFrame:
    """Given who is wanted, return EVENT_ATTENDANCE: their rows, and of each event one row of anybody, which tells that
    somebody took attendance.
    """
    return wanted.read(conn, event_attendance, _attendance, EVENT_ATTENDANCE).sort("event", "nip")


@cache
def _attendance(whose: Whose) -> Select[Any]:
    row = current(event_attendance, or_(whose(event_attendance.c.nip), _first_of_each())).subquery().c
    query = select(row.event, row.nip, row.status.label("mark"), row.document)
    return query.where(row.date.between(FIRST, LAST))


def _first_of_each() -> ColumnElement[bool]:
    """The first row that stands for an event of the month, by its whole key, so that no older version rises."""
    a = event_attendance.c
    held = a.event.in_(select(a.event).where(a.date.between(FIRST, LAST)))
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
                covers("day"),
            )
            .select(*(pl.col("unit_below").alias("unit") if name == "unit" else name for name in told.columns))
        )
        if level.is_empty():
            break
        found.append(level)
    return pl.concat(found)
