"""Requests for leave and official travel that nobody decided, and what the rule of silence makes of them.

Does not know the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.imported.decisions import SYSTEM, absence_status
from ekinerja_agent.central.kinds import DECISION_LOCK
from ekinerja_agent.central.marks import changed_days, whom_it_touches
from ekinerja_agent.central.store.bulk import insert_rows
from ekinerja_agent.central.store.engine import in_transaction, wait_turn
from ekinerja_agent.central.store.tables.imported import absence_decisions, absences, import_batches
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.statuses import EntryStatus

_COLUMNS = ("absence", "status", "reason", "decided_at")


@dataclass(frozen=True, slots=True)
class LeaveRequest:
    """A document that waits for a decision. `requested_at` is what it says of itself, `imported_at` when it came."""

    number: int
    nip: str
    first_day: date
    last_day: date
    kind: str
    requested_at: str | None
    imported_at: datetime


def reject_silent(
    engine: Engine,
    judge: Callable[[Connection, Sequence[LeaveRequest]], Iterable[tuple[LeaveRequest, str]]],
    *,
    now: datetime,
    by: str = SYSTEM,
) -> int:
    """Given which of the requests that wait are rejected and why, reject them as nobody's decision; return how many.
    `by`: whom the audit log names, who ran it.

    `judge` gets all that wait, and the connection on which it reads; nobody decides one meanwhile.
    """

    def work(conn: Connection) -> int:
        wait_turn(conn, DECISION_LOCK)
        taken = list(judge(conn, _waiting(conn)))
        if not taken:
            return 0
        insert_rows(
            conn, absence_decisions, _COLUMNS, [(one.number, EntryStatus.REJECTED, why, now) for one, why in taken]
        )
        rows: list[dict[str, Any]] = [
            {"nip": one.nip, "first_day": one.first_day, "last_day": one.last_day, "case_id": None} for one, _ in taken
        ]
        latest = max(now.date(), *(one.last_day for one, _ in taken))
        changed_days.mark_subjects(conn, whom_it_touches.by_rows(absences.name, rows, ()), latest)
        audit.append(conn, by, "absence.silence", f"{len(taken)} requests", {"rejected": len(taken)}, now)
        return len(taken)

    return in_transaction(engine, work)


def _waiting(conn: Connection) -> list[LeaveRequest]:
    row = current(absences).subquery()
    c = row.c
    query = (
        select(
            c.id.label("number"),
            *(c.nip, c.first_day, c.last_day, c.kind, c.requested_at, import_batches.c.imported_at),
        )
        .select_from(row.outerjoin(absence_decisions, absence_decisions.c.absence == c.id))
        .join(import_batches, import_batches.c.id == c.batch)
        .where(absence_status(row) == EntryStatus.PENDING)
        .order_by(c.id)
    )
    return [LeaveRequest(**found) for found in conn.execute(query).mappings()]
