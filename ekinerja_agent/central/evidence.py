"""The punches behind a point, with their raw bytes and the way they came, from every witness that stands.

Does not know what the punches mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select

from ekinerja_agent.central.engine import reading
from ekinerja_agent.central.redatings import read_standing
from ekinerja_agent.central.tables import import_batches, import_revocations
from ekinerja_agent.central.tables import punches as recorded

_IDS_AT_ONCE = 500


def punches(engine: Engine, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Given punch ids, return one row each, sorted by id: the collector's record, else the earliest file's.

    Columns: punch_id, terminal, pin, clock, at, offset_s, corrected, verify, state, source, batch (0: a collector),
    file_name (None: a collector), received_at, raw, witnesses (how many ways it came), redated_at (None: it was not).
    """
    found: dict[str, dict[str, Any]] = {}
    with reading(engine) as conn:
        redated = read_standing(conn)
        for start in range(0, len(ids), _IDS_AT_ONCE):
            p = recorded.c
            query = (
                select(*_columns(), import_batches.c.file_name)
                .outerjoin(import_batches, import_batches.c.id == p.batch)
                .where(
                    p.punch_id.in_(ids[start : start + _IDS_AT_ONCE]),
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
