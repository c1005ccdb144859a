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

    None where there is no second clock: a SQLite file has the host's own, and so has a server on the same host.
    """
    if engine.dialect.name != "postgresql":
        return None
    with reading(engine) as conn:
        if is_on_this_host(conn):
            return None
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


def is_on_this_host(conn: Connection) -> bool:
    """Whether a PostgreSQL server runs on the host that asks: by a socket file, a loopback address, or one that is the
    address of both. A tunnel looks so too, and then vouches for nothing.
    """
    asked = """SELECT inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr()
        OR inet_server_addr() << '127.0.0.0/8' OR inet_server_addr() = '::1'"""
    return bool(conn.exec_driver_sql(asked).scalar_one())


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
