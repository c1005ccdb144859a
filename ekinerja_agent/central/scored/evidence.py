"""What lies behind a point: punches with their raw bytes and the way they came, corrections, and documents.

Of each the rows that stand. Does not know what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
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
    sanctions,
)
from ekinerja_agent.central.store.tables.imported import corrections as recorded_corrections
from ekinerja_agent.central.store.tables.recorded import punches as recorded
from ekinerja_agent.central.versions import current, not_taken_back
from ekinerja_agent.nouns.duty import Scan
from ekinerja_agent.nouns.punch import Source
from ekinerja_agent.nouns.statuses import EntryStatus
from ekinerja_agent.rules import CORRECTION


class Subject(StrEnum):
    """What a paper is about, in the order in which papers are told."""

    ABSENCE = "absence"
    SANCTION = "sanction"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class PunchBehind:
    """A punch as it was recorded: by a collector (`batch` 0, no `file_name`), else in the earliest file.

    `witnesses` counts the ways that it came, `redated_at` is the approved instant (None: it was not redated).
    """

    punch_id: str
    terminal: str
    pin: str
    clock: datetime
    at: datetime | None
    offset_s: int | None
    corrected: bool
    verify: int
    state: int
    source: Source
    batch: int
    file_name: str | None
    received_at: datetime
    raw: bytes
    witnesses: int
    redated_at: datetime | None


@dataclass(frozen=True, slots=True)
class CorrectionBehind:
    """A correction with its way: `decided_by` is an account, or what the file claims."""

    scan: Scan
    action: str
    time: time
    document: str | None
    file_name: str
    imported_at: datetime
    entered_by: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Paper:
    """What takes of the allowance as a whole or explains an absence: its kind or decree, document and days, both
    included (None: open).
    """

    subject: Subject
    name: str
    document: str | None
    first_day: date
    last_day: date | None


def punches(conn: Connection, ids: Sequence[str]) -> list[PunchBehind]:
    """Given punch ids, return the punches that stand, sorted by id."""
    found: dict[str, dict[str, Any]] = {}
    redated = read_standing(conn)
    for part in chunks(ids):
        p = recorded.c
        query = (
            select(*_columns(), import_batches.c.file_name)
            .outerjoin(import_batches, import_batches.c.id == p.batch)
            .where(
                p.punch_id.in_(part),
                not_taken_back(p.batch),
            )
            .order_by(p.punch_id, p.batch)
        )
        for row in conn.execute(query).mappings():
            first = found.setdefault(row["punch_id"], {**row, "witnesses": 0, "redated_at": None})
            first["witnesses"] += 1
            if row["punch_id"] in redated:
                first["redated_at"] = redated[row["punch_id"]].at
    return [PunchBehind(**found[name] | {"source": Source(found[name]["source"])}) for name in sorted(found)]


def corrections(conn: Connection, references: Sequence[str]) -> dict[str, CorrectionBehind]:
    """Given references such as `correction/7`, return the corrections by reference."""
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
    return {
        f"{CORRECTION}{row.id}": CorrectionBehind(
            scan=Scan(row.scan),
            action=row.action,
            time=row.time,
            document=row.document,
            file_name=row.file_name,
            imported_at=row.imported_at,
            entered_by=row.entered_by,
            decided_by=row.decided_by,
        )
        for row in conn.execute(query)
    }


def documents(conn: Connection, nip: str, first: date, last: date) -> list[Paper]:
    """Given a person and days, both included, return the papers that touch them, by subject and first day."""
    found: list[Paper] = []
    row = current(absences, absences.c.nip == nip).subquery().c
    query = select(row.kind.label("name"), row.document, row.first_day, row.last_day)
    found += _papers(Subject.ABSENCE, conn.execute(query.where(row.status == EntryStatus.APPROVED)))
    for subject, table, name in ((Subject.SANCTION, sanctions, "decree"), (Subject.HOLD, holds, "kind")):
        row = current(table, table.c.nip == nip).subquery().c
        days = (row.valid_from.label("first_day"), row.valid_to.label("last_day"))
        found += _papers(subject, conn.execute(select(row[name].label("name"), row.document, *days)))
    touching = [one for one in found if one.first_day <= last and (one.last_day or last) >= first]
    order = list(Subject)
    return sorted(touching, key=lambda one: (order.index(one.subject), one.first_day, one.name))


def _papers(subject: Subject, rows: Result[Any]) -> list[Paper]:
    return [Paper(subject, row.name, row.document, row.first_day, row.last_day) for row in rows]


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
