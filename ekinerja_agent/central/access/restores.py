"""Older copies that somebody put in place of the database on purpose: what the audit log says of each.

Such a row says where the copy came from, its end, and the end that was lost by it. Does not put anything back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.audit import End
from ekinerja_agent.central.store.engine import in_transaction
from ekinerja_agent.central.store.tables.access import audit as audit_table

RESTORED = "backup.restore"
SETTLED = "audit.settle"


@dataclass(frozen=True, slots=True)
class Restore:
    """One older copy: who put it in place, when, from where, its own end, and the newest end that was lost; None: no
    witness knew one.
    """

    at: datetime
    actor: str
    backup: str
    head: str
    replaces: End | None


def record(
    engine: Engine,
    action: str,
    backup: str,
    *,
    replaces: End | None,
    lost: Sequence[str],
    actor: str,
    now: datetime,
    **more: Any,
) -> End:
    """Given where the copy came from, the end that is lost by it and the payments that are lost, write it into the log
    of that copy; return the end that the copy had.
    """

    def work(conn: Connection) -> End:
        head = audit.head(conn)
        details = {
            "head": str(head),
            "replaces": None if replaces is None else str(replaces),
            "lost_payments": list(lost),
            **more,
        }
        audit.append(conn, actor, action, backup, details, now)
        return head

    return in_transaction(engine, work)


def restores(conn: Connection) -> list[Restore]:
    """Given a connection, return every older copy that was put in place and written down, oldest first."""
    a = audit_table.c
    query = select(a.at, a.actor, a.subject, a.details).where(a.action.in_([RESTORED, SETTLED])).order_by(a.id)
    found = []
    for row in conn.execute(query):
        details = json.loads(row.details)
        replaces = None if details["replaces"] is None else End.read(details["replaces"])
        found.append(Restore(row.at, row.actor, row.subject, details["head"], replaces))
    return found
