"""Facts as they stand: of each key the newest row that was not taken back.

Does not know how a row came, nor what was decided of it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, func, or_, select

from ekinerja_agent.central.kinds import fact_kind
from ekinerja_agent.central.store.tables.imported import import_revocations


def fact_table(kind: str) -> Table:
    """Given an import kind that has a table of facts, return the table. Raise WrongUsage for any other word."""
    return fact_kind(kind).table


def current(table: Table, *conditions: ColumnElement[bool], up_to_batch: int | None = None) -> Select[Any]:
    """Given a table of facts, return a query for the rows that stand: of each key the newest one not taken back.

    Nulls in a key are equal. `conditions` narrow the search and must be on key columns only, or an older version would
    rise from the dead; filter the result instead. `up_to_batch` looks at the past.
    """
    newest = (
        func.row_number()
        .over(
            partition_by=[table.c[name] for name in fact_kind(table.name).key],
            order_by=[table.c.batch.desc(), table.c.id.desc()],
        )
        .label("newest")
    )
    inner = select(*table.c, newest).where(not_revoked(table), *conditions)
    if up_to_batch is not None:
        inner = inner.where(table.c.batch <= up_to_batch)
    ranked = inner.subquery()
    return select(*(ranked.c[column.name] for column in table.c)).where(ranked.c.newest == 1)


def holds_on(row: Any, day: date) -> tuple[ColumnElement[bool], ...]:
    """Given the columns of a dated fact, return the conditions under which it holds on a day."""
    return or_(row.valid_from.is_(None), row.valid_from <= day), or_(row.valid_to.is_(None), row.valid_to >= day)


def not_revoked(table: FromClause) -> ColumnElement[bool]:
    """Given a table of facts, return the condition for rows whose batch was not taken back."""
    return table.c.batch.not_in(select(import_revocations.c.batch))
