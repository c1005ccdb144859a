"""What central holds of one terminal's log: the names of its punches, and the bytes of what waits in quarantine.

Batches that were taken back hold nothing. Does not know what the terminal holds, nor why somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, or_, select

from ekinerja_agent.central.collected.retention import purged_before
from ekinerja_agent.central.store.engine import reading
from ekinerja_agent.central.store.tables.imported import import_revocations
from ekinerja_agent.central.store.tables.recorded import doubtful_punches, punches, quarantine

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class TerminalLog:
    """`punch_ids` of one terminal, doubtful records too, and `quarantined`: the bytes of its records that could not
    become punches.

    `purged_before`: retention took punches whose clock stood before this day; None: none.
    """

    punch_ids: frozenset[str]
    quarantined: frozenset[bytes]
    purged_before: date | None = None

    def has(self, punch_id: str | None, raw: bytes) -> bool:
        """Given a record's name (None: it has none) and its bytes, return whether central has it in either form."""
        return punch_id in self.punch_ids or raw in self.quarantined


def terminal_log(engine: Engine, terminal: str, first: datetime | None, last: datetime | None) -> TerminalLog:
    """Given a terminal and the first and last clock of interest (naive, included; None: no punch is), return what
    central holds of it.
    """
    p, q = punches.c, quarantine.c
    revoked = select(import_revocations.c.batch)
    named = select(p.punch_id).where(p.terminal == terminal, p.clock.between(first, last), p.batch.not_in(revoked))
    d = doubtful_punches.c
    doubted = select(d.punch_id).where(d.terminal == terminal, d.batch.not_in(revoked))
    waiting = select(q.raw).where(
        q.terminal == terminal, q.batch.not_in(revoked), or_(q.position >= 0, q.batch > 0)
    )  # no remark of ours on what was refused
    with reading(engine) as conn:
        return TerminalLog(
            frozenset(conn.scalars(doubted)).union(
                () if first is None else conn.scalars(named.execution_options(yield_per=_ROWS_AT_ONCE))
            ),
            frozenset(bytes(raw) for raw in conn.scalars(waiting)),
            purged_before(conn),
        )
