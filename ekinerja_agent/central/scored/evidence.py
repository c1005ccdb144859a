"""What lies behind a point: punches with their raw bytes and the way they came, corrections, and documents.

Of each the rows that stand. Does not know what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Result, func, select

from ekinerja_agent.central.collected.redatings import read_standing
from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.tables.access import accounts
from ekinerja_agent.central.store.tables.imported import (
    absences,
    correction_decisions,
    holds,
    import_batches,
    import_revocations,
    sanctions,
)
from ekinerja_agent.central.store.tables.imported import corrections as recorded_corrections
from ekinerja_agent.central.store.tables.recorded import punches as recorded
from ekinerja_agent.central.versions import current
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import CORRECTION


def punches(conn: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Given punch ids, return one row each, sorted by id: the collector's record, else the earliest file's.

    Columns: punch_id, terminal, pin, clock, at, offset_s, corrected, verify, state, source, batch (0: a collector),
    file_name (None: a collector), received_at, raw, witnesses (how many ways it came), redated_at (None: it was not).
    """
    found: dict[str, dict[str, Any]] = {}
    redated = read_standing(conn)
    for part in chunks(ids):
        p = recorded.c
        query = (
            select(*_columns(), import_batches.c.file_name)
            .outerjoin(import_batches, import_batches.c.id == p.batch)
            .where(
                p.punch_id.in_(part),
                p.batch.not_in(select(import_revocations.c.batch)),
            )
            .order_by(p.punch_id, p.batch)
        )
        for row in conn.execute(query).mappings():
            first = found.setdefault(row["punch_id"], {**row, "witnesses": 0, "redated_at": None})
            first["witnesses"] += 1
            if row["punch_id"] in redated:
                first["redated_at"] = redated[row["punch_id"]].at
    return [found[name] for name in sorted(found)]


def corrections(conn: Connection, references: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Given references such as `correction/7`, return by reference: scan, action, time, document, file_name,
    entered_by, imported_at, decided_by (an account, or what the file claims).
    """
    c, d, b = recorded_corrections.c, correction_decisions.c, import_batches.c
    entering, deciding = accounts.alias(), accounts.alias()
    ids = [int(reference.removeprefix(CORRECTION)) for reference in references]
    query = (
        select(
            *(c.id, c.scan, c.action, c.time, c.document, b.file_name, b.imported_at),
            entering.c.name.label("entered_by"),
            func.coalesce(deciding.c.name, c.decided_by, entering.c.name).label("decided_by"),
        )
        .join(import_batches, b.id == c.batch)
        .join(entering, entering.c.id == b.account_id)
        .outerjoin(correction_decisions, d.correction == c.id)
        .outerjoin(deciding, deciding.c.id == d.account_id)
        .where(c.id.in_(ids))
    )
    return {f"{CORRECTION}{row['id']}": dict(row) for row in conn.execute(query).mappings()}


def documents(conn: Connection, nip: str, first: date, last: date) -> list[dict[str, Any]]:
    """Given a person and days, both included, return what takes of the allowance as a whole or explains an absence:
    subject (absence, sanction, hold), name, document, first_day, last_day; in this order, each by its first day.
    """
    found: list[dict[str, Any]] = []
    row = current(absences, absences.c.nip == nip).subquery().c
    query = select(row.kind.label("name"), row.document, row.first_day, row.last_day)
    found += _named("absence", conn.execute(query.where(row.status == EntryStatus.APPROVED)))
    for subject, table, name in (("sanction", sanctions, "decree"), ("hold", holds, "kind")):
        row = current(table, table.c.nip == nip).subquery().c
        days = (row.valid_from.label("first_day"), row.valid_to.label("last_day"))
        found += _named(subject, conn.execute(select(row[name].label("name"), row.document, *days)))
    touching = [one for one in found if one["first_day"] <= last and (one["last_day"] or last) >= first]
    order = {"absence": 0, "sanction": 1, "hold": 2}
    return sorted(touching, key=lambda one: (order[one["subject"]], one["first_day"], one["name"]))


def _named(subject: str, rows: Result[Any]) -> list[dict[str, Any]]:
    return [{"subject": subject, **row} for row in rows.mappings()]


def _columns() -> list[Any]:
    p = recorded.c
    return [
        p.punch_id,
        p.terminal,
        p.pin,
        p.clock,
        p.at,
        p.offset_s,
        p.corrected,
        p.verify,
        p.state,
        p.source,
        p.batch,
        p.received_at,
        p.raw,
    ]
