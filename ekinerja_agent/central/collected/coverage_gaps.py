"""How far each terminal's log is proven to be in central, and where the proof has holes.

For people: scoring weighs coverage itself, day by day. Does not know why a stretch is missing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, func, select

from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.recorded import coverage
from ekinerja_agent.central.versions import not_taken_back

Hole = tuple[datetime, datetime]
"""From where the proof ended to where it went on; half-open."""


@dataclass(slots=True)
class Proof:
    """`until` is where the newest stretch of coverage ends, `holes` those behind which it went on, in time order."""

    until: datetime
    holes: list[Hole] = field(default_factory=list)


def proofs(engine: Engine, since: datetime, terminals: Collection[str] | None = None) -> dict[str, Proof]:
    """Given an instant, return the proof of each terminal that has coverage, with the holes that end after it.

    With `terminals` only these are looked at.

    A silent stretch is no hole in the log: whatever the terminal recorded then would have been in the next read.
    """
    c = coverage.c
    reached = func.max(c.end, type_=c.end.type).over(
        partition_by=c.terminal, order_by=[c.start.asc().nulls_first(), c.end], rows=(None, -1)
    )
    stretches = select(c.terminal, c.start, c.end, reached.label("reached")).where(not_taken_back(c.batch))
    if terminals is not None:
        stretches = stretches.where(c.terminal.in_(terminals))
    s = stretches.subquery().c
    newest = select(s.terminal, func.max(s.end, type_=s.end.type).label("until")).group_by(s.terminal)
    gaps = select(s.terminal, s.reached, s.start).where(s.start > s.reached, s.start > since)
    with reading(engine) as conn:
        found = {row.terminal: Proof(row.until) for row in conn.execute(newest)}
        for row in conn.execute(gaps.order_by(s.terminal, s.start)):
            found[row.terminal].holes.append((row.reached, row.start))
    return found
