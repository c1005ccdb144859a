"""PINs that somebody punches with now and that belong to nobody.

Asked of each PIN's latest punch alone, so that a year of punches is not walked through; `punchlist.unmatched` tells of
every punch. Names no person.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, func, select

from ekinerja_agent.central.collected.pin_owners import read_enrolments, true_day
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.recorded import punches
from ekinerja_agent.central.versions import not_taken_back


def unknown_pins(engine: Engine, first: datetime, last: datetime) -> dict[str, list[str]]:
    """Given two clocks (naive, both included), return by terminal the PINs whose latest punch between is nobody's."""
    p = punches.c
    lately = (p.clock.between(first, last), not_taken_back(p.batch))
    latest = (
        select(p.terminal, p.pin, func.max(p.clock, type_=p.clock.type).label("clock"))
        .where(*lately)
        .group_by(p.terminal, p.pin)
        .subquery()
    )
    query = (
        select(p.terminal, p.pin, p.clock, p.at, p.offset_s, p.corrected)
        .join(latest, (p.terminal == latest.c.terminal) & (p.pin == latest.c.pin) & (p.clock == latest.c.clock))
        .where(*lately)
        .order_by(p.terminal, p.pin)
    )
    found: dict[str, list[str]] = {}
    with reading(engine) as conn:
        enrolled = read_enrolments(conn)
        for row in conn.execute(query):
            day = true_day(row.clock, row.offset_s, row.corrected)
            pins = found.setdefault(row.terminal, [])
            if row.pin not in pins[-1:] and enrolled.nip(row.terminal, row.pin, day, row.at) is None:
                pins.append(row.pin)
    return {terminal: pins for terminal, pins in found.items() if pins}
