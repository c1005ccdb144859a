"""The clock of the machine that the central database runs on, beside the host's own.

Does not know terminals, nor which of the two clocks is right.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from ekinerja_agent.central.engine import reading


def server_ahead_s(engine: Engine, now: datetime) -> float | None:
    """Given the database and the host's instant, return by how many seconds the server's clock is ahead of it.

    None where there is no server: a SQLite file has the host's own clock, which vouches for nothing.
    """
    if engine.dialect.name != "postgresql":
        return None
    with reading(engine) as conn:
        told = conn.exec_driver_sql("select clock_timestamp()").scalar_one()
    return float((told - now).total_seconds())
