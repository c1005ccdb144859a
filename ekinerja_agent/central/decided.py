"""What commands and rules decided of rows that came as they are: the newest decision beats what the row says.

A decision speaks of one version of a row; a newer version waits for its own. Does not know who may decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, case, func, select

from ekinerja_agent.central.tables import absence_decisions, accounts, activity_steps, correction_decisions

SYSTEM = "system"
DECIDED = ("approved", "returned", "rejected")
_AT_ONCE = 5_000


def with_decisions(conn: Connection, kind: str, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Given rows of a kind that stand, with their `id`, return them as they were decided since."""
    if kind not in _READERS:
        return [dict(row) for row in rows]
    found: dict[int, dict[str, Any]] = {}
    for part in _parts([row["id"] for row in rows]):
        found.update(_READERS[kind](conn, part))
    return [{**row, **found.get(row["id"], {})} for row in rows]


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


def _of_corrections(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    d = correction_decisions.c
    for row in conn.execute(select(d.correction, d.approved).where(d.correction.in_(numbers))):
        yield row.correction, {"status": "approved" if row.approved else "rejected"}


def _of_absences(conn: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    d = absence_decisions.c
    for row in conn.execute(select(d.absence, d.status).where(d.absence.in_(numbers))):
        yield row.absence, {"status": row.status}


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


_READERS = {"corrections": _of_corrections, "absences": _of_absences, "activities": _of_activities}


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
