"""Which terminals are known to refuse punches while they are locked: what a finger showed, per serial and firmware.

The newest trial counts. Does not try anything itself.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account
from ekinerja_agent.central.store.engine import in_transaction, reading
from ekinerja_agent.central.store.tables.recorded import disable_trials


def refuses_while_locked(engine: Engine, serial: str, firmware: str) -> bool | None:
    """Given a serial and its firmware's words, return what the newest trial showed, None if there was none."""
    t = disable_trials.c
    query = select(t.refuses).where(t.serial == serial, t.firmware == firmware).order_by(t.id.desc()).limit(1)
    with reading(engine) as conn:
        return conn.scalar(query)


def record_trial(
    engine: Engine, terminal: str, serial: str, firmware: str, *, refuses: bool, account: Account, now: datetime
) -> None:
    """Given what a finger showed and who tried, keep it, with its audit row."""
    with_audit = {"serial": serial, "firmware": firmware, "refuses": refuses}
    row = insert(disable_trials).values(
        terminal=terminal, serial=serial, firmware=firmware, refuses=refuses, account_id=account.id, tried_at=now
    )

    def work(conn: Connection) -> None:
        conn.execute(row)
        audit.append(conn, account.name, "terminal.lock_trial", terminal, with_audit, now)

    in_transaction(engine, work)
