"""What is counted of terminals for a page: what was last heard, punches by hour, PINs without a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select

from ekinerja_agent.central.store.tables.columns import message_of
from ekinerja_agent.central.store.tables.imported import enrolments
from ekinerja_agent.central.store.tables.recorded import punches, terminal_status
from ekinerja_agent.nouns.punch import EVERY_TERMINAL


def terminals(conn: Connection) -> list[dict[str, Any]]:
    """Return what was last heard of each terminal, by state and name."""
    query = select(terminal_status, message_of(terminal_status.c, "state").label("told"))
    found = conn.execute(query.order_by(terminal_status.c.state, terminal_status.c.terminal))
    return [dict(row) | {"state": row["told"]} for row in found.mappings()]


def punches_by_hour(conn: Connection, first: datetime, last: datetime) -> dict[int, int]:
    """Given two clocks (naive, the second excluded) of one day, return how many punches of each hour are in central."""
    clock = punches.c.clock
    hour = func.extract("hour", clock) if conn.dialect.name == "postgresql" else func.strftime("%H", clock)
    counted = select(hour.label("hour"), func.count().label("punches"))
    query = counted.where(clock >= first, clock < last, punches.c.batch == 0).group_by(hour)
    return {int(row.hour): row.punches for row in conn.execute(query)}


def unmatched_since(conn: Connection, first: datetime) -> int:
    """Given a clock (naive), return how many terminals' PINs with punches since then nobody was ever enrolled with."""
    p, e = punches.c, enrolments.c
    seen = select(p.terminal, p.pin).where(p.clock >= first).distinct().subquery().c
    # One after the other: a look at all that have a PIN anywhere takes as long as there are terminals.
    by_name = exists().where(e.pin == seen.pin, e.terminal == seen.terminal)
    everywhere = exists().where(e.pin == seen.pin, e.terminal == EVERY_TERMINAL)
    return int(conn.scalar(select(func.count(seen.pin)).where(~by_name, ~everywhere)) or 0)
