"""Verify and work code of punches from USB files as their lines say them.

A line is PIN, time, device number, state, verify, work code; it was read as PIN, time, verify, state, work code. So the
device number stood as how the person was verified (15, a face, was told as 1), and that as the work code. The lines are
kept as they were brought: both values are read from them again. Nothing else of a punch changes, and no score: neither
is asked by any rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

NOT_RECORDED = 255
LARGEST_VERIFY = 0x7FFFFFFF
LARGEST_WORK_CODE = 0xFFFFFFFF
AT_ONCE = 5_000


def upgrade() -> None:
    conn = op.get_bind()
    if not conn.scalar(sa.text("SELECT count(*) FROM import_batches WHERE kind = 'attlog'")):
        return
    # On SQLite the live text that every upgrade brings makes this trigger anew.
    postgresql = conn.dialect.name == "postgresql"
    op.execute("ALTER TABLE punches DISABLE TRIGGER punches_keep" if postgresql else "DROP TRIGGER punches_keep_update")
    corrected = sa.text(
        "UPDATE punches SET verify = :verify, work_code = :work_code "
        "WHERE punch_id = :punch_id AND batch = :batch AND clock = :clock"
    )
    for rows in _rows(conn):
        changes = [
            {"punch_id": row.punch_id, "batch": row.batch, "clock": row.clock, "verify": verify, "work_code": code}
            for row in rows
            for verify, code in [_told(bytes(row.raw))]
            if (verify, code) != (row.verify, row.work_code)
        ]
        if changes:
            conn.execute(corrected, changes)
    if postgresql:
        op.execute("ALTER TABLE punches ENABLE TRIGGER punches_keep")


def _rows(conn: sa.Connection) -> Iterator[Sequence[sa.Row[Any]]]:
    query = sa.text(
        "SELECT punch_id, batch, clock, verify, work_code, raw FROM punches "
        "WHERE (punch_id > :name OR (punch_id = :name AND batch > :last)) AND source = 'file' "
        "AND batch IN (SELECT id FROM import_batches WHERE kind = 'attlog') ORDER BY punch_id, batch LIMIT :most"
    )
    name, last = "", 0
    while rows := conn.execute(query, {"name": name, "last": last, "most": AT_ONCE}).all():
        yield rows
        name, last = rows[-1].punch_id, rows[-1].batch


def _told(line: bytes) -> tuple[int, int]:
    """Verify and work code of a line, by the meaning of its columns as of this migration."""
    fields = [field.strip(b" ") for field in line.split(b"\t")] + [b""] * 6
    return _number(fields[4], NOT_RECORDED, LARGEST_VERIFY), _number(fields[5], 0, LARGEST_WORK_CODE)


def _number(field: bytes, missing: int, largest: int) -> int:
    return int(field) if field.isdigit() and len(field) <= 10 and int(field) <= largest else missing
