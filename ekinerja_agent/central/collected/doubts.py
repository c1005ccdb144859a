"""Which records wait, or waited in vain, because they contradict what was proven. Does not know who decides on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from ekinerja_agent.central.store.tables.recorded import doubt_decisions, doubtful_punches, punches
from ekinerja_agent.central.versions import not_taken_back
from ekinerja_agent.nouns.punch import FROM_TERMINAL, Punch


def held(conn: Connection, named: Mapping[str, Punch]) -> set[str]:
    """Given punches by id, return those that a terminal showed against what was proven and that nobody let be punches:
    who brings them again brings nothing new.
    """
    if not named:
        return set()
    p, d = doubtful_punches.c, doubt_decisions.c
    clocks = [punch.clock_text for punch in named.values()]
    query = select(p.punch_id).where(
        p.terminal.in_(sorted({punch.terminal for punch in named.values()})),
        p.clock.between(datetime.fromisoformat(min(clocks)), datetime.fromisoformat(max(clocks))),
        p.batch == FROM_TERMINAL,
        p.id.not_in(select(d.doubt).where(d.approved)),  # a collector's login may read no more of a decision
    )
    return set(conn.scalars(query)) & named.keys()


def waits_for_people() -> ColumnElement[bool]:
    """Return the condition for doubtful records on which somebody has to decide: that no person did, that were not
    taken back, that no other witness made a punch, and that are not a file's copy of what its terminal shows too.
    """
    p, d = doubtful_punches.c, doubt_decisions.c
    return and_(~exists().where(d.doubt == p.id), not_taken_back(p.batch), ~is_punch(), ~is_copy())


def is_punch() -> ColumnElement[bool]:
    """Return the condition for doubtful records that are punches by another witness."""
    p = doubtful_punches.c
    witness = punches.c.punch_id == p.punch_id, punches.c.clock == p.clock
    return exists().where(*witness, not_taken_back(punches.c.batch))


def is_copy() -> ColumnElement[bool]:
    """Return the condition for doubtful records of files that their terminal shows against what was proven, too."""
    p, other = doubtful_punches.c, doubtful_punches.alias()
    shown = exists().where(other.c.punch_id == p.punch_id, other.c.batch == FROM_TERMINAL)
    return and_(p.batch != FROM_TERMINAL, shown)
