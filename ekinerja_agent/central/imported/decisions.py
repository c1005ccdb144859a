"""What commands and rules decided of rows that came as they are: the newest decision beats what the row says.

A decision speaks of one version of a row; a newer version waits for its own. Does not know who may decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, case, exists, func, select

from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.imported import (
    absence_decisions,
    activity_steps,
    correction_decisions,
    outage_decisions,
)

SYSTEM = "system"
DECIDED = ("approved", "returned", "rejected")
DECISION_LOCK = 0x61627365
"""One decision on absences and outages at a time, a person's or that of silence."""
CORRECTION_LOCK = 0x636F7272
"""One correction entered or decided at a time, so that two cannot pass a limit together."""
ACTIVITY_LOCK = 0x61637469
"""Of a person one activity entered or decided at a time, so that no minute is taken twice."""
_AT_ONCE = 5_000


class _Decisions(NamedTuple):
    """Where the decisions of a kind stand, and how they are read: by the number of the row, what it says instead."""

    table: Table
    read: Callable[[Connection, Sequence[int]], Iterator[tuple[int, dict[str, Any]]]]


def with_decisions(
    conn: Connection, kind: str, query: Select[Any], values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Given a query for rows of a kind that stand, with their `id`, and its values, return them as they were decided
    since.
    """
    result = conn.execute(query, values or {})
    names = tuple(result.keys())
    rows = [dict(zip(names, row, strict=True)) for row in result.all()]
    decided = _DECISIONS.get(kind)
    if decided is not None and conn.scalar(select(exists(select(decided.table)))):
        by_id = {row["id"]: row for row in rows}
        for part in chunks(list(by_id), _AT_ONCE):
            for number, told in decided.read(conn, part):
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
    for row in conn.execute(select(d.correction, d.approved).where(d.correction.in_(numbers))):
        yield row.correction, {"status": "approved" if row.approved else "rejected"}


def _of_absences(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    d = absence_decisions.c
    for row in conn.execute(select(d.absence, d.status).where(d.absence.in_(numbers))):
        yield row.absence, {"status": row.status}


def _of_outages(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    d = outage_decisions.c
    for row in conn.execute(select(d.outage, d.status).where(d.outage.in_(numbers))):
        yield row.outage, {"status": row.status}


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
            told["decided_by"] = row["nip"] or row["name"] or SYSTEM
            told["decided_at"] = f"{row['at']:%Y-%m-%d %H:%M:%S}"
        yield row["activity"], told


_DECISIONS = {
    "corrections": _Decisions(correction_decisions, _of_corrections),
    "absences": _Decisions(absence_decisions, _of_absences),
    "outages": _Decisions(outage_decisions, _of_outages),
    "activities": _Decisions(activity_steps, _of_activities),
}
