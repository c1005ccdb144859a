"""What commands and rules decided of rows that came as they are: the newest decision beats what the row says.

A decision speaks of one version of a row; a newer version waits for its own. Does not know who may decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, case, exists, func, select

from ekinerja_agent.central.kinds import fact_kind
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.imported import (
    absence_decisions,
    activity_steps,
    correction_decisions,
    outage_decisions,
)
from ekinerja_agent.nouns.statuses import DECIDED, EntryStatus

SYSTEM = "system"
_AT_ONCE = 5_000


_Read = Callable[[Connection, Sequence[int]], Iterator[tuple[int, dict[str, Any]]]]
"""How decisions are read: by the number of the row, what it says instead."""


def with_decisions(
    conn: Connection, kind: str, query: Select[Any], values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Given a query for rows of a kind that stand, with their `id`, and its values, return them as they were decided
    since, with the `decider`.
    """
    result = conn.execute(query, values or {})
    names = tuple(result.keys())
    rows = [dict(zip(names, row, strict=True)) for row in result.all()]
    decisions = fact_kind(kind).decisions
    if decisions is not None and conn.scalar(select(exists(select(decisions)))):
        read = _OF_THEIR_OWN.get(kind) or _statuses_in(decisions)
        by_id = {row["id"]: row for row in rows}
        for part in chunks(list(by_id), _AT_ONCE):
            for number, told in read(conn, part):
                by_id[number].update(told)
    return rows


def newest_step(activity: ColumnElement[int]) -> ColumnElement[bool]:
    """Given a column of activity versions, return the condition for the newest step of each."""
    later = activity_steps.alias()
    newest = select(func.max(later.c.id)).where(later.c.activity == activity).scalar_subquery()
    return activity_steps.c.id == newest


def joined_with_steps(row: FromClause) -> FromClause:
    """Given versions of activities, return them with the newest step of each, where there is one."""
    return row.outerjoin(activity_steps, newest_step(row.c.id))


def activity_status(row: FromClause) -> ColumnElement[str]:
    """Given versions joined with their steps, return what counts: the step's status, else the row's own."""
    return case((activity_steps.c.id.is_(None), row.c.status), else_=activity_steps.c.status)


def activity_minutes(row: FromClause) -> ColumnElement[int]:
    """Given versions joined with their steps, return the approved minutes that count."""
    return case((activity_steps.c.id.is_(None), row.c.approved_minutes), else_=activity_steps.c.approved_minutes)


def absence_status(row: FromClause) -> ColumnElement[str]:
    """Given absences outer-joined with their decisions, return the status that counts."""
    return func.coalesce(absence_decisions.c.status, row.c.status)


def outage_status(row: FromClause) -> ColumnElement[str]:
    """Given outages outer-joined with their decisions, return the status that counts."""
    return func.coalesce(outage_decisions.c.status, row.c.status)


def _of_corrections(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    d = correction_decisions.c
    query = (
        select(d.correction, d.approved, accounts.c.name)
        .join(accounts, accounts.c.id == d.account_id)
        .where(d.correction.in_(numbers))
    )
    for row in conn.execute(query):
        status = EntryStatus.APPROVED if row.approved else EntryStatus.REJECTED
        yield row.correction, {"status": status, "decider": row.name}


def _statuses_in(decisions: Table) -> _Read:
    (number,) = decisions.primary_key.columns

    def read(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        query = (
            select(number, decisions.c.status, accounts.c.name)
            .outerjoin(accounts, accounts.c.id == decisions.c.account_id)
            .where(number.in_(numbers))
        )
        for row in conn.execute(query):
            yield row[0], {"status": row.status, "decider": row.name or SYSTEM}

    return read


def _of_activities(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    s = activity_steps.c
    newest = select(func.max(s.id)).where(s.activity.in_(numbers)).group_by(s.activity)
    query = (
        select(activity_steps, accounts.c.name, accounts.c.nip)
        .outerjoin(accounts, accounts.c.id == s.account_id)
        .where(s.id.in_(newest))
    )
    for row in conn.execute(query).mappings():
        told = {name: row[name] for name in ("status", "approved_minutes", "waits_from")}
        if row["status"] in DECIDED:
            told["decided_by"] = told["decider"] = row["nip"] or row["name"] or SYSTEM
            told["decided_at"] = f"{row['at']:%Y-%m-%d %H:%M:%S}"
        yield row["activity"], told


_OF_THEIR_OWN: dict[str, _Read] = {"corrections": _of_corrections, "activities": _of_activities}
"""Decisions that are more than a status."""
