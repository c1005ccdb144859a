"""What a person asks a terminal that pushes for: kept until it answers, and on the record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.store.engine import transaction
from ekinerja_agent.nouns.errors import WrongUsage
from ekinerja_agent.nouns.messages import Message

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ekinerja_agent.central.access.accounts import Account
    from ekinerja_agent.config import TerminalConfig
    from ekinerja_agent.spool import RequestKind, Spool


def ask(
    spool: Spool, engine: Engine, terminal: TerminalConfig, kind: RequestKind, *, account: Account, now: datetime
) -> int:
    """Given a terminal that pushes, keep the request until it answers; return its number. On the record.

    Raise WrongUsage if it does not push.
    """
    if not terminal.push:
        raise WrongUsage(
            Message(
                "{terminal} does not push; set push: true in devices.yaml, or run: terminal poll", terminal=terminal.id
            )
        )
    with transaction(engine) as conn:
        number = spool.ask(terminal.id, kind, by=account.name)
        audit.append(conn, account.name, "terminal.push_request", terminal.id, {"kind": kind, "number": number}, now)
    return number
