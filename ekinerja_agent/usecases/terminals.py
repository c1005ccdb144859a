"""What an officer does about terminals: see them all in one list, and accept a replaced one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ekinerja_agent.central import audit, terminallist
from ekinerja_agent.central.engine import transaction
from ekinerja_agent.usecases import collect

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.accounts import Account
    from ekinerja_agent.config import Config, TerminalConfig
    from ekinerja_agent.spool import Spool


def overview(config: Config, engine: Engine) -> Iterator[dict[str, Any]]:
    """Yield every terminal of devices.yaml, then every other that central knows, each with its completeness."""
    known = {row["id"]: row for row in terminallist.terminal_rows(engine)}
    for terminal in config.terminals:
        row = known.pop(terminal.id, None) or {"state": "never read"}
        yield (
            _blank(terminal.id)
            | row
            | {
                "office": terminal.office,
                "address": str(terminal.address) if terminal.address else None,
                "state": row["state"] if terminal.enabled else "disabled in devices.yaml",
            }
        )
    for terminal_id, row in known.items():
        yield _blank(terminal_id) | row


def accept(spool: Spool, engine: Engine, terminal: TerminalConfig, *, account: Account, now: datetime) -> str | None:
    """Given a terminal that was replaced, forget its pinned serial, on the record; return the old serial."""
    old = collect.accept(spool, terminal)
    with transaction(engine) as conn:
        audit.append(conn, account.name, "terminal.accept", terminal.id, {"forgotten_serial": old}, now)
    return old


def _blank(terminal_id: str) -> dict[str, Any]:
    return {"id": terminal_id} | dict.fromkeys(
        (
            "office",
            "address",
            "serial",
            "firmware",
            "records",
            "capacity",
            "users",
            "clock_offset_s",
            "last_contact",
            "complete_until",
        )
    )
