"""Facts as they stand: of each key the newest row that counts: not taken back, and waiting for nobody.

Does not know how a row came, why its batch waits, nor what was decided of the row itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from ekinerja_agent.central.kinds import fact_kind
from ekinerja_agent.central.store.tables.imported import batch_decisions, held_batches, import_revocations

_NONE: Final = 0
"""No batch has this number."""
_TRIED: Final = ContextVar("tried_batch", default=_NONE)
_TRIED_BATCH: Final[BindParameter[int]] = bindparam("tried_batch", type_=Integer(), callable_=_TRIED.get)


def fact_table(kind: str) -> Table:
    """Given an import kind that has a table of facts, return the table. Raise WrongUsage for any other word."""
    return fact_kind(kind).table


def current(table: Table, *conditions: ColumnElement[bool], up_to_batch: int | None = None) -> Select[Any]:
    """Given a table of facts, return a query for the rows that stand: of each key the newest one that counts.

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
    inner = select(*table.c, newest).where(counting(table), *conditions)
    if up_to_batch is not None:
        inner = inner.where(table.c.batch <= up_to_batch)
    ranked = inner.subquery()
    return select(*(ranked.c[column.name] for column in table.c)).where(ranked.c.newest == 1)


def holds_on(row: Any, day: date) -> tuple[ColumnElement[bool], ...]:
    """Given the columns of a dated fact, return the conditions under which it holds on a day."""
    return or_(row.valid_from.is_(None), row.valid_from <= day), or_(row.valid_to.is_(None), row.valid_to >= day)


def counting(table: FromClause) -> ColumnElement[bool]:
    """Given a table of facts, return the condition for rows whose batch counts: it was not taken back, and does not
    wait for a person, nor was rejected by one.
    """
    h, d = held_batches.c, batch_decisions.c
    approved = exists().where(d.batch == h.batch, d.approved)
    waiting = select(h.batch).where(~approved, h.batch != _TRIED_BATCH)
    return and_(not_taken_back(table.c.batch), table.c.batch.not_in(waiting))


def not_taken_back(batch: ColumnElement[int]) -> ColumnElement[bool]:
    """Given the column of a batch, return the condition for rows whose batch nobody took back."""
    return batch.not_in(select(import_revocations.c.batch))


@contextmanager
def as_if_approved(batch: int) -> Iterator[None]:
    """Given a batch that waits, let its rows count in what is read within the block, on this thread alone."""
    before = _TRIED.set(batch)
    try:
        yield
    finally:
        _TRIED.reset(before)
