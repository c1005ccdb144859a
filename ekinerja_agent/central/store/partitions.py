"""The months of the terminals' clocks that have a table of their own on PostgreSQL (docs/database.md).

A punch whose month has none is kept in the default one: what is made here makes reading quicker and decides nothing.
SQLite keeps all punches in one table. Does not know what a punch is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, text

from ekinerja_agent.nouns.month_days import month_after

AHEAD_MONTHS = 3


def make(conn: Connection, days: Iterable[str]) -> int:
    """Given days (YYYY-MM-DD or YYYY-MM) on which terminals' clocks stood, make the months that are missing, where a
    month can be meant; return how many were made.
    """
    if conn.dialect.name != "postgresql":
        return 0
    months = sorted({f"{day[:7]}-01" for day in days})
    query = text(
        "SELECT count(*) FILTER (WHERE ekinerja_punch_month(month)) FROM unnest(cast(:months AS date[])) month"
    )
    return int(conn.scalar(query, {"months": months}) or 0)


def make_ahead(conn: Connection, today: date) -> int:
    """Given today, make its month and those that follow within the time that is made ahead; return how many were."""
    return make(conn, (str(month_after(today, months)) for months in range(AHEAD_MONTHS + 1)))
