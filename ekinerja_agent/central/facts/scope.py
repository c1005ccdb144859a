"""Whose facts are wanted, and of which days: as conditions of queries, and as the values that these take.

To build a query costs ten times what one person's answer costs: each is built once, and asked with other values. Does
not know what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    bindparam,
    exists,
    or_,
    select,
    true,
)

from ekinerja_agent.central.kinds import FACT_KINDS, Others, Reading, Touches, Whom
from ekinerja_agent.central.store.frames import read_frame
from ekinerja_agent.central.store.tables.imported import activity_steps, plans
from ekinerja_agent.central.store.tables.recorded import doubtful_punches, redated_punches, set_apart, slot_owners
from ekinerja_agent.scoring.frames.schemas import Schema, empty

Whose = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Given a column of NIPs, the condition that asks for the wanted people."""

Value = BindParameter[Any]
FIRST: Value = bindparam("first")
LAST: Value = bindparam("last")
"""The first and the last day of the month."""
BEFORE: Value = bindparam("before")
AFTER: Value = bindparam("after")
"""The day before it and the day after it."""
MONTH: Value = bindparam("month", type_=String)
YEAR: Value = bindparam("year", type_=String)
"""The month and its year, as periods are written."""
UNITS: Value = bindparam("units")
"""The units of the wanted people."""

MANY = 5_000
"""Above this many names a query reads everybody, and the frame leaves out who is not wanted."""
_ONE_DAY = timedelta(days=1)
_NIPS: Value = bindparam("nips")


def everybody(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Given a column of NIPs, return the condition that asks for all."""
    del column
    return true()


def these(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Given a column of NIPs, return the condition that asks for the people in the query's values."""
    return column.in_(_NIPS)


@dataclass(frozen=True, slots=True)
class Scope:
    """The people of some offices and the days of one month.

    `all`: everybody's facts are wanted. `whose` is the condition where that saves reading, `values` what queries take:
    those of `whose` and the names above. `told` are the tables that may have a row which concerns them.
    """

    nips: pl.Series
    units: list[str]
    all: bool
    first: date
    last: date
    whose: Whose
    values: Mapping[str, Any]
    told: frozenset[str]

    def read(
        self,
        conn: Connection,
        kind: Table,
        query: Callable[[Whose], Select[Any]],
        schema: Schema,
        **values: Any,
    ) -> pl.DataFrame:
        """Given a kind of facts and the query for them, return its rows in the shape of `schema`; nothing is asked of a
        kind that nobody told.
        """
        if not self.has(kind):
            return empty(schema)
        return read_frame(conn, query(self.whose), schema, {**self.values, **values})

    def has(self, table: Table) -> bool:
        """Given a table that is looked at for this, tell whether it may have a row which concerns these people."""
        return table.name in self.told

    def keep(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Given a frame with a column nip, return the rows of these people."""
        return frame if frame.is_empty() else frame.filter(pl.col("nip").is_in(self.nips.implode()))


def scope_of(conn: Connection, spells: pl.DataFrame, first: date, last: date, *, everyone: bool) -> Scope:
    """Given SPELLS of the people and the first and last day of the month, return who and what is wanted."""
    nips, units = spells["nip"].unique(), spells["unit"].unique().sort().to_list()
    whose = everybody if everyone or len(nips) > MANY else these
    values = {
        "first": first,
        "last": last,
        "before": first - _ONE_DAY,
        "after": last + _ONE_DAY,
        "month": f"{first:%Y-%m}",
        "year": f"{first:%Y}",
        "units": units,
    }
    if whose is these:
        values["nips"] = nips.to_list()
    found = conn.execute(_kinds_told(whose), values).mappings().one()
    told = frozenset(kind for kind, there in found.items() if there)
    return Scope(nips, units, everyone, first, last, whose, values, told)


@cache
def _kinds_told(whose: Whose) -> Select[Any]:
    """Of each kind, whether there is a row that could concern these people; revoked and older rows count too."""
    conditions = {
        **{
            kind.table: _may_concern(kind.table, kind.touches, whose)
            for kind in FACT_KINDS.values()
            if kind.touches is not None and kind.looked_for
        },
        plans: or_(plans.c.unit.in_(UNITS), whose(plans.c.nip)),
        **dict.fromkeys((activity_steps, slot_owners), true()),
        redated_punches: redated_punches.c.redating > 0,
        doubtful_punches: doubtful_punches.c.id > 0,
        set_apart: set_apart.c.punch_id != "",
    }
    there: list[Any] = [
        exists().select_from(table).where(condition).label(table.name) for table, condition in conditions.items()
    ]
    return select(*there)


def _may_concern(table: Table, touches: Touches, whose: Whose) -> ColumnElement[bool]:
    """Whom the rows of a kind touch, and when, tells which of them could concern these people."""
    days = touches.days
    if days.reading is Reading.PERIOD:
        return table.c[days.columns[0]].in_([MONTH, YEAR])
    of_one_person = touches.whom is Whom.PERSON and touches.others is not Others.ALL_WHO_WERE_CALLED
    if of_one_person and touches.column is not None:
        return whose(table.c[touches.column])
    if days.one_day is not None:
        return table.c[days.one_day].between(BEFORE, AFTER)
    return true()
