"""What other clocks say of this host's: the one of central's server, and those of the terminals.

Does not know which of them is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import Connection, Engine, func, select

from ekinerja_agent.central.store.chunks import chunks
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.recorded import clock_readings
from ekinerja_agent.nouns.coverage import ClockReading

_FRESH = timedelta(days=1)
_AT_ONCE = 200


def server_ahead_s(engine: Engine, now: datetime) -> float | None:
    """Given the database and the host's instant, return by how many seconds the server's clock is ahead of it.

    None where there is no server: a SQLite file has the host's own clock, which vouches for nothing.
    """
    if engine.dialect.name != "postgresql":
        return None
    with reading(engine) as conn:
        told = conn.exec_driver_sql("select clock_timestamp()").scalar_one()
    return float((told - now).total_seconds())


def trusted_readings(conn: Connection, terminals: Sequence[str]) -> dict[str, list[ClockReading]]:
    """Given a connection and terminals, return what hosts with a trusted clock measured of each, in order."""
    c = clock_readings.c
    found: dict[str, list[ClockReading]] = {}
    for part in chunks(terminals, _AT_ONCE):
        query = select(clock_readings).where(c.terminal.in_(part), c.trusted).order_by(c.terminal, c.at)
        for row in conn.execute(query):
            found.setdefault(row.terminal, []).append(ClockReading(row.terminal, row.at, row.offset_s, trusted=True))
    return found


def terminals_ahead_s(engine: Engine, now: datetime) -> float | None:
    """Given the database and the host's instant, return by how many seconds terminals are ahead of the hosts that read
    them: the median of the last reading of each in the day before `now`; None if no terminal was read.
    """
    c = clock_readings.c
    newest = (
        select(c.terminal, func.max(c.at).label("at")).where(c.at > now - _FRESH, c.at <= now).group_by(c.terminal)
    ).subquery()
    last = select(c.offset_s).join(newest, (c.terminal == newest.c.terminal) & (c.at == newest.c.at))
    with reading(engine) as conn:
        offsets = conn.execute(last).scalars().all()
    return float(median(offsets)) if offsets else None
