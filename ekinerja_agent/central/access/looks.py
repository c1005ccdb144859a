"""Who looked at whose data: rows of the audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ekinerja_agent.central.access import audit
from ekinerja_agent.central.access.accounts import Account


def looked(
    conn: Connection, account: Account, subject: str, details: Mapping[str, Any], *, allowed: bool, now: datetime
) -> None:
    """Write down who looked at whose data, or was refused to."""
    audit.append(conn, account.name, "look" if allowed else "look.refused", subject, details, now)
