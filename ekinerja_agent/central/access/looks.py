"""Who looked at whose data: rows of the audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account

LONGEST_SUBJECT = 100


def looked(
    conn: Connection, account: Account, subject: str, details: Mapping[str, Any], *, allowed: bool, now: datetime
) -> None:
    """Write down who looked at whose data, or was refused to. Of a long subject the beginning stays."""
    word = "look" if allowed else "look.refused"
    audit.append(conn, account.name, word, subject[:LONGEST_SUBJECT], details, now)


def refused_more(conn: Connection, account: Account, count: int, since: datetime, now: datetime) -> None:
    """Write down that so many refusals more than those with a row of their own came in the hour that began then."""
    audit.append(conn, account.name, "look.refused", "", {"more": count, "since": since.isoformat()}, now)
